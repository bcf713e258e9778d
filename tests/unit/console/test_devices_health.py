"""Devices and health on the console: what is silent stands first, each line says what to do."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway.adapters.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal_rows import DeadLetter, event_row, letter_row
from gateway.adapters.journal_writer import Batch
from gateway.core.engine import step
from gateway.core.events import Event
from gateway.core.names import DeviceId
from gateway.core.readings import Availability, Battery, Motion
from gateway.core.state import State
from gateway.wire.outgoing import encode
from gateway.wire.rights import RightsState
from gateway.wire.states import HealthMessage
from tests.console_place import NOW, ConsolePlace, seat
from tests.unit.core.place import MONDAY, SITE, Place

HOSTILE = "<script>alert(1)</script>"


async def keep(folder: Path, told: Sequence[tuple[Event, datetime]]) -> None:
    """Journal what was told of a site, and one letter that nobody could read."""
    journal, state, batch = Journal(folder / JOURNAL_FILE), State(), Batch()
    await journal.open()
    for n, (event, _) in enumerate(told, start=1):
        after = step(SITE, state, event, MONDAY)
        state = after.state
        batch.events.append(event_row(n, SITE.id, event, after.facts, MONDAY))
    letter = DeadLetter(NOW, "mqtt", f"seuil/hub/{HOSTILE}", "not-json", "is no JSON", 3, HOSTILE)
    batch.letters.append(letter_row(letter))
    await journal.commit(batch)
    await journal.close()


@pytest.fixture
async def place(tmp_path: Path) -> ConsolePlace:
    """A console of a site whose lock went offline and whose keypad never spoke."""
    site = Place(SITE)
    site.says("front-in", Battery(9.0))
    site.says("front-contact", Motion(active=True))
    site.says("front-out", Availability("offline"))
    await keep(tmp_path, site.told)
    console = ConsolePlace(tmp_path, (SITE,))
    console.sits(seat("viewer"))
    return console


WELL = HealthMessage(NOW, "ok", "0.1.0", 10, 0, 0, 1.5, 0, 3, "ok")


async def test_what_needs_somebody_stands_first(place: ConsolePlace) -> None:
    """An alarm, then a low battery; in words, with what to do."""
    async with place.browser() as browser:
        told = (await browser.get("/api/v1/sites/hub/devices")).json()["devices"]
        page = (await browser.get("/sites/hub/devices")).text
        french = (await browser.get("/sites/hub/devices", params={"lang": "fr"})).text
    assert [(each["device"], each["state"]) for each in told[:2]] == [
        ("front-out", "alert"),
        ("front-in", "warm"),
    ]
    assert told[0]["alarms"] == ["device-offline"]
    assert "Is it powered, and on the network?" in page
    assert "Pile faible" in french


async def test_a_letter_is_text(place: ConsolePlace) -> None:
    """Whatever somebody sent."""
    async with place.browser() as browser:
        page = (await browser.get("/sites/hub/devices")).text
    assert HOSTILE not in page
    assert "is no JSON" in page


async def test_a_reader_says_whether_it_has_its_list(place: ConsolePlace) -> None:
    """As the broker keeps it; garbage is counted."""
    state = RightsState(NOW, "confirmed", "listed", None, "v1", NOW + timedelta(days=1), 12, 0, {})
    picture = place.console.picture
    picture.apply("seuil/hub/front-in/rights-state", encode(state))
    async with place.browser() as browser:
        assert "badges: 12, confirmed" in (await browser.get("/sites/hub/devices")).text
    picture.apply("seuil/hub/front-in/rights-state", b"{}")
    picture.apply("seuil/hub/nobody/rights-state", encode(state))
    assert picture.rejected == 2
    picture.apply("seuil/hub/front-in/rights-state", b"")
    assert DeviceId("front-in") not in picture.sites[SITE.id].rights


async def test_without_a_journal_the_page_says_so(tmp_path: Path) -> None:
    """It is no error of the reader's."""
    place = ConsolePlace(tmp_path, (SITE,))
    place.sits(seat("viewer"))
    async with place.browser() as browser:
        page = await browser.get("/sites/hub/devices")
        api = await browser.get("/api/v1/sites/hub/devices")
    assert (page.status_code, api.status_code) == (200, 503)
    assert "there is no journal" in page.text


@pytest.mark.parametrize(
    ("changed", "line", "state"),
    [
        ({}, "Gateway gw1", "ok"),
        ({"status": "journal-failing"}, "Gateway gw1", "fault"),
        ({"at": NOW - timedelta(minutes=2)}, "Gateway gw1", "fault"),
        ({"commit_ms": 250.0}, "Commits", "warning"),
        ({"inbox": 5000}, "Inbox", "warning"),
        ({"backlog": 100_000}, "InfluxDB", "warning"),
        ({"space": "faulty"}, "Space file", "warning"),
    ],
)
async def test_a_line_is_fine_or_says_what_to_do(
    place: ConsolePlace, changed: dict[str, object], line: str, state: str
) -> None:
    """By the gateway's own word."""
    place.console.picture.connected = True
    place.console.picture.apply("seuil/gateway/gw1/state", b"online")
    said = encode(structs.replace(WELL, **changed))
    place.console.picture.apply("seuil/gateway/gw1/health", said)
    async with place.browser() as browser:
        told = (await browser.get("/api/v1/sites/hub/health")).json()
    (found,) = (each for each in told["lines"] if each["name"] == line)
    assert found["state"] == state
    assert bool(found["do"]) == (state != "ok")


async def test_nobody_heard_is_a_fault(place: ConsolePlace) -> None:
    """Without a gateway nothing opens; the doctor's findings are for administrators."""
    async with place.browser() as browser:
        assert (await browser.get("/api/v1/sites/hub/health")).json()["state"] == "fault"
        assert "seuil doctor" not in (await browser.get("/sites/hub/health")).text
        place.sits(seat("administrator"))
        page = await browser.get("/sites/hub/health", params={"lang": "fr"})
    assert "Ce que trouve seuil doctor" in page.text
    assert "Quelque chose est en panne" in page.text


async def test_a_journal_in_use_is_only_read(place: ConsolePlace) -> None:
    """The screens write nothing there."""
    file = place.settings.data_dir / JOURNAL_FILE
    with sqlite3.connect(file) as connection:
        before = connection.execute("PRAGMA data_version").fetchone()
        async with place.browser() as browser:
            for screen in ("devices", "health"):
                assert (await browser.get(f"/sites/hub/{screen}")).status_code == 200
        assert connection.execute("PRAGMA data_version").fetchone() == before
    connection.close()
