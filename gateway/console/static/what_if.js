// While a trial runs, its bar and its words come anew; when it is over, so does the page.

import { $ } from "./console.js";

const EVERY_MS = 2000;

async function look() {
  try {
    const answer = await fetch(location.href);
    if (answer.ok && !answer.redirected) {
      const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("running");
      if (!drawn) return location.reload();
      $("#running").replaceChildren(...drawn.childNodes);
    }
  } catch {
    // the stream's own mark says that the connection is lost
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
