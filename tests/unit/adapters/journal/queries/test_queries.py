"""The past for the console: pages of decisions, alarms and requests, and how a site is now."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.adapters.journal import queries
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import opened
from gateway.core.events import (
    BookingsChanged,
    DirectoryChanged,
    GatewayHealth,
    Tick,
)
from gateway.core.model.bookings import Booking, zone_target
from gateway.core.model.directory import DirectoryChange, HolderId
from gateway.core.model.names import DeviceId, DoorId
from gateway.core.readings import CredentialPresented, Firmware
from gateway.core.requests import AcknowledgeAlarm, MarkLeft, OpenDoor, SetMode
from tests.world.engine import HALL, MONDAY, SITE, Place, staff
from tests.world.journal import journaled

HUB = SITE.id


@pytest.fixture
def place() -> Place:
    """A house in which things happened."""
    place = Place()
    place.tell(DirectoryChanged(DirectoryChange(holders=(staff("ada"),))))
    place.enter("ada", "bob")
    place.badge("front-in", "stranger")
    place.after(30)
    place.badge("front-out", "bob")
    place.contact("front-contact", "open")
    return place


@pytest.fixture
def journal(tmp_path: Path, place: Place) -> Iterator[sqlite3.Connection]:
    """Its journal, read by another process."""
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows, place.snapshot(6)))
    with opened(tmp_path / JOURNAL_FILE) as connection:
        yield connection


# -- decisions


def test_the_log_is_newest_first_and_comes_in_pages(journal: sqlite3.Connection) -> None:
    """Every decision once, whatever the page's length."""
    whole = queries.decisions(journal, queries.DecisionQuery("hub"))
    assert [(line.holder, line.access_point, line.reason) for line in whole.lines] == [
        ("bob", "front-out", "exit-free"),
        (None, "front-in", "credential-unknown"),
        ("bob", "front-in", "plan"),
        ("ada", "front-in", "plan"),
    ]
    for limit in (1, 2, 3):
        lines: tuple[queries.DecisionLine, ...] = ()
        page = queries.decisions(journal, queries.DecisionQuery("hub", limit=limit))
        while True:
            lines += page.lines
            if page.before is None:
                break
            page = queries.decisions(
                journal, queries.DecisionQuery("hub", limit=limit, before=page.before)
            )
        assert lines == whole.lines


@pytest.mark.parametrize(
    ("query", "holders"),
    [
        pytest.param({"access_points": ("front-out", "lab-in")}, ["bob"], id="doors"),
        pytest.param(
            {"access_points": ("front-out",), "buttons": ("front-in",)}, ["bob"], id="no press"
        ),
        pytest.param({"holder": "ada"}, ["ada"], id="a holder"),
        pytest.param({"decision": "denied"}, [None], id="refusals"),
        pytest.param({"reason": "plan"}, ["bob", "ada"], id="a reason"),
        pytest.param({"since": MONDAY + timedelta(seconds=30)}, ["bob"], id="since, inclusive"),
        pytest.param(
            {"until": MONDAY + timedelta(seconds=30)}, [None, "bob", "ada"], id="until, exclusive"
        ),
        pytest.param({"site": "annex"}, [], id="another site"),
        pytest.param({"holder": "ada", "decision": "denied"}, [], id="two wishes at once"),
        pytest.param({"before": 999_999}, [], id="behind a page that was purged"),
    ],
)
def test_the_log_is_filtered(
    journal: sqlite3.Connection, query: dict[str, object], holders: list[str | None]
) -> None:
    """By any of its columns, and all of them together."""
    asked = msgspec.convert({"site": "hub"} | query, queries.DecisionQuery)
    assert [line.holder for line in queries.decisions(journal, asked).lines] == holders


def test_the_log_is_in_the_order_of_the_events(tmp_path: Path, place: Place) -> None:
    """What a reader tells late stands where it happened, and is marked as late."""
    place.after(3600)
    reading = CredentialPresented("hash-cyd", decided="granted")
    report = place.report("front-in", reading, age_s=3590)
    place.tell(report)
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows))
    with opened(tmp_path / JOURNAL_FILE) as connection:
        lines = queries.decisions(connection, queries.DecisionQuery("hub", limit=2)).lines
        page = queries.decisions(
            connection, queries.DecisionQuery("hub", limit=2, before=lines[1].n)
        )
    assert [(line.holder, line.late) for line in lines] == [("cyd", True), ("bob", False)]
    assert [line.holder for line in page.lines] == [None, "bob"]


def test_a_press_of_an_exit_button_is_in_the_log_of_its_door(tmp_path: Path, place: Place) -> None:
    """With no holder, and no answer to hand over."""
    place.press("lab-button")
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows))
    query = queries.DecisionQuery("hub", access_points=("lab-in",), buttons=("lab-button",))
    with opened(tmp_path / JOURNAL_FILE) as connection:
        (line,) = queries.decisions(connection, query).lines
        why = queries.decision(connection, line.n)
    assert (line.device, line.access_point, line.holder) == ("lab-button", None, None)
    assert (line.decision, line.reason, line.handover) == ("granted", "exit-button", "none")
    assert why is not None
    assert (why.door, why.as_data()["door"]) == ("lab-door", "lab-door")


def test_a_decision_says_why(journal: sqlite3.Connection) -> None:
    """Every rule that was asked, and those behind it."""
    line = queries.decisions(journal, queries.DecisionQuery("hub", holder="ada")).lines[0]
    why = queries.decision(journal, line.n)
    assert why is not None
    assert (why.holder, why.reason, why.verdicts[-1].outcome) == ("ada", "plan", "grant")
    assert why.as_data()["message"]["fr"]
    assert {each.rule for each in why.verdicts}.isdisjoint(why.not_asked)
    assert queries.decision(journal, 1) is None
    assert queries.last_decision(journal, "front-out") is not None


def test_the_log_is_read_by_an_index(journal: sqlite3.Connection) -> None:
    """No page looks at every decision of every site."""
    for query in (
        queries.DecisionQuery("hub", before=7),
        queries.DecisionQuery("hub", access_points=("a", "b"), since=MONDAY),
        queries.DecisionQuery("hub", holder="ada"),
    ):
        plans = _plans(journal, lambda q=query: queries.decisions(journal, q))  # type: ignore[misc]
        assert plans
        assert not [plan for plan in plans if plan.startswith("SCAN")], plans


def _plans(connection: sqlite3.Connection, question: Callable[[], object]) -> list[str]:
    """How SQLite answers what a question asks."""
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    question()
    connection.set_trace_callback(None)
    plans = (connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall() for sql in asked)
    return [str(step[3]) for plan in plans for step in plan]


# -- alarms, hints, requests


def test_alarms_have_an_end(tmp_path: Path) -> None:
    """Or stand still; the newest first."""
    place = Place()
    place.contact("front-contact", "open")
    place.after(10)
    place.contact("front-contact", "closed")
    place.after(10)
    place.contact("lab-contact", "open")
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows))
    with opened(tmp_path / JOURNAL_FILE) as connection:
        page = queries.alarms(connection, "hub")
        first = queries.alarms(connection, "hub", limit=1)
        second = queries.alarms(connection, "hub", limit=1, before=first.before)
        later = queries.alarms(connection, "hub", since=MONDAY + timedelta(seconds=20))
        plans = _plans(connection, lambda: queries.alarms(connection, "hub"))
        hints = _plans(connection, lambda: queries.hints(connection, "hub"))
    front = MONDAY + timedelta(seconds=10)
    assert [(line.object, line.raised, line.cleared) for line in page.lines][-1] == (
        "front", MONDAY, None,
    )  # fmt: skip
    assert page.lines[-1].over == front  # nobody has acknowledged it
    assert page.lines == (*first.lines, *second.lines)
    assert all(line.raised >= MONDAY + timedelta(seconds=20) for line in later.lines)
    assert all("journal_notable" in plan for plan in plans + hints), plans


def test_an_alarm_says_who_looked_after_it(tmp_path: Path, place: Place) -> None:
    """With their words; the next alarm of that kind is another one."""
    place.contact("terrace-contact", "open")
    place.after(300)
    place.ask(AcknowledgeAlarm("held", "terrace", "it is only me"), "ada")
    seen_to = place.now
    place.contact("terrace-contact", "closed")
    place.contact("terrace-contact", "open")
    place.after(300)
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows))
    with opened(tmp_path / JOURNAL_FILE) as connection:
        page = queries.alarms(connection, "hub")
    held = [line for line in page.lines if line.kind == "held" and line.object == "terrace"]
    assert [(one.acknowledged, one.acknowledged_by, one.note) for one in held] == [
        (None, None, ""),
        (seen_to, "ada", "it is only me"),
    ]


def test_hints_name_who_and_where(tmp_path: Path) -> None:
    """A badge that comes in twice was passed back, perhaps."""
    place = Place()
    place.enter("ada")
    place.after(60)
    place.badge("front-in", "ada")
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows))
    noticed = [fact for fact in place.said if type(fact).__name__ == "Noticed"]
    with opened(tmp_path / JOURNAL_FILE) as connection:
        page = queries.hints(connection, "hub")
    assert [(line.kind, line.object, line.holder) for line in page.lines] == [
        (fact.kind, fact.object, fact.holder)  # type: ignore[union-attr]
        for fact in reversed(noticed)
    ]


def test_the_audit_has_refusals_too(tmp_path: Path, place: Place) -> None:
    """Who asked for what and why, and what became of it."""
    place.ask(OpenDoor(DoorId("front"), why="parcel"), "ada")
    place.ask(SetMode("lockdown", "drill"), "ada")
    place.ask(MarkLeft(HolderId("bob")), by="bob")
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows))
    with opened(tmp_path / JOURNAL_FILE) as connection:
        page = queries.audit(connection, "hub")
        plans = _plans(connection, lambda: queries.audit(connection, "hub"))
    said = [
        (one.by, one.verb, one.order, one.why, one.error, one.mode_before) for one in page.lines
    ]
    assert said == [
        ("bob", "left", {"holder": "bob"}, "", "not-allowed", None),
        ("ada", "mode", {"mode": "lockdown"}, "drill", None, "normal"),
        ("ada", "open", {"door": "front"}, "parcel", None, None),
    ]
    assert plans
    assert all("journal_request" in plan for plan in plans), plans


# -- now


def test_the_state_is_the_gateways(tmp_path: Path, place: Place) -> None:
    """From the snapshot and the rows since; later only from the rows since."""
    path = tmp_path / JOURNAL_FILE
    asyncio.run(journaled(path, place.rows, place.snapshot(6)))
    states, kept = queries.PastState(), len(place.told)
    with opened(path) as connection:
        now = states.at(connection, "hub")
        assert now is not None
        assert (now.n, now.state, now.site) == (kept, place.state, SITE)
        place.enter("cyd")
        asyncio.run(journaled(path, place.rows))
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        again = states.at(connection, "hub")
    assert again is not None
    assert (again.n, again.state) == (len(place.told), place.state)
    assert not [sql for sql in asked if "SELECT n, state" in sql]
    with opened(path) as connection:
        assert states.at(connection, "annex") is None


def test_a_restored_journal_is_begun_anew(tmp_path: Path, place: Place) -> None:
    """One that ends before what we know is another past."""
    long, short = tmp_path / "long.db", tmp_path / "short.db"
    states = queries.PastState()
    asyncio.run(journaled(short, place.rows))
    place.enter("cyd", "dan")
    asyncio.run(journaled(long, place.rows))
    with opened(long) as connection:
        assert states.at(connection, "hub")
    with opened(short) as connection:
        now = states.at(connection, "hub")
    assert now is not None
    assert sorted(now.state.presence) == ["ada"]


def test_who_is_here(journal: sqlite3.Connection) -> None:
    """By zone, with since when."""
    now = queries.PastState().at(journal, "hub")
    assert now is not None
    assert queries.presence(now) == (queries.PresenceLine("ada", HALL, MONDAY, MONDAY),)


def test_bookings_that_are_to_come(tmp_path: Path, place: Place) -> None:
    """The next first, and none that is over."""
    hour = timedelta(hours=1)
    over = Booking("a", MONDAY - 2 * hour, MONDAY - hour)
    runs, later = (
        Booking("b", MONDAY - hour, MONDAY + hour),
        Booking("c", MONDAY + hour, MONDAY + 2 * hour),
    )
    place.tell(BookingsChanged(zone_target(HALL), (over, runs, later)))
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows))
    with opened(tmp_path / JOURNAL_FILE) as connection:
        now = queries.PastState().at(connection, "hub")
    assert now is not None
    assert [line.id for line in queries.bookings(now, MONDAY)] == ["b", "c"]
    assert [line.id for line in queries.bookings(now, MONDAY, limit=1)] == ["b"]


def test_devices_say_how_they_are(tmp_path: Path, place: Place) -> None:
    """Those that never spoke, too; duplicates are those of the last hour."""
    health = GatewayHealth("gw1", 0, 1.0, 0, 0)
    place.tell(Tick({DeviceId("front-in"): 7}, health, ghosts={DeviceId("front-in"): 4}))
    place.after(3000)
    place.tell(Tick({DeviceId("front-in"): 2}, health))
    place.number("front-in")
    place.badge("front-in", "eve")
    place.says("front-in", Firmware("1.4.2", "Portier"))
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, place.rows))
    with opened(tmp_path / JOURNAL_FILE) as connection:
        now = queries.PastState().at(connection, "hub")
        assert now is not None
        lines = {line.device: line for line in queries.devices(connection, now, place.now)}
        later = queries.devices(connection, now, place.now + timedelta(seconds=3590))
    assert set(lines) == {str(device.id) for device in SITE.devices}
    front = lines["front-in"]
    assert (front.last_seen, front.open_gaps, front.duplicates) == (place.now, 1, 9)
    assert (front.ghosts, front.firmware, front.model) == (4, "1.4.2", "Portier")
    assert next(line for line in later if line.device == "front-in").duplicates == 2
    assert lines["lab-lock"].last_seen is None


# -- one holder


def test_an_export_has_one_holder_only(journal: sqlite3.Connection) -> None:
    """Of a row that names several, only what is theirs; and no hash of a badge."""
    exported = queries.export_rows(journal, "bob")
    text = msgspec.json.encode(exported).decode()
    assert [row.kind for row in exported.rows] == [
        "directory",
        "credential",
        "door",
        "credential",
        "door",
    ]
    assert '"ada"' not in text
    assert "hash-" not in text
    assert exported.after is None


def test_an_export_comes_in_parts(
    journal: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks at a bounded part of the journal; together they are the whole."""
    whole = queries.export_rows(journal, "bob").rows
    monkeypatch.setattr("gateway.adapters.journal.queries.holder_export.ROWS_OF", 2)
    rows, after = list[queries.HolderRow](), 0
    while True:
        part = queries.export_rows(journal, "bob", after=after, limit=1)
        rows += part.rows
        if part.after is None:
            break
        after = part.after
    assert tuple(rows) == whole


# -- pages


def test_a_moment_is_found_by_halves(journal: sqlite3.Connection, place: Place) -> None:
    """The last row before it, wherever it lies."""
    for seconds in (-1, 0, 1, 29, 30, 31):
        at = MONDAY + timedelta(seconds=seconds)
        expected = max((n for n, (_, now) in enumerate(place.told, 1) if now < at), default=0)
        assert queries.row_at(journal, at) == expected


def test_a_page_has_a_line_at_least(journal: sqlite3.Connection) -> None:
    """And a thousand at most."""
    with pytest.raises(ValueError, match="at least one"):
        queries.alarms(journal, "hub", limit=0)
    assert queries.decisions(journal, queries.DecisionQuery("hub", limit=10**9)).before is None
