// Who is at the desk. A desk that nobody uses for a while may only look; what is marked [data-grave]
// asks for a password where it stands, in a dialog, and is then done. The server checks the same:
// without this script the page /sign-in/again asks. What is marked [data-emergency] is never asked.

import { offerPasskeys } from "./passkeys.js";

const TOLD_EVERY_MS = 30_000;
const CHECKED_AFTER_MS = 500; // the server's clock has surely come to it as well
const desk = document.querySelector("#desk");
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
const here = `/me/desk?site=${location.pathname.split("/")[2] ?? ""}`;
const passing = new WeakSet(); // what was proved, and goes through now
let locked = desk ? !desk.hidden : false;
let checkAt = 0;
let told = 0;

/** The desk as the server sees it; null: it cannot be asked, or the session is over. */
async function look(method = "GET") {
  try {
    const answer = await fetch(here, { method, headers: { "x-csrf-token": csrf } });
    return answer.ok && !answer.redirected ? await answer.json() : null;
  } catch {
    return null;
  }
}

async function check(method) {
  const now = await look(method);
  if (!now || !desk) return;
  locked = now.locks_in_s === 0;
  desk.hidden = !locked;
  watch(now.locks_in_s);
}

function watch(seconds) {
  clearTimeout(checkAt);
  if (seconds) checkAt = setTimeout(check, seconds * 1000 + CHECKED_AFTER_MS);
}

function used() {
  if (locked || Date.now() - told < TOLD_EVERY_MS) return;
  told = Date.now();
  check("POST");
}

if (desk?.dataset.locksIn) {
  watch(Number(desk.dataset.locksIn));
  for (const act of ["pointerdown", "keydown"]) addEventListener(act, used, { passive: true });
  addEventListener("visibilitychange", () => document.hidden || check());
}

/** Call `then` once it is known who is here: at once if they have just proved it. */
async function prove(then) {
  const now = await look();
  if (now && now.fresh_s > 2 && now.locks_in_s !== 0) return then();
  const back = encodeURIComponent(location.pathname + location.search);
  const answer = await fetch(`/sign-in/again?next=${back}`);
  const page = await answer.text();
  if (new URL(answer.url).pathname !== "/sign-in/again") return location.assign(answer.url);
  ask(page, then);
}

function ask(page, then) {
  const dialog = document.createElement("dialog");
  dialog.className = "who";
  document.body.append(dialog);
  const known = async () => {
    dialog.close();
    await check();
    then();
  };
  const back = async () => { // from another window, where their organisation was asked
    const now = await look();
    if (now && now.fresh_s > 2) known();
  };
  addEventListener("focus", back);
  dialog.addEventListener("close", () => {
    removeEventListener("focus", back);
    dialog.remove();
  });
  dialog.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    const body = new URLSearchParams(new FormData(event.target));
    const answer = await fetch(event.target.action, { method: "POST", body, redirect: "manual" });
    if (answer.type === "opaqueredirect") known();
    else fill(dialog, await answer.text(), known);
  });
  fill(dialog, page, known);
  dialog.showModal();
}

function fill(dialog, page, known) {
  const read = new DOMParser().parseFromString(page, "text/html");
  const title = read.querySelector("h1");
  const heading = Object.assign(document.createElement("h2"), { id: "who-title", textContent: title?.textContent });
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.replaceChildren(heading, ...read.querySelector("main").childNodes);
  for (const link of dialog.querySelectorAll("a")) {
    if (link.dataset.back !== undefined) link.addEventListener("click", (event) => (event.preventDefault(), dialog.close()));
    else link.target = "_blank";
  }
  offerPasskeys(dialog, known);
  dialog.querySelector("input[type=password], button:not([hidden])")?.focus();
}

/** Hold `event` until it is known who is here, then `go` on with it; false: it may pass. */
function hold(event, thing, go) {
  if (passing.delete(thing)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  prove(() => {
    passing.add(thing);
    go();
  });
}

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.closest("dialog.who") || "emergency" in form.dataset) return;
  const grave = "grave" in form.dataset || "grave" in (event.submitter?.dataset ?? {});
  const changes = locked && form.method === "post" && !form.action.endsWith("/sign-out");
  if (grave || changes) hold(event, form, () => form.requestSubmit(event.submitter));
}, { capture: true });

addEventListener("click", (event) => {
  if (event.target.closest("[data-prove]")) {
    event.preventDefault();
    prove(() => {});
    return;
  }
  const thing = event.target.closest("a[data-grave], button[type=button][data-grave]");
  if (thing) hold(event, thing, () => thing.click());
}, { capture: true });
