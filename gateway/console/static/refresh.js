// Parts that the server draws: each element with [data-fresh] and an id is drawn anew when the stream
// says that something changed, at most every two seconds. Nobody loses what they are typing: a part
// with the focus in a field waits.

import { $, on } from "./console.js";

const AT_MOST_MS = 2000;
let due = 0;
let last = 0;

/** Draw the page's fresh parts anew whenever one of these parts of the stream changes. */
export function refreshOn(...parts) {
  for (const part of parts) {
    let isDrawn = part === "snapshot"; // the first one tells what the page shows already
    on(part, () => {
      if (!isDrawn) refreshSoon();
      isDrawn = false;
    });
  }
}

export function refreshSoon() {
  if (due) return;
  due = setTimeout(refresh, Math.max(100, last + AT_MOST_MS - Date.now()));
}

async function refresh() {
  due = 0;
  last = Date.now();
  try {
    const here = new URL(location.href);
    here.searchParams.delete("told");
    const answer = await fetch(here);
    if (!answer.ok || answer.redirected) return;
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-fresh]")) put(old, drawn.getElementById(old.id));
  } catch {
    setTimeout(refreshSoon, 3000); // the stream's own mark says that the connection is lost
  }
}

function put(old, drawn) {
  if (!drawn || old.innerHTML === drawn.innerHTML) return;
  const focus = old.contains(document.activeElement) ? document.activeElement : null;
  if (focus?.matches("input:not([type=checkbox]), textarea, select")) {
    focus.addEventListener("blur", refreshSoon, { once: true });
    return;
  }
  const path = focus && pathTo(focus, old);
  old.replaceChildren(...drawn.childNodes);
  if (path) $(path, old)?.focus({ preventScroll: true });
}

/** How to find the same control again: its own form and place in it. */
function pathTo(element, root) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const form = element.closest("form");
  return form && root.contains(form) ? `form[action="${CSS.escape(form.getAttribute("action"))}"] ${element.localName}` : null;
}
