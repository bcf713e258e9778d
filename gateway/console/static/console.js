// What every screen has: one stream, the link's state, the mode, the alarms. A screen's own module
// imports `on` and hears what it shows. Texts arrive ready to show and are placed with textContent
// only. A hidden tab holds no stream; a lost one is asked for again.

const SILENCE_MS = 35_000; // the server gives a sign of life each 15 s
const RETRY_MS = [800, 1800]; // all pages come back within 2 s, not all at once

export const $ = (selector, root = document) => root.querySelector(selector);
export const byData = (name, value) => $(`[data-${name}="${CSS.escape(value)}"]`);

const heardBy = {};

/** Call `show(value)` for each change of a part (zone, door, access, alarms, house), or snapshot. */
export function on(part, show) {
  (heardBy[part] ??= []).push(show);
}

function tell(part, value) {
  for (const show of heardBy[part] ?? []) show(value);
}

export function place(root, view) {
  for (const spot of root.querySelectorAll("[data-text]")) {
    const text = view[spot.dataset.text] ?? "";
    if (spot.textContent !== text) spot.textContent = text;
  }
}

export function icon(root, name) {
  $("use", root).setAttribute("href", `/static/icons.svg#${name}`);
}

export function flash(element) {
  element.classList.remove("moved");
  void element.offsetWidth; // restarts the animation
  element.classList.add("moved");
}

/** A line made of a <template>. */
export function line(template, view) {
  const made = $(template).content.firstElementChild.cloneNode(true);
  made.dataset.id = view.id;
  place(made, view);
  return made;
}

const link = $("#link");
const alarms = $("#alarms");

let stream = null;
let retry = 0;
let watchdog = 0;

function showAlarms(list) {
  const known = [...alarms.children].map((each) => each.dataset.id + !!each.dataset.seenTo).join("\n");
  if (known === list.map((each) => each.id + !!each.seen_to).join("\n")) return; // do not announce again
  alarms.replaceChildren(...list.map((each) => {
    const made = line("#an-alarm", each);
    if (each.seen_to) made.dataset.seenTo = "yes";
    return made;
  }));
  alarms.parentElement.dataset.count = list.length;
}

function showHouse(house) {
  document.body.dataset.mode = house.mode;
  const mode = $("#mode");
  mode.hidden = !house.mode_word;
  if (mode.textContent !== house.mode_word) mode.textContent = house.mode_word;
  const gateway = $("#gateway");
  gateway.dataset.gateway = house.gateway;
  place(gateway, house);
  heard(house.heard);
}

on("snapshot", (site) => {
  showAlarms(site.alarms);
  showHouse(site.house);
});
on("alarms", showAlarms);
on("alarms", countAlarms);

/** How many wait for somebody: the server knows which of them this seat may see. */
async function countAlarms() {
  const badge = $("#waiting-alarms");
  if (!badge) return;
  try {
    const answer = await fetch(badge.dataset.url);
    if (answer.ok && !answer.redirected) badge.textContent = (await answer.text()).trim();
  } catch {
    // the next change counts again
  }
}
on("house", showHouse);

function heard(time) {
  $("#heard").textContent = time;
}

function setLink(state) {
  if (link.dataset.link === state) return;
  link.dataset.link = state;
  $("#link-word").textContent = link.dataset[state];
}

function alive() {
  setLink("live");
  clearTimeout(watchdog);
  watchdog = setTimeout(lost, SILENCE_MS);
}

function close() {
  stream?.close();
  stream = null;
  clearTimeout(retry);
  clearTimeout(watchdog);
}

function lost() {
  close();
  setLink("lost");
  const [soonest, latest] = RETRY_MS;
  if (!document.hidden) retry = setTimeout(open, soonest + Math.random() * (latest - soonest));
}

function open() {
  close();
  stream = new EventSource(document.body.dataset.events);
  stream.addEventListener("snapshot", (event) => {
    alive();
    tell("snapshot", JSON.parse(event.data));
  });
  stream.addEventListener("change", (event) => {
    alive();
    const change = JSON.parse(event.data);
    heard(change.heard);
    tell(change.part, change.value);
  });
  stream.addEventListener("beat", alive);
  stream.addEventListener("error", lost);
}

/** Say something to everyone, also to a screen reader. */
export function say(text) {
  $("#said").textContent = text;
}

// A button that has something to confirm says so in data-confirm.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

if (link) {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      setLink("waiting");
    } else open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && open());
  if (!document.hidden) setTimeout(open); // after the screen's own module has said what it hears
}
