// The live page: one stream, applied to what the server has drawn. Texts arrive ready to show and are
// placed with textContent only. A hidden tab holds no stream; a lost one is asked for again.

const SHOWN = 100; // passages on the page: what the server keeps
const SILENCE_MS = 35_000; // the server gives a sign of life each 15 s
const RETRY_MS = [800, 1800]; // all pages come back within 2 s, not all at once

const $ = (selector, root = document) => root.querySelector(selector);
const byData = (name, value) => $(`[data-${name}="${CSS.escape(value)}"]`);
const link = $("#link");
const passages = $("#passages");
const alarms = $("#alarms");

let stream = null;
let retry = 0;
let watchdog = 0;

function place(root, view) {
  for (const spot of root.querySelectorAll("[data-text]")) {
    const text = view[spot.dataset.text] ?? "";
    if (spot.textContent !== text) spot.textContent = text;
  }
}

function icon(root, name) {
  $("use", root).setAttribute("href", `/static/icons.svg#${name}`);
}

function showZone(zone) {
  const card = byData("zone", zone.id);
  if (!card) return;
  const moved = $(".people", card).textContent !== zone.people;
  place(card, zone);
  card.dataset.state = zone.state;
  icon(card, `zone-${zone.state}`);
  $(".trend", card).dataset.trend = zone.trend_icon;
  $(".bar", card).dataset.limited = zone.limited ? "yes" : "no";
  $(".fill", card).setAttribute("width", zone.fill);
  $(".range", card).setAttribute("x", zone.low);
  $(".range", card).setAttribute("width", Math.max(0, zone.high - zone.low));
  if (moved) flash($(".people", card));
}

function flash(element) {
  element.classList.remove("moved");
  void element.offsetWidth; // restarts the animation
  element.classList.add("moved");
}

function showDoor(door) {
  const line = byData("door", door.id);
  if (!line) return;
  place(line, door);
  line.dataset.state = door.state;
  icon(line, `door-${door.state}`);
}

function line(template, view) {
  const made = $(template).content.firstElementChild.cloneNode(true);
  made.dataset.id = view.id;
  place(made, view);
  return made;
}

function showPassage(decision) {
  if ([...passages.children].some((known) => known.dataset.id === decision.id)) return;
  const made = line("#a-passage", decision);
  made.dataset.decision = decision.decision;
  $("time", made).dateTime = decision.at;
  icon(made, decision.decision);
  passages.prepend(made);
  while (passages.children.length > SHOWN) passages.lastElementChild.remove();
}

function showAlarms(list) {
  const known = [...alarms.children].map((each) => each.dataset.id).join("\n");
  if (known === list.map((each) => each.id).join("\n")) return; // do not announce again
  alarms.replaceChildren(...list.map((each) => line("#an-alarm", each)));
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

function showAll(site) {
  site.zones.forEach(showZone);
  site.doors.forEach(showDoor);
  showAlarms(site.alarms);
  [...site.decisions].reverse().forEach(showPassage);
  showHouse(site.house);
}

const SHOW = {
  zone: showZone,
  door: showDoor,
  access: showPassage,
  alarms: showAlarms,
  house: showHouse,
};

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
    showAll(JSON.parse(event.data));
  });
  stream.addEventListener("change", (event) => {
    alive();
    const change = JSON.parse(event.data);
    heard(change.heard);
    SHOW[change.part]?.(change.value);
  });
  stream.addEventListener("beat", alive);
  stream.addEventListener("error", lost);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    close();
    setLink("waiting");
  } else open();
});
addEventListener("pagehide", close);
addEventListener("pageshow", (event) => event.persisted && open());
if (!document.hidden) open();
