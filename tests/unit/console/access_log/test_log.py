"""The access log and its why: what is asked for is shown, harmlessly, and looks are noted."""

import asyncio
import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.adapters.audit import EntryLine
from gateway.cli import app
from gateway.console.access_log import log as logbook
from gateway.console.doors.summary import doorways
from gateway.core.access.rules import RULES
from tests.world.console import seat
from tests.world.console_past import BEGAN, FORMULA, HOSTILE, ConsolePast, a_morning
from tests.world.engine import LAB_DOOR, SITE

LOG = "/sites/hub/log"
API = "/api/v1/sites/hub/decisions"


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> ConsolePast:
    """The console after a morning."""
    past = ConsolePast(tmp_path_factory.mktemp("past"))
    past.sits(seat("operator"))
    return past


@pytest.fixture(scope="module")
def pressed(tmp_path_factory: pytest.TempPathFactory) -> ConsolePast:
    """The console after somebody left the lab by its button."""
    morning = a_morning()
    morning.press("lab-button")
    past = ConsolePast(tmp_path_factory.mktemp("pressed"), morning)
    past.sits(seat("operator"))
    return past


async def get(past: ConsolePast, path: str, language: str = "en") -> str:
    """A page's text."""
    async with past.browser(language) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, (answer.status_code, answer.headers, answer.text[-600:])
    return answer.text


def shown(page: str) -> list[str]:
    """The people of a page's lines, newest first, as they are on the wire."""
    table = page.partition("<tbody")[2].partition("</tbody>")[0]
    return re.findall(r'<td class="who" data-text="who">(.*?)</td>', table)


async def looks(past: ConsolePast) -> list[EntryLine]:
    """Everything in the audit, newest first."""
    return list((await past.console.stores.audit(lambda log: log.search(limit=1000))).lines)


async def test_the_log_names_people_and_places_newest_first(past: ConsolePast) -> None:
    """Seven passages of the morning; the late one stands where it happened."""
    page = await get(past, LOG)
    assert shown(page) == [
        "Ada Lovelace",
        page_name(FORMULA),
        "Ève Lefèvre",
        "unknown badge",
        "Fay Ended",
        page_name(HOSTILE),
        "Ada Lovelace",
    ]
    assert "the front" in page
    assert "Your membership has expired" in page
    french = await get(past, LOG, "fr")
    assert "le front" in french
    assert "Votre adhésion a expiré" in french
    assert "badge inconnu" in french


def page_name(name: str) -> str:
    """A name as Jinja escapes it."""
    return (
        name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        .replace("'", "&#39;").replace('"', "&#34;")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "people"),
    [
        pytest.param("decision=denied", 3, id="the refused"),
        pytest.param("reason=plan", 3, id="a reason"),
        pytest.param("where=front-out", 1, id="an access point"),
        pytest.param("where=door:front", 7, id="a door, both ways"),
        pytest.param("where=laser-on", 0, id="a machine that nobody used"),
        pytest.param("who=ada%20love", 2, id="a part of a name"),
        pytest.param("who=EVE", 1, id="without accents and capitals"),
        pytest.param("who=M-bob", 1, id="a member's number"),
        pytest.param("who=ada&decision=denied", 0, id="two wishes at once"),
        pytest.param("since=2026-11-22T07:01", 5, id="since, on the site's clock"),
        pytest.param("until=2026-11-22T07:01&reason=nonsense", 2, id="until; no such reason"),
    ],
)
async def test_the_log_is_filtered(past: ConsolePast, asked: str, people: int) -> None:
    """By time, place, answer, reason and person; the page and its live lines agree."""
    assert len(shown(await get(past, f"{LOG}?{asked}"))) == people
    if "who" not in asked:
        new = json.loads(await get(past, f"{LOG}/new?{asked}"))
        assert len(new["lines"]) == people


async def test_a_name_of_several_is_asked_back(past: ConsolePast) -> None:
    """Two Adas: nobody's passages are shown before one is chosen."""
    page = await get(past, f"{LOG}?who=ad")
    assert not shown(page)
    assert 'href="?who=ada"' in page
    assert 'href="?who=dan"' in page


@pytest.mark.parametrize(
    "asked", ["since=yesterday", "where=moon", "since=0001-01-01T00:00%2B14:00"]
)
async def test_nonsense_is_told(past: ConsolePast, asked: str) -> None:
    """What is no time and no place is a 422, never a crash."""
    async with past.browser() as browser:
        assert (await browser.get(f"{LOG}?{asked}")).status_code == 422


async def test_pages_follow_one_another(past: ConsolePast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line once, whatever the page's length; older pages do not move."""
    whole = shown(await get(past, LOG))
    monkeypatch.setattr(logbook.Wanted.query, "__defaults__", (3,))
    found, path = [], LOG
    for _ in range(4):
        page = await get(past, path)
        found += shown(page)
        older = re.search(r'rel="next" href="([^"]*)"', page)
        if older is None:
            break
        path = LOG + older[1].replace("&amp;", "&")
    assert found == whole


async def test_live_lines_are_those_that_came_since(past: ConsolePast) -> None:
    """What the page has is not told again."""
    last = json.loads(await get(past, f"{LOG}/new"))["newest"]
    assert json.loads(await get(past, f"{LOG}/new?after={last}")) == {"lines": [], "newest": last}
    before = json.loads(await get(past, f"{LOG}/new?after={last - 1}"))
    assert [line["id"] for line in before["lines"]] == [str(last)]
    assert before["lines"][0]["href"] == f"{LOG}/{last}"


async def test_why_has_every_rule_in_plain_words(past: ConsolePast) -> None:
    """What each said and saw, those that were not asked too, and what would have to change."""
    n = past.number("membership-expired")
    page = await get(past, f"{LOG}/{n}")
    rules = re.findall(r'<li data-outcome="(\w+)">', page)
    assert len(rules) == len(RULES)
    assert rules.count("deny") == 1
    assert rules.index("deny") + 1 == len(rules) - rules.count("none")
    assert "Renew it at the front desk." in page
    assert "the full" in page
    assert "Nov 21, 2026" in page or "21 Nov 2026" in page
    french = await get(past, f"{LOG}/{n}", "fr")
    assert "le full" in french
    assert "21 nov. 2026" in french


async def test_a_press_of_an_exit_button_is_a_line_of_its_door(pressed: ConsolePast) -> None:
    """With nobody's name; whoever looks for the door finds it, and for another one not."""
    page = await get(pressed, LOG)
    assert shown(page)[0] == ""
    lines = (await get(pressed, f"{LOG}?where=door:lab-door")).partition("<tbody")[2]
    assert "the lab door" in lines
    assert "Exit button pressed" in lines
    others = (await get(pressed, f"{LOG}?where=door:front")).partition("<tbody")[2]
    assert "Exit button pressed" not in others
    (told,) = json.loads(await get(pressed, f"{API}?reason=exit-button"))["decisions"]
    assert told | {"n": 0, "at": ""} == {
        "n": 0,
        "at": "",
        "reader": "lab-button",
        "access_point": None,
        "door": "lab-door",
        "holder": None,
        "name": None,
        "decision": "granted",
        "reason": "exit-button",
        "message": {"fr": "Bouton de sortie actionné.", "en": "Exit button pressed."},
        "late": False,
        "handover": "none",
    }
    async with pressed.browser() as browser:
        rows = list(csv.DictReader(io.StringIO((await browser.post(f"{LOG}/export")).text)))
    assert (rows[0]["place"], rows[0]["direction"], rows[0]["reader"]) == (
        "the lab door",
        "exit",
        "lab-button",
    )


async def test_why_of_a_press_says_that_no_rule_was_asked(pressed: ConsolePast) -> None:
    """On the page and at the command line."""
    n = pressed.number("exit-button")
    page = await get(pressed, f"{LOG}/{n}")
    assert "Exit button: no rule is checked." in page
    assert re.findall(r'<li data-outcome="(\w+)">', page).count("none") == len(RULES)
    folder = str(pressed.settings.data_dir)
    told = CliRunner().invoke(app, ["why", str(n), "--data-dir", folder])
    assert "exit button at lab-button, door lab-door" in told.stdout
    asked = json.loads(await get(pressed, f"{API}/{n}"))
    assert (asked["door"], asked["access_point"], asked["holder"]) == ("lab-door", None, None)


async def test_the_doors_page_knows_who_left_by_the_button(pressed: ConsolePast) -> None:
    """The last passage of that door."""
    found = await doorways(pressed.console, SITE, names=False)
    last = {door.id: door.last for door in found}[LAB_DOOR]
    assert last is not None
    assert (last.direction, last.reason) == ("exit", "Exit button pressed.")


async def test_why_is_the_command_s(past: ConsolePast) -> None:
    """The API says what `seuil why --json` says, word for word."""
    n = past.number("membership-expired")
    folder = str(past.settings.data_dir)
    told = CliRunner().invoke(app, ["why", str(n), "--json", "--data-dir", folder])
    asked = json.loads(await get(past, f"{API}/{n}"))
    for moment in ("at", "received"):
        asked[moment] = asked[moment].replace("Z", "+00:00")
    assert asked == json.loads(told.stdout)


async def test_no_decision_of_this_site(past: ConsolePast) -> None:
    """A row that is none, another site's, and numbers beyond SQLite, are not found or not valid."""
    n = past.number("membership-expired")
    async with past.browser() as browser:
        assert (await browser.get(f"/sites/elsewhere/log/{n}")).status_code == 404
        assert (await browser.get(f"/api/v1/sites/elsewhere/decisions/{n}")).status_code == 404
        assert shown((await browser.get("/sites/elsewhere/log")).text) == []
        assert (await browser.get(f"{LOG}/1")).status_code == 404
        assert (await browser.get(f"{API}/{2**63}")).status_code == 422


async def test_the_api_has_the_same_lines(past: ConsolePast) -> None:
    """A cursor leads from page to page."""
    whole = json.loads(await get(past, f"{API}?limit=1000"))
    assert whole["cursor"] is None
    found: list[dict[str, object]] = []
    cursor: int | None = 0
    while cursor is not None:
        page = json.loads(await get(past, f"{API}?limit=2{f'&cursor={cursor}' if cursor else ''}"))
        found += page["decisions"]
        cursor = page["cursor"]
    assert found == whole["decisions"]
    times = [str(each["at"]) for each in found]
    assert times == sorted(times, reverse=True)


async def test_the_file_is_whole_and_harmless(
    past: ConsolePast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line once, in pages of two; no cell is a formula, and markup stays text."""
    monkeypatch.setattr(logbook, "EXPORT_PAGE", 2)
    async with past.browser() as browser:
        answer = await browser.post(f"{LOG}/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    names = [row[rows[0].index("name")] for row in rows[1:]]
    assert len(names) == 7
    assert HOSTILE in names
    assert f"'{FORMULA}" in names
    assert not any(cell[:1] in tuple("=+-@\t\r") for row in rows for cell in row)


async def test_a_long_file_says_that_there_is_more(
    past: ConsolePast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is bounded, and says so in its last line."""
    monkeypatch.setattr(logbook, "EXPORT_PAGE", 2)
    monkeypatch.setattr(logbook, "EXPORT_MAX", 4)
    async with past.browser() as browser:
        answer = await browser.post(f"{LOG}/export")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 1 + 4 + 1
    assert "shorter" in rows[-1][0]


async def test_every_look_at_people_is_noted(past: ConsolePast) -> None:
    """Who, whom and what: the log of one person, a why, a file; before anything is shown."""
    before = len(await looks(past))
    n = past.number("membership-expired")
    for path in (f"{LOG}?who=bob", f"{LOG}/{n}", f"{API}?holder=cyd", f"{API}/{n}"):
        await get(past, path)
    async with past.browser() as browser:
        await browser.post(f"{LOG}/export?who=ada")
    noted = [line.entry for line in reversed((await looks(past))[: -before or None])]
    assert [(one.action, one.subject, one.detail) for one in noted] == [
        ("look", "bob", "log"),
        ("look", "fay", f"why {n}"),
        ("look", "cyd", "log"),
        ("look", "fay", f"why {n}"),
        ("export", "ada", "log"),
    ]
    assert {one.by for one in noted} == {"h-00000000ada0"}
    assert noted[0].at - BEGAN > timedelta()


async def test_who_cannot_be_noted_may_not_look(tmp_path: Path) -> None:
    """Where the audit cannot be written, no name is shown."""
    past = await asyncio.to_thread(ConsolePast, tmp_path)
    past.sits(seat("operator"))
    (tmp_path / "audit.db").mkdir()
    async with past.browser() as browser:
        answer = await browser.get(LOG)
    assert answer.status_code == 503
    assert "Ada" not in answer.text.partition("<main")[2]
