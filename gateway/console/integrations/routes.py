"""The pages for other tools: /spaceapi.json, /metrics, /bookings.ics, all without sign-in.

The first is public by its nature, and absent unless the space file has it. The other two need a
token of the settings, and are absent without one.
"""

import hmac
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import SecretStr

from gateway.console.integrations.bookings import UnknownError
from gateway.console.integrations.integrations import Outside
from gateway.core.model.site import Site

_PUBLIC_S = 30
"""Seconds for which the public document may be cached: it is no live page."""
AnySite = Annotated[
    str | None, Query(description="A site's id; by default the first one.", examples=["le-seuil"])
]


_SPACE = {
    "api_compatibility": ["14", "15"],
    "space": "Le Seuil",
    "logo": "https://seuil.example/logo.png",
    "url": "https://seuil.example",
    "location": {"lat": 48.85, "lon": 2.35},
    "contact": {"email": "contact@seuil.example"},
    "state": {"open": True, "lastchange": 1795333200},
}
_EMPTY = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Seuil//Bookings//EN\r\nEND:VCALENDAR\r\n"


def router(outside: Outside) -> APIRouter:
    """Return the routes, for the console's app."""
    routes = APIRouter(tags=["other tools"])
    registry = CollectorRegistry()
    registry.register(outside.figures)

    @routes.get(
        "/spaceapi.json",
        summary="SpaceAPI",
        responses={
            200: {"content": {"application/json": {"example": _SPACE}}},
            404: {"description": "Not published, or no such site."},
            422: {"description": "A site that is no text."},
        },
    )
    async def spaceapi(response: Response, site: AnySite = None) -> dict[str, object]:
        """The public state of a site (https://spaceapi.io), for any page to read."""
        published = [each for each in outside.sites if each in outside.public.told]
        chosen = next((each for each in published if site in (None, each)), None)
        if chosen is None:
            raise HTTPException(404, "not published; see [spaceapi] in docs/space-file.md")
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cache-Control"] = f"public, max-age={_PUBLIC_S}"
        return outside.public.document(chosen)

    @routes.get(
        "/metrics",
        summary="Prometheus",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": _text("seuil_console_connected 1.0\n")}},
            401: {"description": "The bearer token is missing or wrong."},
            404: {"description": "SEUIL_METRICS_TOKEN is not set."},
        },
    )
    async def metrics(authorization: Annotated[str, Header()] = "") -> Response:
        """The console's figures, for clients with the token of SEUIL_METRICS_TOKEN."""
        token = _wanted(outside.settings.metrics_token)
        if not _same(authorization, f"Bearer {token}"):
            raise HTTPException(401, "show the token", {"WWW-Authenticate": "Bearer"})
        return Response(
            generate_latest(registry),
            headers={"Cache-Control": "no-store"},
            media_type=CONTENT_TYPE_PLAIN_0_0_4,
        )

    @routes.get(
        "/bookings.ics",
        summary="Bookings as iCalendar",
        response_class=Response,
        responses={
            200: {"content": {"text/calendar": _text(_EMPTY)}},
            404: {"description": "No such feed: the token is wrong, or there is no such site."},
            503: {"description": "The gateway's journal cannot be read from here."},
        },
    )
    async def bookings(
        token: Annotated[str, Query(description="The secret of SEUIL_BOOKINGS_TOKEN.")] = "",
        site: AnySite = None,
    ) -> Response:
        """The booked times of rooms and machines, never by whom."""
        # Imported here: icalendar weighs 4 MB, and most places have no such feed.
        from gateway.console.integrations.ical_feed import calendar  # noqa: PLC0415

        if not _same(token, _wanted(outside.settings.bookings_token)):
            raise HTTPException(404, "no such feed")
        chosen = _site(outside, site)
        try:
            booked = await outside.bookings.of(chosen.id)
        except UnknownError as wrong:
            raise HTTPException(503, "the bookings are not known here") from wrong
        return Response(
            calendar(chosen, booked, outside.clock.now()),
            headers={"Cache-Control": "private, max-age=60"},
            media_type="text/calendar; charset=utf-8",
        )

    return routes


def _text(example: str) -> dict[str, object]:
    """Return a text response, for the OpenAPI document."""
    return {"schema": {"type": "string"}, "example": example}


def _wanted(token: SecretStr | None) -> str:
    """Return the token that a client must show.

    Raises:
        HTTPException: 404, there is none: the page is not offered.
    """
    if token is None:
        raise HTTPException(404, "not offered")
    return token.get_secret_value()


def _same(shown: str, wanted: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "replace"), wanted.encode())


def _site(outside: Outside, asked: str | None) -> Site:
    for site in outside.sites.values():
        if asked in (None, site.id):
            return site
    raise HTTPException(404, "no such feed")
