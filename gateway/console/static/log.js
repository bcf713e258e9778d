// Access log: new lines on top. The stream only says that somebody passed; the lines themselves, with
// names and by the filters of this page, are asked for from the server, which knows both.

import { $, icon, line, on } from "./console.js";

const WAIT_MS = 250; // a crowd at the door is one question
const SHOWN = 500; // lines on the page, so that a wall screen may stay on it for days
const log = $("#log");
const pause = $("#pause");
const tail = $("#tail");

let newest = Number(log?.dataset.newest);
let waiting = 0;
let asking = false;
let again = false;

function show(view) {
  if ($(`[data-id="${CSS.escape(view.id)}"]`, log)) return;
  const made = line("#a-line", view);
  made.dataset.decision = view.decision;
  $("time", made).dateTime = view.at;
  $("[data-href]", made).href = view.href;
  icon(made, view.decision);
  made.classList.add("arrived");
  log.prepend(made);
  $("#nothing").hidden = true;
  while (log.children.length > SHOWN) log.lastElementChild.remove();
}

async function ask() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(`${log.dataset.new}&after=${newest}`);
    if (answer.ok && !answer.redirected) {
      const told = await answer.json();
      newest = told.newest;
      told.lines.reverse().forEach(show);
    }
  } catch {
    // the stream's own mark says that the connection is lost; its next snapshot asks again
  } finally {
    asking = false;
    if (again) {
      again = false;
      soon();
    }
  }
}

function soon() {
  if (pause.ariaPressed === "true") return;
  clearTimeout(waiting);
  waiting = setTimeout(ask, WAIT_MS);
}

if (log?.dataset.new) {
  on("access", soon);
  on("snapshot", soon);
  tail.textContent = tail.dataset.live;
  pause.hidden = false;
  pause.addEventListener("click", () => {
    const paused = pause.ariaPressed !== "true";
    pause.ariaPressed = String(paused);
    tail.textContent = paused ? tail.dataset.paused : tail.dataset.live;
    soon();
  });
}
