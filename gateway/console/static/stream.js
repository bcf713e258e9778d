// One stream of server-sent events: a snapshot, then changes. A hidden tab holds no stream; a lost one
// is asked for again. Nobody else opens an EventSource.

const SILENCE_MS = 35_000; // the server gives a sign of life each 15 s
const RETRY_MS = [800, 1800]; // all pages come back within 2 s, not all at once

/** Follow `url`; `link` hears "waiting", "live" or "lost". */
export function follow(url, { snapshot, change, link }) {
  let stream = null;
  let retry = 0;
  let watchdog = 0;

  function alive() {
    link("live");
    clearTimeout(watchdog);
    watchdog = setTimeout(lost, SILENCE_MS);
  }

  function close() {
    stream?.close();
    stream = null;
    clearTimeout(retry);
    clearTimeout(watchdog);
  }

  function lost() {
    close();
    link("lost");
    const [soonest, latest] = RETRY_MS;
    if (!document.hidden) retry = setTimeout(open, soonest + Math.random() * (latest - soonest));
  }

  function hear(name, show) {
    stream.addEventListener(name, (event) => {
      alive();
      show(JSON.parse(event.data));
    });
  }

  function open() {
    close();
    stream = new EventSource(url);
    hear("snapshot", snapshot);
    hear("change", change);
    stream.addEventListener("beat", alive);
    stream.addEventListener("error", lost);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      link("waiting");
    } else open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && open());
  if (!document.hidden) setTimeout(open); // after the page's own module has said what it hears
}
