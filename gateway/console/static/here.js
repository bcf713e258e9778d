// Who is here, and the muster list. A mark is kept on this phone until the gateway has answered it:
// it is sent again, with the same transaction, until then. So nothing is done twice, a dead network
// loses no mark, and each line says what became of its own. The list itself is kept too, so that the
// page may be loaded again without a network (kept.js).

import { $, on } from "./console.js";
import { forget, keep as keepList } from "./kept.js";
import { refreshOn } from "./refresh.js";

const KEEP_MS = 5000;
const SEND_MS = 8000; // the gateway is given 5 s
const WAIT_MS = [1000, 2000, 4000, 8000, 15_000];
const main = $("#main");
const muster = main.dataset.muster === "yes";
const site = location.pathname.split("/")[2];

if (muster) followMuster();
else refreshOn("zone", "access", "snapshot");
on("house", (house) => {
  if ((house.mode === "evacuation") !== muster) location.reload();
});

function followMuster() {
  const words = $("#words").dataset;
  const store = `seuil-muster-${site}-${main.dataset.since}`; // a mark is for this evacuation only
  const rows = new Map();
  for (const row of document.querySelectorAll(".person")) rows.set(row.dataset.holder, row);
  let marks = read();
  let sending = false;
  let failed = 0;
  let timer = 0;

  function read() {
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(`seuil-muster-${site}-`) && key !== store) localStorage.removeItem(key);
      }
      return JSON.parse(localStorage.getItem(store)) ?? {};
    } catch {
      return {};
    }
  }

  function keep() {
    try {
      localStorage.setItem(store, JSON.stringify(marks));
    } catch {
      // a phone that keeps nothing still sends
    }
    const waiting = Object.values(marks).filter((mark) => !mark.refused).length;
    const line = $("#waiting");
    if (line && !line.dataset.stuck) line.textContent = failed && waiting ? `${line.dataset.waiting} ${waiting}` : "";
  }

  function say(row, text) {
    const spot = $("[data-state]", row);
    if (spot.textContent !== text) spot.textContent = text;
  }

  function show(row) {
    const mark = marks[row.dataset.holder];
    row.dataset.mark = mark ? (mark.refused ? "refused" : failed ? "waits" : "sending") : "";
    row.dataset.shown = mark && !mark.refused ? (mark.seen ? "mustered" : "no") : row.dataset.safe;
    const seen = row.dataset.shown !== "no";
    $("input[name=seen]", row).value = seen ? "no" : "yes";
    $(".what", row).textContent = seen ? words.unmark : words.mark;
    if (mark?.refused) say(row, `${words.refused}: ${mark.refused}`);
    else if (mark) say(row, failed ? words.waits : words.sending);
    else if (row.dataset.told) say(row, row.dataset.told);
  }

  function tally() {
    const all = [...rows.values()];
    const safe = all.filter((row) => (row.dataset.shown ?? row.dataset.safe) !== "no").length;
    $("[data-figure=missing]").textContent = all.length - safe;
    $("[data-figure=seen]").textContent = safe;
    $("[data-figure=expected]").textContent = all.length;
  }

  function tap(event) {
    const row = event.target.closest(".person");
    if (!row) return;
    event.preventDefault();
    const seen = $("input[name=seen]", row).value === "yes";
    marks[row.dataset.holder] = { seen, transaction: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    keep();
    show(row);
    tally();
    navigator.vibrate?.(15);
    send();
  }

  async function send() {
    if (sending) return;
    sending = true;
    clearTimeout(timer);
    for (;;) {
      const next = Object.entries(marks).find(([, mark]) => !mark.refused);
      if (!next) break;
      if (!(await post(...next))) {
        failed += 1;
        timer = setTimeout(send, WAIT_MS[Math.min(failed, WAIT_MS.length) - 1]);
        break;
      }
      failed = 0;
    }
    sending = false;
    keep();
    for (const row of rows.values()) show(row);
    tally();
  }

  /** True when the mark has its answer, whatever it is. */
  async function post(holder, mark) {
    try {
      const answer = await fetch(`/api/v1/sites/${site}/muster/${encodeURIComponent(holder)}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": $("meta[name=csrf]").content },
        body: JSON.stringify({ seen: mark.seen, transaction: mark.transaction }),
        signal: AbortSignal.timeout(SEND_MS),
      });
      const line = $("#waiting");
      const again = answer.status === 401 || (answer.status === 403 && !(await answer.clone().json()).type.endsWith(":not-allowed"));
      line.dataset.stuck = again ? "yes" : "";
      if (again) line.textContent = line.dataset.again;
      if (again || answer.status === 429 || answer.status >= 500) return false;
      const newer = marks[holder]?.transaction !== mark.transaction; // tapped again meanwhile
      if (newer) return true;
      if (answer.ok) {
        const row = rows.get(holder);
        if (row) settle(row, mark.seen);
        delete marks[holder];
      } else marks[holder] = { ...mark, refused: (await answer.json()).detail };
      return true;
    } catch {
      return false;
    }
  }

  function settle(row, seen) {
    row.dataset.safe = seen ? "mustered" : "no";
    row.dataset.told = seen ? words.safe.replace("{time}", clock(new Date())) : words.tofind;
  }

  const zone = $("footer").textContent.match(/\(([^)]+)\)/)?.[1];

  function clock(at) {
    return at.toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit", timeZone: zone });
  }

  // The list itself comes anew from the server; no line changes its place under somebody's finger.
  let asked = 0;
  async function look() {
    asked = 0;
    try {
      const answer = await fetch(`/api/v1/sites/${site}/muster`);
      if ([401, 403, 404].includes(answer.status)) return forget(site); // no more theirs to see
      if (!answer.ok) return;
      const now = await answer.json();
      $("#asof").hidden = now.current;
      $("#offline")?.setAttribute("hidden", "");
      if (now.mode !== "evacuation") return location.reload();
      if (!now.rooms.every((room) => room.people)) return counts(now);
      const people = now.rooms.flatMap((room) => room.people);
      if (people.some((person) => !rows.has(person.holder))) return location.reload(); // somebody came in
      for (const person of people) {
        const row = rows.get(person.holder);
        if (marks[person.holder]?.refused && person.safe) delete marks[person.holder];
        row.dataset.safe = person.how ?? "no";
        const time = person.safe && clock(new Date(person.safe));
        row.dataset.told = person.safe ? (person.how === "left" ? words.left : words.safe).replace("{time}", time) : words.tofind;
        $("button", row).disabled = person.how === "left";
        show(row);
      }
      rooms(now);
      tally();
      keepSoon();
    } catch {
      setTimeout(lookSoon, 3000);
    }
  }

  function rooms(now) {
    for (const room of now.rooms) {
      const spot = $(`[data-room="${CSS.escape(room.id)}"] [data-room-tally]`);
      if (spot) spot.textContent = `${room.seen} / ${room.expected}`;
    }
  }

  function counts(now) {
    rooms(now);
    $("[data-figure=missing]").textContent = now.expected - now.seen;
    $("[data-figure=seen]").textContent = now.seen;
    $("[data-figure=expected]").textContent = now.expected;
  }

  function lookSoon() {
    asked ||= setTimeout(look, 300);
  }

  let due = 0;
  let kept = 0;
  function keepSoon() {
    due ||= setTimeout(async () => {
      due = 0;
      kept = Date.now();
      await keepList(site);
      if (document.body.dataset.mode !== "evacuation") forget(site); // it ended meanwhile
    }, Math.max(0, kept + KEEP_MS - Date.now()));
  }

  on("muster", lookSoon);
  on("snapshot", lookSoon);
  on("house", lookSoon);
  addEventListener("online", send);
  document.addEventListener("visibilitychange", () => document.hidden || send());
  $("#rooms").addEventListener("submit", tap);

  const find = $("#find");
  if (find) {
    $(".find").hidden = false;
    const only = $("#only");
    const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    // Who is hidden is settled when one asks, not while one taps.
    const filter = () => {
      for (const row of rows.values()) {
        const named = plain(row.dataset.name).includes(plain(find.value.trim()));
        row.hidden = !named || (only.checked && (row.dataset.shown ?? row.dataset.safe) !== "no");
      }
    };
    find.addEventListener("input", filter);
    only.addEventListener("change", filter);
  }
  for (const row of rows.values()) row.dataset.told = $("[data-state]", row).textContent;
  for (const holder of Object.keys(marks)) if (!rows.has(holder)) delete marks[holder];
  for (const row of rows.values()) show(row);
  tally();
  keep();
  send();
  if ($("#offline")?.hidden) keepSoon();
}
