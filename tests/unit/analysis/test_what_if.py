"""What another space file would have decided, and whether somebody may pass: without a door."""

import asyncio
import csv
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs
from typer.testing import CliRunner, Result

from gateway.adapters.directory import credential_key, holder_of
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.what_if import Reached, ReevaluatedDecision, rows_of, what_if
from gateway.cli import app
from gateway.config import load_settings
from gateway.core.model.names import PlanId, ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.plans import Plan, Right
from gateway.core.model.site import Site
from tests.paths import ROOT
from tests.world.engine import ANNEX, HALL, HOUSE, MONDAY, SITE, Place
from tests.world.journal import journaled

EXAMPLES = ROOT / "gateway" / "examples"
SPACE = EXAMPLES / "space.toml"
EVENING = "Mo-Fr 18:00-22:00"
EVER = MONDAY + timedelta(days=365)


def open_only(hours: str) -> Site:
    """The place with the full plan in these hours only."""
    right = Right(zones=(HOUSE, ANNEX), hours=hours)
    return structs.replace(SITE, plans=(Plan(PlanId("full"), SITE.plans[0].name, (right,)),))


def holding(people: int, zone: ZoneId = HALL) -> Site:
    """The place in which a zone holds so many."""
    zones = tuple(
        structs.replace(each, capacity=people) if each.id == zone else each for each in SITE.zones
    )
    return structs.replace(SITE, zones=zones)


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[JournalFile]:
    """Ada and Bob come in, a stranger does not; a snapshot; an hour later Cyd comes."""
    diary = Place()
    diary.enter("ada", "bob")
    diary.badge("front-in", "nobody")
    snapshot = diary.snapshot()
    diary.after(3600)
    diary.enter("cyd")
    file = tmp_path / JOURNAL_FILE
    asyncio.run(journaled(file, diary.rows, snapshot))
    with closing(JournalFile(file)) as journal:
        yield journal


def changes(
    file: JournalFile, site: Site, since: datetime = MONDAY, until: datetime = EVER
) -> list[tuple[str | None, str, str]]:
    """Who would have got another answer: was, would be."""
    return [
        (each.holder, each.was_reason, each.reason)
        for each in what_if(file, site, since, until)
        if each.differs
    ]


def test_the_same_rules_change_nothing(morning: JournalFile) -> None:
    """Every decision is judged, and judged the same."""
    judged = list(what_if(morning, SITE, MONDAY, EVER))
    assert [each.was_reason for each in judged] == ["plan", "plan", "credential-unknown", "plan"]
    assert not any(each.differs for each in judged)


def test_other_hours_refuse_whom_they_shut_out(morning: JournalFile) -> None:
    """With the reason; a stranger stays a stranger."""
    assert changes(morning, open_only(EVENING)) == [
        (who, "plan", "outside-hours") for who in ("ada", "bob", "cyd")
    ]


def test_people_are_where_they_really_were(morning: JournalFile) -> None:
    """Bob would not have got in; all the same he was inside when Cyd came."""
    assert changes(morning, holding(1)) == [
        ("bob", "plan", "zone-full"),
        ("cyd", "plan", "zone-full"),
    ]


def test_only_the_time_asked_for_is_judged(morning: JournalFile) -> None:
    """From a snapshot on; what happened before it is known all the same."""
    half = MONDAY + timedelta(minutes=30)
    assert changes(morning, holding(1), since=half) == [("cyd", "plan", "zone-full")]
    assert changes(morning, holding(1), until=half) == [("bob", "plan", "zone-full")]


def test_a_snapshot_saves_the_way_to_it(morning: JournalFile) -> None:
    """Rows before the snapshot are not read again."""
    heard: list[int] = []
    half = MONDAY + timedelta(minutes=30)
    list(what_if(morning, SITE, half, EVER, heard.append))
    assert min(heard) == morning.snapshots(SITE.id)[-1] + 1


def test_its_rows_are_counted_from_there(morning: JournalFile) -> None:
    """What is left to do is the rows behind the snapshot, or all of them."""
    half = MONDAY + timedelta(minutes=30)
    snapshot, last = morning.snapshots(SITE.id)[-1], morning.last_n()
    assert rows_of(morning, SITE.id, half) == range(snapshot, last)
    assert rows_of(morning, SITE.id, MONDAY) == range(last)


@pytest.mark.parametrize(
    ("reached", "percent", "left_s"),
    [
        (Reached(0, 1000, 0.0), 0, None),
        (Reached(49, 1000, 60.0), 4, None),
        (Reached(500, 1000, 1.9), 50, None),
        (Reached(250, 1000, 10.0), 25, 30),
        (Reached(999, 1000, 10.0), 99, 0),
        (Reached(1001, 1000, 10.0), 100, 0),
        (Reached(0, 0, 0.0), 0, None),
    ],
)
def test_the_time_left_is_told_when_the_pace_is_known(
    reached: Reached, percent: int, left_s: int | None
) -> None:
    """Not from the first rows, nor from the first moments."""
    assert (reached.percent, reached.left_s) == (percent, left_s)


def test_new_rooms_hold_the_people_who_are_in_their_inner_rooms(morning: JournalFile) -> None:
    """A new zone around the hall is full of the hall's people."""
    wing = ZoneId("wing")
    zones = (
        Zone(wing, SITE.name, capacity=1),
        *(
            structs.replace(each, ancestors=(wing, *each.ancestors)) if each.id == HALL else each
            for each in SITE.zones
        ),
    )
    assert changes(morning, structs.replace(SITE, zones=zones)) == [
        ("bob", "plan", "zone-full"),
        ("cyd", "plan", "zone-full"),
    ]


def test_a_reader_that_is_gone_guards_nothing(morning: JournalFile) -> None:
    """Its past events have a reason, too."""
    without = tuple(device for device in SITE.devices if device.id != "front-in")
    reasons = {after for _, _, after in changes(morning, structs.replace(SITE, devices=without))}
    assert reasons == {"point-unknown"}


def test_a_judged_decision_says_which(morning: JournalFile) -> None:
    """Its number, its place and its time."""
    first = next(what_if(morning, SITE, MONDAY, EVER))
    assert first == ReevaluatedDecision(
        3, SITE.id, MONDAY, "front-in", "front-in", "ada", "granted", "plan", "granted", "plan"
    )


# -- the commands --------------------------------------------------------------------------------


def run(*arguments: str) -> Result:
    """`seuil` with these arguments."""
    return CliRunner().invoke(app, list(arguments))


def told(*arguments: str) -> dict[str, Any]:
    """The one object on stdout."""
    answer: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return answer


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder with the example's members, and a space file to change."""
    monkeypatch.setenv("SEUIL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    members = run("members", "import", str(EXAMPLES / "members.csv"), "--space", str(SPACE))
    assert members.exit_code == 0, members.output
    (tmp_path / "space.toml").write_text(SPACE.read_text("utf-8"), "utf-8")
    return tmp_path / "data"


def test_may_says_yes_before_anybody_walks(data: Path) -> None:
    """No journal is needed: the place is taken for empty."""
    answer = told("may", "M-0001", "front-entry", "--space", "space.toml")
    assert (answer["decision"], answer["reason"]) == ("granted", "plan")
    assert answer["holder"] == holder_of(credential_key(load_settings()), "M-0001")
    assert run("may", "M-0001", "front-entry", "--space", "space.toml").exit_code == 0
    assert data.is_dir()


@pytest.mark.parametrize(
    ("at", "reason"),
    [("2026-11-23T09:00", "plan"), ("2026-11-23T21:00", "outside-hours")],
    ids=["in the morning", "late"],
)
def test_may_asks_for_the_hour_on_the_sites_clock(data: Path, at: str, reason: str) -> None:
    """The nomad's plan ends at 20:00 in Paris, wherever the terminal is."""
    answer = told("may", "M-0002", "coworking-entry", "--at", at, "--space", "space.toml")
    assert (answer["reason"], answer["at"]) == (reason, f"{at}:00+01:00")
    assert data.is_dir()


def test_may_shows_every_rule_and_ends_with_1_for_a_no(data: Path) -> None:
    """As `why` does, in both languages."""
    wednesday = ("--at", "2026-11-25T10:00", "--space", "space.toml")
    result = run("may", "M-0003", "coworking-entry", *wednesday)
    assert result.exit_code == 1
    assert "no-right" in result.stdout
    assert "The plan, or a booking," in result.stdout
    assert "Votre formule ne comprend pas cet accès" in result.stdout
    assert data.is_dir()


@pytest.mark.parametrize(
    ("arguments", "told_of"),
    [
        (("M-9999", "front-entry"), '"M-9999" is no member'),
        (("M-0001", "front-entri"), 'did you mean "front-entry"?'),
        (("M-0001", "front-entry", "--at", "soon"), "how long ago"),
    ],
    ids=["nobody", "nowhere", "never"],
)
def test_may_says_what_it_does_not_know(
    data: Path, arguments: tuple[str, ...], told_of: str
) -> None:
    """And what there is."""
    result = run("may", *arguments, "--space", "space.toml")
    assert result.exit_code == 2
    assert told_of in " ".join(result.output.replace("│", " ").split())
    assert data.is_dir()


@pytest.fixture
def journal(morning: JournalFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A space file of the journal's site: the place itself, its doors always shut."""
    del morning
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gateway.cli.what_if.load_space", lambda _path: (open_only(EVENING),))
    rules = tmp_path / "new.toml"
    rules.touch()
    return rules


def test_what_if_sums_up_and_lists_in_csv(journal: Path, tmp_path: Path) -> None:
    """One line a changed decision, and no line for the others."""
    since = ("--since", "2026-11-01", "--until", "2030-01-01", "--data-dir", str(tmp_path))
    answer = told("what-if", "--rules", str(journal), *since, "--csv", "changed.csv")
    (change,) = answer["changes"]
    assert (answer["decisions"], answer["changed"]) == (4, 3)
    assert (change["was_reason"], change["reason"], change["count"]) == ("plan", "outside-hours", 3)
    lines = list(csv.DictReader((tmp_path / "changed.csv").read_text("utf-8").splitlines()))
    assert [line["holder"] for line in lines] == ["ada", "bob", "cyd"]
    assert {line["would_be"] for line in lines} == {"denied"}


def test_what_if_writes_how_far_it_is(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the console: each new percent once, in a file that is whole, up to the end."""
    note, heard = tmp_path / "progress.json", []
    replace = Path.replace

    def replaced(draft: Path, target: Path) -> Path:
        heard.append(msgspec.json.decode(draft.read_bytes(), type=Reached).percent)
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", replaced)
    since = ("--since", "2026-11-01", "--until", "2030-01-01", "--data-dir", str(tmp_path))
    told("what-if", "--rules", str(journal), *since, "--progress", str(note))
    assert heard == sorted(set(heard))
    assert heard[-1] == 100
    assert msgspec.json.decode(note.read_bytes(), type=Reached).percent == 100
    assert [each.name for each in tmp_path.glob("progress*")] == ["progress.json"]


def test_what_if_for_people(journal: Path, tmp_path: Path) -> None:
    """A table of each, the sums, and how many."""
    since = ("--since", "2026-11-01", "--until", "2030-01-01", "--data-dir", str(tmp_path))
    result = run("what-if", "--rules", str(journal), *since)
    assert result.exit_code == 0, result.output
    assert "4 decisions, 3 would be others" in result.stdout
    assert "denied outside-hours" in result.stdout


def test_what_if_of_another_place_ends_with_2(data: Path, tmp_path: Path) -> None:
    """A space file whose site the journal does not know."""
    diary = Place()
    asyncio.run(journaled(tmp_path / JOURNAL_FILE, diary.rows, diary.snapshot()))
    result = run("what-if", "--rules", "space.toml", "--data-dir", str(tmp_path))
    assert result.exit_code == 2
    assert "the journal's sites are: hub" in " ".join(result.output.split())
    assert data.is_dir()
