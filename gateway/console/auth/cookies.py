"""The two cookies: of a session, and of a browser that has not signed in yet.

Over https they are `__Host-` cookies: no other name and no plain page can set or read them. Plain
http is for this machine alone, where nobody listens on the way.
"""

import ipaddress
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "seuil"
BEFORE: Final = "seuil-before"
_SECURE: Final = "__Host-"
BEFORE_LIFE_S: Final = 3600
"""A sign-in page that is older has to be loaded again."""


def is_private(request: Request) -> bool:
    """Whether nobody between the browser and us can read along."""
    return request.url.scheme == "https" or is_loopback(request.url.hostname)


def is_loopback(host: str | None) -> bool:
    """Whether a name or address is this machine's own."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def name_of(cookie: str, request: Request) -> str:
    """What a cookie is called on this connection."""
    return f"{_SECURE}{cookie}" if request.url.scheme == "https" else cookie


def session_secret(request: Request) -> str | None:
    """What the session's cookie holds."""
    if not is_private(request):
        return None
    return request.cookies.get(name_of(SESSION, request)) or None


def before_secret(request: Request) -> str | None:
    """What the cookie of the sign-in page holds."""
    return request.cookies.get(name_of(BEFORE, request)) or None


def put(
    answer: Response, request: Request, cookie: str, secret: str, life_s: int | None = None
) -> None:
    """Set a cookie; without a life it goes with the browser."""
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
    """Have the browser forget a cookie."""
    answer.delete_cookie(
        name_of(cookie, request),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
