"""A desk that nobody uses may only look; what is grave asks who is there, in place."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from fastapi.routing import APIRoute

from gateway.console.api_docs.permissions_table import method_of, needs_of, routes_of
from gateway.console.auth.attendance import SESSIONS_KEPT, Attendance
from gateway.console.web import rendering
from tests.world.console import NOW
from tests.world.console_accounts import SignInPlace
from tests.world.signed_in import PASSWORD

LOCK_S = 15 * 60
TEMPLATES = Path(rendering.__file__).parent / "templates"
SHORT = {"here": "/sites/x/members/x", "base": "/sites/x/members"}
"""What some templates call the beginning of an address."""


async def test_an_unattended_desk_only_looks(place: SignInPlace) -> None:
    """Pages go on, a door does not open; evacuation and lockdown do; a password unlocks it."""
    ada = place.person()
    site, sent = f"/sites/{place.site}", {"csrf": ada.csrf}
    async with place.browser(ada) as browser:
        opened = await browser.post(f"{site}/doors/front/open", data=sent)
        assert opened.headers["location"].startswith(f"{site}/doors?told=")
        for _ in range(LOCK_S // 60):
            place.clock.advance(60)
            await browser.get(f"{site}/live")  # a page that refreshes itself
        page = await browser.get(f"{site}/live")
        assert not re.search(r'id="desk"[^>]* hidden', page.text)
        assert (await _desk(place, browser))["locks_in_s"] == 0
        refused = await browser.post(f"{site}/doors/front/open", data=sent)
        assert refused.headers["location"].startswith("/sign-in/again")
        for mode in ("evacuation", "lockdown"):
            answer = await browser.post(f"{site}/mode", data=sent | {"mode": mode})
            assert "told=" in answer.headers["location"], mode
        used = await browser.post(f"/me/desk?site={place.site}", data=sent)
        assert used.json()["locks_in_s"] == 0  # whoever passes by and taps does not unlock it
        await browser.post("/sign-in/again", data=sent | {"password": PASSWORD})
        opened = await browser.post(f"{site}/doors/front/open", data=sent)
        assert "told=" in opened.headers["location"]


async def test_who_uses_the_desk_keeps_it(place: SignInPlace) -> None:
    """Taps that the page's script tells of put the lock off."""
    ada = place.person()
    async with place.browser(ada) as browser:
        for _ in range(3):
            place.clock.advance(LOCK_S - 1)
            answer = await browser.post(f"/me/desk?site={place.site}", data={"csrf": ada.csrf})
            assert answer.json() == {"fresh_s": 0, "locks_in_s": LOCK_S}
        assert (await _desk(place, browser))["locks_in_s"] == LOCK_S
        assert (await browser.get("/me/desk")).json()["locks_in_s"] is None


async def test_a_token_is_no_desk(place: SignInPlace) -> None:
    """It never locks itself; nor does the demo's own operator."""
    ada = place.person()
    async with place.browser(ada) as browser:
        wish = {"csrf": ada.csrf, "name": "robot", "scope": "operate", "days": "9"}
        page = await browser.post("/me/tokens", data=wish)
        found = re.search(r'class="secret">([^<]+)', page.text)
        assert found
        place.clock.advance(2 * LOCK_S)
        answer = await browser.post(
            f"/api/v1/sites/{place.site}/doors/front/open",
            json={},
            headers={"authorization": f"Bearer {found[1]}"},
        )
        assert answer.json()["type"] == "about:seuil:broker-away"


def test_attendance_is_bounded() -> None:
    """The longest unused session is forgotten, and counts since its last password."""
    attendance = Attendance()
    for n in range(SESSIONS_KEPT + 1):
        attendance.used(str(n), NOW)
    before = NOW.replace(year=2025)
    assert attendance.last("0", before) == before
    assert attendance.last("1", before) == NOW


def _marked() -> Iterator[tuple[str, str, bool]]:
    """Every form and download of the templates: its method, its path, and whether it is marked."""
    for template in sorted(TEMPLATES.glob("*.html")):
        for tag in re.findall(r"<(?:form|a)\b(?:[^<>]|\{\{[^}]*\}\})*>", template.read_text()):
            address = re.search(r'(?:action|href)="((?:\{\{.*?\}\}|[^"])*)"', tag)
            if address is None or "data-emergency" in tag:
                continue
            path = re.sub(r"\{\{ (\w+)[^}]*\}\}", lambda one: SHORT.get(one[1], "x"), address[1])
            method = "POST" if 'method="post"' in tag else "GET"
            yield method, urlsplit(path).path, "data-grave" in tag


def test_what_is_grave_asks_in_place(place: SignInPlace) -> None:
    """Each form and link whose route wants a fresh password is marked, and no other."""
    known = [route for route in routes_of(place.app) if not route.path.startswith("/api/")]
    seen = 0
    for method, path, marked in _marked():
        route = _route(known, method, path)
        if route is None:
            continue
        grave = any(need.fresh for need in needs_of(route)) or route.path.endswith("/mode")
        assert marked == grave, (method, path)
        seen += grave
    assert seen >= 15


def _route(known: list[APIRoute], method: str, path: str) -> APIRoute | None:
    fits = (each for each in known if method_of(each) == method and each.path_regex.match(path))
    return next(fits, None)


async def _desk(place: SignInPlace, browser: httpx.AsyncClient) -> dict[str, float]:
    answer: dict[str, float] = (await browser.get(f"/me/desk?site={place.site}")).json()
    return answer
