"""The console as an ASGI app: the screens, their API, and the layers around every response."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway import __version__
from gateway.clock import Clock, SystemClock
from gateway.config import OtherTools, Settings
from gateway.console.api_docs.openapi import openapi
from gateway.console.auth.routes import ROUTERS as SIGN_IN
from gateway.console.context import AppContext
from gateway.console.feed.mqtt_follower import Follower
from gateway.console.feed.stream_guard import Guard
from gateway.console.identity import Seats
from gateway.console.integrations.integrations import Outside
from gateway.console.integrations.routes import router as other_tools
from gateway.console.members.dependencies import MembersDependencies
from gateway.console.routers import ROUTERS
from gateway.console.web import error_handlers
from gateway.console.web.menu import SCREENS
from gateway.console.web.security_headers import SeatFirst, Shield
from gateway.core.model.site import Site

_HERE = Path(__file__).parent
WORKER = "muster_worker.js"
"""The script that shows the muster list on a phone without a network."""
WORKER_HEADERS = {
    "Service-Worker-Allowed": "/sites/",  # it requests one site's muster page, below that
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
}


class _Files(StaticFiles):
    """Our static files; the service worker names its scope, and loads nothing else."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if path == WORKER:
            answer.headers.update(WORKER_HEADERS)
        return answer


def build_app(
    sites: Sequence[Site],
    settings: Settings,
    *,
    seats: Callable[[Settings, Clock], Seats],
    allowed_hosts: Iterable[str] = (),
    clock: Clock | None = None,
    told: OtherTools | None = None,
) -> FastAPI:
    """Build the app, which follows the broker while `app.state.follower` and `guard` run (`serve`).

    `told`: the space file's settings of other tools, which are served while `app.state.outside`
    runs.
    """
    clock = clock or SystemClock()
    console = AppContext(sites, settings, clock, seats(settings, clock))
    app = FastAPI(
        title="Seuil",
        version=__version__,
        summary="Who may pass, and how many people are where.",
        docs_url=None,  # its pages come from a CDN
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.console = console
    app.state.office = MembersDependencies(console)
    app.state.outside = outside = Outside(
        sites, settings, console.picture, clock, told=told, streams=lambda: len(console.hub)
    )
    app.state.follower = Follower(
        console.picture,
        (console.hub, console.kiosk),
        settings,
        console.sites,
        also=outside.heard,
    )
    app.state.guard = Guard(console.seats)
    app.add_middleware(SeatFirst)
    app.add_middleware(Shield, names=tuple(allowed_hosts))
    error_handlers.install(app)
    for router in (*ROUTERS, *SIGN_IN, other_tools(outside)):
        app.include_router(router)
    app.add_api_route("/", _start, include_in_schema=False)
    app.add_api_route("/sites", _chosen, include_in_schema=False)
    app.add_api_route("/healthz", _healthz, include_in_schema=False)
    # Only these are compressed: the length of a page with a token would reveal it (BREACH).
    static = GZipMiddleware(_Files(directory=_HERE / "static"))
    app.mount("/static", static, name="static")
    app.openapi = partial(openapi, app)  # type: ignore[method-assign] # as FastAPI documents it
    return app


async def _start(request: Request) -> Response:
    """Redirect to the first site that the seat may see; without a session, to the sign-in page."""
    console: AppContext = request.app.state.console
    seat = await console.seats.of(request)
    if seat is None:
        return RedirectResponse("/sign-in", 303)
    if seat.owes:
        return RedirectResponse(seat.owes, 303)
    site = next((site for site in console.sites if seat.may("viewer", site)), None)
    return RedirectResponse("/me" if site is None else f"/sites/{site}/live", 303)


async def _chosen(site: str = "", screen: str = "live") -> Response:
    """Redirect to the chosen site: the site switcher, without a script."""
    if screen not in {each.word for each in SCREENS} or not site.replace("-", "").isalnum():
        return RedirectResponse("/", 303)
    return RedirectResponse(f"/sites/{site}/{screen}", 303)


async def _healthz(request: Request) -> Response:
    """Return `ok` while the broker is connected."""
    if request.app.state.console.picture.connected:
        return PlainTextResponse("ok\n")
    return PlainTextResponse("broker lost\n", 503)
