// Live: the plan and the zones' cards, the doors and the passages, as the stream tells them.

import { $, byData, flash, icon, line, on, place } from "./console.js";

const SHOWN = 100; // passages on the page: what the server keeps
const TRENDS_MS = 300_000; // a step of the lines
const HINTS = 5;
const passages = $("#passages");
const hints = $("#hints");

function mark(element, zone) {
  element.dataset.state = zone.state;
  element.dataset.stale = zone.stale ? "yes" : "no";
}

function showZone(zone) {
  const card = byData("zone", zone.id);
  if (!card) return;
  const moved = $(".people", card).textContent !== zone.people;
  place(card, zone);
  mark(card, zone);
  icon(card, `zone-${zone.state}`, ".word use");
  $(".trend", card).dataset.trend = zone.trend_icon;
  $(".bar", card).dataset.limited = zone.limited ? "yes" : "no";
  $(".fill", card).setAttribute("width", zone.fill);
  $(".range", card).setAttribute("x", zone.low);
  $(".range", card).setAttribute("width", Math.max(0, zone.high - zone.low));
  showReasons($(".because", card), zone.because);
  if (moved) flash($(".people", card));
  showRoom(byData("room", zone.id), zone);
}

function showRoom(room, zone) {
  if (!room) return;
  place(room, { people: zone.people, of: zone.limited ? zone.of : "" });
  mark(room, zone);
  room.setAttribute("aria-label", zone.told);
  if ($("use", room)) icon(room, `zone-${zone.state}`);
}

function showReasons(details, reasons) {
  details.hidden = reasons.length === 0;
  const list = $("ul", details);
  if ([...list.children].map((each) => each.textContent).join("\n") === reasons.join("\n")) return;
  list.replaceChildren(
    ...reasons.map((reason) => {
      const item = document.createElement("li");
      item.textContent = reason;
      return item;
    }),
  );
}

function showDoor(door) {
  const line = byData("door", door.id);
  if (line) {
    place(line, door);
    line.dataset.state = door.state;
    icon(line, `door-${door.state}`);
  }
  const opening = byData("opening", door.id);
  if (opening) {
    opening.dataset.state = door.state;
    opening.setAttribute("aria-label", door.told);
  }
}

function showMachine(machine) {
  const line = byData("machine", machine.id);
  if (!line) return;
  place(line, machine);
  line.dataset.state = machine.state;
}

async function showTrends() {
  if (document.hidden) return;
  const answer = await fetch(document.body.dataset.events.replace("/events", "/trends")).catch(() => null);
  if (!answer?.ok) return;
  for (const [zone, trend] of Object.entries(await answer.json())) {
    const made = $("#a-line").content.firstElementChild.cloneNode(true);
    made.setAttribute("aria-label", trend.told);
    $("title", made).textContent = trend.told;
    $("path", made).setAttribute("d", trend.path);
    byData("hours", zone)?.replaceChildren(made);
  }
}

function showPassage(decision) {
  if ([...passages.children].some((known) => known.dataset.id === decision.id)) return;
  const made = line("#a-passage", decision);
  made.dataset.decision = decision.decision;
  $("time", made).dateTime = decision.at;
  icon(made, decision.decision);
  const why = $(".to-why", made); // for who may see people only
  if (why) why.href = why.dataset.log + decision.id;
  passages.prepend(made);
  while (passages.children.length > SHOWN) passages.lastElementChild.remove();
}

function showHint(hint) {
  if ([...hints.children].some((known) => known.dataset.id === hint.id)) return;
  const made = line("#a-hint", hint);
  $("time", made).dateTime = hint.at;
  hints.prepend(made);
  while (hints.children.length > HINTS) hints.lastElementChild.remove();
  $(".hints").dataset.count = hints.children.length;
}

on("snapshot", (site) => {
  site.zones.forEach(showZone);
  site.doors.forEach(showDoor);
  site.machines.forEach(showMachine);
  [...site.decisions].reverse().forEach(showPassage);
  [...site.hints].reverse().forEach(showHint);
});
on("zone", showZone);
on("door", showDoor);
on("machine", showMachine);
on("access", showPassage);
on("hint", showHint);
setInterval(showTrends, TRENDS_MS);
