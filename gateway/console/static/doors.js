// Doors: states come with the stream, passages and service are drawn anew by the server.

import { $, byData, icon, on, place } from "./console.js";
import { refreshOn } from "./refresh.js";

function showDoor(door) {
  const card = byData("door", door.id);
  if (!card) return;
  place(card, door);
  card.dataset.state = door.state;
  icon($(".state", card), `door-${door.state}`);
}

on("snapshot", (site) => site.doors.forEach(showDoor));
on("door", showDoor);
refreshOn("access", "alarms", "door", "house", "snapshot");
