// What every screen has: one stream, the link's state, the mode, the alarms. A screen's own module
// imports `on` and hears what it shows. Texts arrive ready to show and are placed with textContent
// only.

import { forget } from "./kept.js";
import { follow } from "./stream.js";
import "./who.js";

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

export function icon(root, name, where = "use") {
  $(where, root).setAttribute("href", `/static/icons.svg#${name}`);
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

function showAlarms(list) {
  const since = (each) => $("[data-text=since]", each).textContent;
  const known = [...alarms.children].map((each) => each.dataset.id + !!each.dataset.seenTo + since(each)).join("\n");
  if (known === list.map((each) => each.id + !!each.seen_to + each.since).join("\n")) return; // do not announce again
  alarms.replaceChildren(...list.map((each) => {
    const made = line("#an-alarm", each);
    if (each.seen_to) made.dataset.seenTo = "yes";
    return made;
  }));
  alarms.parentElement.dataset.count = list.length;
}

function showHouse(house) {
  document.body.dataset.mode = house.mode;
  if (house.mode !== "evacuation") forget(location.pathname.split("/")[2]);
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

/** Say something to everyone, also to a screen reader. */
export function say(text) {
  $("#said").textContent = text;
}

// On a phone the menu is one row that scrolls: begin at the screen that is open.
const menu = $(".menu");
const current = menu && $("[aria-current]", menu);
if (current) menu.scrollLeft = current.offsetLeft - (menu.clientWidth - current.offsetWidth) / 2;

// A button that has something to confirm says so in data-confirm.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

if (link) {
  follow(document.body.dataset.events, {
    snapshot: (site) => tell("snapshot", site),
    change(change) {
      heard(change.heard);
      tell(change.part, change.value);
    },
    link: setLink,
  });
}
