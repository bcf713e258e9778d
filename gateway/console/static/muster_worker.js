// The muster list of one site on a phone whose network is gone. Whatever the network answers comes
// first; the copy that the page has kept (kept.js) is shown in its stead only where there is no
// answer, marked as what it is. Nothing else of the console is ever kept or answered here.

const WAIT_MS = 4000; // a network that says nothing for so long is none
const PART_MS = 1000; // a stylesheet or module of ours
const OLD_MS = 12 * 3600_000; // no evacuation lasts so long
const HIDDEN = 'id="offline" hidden';

const page = new URL(registration.scope).pathname; // /sites/SITE/here
const kept = `seuil-muster-${page.split("/")[2]}`;

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname === page) event.respondWith(list(request));
  else if (pathname.startsWith("/static/")) event.respondWith(part(request));
});

async function list(request) {
  try {
    const answer = await within(WAIT_MS, fetch(request));
    if (answer.status >= 500) return (await copy()) ?? answer;
    if (!answer.ok) await caches.delete(kept); // signed out, or no more theirs to see
    return answer;
  } catch {
    return (await copy()) ?? fetch(request);
  }
}

/** The list as it was, saying so; nothing that is old, or could not say so. */
async function copy() {
  const found = await caches.open(kept).then((cache) => cache.match(page));
  if (!found) return null;
  const html = await found.text();
  const isYoung = Date.now() - Date.parse(found.headers.get("date")) < OLD_MS;
  if (!isYoung || !html.includes(HIDDEN)) {
    await caches.delete(kept);
    return null;
  }
  return new Response(html.replace(HIDDEN, 'id="offline"'), { headers: found.headers });
}

async function part(request) {
  try {
    return await within(PART_MS, fetch(request));
  } catch {
    const cache = await caches.open(kept);
    return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
  }
}

function within(ms, promise) {
  return Promise.race([promise, new Promise((_, refuse) => setTimeout(refuse, ms))]);
}
