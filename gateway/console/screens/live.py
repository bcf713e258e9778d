"""Live: how many people are where, what the doors do and decide, as it happens."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct, structs
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gateway.console.hub import Hub, Watcher
from gateway.console.pages import lang_of, page
from gateway.console.place import Console
from gateway.console.problems import RESPONSES, Problem
from gateway.console.seat import ConsoleHere, SiteHere, Viewer
from gateway.console.shown import as_json
from gateway.core.site import Site, Text, Zone, ZoneId

HEARTBEAT_S = 15.0
"""Seconds between two signs of life on a quiet stream: the page calls 35 s of silence a loss."""
SEND_S = 30.0
"""Seconds one write may block: a browser that reads nothing for so long is gone."""

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["live"], responses=RESPONSES)


@pages.get("/sites/{site}/live")
async def live(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """The live page, right before any script runs."""
    view = console.viewer.site(here.id, lang_of(request))
    return page(
        request,
        "live.html",
        seat=seat,
        site=here,
        view=view,
        zones={zone.id: zone for zone in view.zones},
        blank=defaultdict(str),
        areas=nested(here),
    )


@pages.get("/sites/{site}/events")
async def events(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """The stream of every screen: a snapshot, then changes."""
    del seat
    watcher = console.hub.join(here.id, lang_of(request))
    if watcher is None:
        title = Text("Trop de pages sont ouvertes", "Too many pages are open")
        raise Problem(503, "too-many-streams", title, headers={"Retry-After": "10"})
    return _Stream(_stream(console, watcher), watcher, console.hub)


@api.get("/picture")
async def picture(seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """What is known of a site, as the broker told it."""
    now = console.picture.sites[here.id]
    if not seat.sees_people(here.id):
        seen = now.alarms.items()
        told = {key: alarm for key, alarm in seen if seat.sees_alarm(alarm.kind, here.id)}
        lists = {zone: structs.replace(each, missing=()) for zone, each in now.muster.items()}
        now = structs.replace(now, alarms=told, muster=lists)
    known = {
        "site": here.id,
        "connected": console.picture.connected,
        "heard": console.picture.heard,
        "rejected": console.picture.rejected,
        "gateways": console.picture.gateways,
        "picture": now,
    }
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(known), media_type="application/json", headers=headers)


async def _stream(console: Console, watcher: Watcher) -> AsyncIterator[ServerSentEvent]:
    async for change in watcher.follow():
        if change is None:
            snapshot = as_json(console.viewer.site(watcher.site, watcher.lang))
            yield ServerSentEvent(snapshot, event="snapshot")
        else:
            yield ServerSentEvent(change, event="change")


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
