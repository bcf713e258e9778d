// The countdown while a reader waits for a badge; the answer comes by a question that the console
// answers as soon as it knows.

import { $ } from "./console.js";

const WAIT_S = 20; // below what proxies bear
const AGAIN_MS = 1000;
const card = $("#enrolment");

if (card.dataset.outcome === "waiting") {
  const ends = performance.now() + Number(card.dataset.left) * 1000;
  const ticking = setInterval(() => {
    $("#left").textContent = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
  }, 250);
  ask().finally(() => clearInterval(ticking));
}

async function ask() {
  for (;;) {
    let pause = 0;
    try {
      const answer = await fetch(`${card.dataset.ask}?wait=${WAIT_S}`);
      if (answer.status === 404 || answer.redirected) return location.reload();
      const told = await answer.json();
      if (answer.ok && told.outcome !== "waiting") return show(told);
      pause = answer.ok ? 0 : AGAIN_MS;
    } catch {
      pause = AGAIN_MS; // the console is away for a moment
    }
    await new Promise((wake) => setTimeout(wake, pause));
  }
}

function show(told) {
  card.dataset.outcome = told.outcome;
  const tone = { enrolled: "calm", cancelled: "soft" }[told.outcome] ?? "alert";
  const word = $("#enrolment-word");
  word.className = `word tone-${tone}`;
  word.textContent = told.message;
  $(".left", card)?.remove();
  $("form", card)?.remove();
  $(".after a", card).focus();
}
