"""Members with names that attack: text on every page, no formula in any file, nobody in a report.

They live here, pass and are refused, look after an alarm, are waited for in an evacuation and run
the place. Streams are JSON, which the pages' scripts write as text (tests/e2e/test_live_page.py).
"""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import httpx
import msgspec
import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]

from gateway.adapters.directory import credential_key
from gateway.console.api_docs.permissions_table import method_of, routes_of
from gateway.console.rules.what_if_jobs import WhatIfTrial
from gateway.core.model.names import ADMINISTRATOR, DoorId
from gateway.core.readings import Tampered
from gateway.core.requests import AcknowledgeAlarm, OpenDoor, SetMode
from gateway.report.month import month_of
from tests.world import console_desk
from tests.world.console_accounts import SignInPlace
from tests.world.console_desk import DeskPlace, pseudonym

HOSTILE: Final = "<img src=x onerror=document.title='owned'>"
FORMULA: Final = '=HYPERLINK("http://evil.example","pay")'
BOTH: Final = (HOSTILE, FORMULA)
FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
HERE: Final = "/sites/{site}"
STREAMS: Final = {f"{HERE}/events", "/kiosk/{site}/events"}
NAMELESS: Final = {"/", "/sites", "/healthz", "/spaceapi.json", "/metrics", "/bookings.ics"}
QUERIES: Final = {
    f"/api/v1{HERE}/history/{{zone}}": {
        "from": "2026-11-22T08:00:00Z",
        "to": "2026-11-22T10:00:00Z",
    },
    f"/api/v1{HERE}/may": {"holder": pseudonym(HOSTILE), "point": "front-entry"},
    f"{HERE}/rules/may": {"who": HOSTILE, "point": "front-entry"},
}


class House(DeskPlace):
    """A house that both of them run."""

    def __init__(self, folder: Path, names: tuple[str, str] = BOTH) -> None:
        super().__init__(folder, names)
        credential_key(self.settings)
        self.names = names
        self._waits = ""

    async def lives(self) -> None:
        """A morning of everything that can be told of somebody."""
        await self.open()
        first, second = self.names
        await self.enters(first, second)
        await self.enters(first)  # is in already: refused, which is told too
        await self.says("meeting-co2", Tampered(active=True))
        await self.request(AcknowledgeAlarm("tamper", "meeting-co2", first), first)
        await self.request(OpenDoor(DoorId("front"), second), second)
        self.clock.advance(300)
        now = self.clock.now()
        self.console.trials._last = WhatIfTrial(self.site.id, now, now, "failed", failed=HOSTILE)
        self.sits(self.sitting(first))

    async def get(self, path: str, language: str = "en") -> httpx.Response:
        """What a route answers."""
        query = QUERIES.get(path, {})
        address = await self._filled(path)
        async with self.browser(language) as browser:
            return await browser.get(address, params=query)

    async def _filled(self, path: str) -> str:
        known = {
            "site": str(self.site.id),
            "holder": pseudonym(self.names[0]),
            "mode": "lockdown",
            "device": "front-in",
            "n": "4",
            "kind": "csv",
            "form": "csv",
            "zone": str(self.site.zones[0].id),
        }
        if "{preview}" in path:
            known["preview"] = await self._previewed()
        if "{enrolment}" in path:
            known["enrolment"] = await self._enrolling(known["holder"])
        return path.format_map(known)

    async def _previewed(self) -> str:
        sheet = io.StringIO()
        csv.writer(sheet).writerows([("ref", "name", "plan"), ("N-1", HOSTILE, "resident")])
        async with self.browser() as browser:
            sent = await browser.post(
                f"/sites/{self.site.id}/members/import",
                files={"file": ("m.csv", sheet.getvalue().encode())},
            )
        return sent.headers["location"].rpartition("/")[2]

    async def _enrolling(self, holder: str) -> str:
        """One reader waits, for one badge at a time."""
        if self._waits:
            return self._waits
        async with self.browser() as browser:
            wanted = {"holder": holder, "reader": "fablab-in"}
            sent = await browser.post(f"/api/v1/sites/{self.site.id}/enrolments", json=wanted)
        assert sent.status_code == 201, sent.text
        self._waits = str(sent.json()["id"])
        return self._waits


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Both are administrators, members and inside."""
    for name in BOTH:
        monkeypatch.setitem(console_desk.ROLES, name, ADMINISTRATOR)
    house = House(tmp_path)
    await house.lives()
    yield house
    await house.close()


class Tags(HTMLParser):
    """The tags of a page that somebody's name could have made."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.made: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag with a handler, or a picture of nothing."""
        if any(name.startswith("on") for name, _ in attrs) or ("src", "x") in attrs:
            self.made.append(self.get_starttag_text() or tag)

    handle_startendtag = handle_starttag


def read(house: House) -> list[str]:
    """The paths of everything that is looked at under a site."""
    paths = {route.path for route in routes_of(house.app) if method_of(route) == "GET"}
    return sorted(path for path in paths - STREAMS if "{site}" in path)


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_no_page_takes_a_name_for_markup(house: House, language: str) -> None:
    """Every page of a site, in peace and in an evacuation; the names are on most of them."""
    shown = set()
    for mode in ("normal", "evacuation"):
        await house.request(SetMode(mode, HOSTILE), HOSTILE)
        for path in read(house):
            answer = await house.get(path, language)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[-300:])
            assert "nosniff" in answer.headers["x-content-type-options"]
            if answer.headers["content-type"].startswith("text/html"):
                assert Tags(answer.text).made == [], path
                assert "<img src=x" not in answer.text, path
                shown |= (
                    {path.removeprefix(f"{HERE}/")} if "&lt;img src=x" in answer.text else set()
                )
    personal = {
        "live",
        "here",
        "here/list",
        "doors",
        "log",
        "log/{n}",
        "members",
        "alarms",
        "audit",
    }
    personal |= {"members/{holder}", "members/{holder}/enrol", "enrolments/{enrolment}"}
    personal |= {"members/import/{preview}", "rules/may"}
    assert personal <= shown, personal - shown


async def test_no_file_has_a_formula(house: House) -> None:
    """Every CSV that the pages offer; a spreadsheet reads the names, and computes nothing."""
    named = 0
    for path in read(house):
        answer = await house.get(path)
        if answer.headers["content-type"].startswith("text/csv"):
            named += named_in(answer)
    async with house.browser() as browser:
        named += named_in(await browser.post(f"/sites/{house.site.id}/log/export"))
    assert named == len(("members", "members, for programs", "audit", "log"))


def named_in(answer: httpx.Response) -> bool:
    """Whether both are in a CSV; none of its cells is a formula."""
    text = answer.content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULAS)], answer.url
    return HOSTILE in cells and f"'{FORMULA}" in cells


async def test_the_workbook_has_no_formula(house: House) -> None:
    """A cell of the members as XLSX is text, whatever it begins with."""
    async with house.browser() as browser:
        path = f"/api/v1/sites/{house.site.id}/members/export?form=xlsx"
        answer = await browser.get(path)
    with closing(load_workbook(io.BytesIO(answer.content))) as book:
        cells = [cell for row in book.active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert any(FORMULA in str(cell.value) for cell in cells)


async def test_nobody_is_in_a_report(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The PDF of this house is, byte for byte, that of a house in which others did the same.

    And neither a name nor a pseudonym is in what any of the three forms is made of.
    """
    others = ("Ann Other", "Bo Another")
    for name in others:
        monkeypatch.setitem(console_desk.ROLES, name, ADMINISTRATOR)
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other", others)
    await other.lives()
    people = [
        each for one in (house, other) for name in one.names for each in (name, pseudonym(name))
    ]
    for kind in ("pdf", "html", "csv"):
        one, two = [await report(each, kind) for each in (house, other)]
        assert one == two, kind
        assert not [each for each in people if each.encode() in one], kind
    counted = await house.console.stores.past(
        lambda journal: month_of(
            journal, house.site, date(2026, 11, 1), hours=house.site.opening_hours
        )
    )
    assert counted.granted >= len(BOTH)
    told = msgspec.json.encode(counted).decode()
    assert not [each for each in people if each in told]
    await other.close()


async def report(house: House, kind: str) -> bytes:
    """A month's report."""
    async with house.browser() as browser:
        answer = await browser.get(f"/sites/{house.site.id}/history/report.{kind}")
    assert answer.status_code == 200
    return answer.content


async def test_accounts_show_a_name_as_text(tmp_path: Path) -> None:
    """The pages of one's own account and of everybody's; nothing that is read is left out."""
    place = SignInPlace(tmp_path)
    hostile = place.person(name=HOSTILE)
    shown, walked = set(), {*NAMELESS, "/set-up/{secret}"}
    async with place.browser(hostile) as browser:
        for route in routes_of(place.app):
            path = route.path
            if method_of(route) != "GET" or "{" in path or path in NAMELESS:
                continue
            answer = await browser.get(path)
            assert answer.status_code < 500, path
            walked.add(path)
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert Tags(answer.text).made == [], path
                shown |= {path} if "&lt;img src=x" in answer.text else set()
    assert {"/me", "/accounts"} <= shown
    read_here = {route.path for route in routes_of(place.app) if method_of(route) == "GET"}
    assert {path for path in read_here - walked if "{site}" not in path} == set()
    place.close()
