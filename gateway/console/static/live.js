// Live: the zones' cards, the doors and the passages, as the stream tells them.

import { $, byData, flash, icon, line, on, place } from "./console.js";

const SHOWN = 100; // passages on the page: what the server keeps
const passages = $("#passages");

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

function showDoor(door) {
  const line = byData("door", door.id);
  if (!line) return;
  place(line, door);
  line.dataset.state = door.state;
  icon(line, `door-${door.state}`);
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

on("snapshot", (site) => {
  site.zones.forEach(showZone);
  site.doors.forEach(showDoor);
  [...site.decisions].reverse().forEach(showPassage);
});
on("zone", showZone);
on("door", showDoor);
on("access", showPassage);
