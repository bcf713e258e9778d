"""History without InfluxDB: three questions to the journal, and the command that asks them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import (
    AccessDay,
    HistoryError,
    HistoryQuery,
    OccupancyMinutes,
    ZoneDay,
    access_1d,
    occupancy_1d,
    occupancy_1m,
    opened,
)
from gateway.adapters.journal.rows import to_us
from gateway.cli.history import history
from gateway.core.events import SpaceChanged
from gateway.core.model.names import SiteId, Text, ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site

DAY = datetime(2026, 11, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEXT = DAY + timedelta(days=1)
HALL = Zone(ZoneId("hall"), Text("le hall", "the hall"), capacity=12)
SITES = (
    Site(SiteId("a"), Text("A", "A"), "Etc/UTC", (HALL,)),
    Site(SiteId("b"), Text("B", "B"), "Europe/Paris", (HALL,), opening_hours="08:00-20:00"),
)
"""Nobody's space file knows the lab any more."""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Two zones' minutes around a midnight, and five decisions."""
    path = tmp_path / JOURNAL_FILE
    schema = files("gateway.adapters.journal").joinpath("schema.sql").read_text(encoding="utf-8")
    minutes = [
        ("a", "hall", NEXT - 2 * MINUTE, 2.0, 1, 3),
        ("a", "hall", NEXT - MINUTE, 4.0, 2, 7),
        ("a", "hall", NEXT, 6.5, 6, 7),
        ("a", "lab", NEXT, 0.0, 0, 0),
        ("b", "hall", NEXT, 1.0, 1, 1),
    ]
    decisions = [
        (1, "a", "front-in", "granted", "plan", DAY),
        (2, "a", "front-in", "granted", "plan", NEXT - timedelta(microseconds=1)),
        (3, "a", "front-in", "denied", "hours", DAY + timedelta(hours=3)),
        (4, "a", "front-in", "granted", "plan", NEXT),
        (5, "b", None, "denied", "unknown-reader", NEXT),
    ]
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(schema)
        for n, described in enumerate(SITES):
            space = msgspec.json.encode(SpaceChanged(described)).decode()
            db.execute(
                "INSERT INTO journal VALUES (?, ?, NULL, 'space', 0, 0, ?, '[]')",
                (n, described.id, space),
            )
        for site, zone, time, mean, low, high in minutes:
            values = (site, zone, to_us(time), mean, low, high)
            db.execute("INSERT INTO occupancy_1m VALUES (?, ?, ?, ?, ?, ?)", values)
        for n, site, access_point, decision, reason, at in decisions:
            db.execute(
                "INSERT INTO decision VALUES"
                " (?, ?, 'reader', ?, 'h-0042', ?, ?, ?, NULL, 'none', NULL, NULL)",
                (n, site, access_point, decision, reason, to_us(at)),
            )
    return path


@pytest.fixture
def db(journal: Path) -> Iterator[sqlite3.Connection]:
    """That journal, read-only."""
    with opened(journal) as connection:
        yield connection


def test_minutes_are_what_the_engine_said(db: sqlite3.Connection) -> None:
    """In the order of time, then site and zone."""
    assert list(occupancy_1m(db, HistoryQuery())) == [
        OccupancyMinutes(NEXT - 2 * MINUTE, "a", "hall", 2.0, 1, 3),
        OccupancyMinutes(NEXT - MINUTE, "a", "hall", 4.0, 2, 7),
        OccupancyMinutes(NEXT, "a", "hall", 6.5, 6, 7),
        OccupancyMinutes(NEXT, "a", "lab", 0.0, 0, 0),
        OccupancyMinutes(NEXT, "b", "hall", 1.0, 1, 1),
    ]


@pytest.mark.parametrize(
    ("query", "means"),
    [
        pytest.param(HistoryQuery(site="a", zone="hall"), [2.0, 4.0, 6.5], id="of a site's zone"),
        pytest.param(HistoryQuery(site="b"), [1.0], id="of a site"),
        pytest.param(HistoryQuery(since=NEXT), [6.5, 0.0, 1.0], id="since is inclusive"),
        pytest.param(HistoryQuery(until=NEXT), [2.0, 4.0], id="until is exclusive"),
        pytest.param(HistoryQuery(site="nowhere"), [], id="of a site that is not there"),
    ],
)
def test_a_query_narrows(db: sqlite3.Connection, query: HistoryQuery, means: list[float]) -> None:
    """By site, zone and time."""
    assert [minute.mean for minute in occupancy_1m(db, query)] == means


def test_days_are_made_of_minutes(db: sqlite3.Connection) -> None:
    """The mean of means, the least, the most, the use, and how many minutes are known."""
    assert list(occupancy_1d(db, HistoryQuery(site="a", zone="hall"))) == [
        ZoneDay(DAY, "a", "hall", 3.0, 1, 7, 0.5, 2),
        ZoneDay(NEXT, "a", "hall", 6.5, 6, 7, 1.0, 1),
    ]


def test_days_are_the_sites_own(db: sqlite3.Connection) -> None:
    """In Paris the 23rd began an hour before; at one in the morning it was closed."""
    (day,) = occupancy_1d(db, HistoryQuery(site="b"))
    assert day == ZoneDay(NEXT - timedelta(hours=1), "b", "hall", 1.0, 1, 1, None, 1)


def test_a_day_is_asked_for_by_its_start(db: sqlite3.Connection) -> None:
    """What began before is left out, whole."""
    assert [day.time for day in occupancy_1d(db, HistoryQuery(site="a", since=NEXT))] == [
        NEXT,
        NEXT,
    ]
    assert [day.time for day in occupancy_1d(db, HistoryQuery(site="a", until=NEXT))] == [DAY]


def test_days_count_decisions_by_reason(db: sqlite3.Connection) -> None:
    """The last microsecond belongs to its day; no holder appears."""
    assert list(access_1d(db, HistoryQuery())) == [
        AccessDay(DAY, "a", "front-in", "denied", "hours", 1),
        AccessDay(DAY, "a", "front-in", "granted", "plan", 2),
        AccessDay(NEXT, "a", "front-in", "granted", "plan", 1),
        AccessDay(NEXT, "b", None, "denied", "unknown-reader", 1),
    ]


def test_whoever_asks_cannot_write(db: sqlite3.Connection) -> None:
    """The connection is read-only."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM decision")


def test_what_is_no_journal_is_said_so(tmp_path: Path) -> None:
    """A missing file, a text, and an empty database."""
    with pytest.raises(HistoryError, match="there is no journal"), opened(tmp_path / "none"):
        pass
    text = tmp_path / "text"
    text.write_text("a letter, long enough to be no header of a database " * 20)
    with pytest.raises(HistoryError, match="no journal that can be read"), opened(text) as db:
        list(access_1d(db, HistoryQuery()))
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(HistoryError, match="no such table"), opened(empty) as db:
        list(access_1d(db, HistoryQuery()))


def _asked(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(history)
    return CliRunner().invoke(app, [str(word) for word in arguments])


def test_json_is_one_object_a_line(journal: Path) -> None:
    """The fields are InfluxDB's; the data folder is enough to find the journal."""
    result = _asked(journal.parent, "-m", "occupancy_1m", "--site", "a", "--zone", "lab", "--json")
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {
            "time": "2026-11-23T00:00:00Z",
            "site": "a",
            "zone": "lab",
            "mean": 0.0,
            "min": 0,
            "max": 0,
        }
    ]


def test_csv_has_a_heading(journal: Path) -> None:
    """Times are RFC 3339, what is not known is empty."""
    result = _asked(journal, "--measurement", "access_1d", "--since", "2026-11-23", "--csv")
    assert result.stdout.splitlines() == [
        "time,site,access_point,decision,reason,count",
        "2026-11-23T00:00:00Z,a,front-in,granted,plan,1",
        "2026-11-23T00:00:00Z,b,,denied,unknown-reader,1",
    ]


def test_times_may_name_their_zone(journal: Path) -> None:
    """Midnight in UTC is one o'clock an hour to the east."""
    result = _asked(journal, "-m", "occupancy_1m", "--until", "2026-11-23T01:00+01:00", "--csv")
    assert len(result.stdout.splitlines()) == 1 + 2


def test_without_a_format_it_is_a_table(journal: Path) -> None:
    """Days by default."""
    result = _asked(journal)
    assert "2026-11-22 00:00" in result.stdout
    assert "3.00" in result.stdout
    assert "nothing is known" in _asked(journal, "--since", "2040-01-01").stdout


def test_a_space_file_leads_to_the_data_folder(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data folder is a setting, and the space file stands elsewhere."""
    space = tmp_path / "elsewhere" / "space.toml"
    space.parent.mkdir()
    space.touch()
    monkeypatch.setenv("SEUIL_DATA_DIR", str(journal.parent))
    assert _asked(space, "--json").stdout.count("\n") == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--since", "yesterday"], "2026-11-22T08:00+01:00", id="an unclear time"),
        pytest.param(["--json", "--csv"], "either --json or --csv", id="two formats"),
        pytest.param(["-m", "access_1d", "--zone", "hall"], "per access point", id="a door's zone"),
        pytest.param(["-m", "co2"], "occupancy_1m", id="an unknown measurement"),
    ],
)
def test_a_wrong_option_is_explained(journal: Path, arguments: list[str], said: str) -> None:
    """With exit code 2, and what would be right."""
    result = _asked(journal, *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


def test_a_folder_without_a_journal_is_exit_code_2(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never answered with the history of another folder."""
    monkeypatch.setenv("SEUIL_DATA_DIR", str(journal.parent))
    empty = tmp_path / "empty"
    empty.mkdir()
    result = _asked(empty)
    assert result.exit_code == 2
    assert "there is no journal" in result.output.replace("\n", " ")


def test_a_wrong_setting_is_exit_code_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says which, and shows no traceback."""
    monkeypatch.setenv("SEUIL_LOG_LEVEL", "loud")
    space = tmp_path / "space.toml"
    space.touch()
    result = _asked(space)
    assert result.exit_code == 2
    assert "SEUIL_LOG_LEVEL" in result.output
