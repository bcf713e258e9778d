// Kiosk: bands, as the public stream tells them.

import { follow } from "./stream.js";

function show(site) {
  document.body.dataset.mode = site.mode;
  const mode = document.querySelector("#mode");
  mode.hidden = !site.mode_word;
  mode.textContent = site.mode_word;
  for (const zone of site.zones) {
    const line = document.querySelector(`[data-zone="${CSS.escape(zone.id)}"]`);
    if (!line) continue;
    line.dataset.sure = zone.sure;
    line.dataset.step = zone.step;
    line.dataset.tone = zone.tone;
    for (const spot of line.querySelectorAll("[data-text]")) {
      const text = zone[spot.dataset.text];
      if (spot.textContent !== text) spot.textContent = text;
    }
  }
}

follow(document.body.dataset.events, {
  snapshot: show,
  change: show,
  link: (state) => (document.body.dataset.link = state),
});
