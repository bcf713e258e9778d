"""The console's pages: the live page, its stream, the picture as JSON, and a health check."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path

import jinja2
import msgspec
from msgspec import Struct
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from gateway.clock import Clock, SystemClock
from gateway.config import Settings
from gateway.console.follow import Follower
from gateway.console.hub import Hub, Watcher
from gateway.console.picture import Picture
from gateway.console.shield import Shield
from gateway.console.shown import as_json
from gateway.console.view import Viewer
from gateway.console.words import LANGS, Lang, choose_lang, in_lang, say
from gateway.core.site import Site, Zone, ZoneId

HEARTBEAT_S = 15.0
"""Seconds between two signs of life on a quiet stream: the page calls 35 s of silence a loss."""
SEND_S = 30.0
"""Seconds one write may block: a browser that reads nothing for so long is gone."""
COOKIE = "seuil_lang"
COOKIE_LIFE_S = 365 * 24 * 3600

_HERE = Path(__file__).parent


def build_app(
    sites: Sequence[Site],
    settings: Settings,
    *,
    allowed_hosts: Iterable[str] = (),
    clock: Clock | None = None,
) -> Starlette:
    """The console as an ASGI app; it hears the broker while `app.state.follower` runs (`serve`)."""
    clock = clock or SystemClock()
    console = Console(sites, Picture(sites, settings.prefix, clock), clock)
    app = Starlette(
        routes=[
            Route("/", console.page),
            Route("/events", console.events),
            Route("/api/picture", console.picture_json),
            Route("/healthz", console.healthz),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ],
        middleware=[Middleware(Shield, names=tuple(allowed_hosts))],
    )
    app.state.console = console
    app.state.follower = Follower(console.picture, console.hub, settings, console.sites)
    return app


class Console:
    """The routes, over one picture and one hub."""

    def __init__(self, sites: Sequence[Site], picture: Picture, clock: Clock) -> None:
        self.sites = {site.id: site for site in sites}
        self.picture = picture
        self.clock = clock
        self.viewer = Viewer(self.sites, picture, clock)
        self.hub = Hub(self.viewer.change)
        pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._page = pages.get_template("page.html")

    async def page(self, request: Request) -> Response:
        """The live page, right before any script runs."""
        site, lang = self._site(request), _lang(request)
        view = self.viewer.site(site.id, lang)
        html = self._page.render(
            site=site,
            sites=self.sites.values(),
            view=view,
            zones={zone.id: zone for zone in view.zones},
            blank=defaultdict(str),
            areas=nested(site),
            lang=lang,
            langs=LANGS,
            say=lambda key, **values: say(key, lang, **values),
            text=lambda text: in_lang(text, lang),
        )
        answer = HTMLResponse(html, headers={"Cache-Control": "no-store"})
        if request.query_params.get("lang") == lang:
            answer.set_cookie(COOKIE, lang, max_age=COOKIE_LIFE_S, httponly=True, samesite="lax")
        return answer

    async def events(self, request: Request) -> Response:
        """The page's stream: a snapshot, then changes."""
        watcher = self.hub.join(self._site(request).id, _lang(request))
        if watcher is None:
            return PlainTextResponse("too many pages are open\n", 503, {"Retry-After": "10"})
        return _Stream(self._stream(watcher), watcher, self.hub)

    async def picture_json(self, request: Request) -> Response:
        """What is known of a site, as the broker told it."""
        site = self._site(request)
        known = {
            "site": site.id,
            "connected": self.picture.connected,
            "heard": self.picture.heard,
            "rejected": self.picture.rejected,
            "gateways": self.picture.gateways,
            "picture": self.picture.sites[site.id],
        }
        return Response(
            msgspec.json.encode(known),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def healthz(self, _request: Request) -> Response:
        """`ok` while the broker is heard."""
        if self.picture.connected:
            return PlainTextResponse("ok\n")
        return PlainTextResponse("broker lost\n", 503)

    async def _stream(self, watcher: Watcher) -> AsyncIterator[ServerSentEvent]:
        async for change in watcher.follow():
            if change is None:
                snapshot = as_json(self.viewer.site(watcher.site, watcher.lang))
                yield ServerSentEvent(snapshot, event="snapshot")
            else:
                yield ServerSentEvent(change, event="change")

    def _site(self, request: Request) -> Site:
        """The site that is asked for; the first of the space file by default."""
        asked = request.query_params.get("site")
        for site in self.sites.values():
            if asked in (None, site.id):
                return site
        raise HTTPException(404, "no such site")


class _Stream(EventSourceResponse):
    """A stream that leaves the hub when it ends, however it ends."""

    def __init__(self, content: AsyncIterator[ServerSentEvent], watcher: Watcher, hub: Hub) -> None:
        super().__init__(
            content,
            ping=HEARTBEAT_S,
            ping_message_factory=lambda: ServerSentEvent("", event="beat"),
            send_timeout=SEND_S,
            sep="\n",
        )
        self._watcher = watcher
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            return
        finally:
            self._hub.leave(self._watcher)


class Area(Struct, frozen=True):
    """A zone with the zones inside it, for the template."""

    id: ZoneId
    inner: tuple["Area", ...]


def nested(site: Site, parent: ZoneId | None = None) -> tuple[Area, ...]:
    """The zones as they nest, in the space file's order."""
    return tuple(Area(zone.id, nested(site, zone.id)) for zone in _inside(site, parent))


def _inside(site: Site, parent: ZoneId | None) -> Iterator[Zone]:
    for zone in site.zones:
        nearest = zone.ancestors[0] if zone.ancestors else None
        if nearest == parent:
            yield zone


def _lang(request: Request) -> Lang:
    return choose_lang(
        request.query_params.get("lang"),
        request.cookies.get(COOKIE),
        request.headers.get("accept-language", ""),
    )
