"""The checks of every request and the headers of every response, around all pages.

DNS rebinding lets a foreign page talk to a server on this machine under the page's own name. So a
request must name this server by an IP address (which cannot be rebound) or by a name we know.
"""

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, browsers send "Origin: null" with our forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FRAMING = frozenset({"Content-Security-Policy", "X-Frame-Options"})
"""Headers that a page with a policy of its own sets itself: the older header allows no list."""

BODY_MAX = 11 << 20
"""Bytes of a request: an upload of 10 MB and the form around it."""
UNSEATED_MAX = 64 << 10
"""Bytes of a request of somebody who has not signed in: the sign-in's own forms are shorter."""


class Shield:
    """Refuses foreign Host headers and adds the security headers."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in ("localhost", *names))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request for us on; answer 400 to any other."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own = "content-security-policy" in headers  # set by a page that may be framed
                for name, value in HEADERS.items():
                    if not (own and name in FRAMING):
                        headers[name] = value
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        taken = 0

        async def receive_bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY_MAX:
                raise HTTPException(413)
            return message

        if names_us(Headers(scope=scope).get("host", ""), self._names):
            await self._app(scope, receive_bounded, send_shielded)
        else:
            refusal = PlainTextResponse(
                "This name is not the console's; start it with --allow-host NAME.\n", 400
            )
            await refusal(scope, receive, send_shielded)


def names_us(host: str, names: frozenset[str]) -> bool:
    """Return whether a Host header is an IP address or one of our names, whatever the port."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.lower() in names
    return True


class SeatFirst:
    """Refuses a large body before it is read if nobody is signed in: an upload is parsed first."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer 401 to a large one of nobody's."""
        if scope["type"] == "http" and _may_be_large(scope):
            request = Request(scope)
            if await request.app.state.console.seats.of(request) is None:
                refusal = PlainTextResponse("Sign in first.\n", 401, {"Connection": "close"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _may_be_large(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers:
        return True
    return length.isdigit() and int(length) > UNSEATED_MAX
