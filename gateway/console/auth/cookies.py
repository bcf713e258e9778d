"""The two cookies: of a session, and of a browser that has not signed in yet.

Over https they are `__Host-` cookies: no other name and no plain page can set or read them. Plain
http is accepted on this machine alone, where no network can be tapped.
"""

import ipaddress
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "seuil"
BEFORE: Final = "seuil-before"
_SECURE: Final = "__Host-"
BEFORE_LIFE_S: Final = 3600
"""An older sign-in page has to be loaded again."""


def is_private(request: Request) -> bool:
    """Return whether the connection to the browser is safe from eavesdropping."""
    return request.url.scheme == "https" or is_loopback(request.url.hostname)


def is_loopback(host: str | None) -> bool:
    """Return whether a name or address is this machine's own."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def name_of(cookie: str, request: Request) -> str:
    """Return a cookie's name on this connection."""
    return f"{_SECURE}{cookie}" if request.url.scheme == "https" else cookie


def session_secret(request: Request) -> str | None:
    """Return the secret in the session's cookie."""
    if not is_private(request):
        return None
    return request.cookies.get(name_of(SESSION, request)) or None


def before_secret(request: Request) -> str | None:
    """Return the secret in the sign-in page's cookie."""
    return request.cookies.get(name_of(BEFORE, request)) or None


def put(
    answer: Response, request: Request, cookie: str, secret: str, life_s: int | None = None
) -> None:
    """Set a cookie; without a life it ends with the browser."""
    answer.set_cookie(
        name_of(cookie, request),
        secret,
        max_age=life_s,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def drop(answer: Response, request: Request, cookie: str) -> None:
    """Delete a cookie in the browser."""
    answer.delete_cookie(
        name_of(cookie, request),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
