// The copy of the muster list that a phone keeps while an evacuation runs, for when its network goes
// (muster_worker.js shows it). There are names in it, so it is gone as soon as the evacuation is.
// Browsers keep pages on https and on localhost only; elsewhere nothing here does anything.

const PREFIX = "seuil-muster-";
const OLD_MS = 12 * 3600_000;
const canKeep = "serviceWorker" in navigator && "caches" in window;
const pageOf = (site) => `/sites/${site}/here`;
let turn = Promise.resolve(); // one after the other: what is forgotten does not come back

/** Keep the list as the server draws it now, with the files that it is made of. */
export function keep(site) {
  return next(async () => {
    const scope = pageOf(site);
    await navigator.serviceWorker.register("/static/muster_worker.js", { scope, updateViaCache: "none" });
    const parts = performance.getEntriesByType("resource").map((each) => new URL(each.name).pathname);
    const files = new Set([scope, ...parts.filter((path) => path.startsWith("/static/"))]);
    const cache = await caches.open(PREFIX + site);
    await cache.addAll([...files].map((path) => new Request(path, { redirect: "error" })));
  });
}

/** Forget a site's list, and any other that is too old. */
export function forget(site) {
  return next(async () => {
    await caches.delete(PREFIX + site);
    const worker = await navigator.serviceWorker.getRegistration(pageOf(site));
    if (worker && new URL(worker.scope).pathname === pageOf(site)) await worker.unregister();
    for (const name of await caches.keys()) {
      if (name.startsWith(PREFIX) && (await isOld(name))) await caches.delete(name);
    }
  });
}

async function isOld(name) {
  const cache = await caches.open(name);
  const list = await cache.match(pageOf(name.slice(PREFIX.length)));
  return !list || !(Date.now() - Date.parse(list.headers.get("date")) < OLD_MS);
}

function next(work) {
  if (canKeep) turn = turn.then(work).catch(() => {}); // a full or cut-off phone keeps nothing
  return turn;
}
