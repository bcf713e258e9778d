"""Kiosk: how full the site is, for a wall screen or another website, without sign-in."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from gateway.console.auth.roles import ConsoleHere, SiteHere, no_such_site
from gateway.console.feed.hub import View
from gateway.console.feed.sse import Stream, too_many
from gateway.console.web.language import choose_lang
from gateway.console.web.rate_limit import STREAMS_EACH
from gateway.console.web.rendering import templates
from gateway.core.model.places import Kiosk
from gateway.core.model.site import Site
from gateway.translation import NAMES

pages = APIRouter(include_in_schema=False)


@pages.get("/kiosk/{site}")
async def kiosk(request: Request, here: SiteHere, console: ConsoleHere) -> Response:
    """Show the page; it sets no cookie."""
    shown = _kiosk_of(here)
    console.visitors.count(request)
    view = _view(request, here)
    html = (
        templates(view.lang)
        .get_template("kiosk.html")
        .render(site=here, lang=view.lang, langs=NAMES, view=console.kiosk_viewer.site(view))
    )
    return HTMLResponse(html, headers=_headers(shown))


@pages.get("/kiosk/{site}/events")
async def events(request: Request, here: SiteHere, console: ConsoleHere) -> Response:
    """Stream the bands when they change."""
    _kiosk_of(here)
    visitor = console.visitors.count(request)
    if console.kiosk.of(visitor) >= STREAMS_EACH:
        raise too_many(429)
    watcher = console.kiosk.join(_view(request, here), visitor)
    if watcher is None:
        raise too_many()
    return Stream(watcher, console.kiosk)


def _kiosk_of(site: Site) -> Kiosk:
    if site.kiosk is None:
        raise no_such_site()
    return site.kiosk


def _view(request: Request, site: Site) -> View:
    asked = request.query_params.get("lang")
    return View(site.id, choose_lang(asked, None, request.headers.get("accept-language", "")))


def _headers(kiosk: Kiosk) -> dict[str, str]:
    """Return headers that let the listed sites frame the page: it has no buttons and no secrets."""
    framed = " ".join(kiosk.embed) or "'none'"
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {framed}; object-src 'none'",
    }
