"""`seuil members import` and `list`."""

import json
import os
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from gateway.adapters.directory import DirectoryStore, Member, credential_hash
from gateway.cli.members import app
from gateway.core.directory import Directory

EXAMPLES = Path(__file__).parents[2] / "gateway/examples"
SPACE = str(EXAMPLES / "space.toml")
HEADER = "ref,name,email,kind,plan,from,until,status,badges,badge_format\n"
ADA = "M1,Ada,ada@example.org,,nomad,2026-01-01,2026-06-30,,04a224b2c31990,\n"
BOB = "M2,Bob,,,fablab,,,,04a224b2c31991,\n"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [name for name in os.environ if name.startswith("SEUIL_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("SEUIL_DATA_DIR", str(tmp_path / "data"))


class Place:
    """A data folder, and imports into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def import_(self, text: str | bytes, *options: str) -> Result:
        file = self.folder / "members.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return CliRunner().invoke(app, ["import", str(file), "--space", SPACE, *options])

    def told(self, text: str | bytes, *options: str) -> dict[str, Any]:
        result = self.import_(text, "--json", *options)
        told: dict[str, Any] = json.loads(result.stdout)
        assert (result.exit_code == 0) == told["ok"]
        return told

    def members(self) -> tuple[Member, ...]:
        with closing(DirectoryStore(self.folder / "data" / "members.db")) as store:
            return store.members()

    def directory(self) -> Directory:
        with closing(DirectoryStore(self.folder / "data" / "members.db")) as store:
            return store.load()

    def key(self) -> bytes:
        return (self.folder / "data" / "credential.key").read_bytes().strip()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty place."""
    return Place(tmp_path)


def test_the_example_file_is_good(place: Place) -> None:
    """What ships can be imported: 7 lines, 6 members, one of them with two plans."""
    told = place.told((EXAMPLES / "members.csv").read_bytes())
    assert (told["rows"], told["added"], told["written"]) == (7, 6, True)
    plans = {m.ref: [each.plan for each in m.holder.memberships] for m in place.members()}
    assert plans["M-0002"] == ["nomad", "fablab"]


def test_a_day_is_a_whole_day_on_the_clocks_of_the_place(place: Place) -> None:
    """From midnight in Paris until the midnight after the last day, summer time included."""
    place.import_(HEADER + ADA)
    (membership,) = place.members()[0].holder.memberships
    assert membership.starts == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert membership.ends == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_badges_are_kept_as_keyed_hashes_in_canonical_form(place: Place) -> None:
    """The spelling is declared a line; the number itself is nowhere in the file."""
    place.import_(HEADER + "M1,Ada,,,nomad,,,,B6:8D:D3:8C b6:8d:d3:8d|b6:8d:d3:8e,hex-colons\n")
    expected = {credential_hash(place.key(), f"b68dd38{end}") for end in "cde"}
    assert set(place.directory().credentials) == expected
    assert b"b68dd38c" not in (place.folder / "data/members.db").read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADER + ADA,
        (HEADER + ADA).replace(",", ";"),
        (HEADER + ADA).replace("\n", "\r\n"),
        HEADER.replace("ref", " Ref ") + ADA + "\n,,,,,,,,,\n",
        HEADER + ADA.replace("Ada", '"Ada"').replace("nomad", " nomad "),
    ],
    ids=["a byte order mark", "semicolons", "CRLF", "spaces and empty lines", "quotes"],
)
def test_spreadsheets_write_csv_in_many_ways(place: Place, text: str) -> None:
    """All of them mean the same member."""
    assert place.told(text)["added"] == 1
    assert place.members()[0].name == "Ada"


LINES = {
    "an empty ref": (",Ada,,,nomad,,,,,", "ref", "is empty"),
    "an unknown plan": ("M1,Ada,,,nomed,,,,,", "plan", 'did you mean "nomad"?'),
    "a French date": ("M1,Ada,,,nomad,22/11/2026,,,,", "from", "write it like 2026-11-22"),
    "a day that is not": ("M1,Ada,,,nomad,2026-02-30,,,,", "from", "is not a date"),
    "a year of long ago": ("M1,Ada,,,nomad,0026-01-01,,,,", "from", "a year is from"),
    "an end before its start": (
        "M1,Ada,,,nomad,2026-02-02,2026-02-01,,,",
        "until",
        "is before from",
    ),
    "an unknown kind": ("M1,Ada,,guest,nomad,,,,,", "kind", "choices are: member, visitor"),
    "an unknown status": ("M1,Ada,,,nomad,,,lost,,", "status", "is not a choice"),
    "an address that is none": ("M1,Ada,ada,,nomad,,,,,", "email", "name@example.org"),
    "an unknown format": ("M1,Ada,,,nomad,,,,04aa,hax", "badge_format", 'did you mean "hex"?'),
    "a badge of another format": (
        "M1,Ada,,,nomad,,,,04a224b2c31990 7616525,hex",
        "badges",
        "badge 2 is not hex",
    ),
    "a badge of zeros": ("M1,Ada,,,nomad,,,,00000000,hex", "badges", "all zeros"),
    "a cell too many": ("M1,Ada,,,nomad,,,,,,", "", "has 11 cells, the header has 10"),
    "a badge of another member": (
        "M1,Ada,,,nomad,,,,04a224b2c31991,",
        "badges",
        'is given to "M2" at line 2',
    ),
    "another name for one ref": ("M2,Robert,,,nomad,,,,,", "name", "differs from line 2"),
    "one membership twice": ("M2,Bob,,,fablab,,2027-01-01,,,", "plan", "already at line 2"),
}


@pytest.mark.parametrize(("line", "column", "message"), LINES.values(), ids=LINES)
def test_a_bad_line_is_told_and_nothing_is_written(
    place: Place, line: str, column: str, message: str
) -> None:
    """Line, column and what would be right; the good line before it waits for --skip-bad."""
    text = HEADER + BOB + line + "\n"
    told = place.told(text)
    assert [(fault["line"], fault["column"]) for fault in told["faults"]] == [(3, column)]
    assert message in told["faults"][0]["message"]
    assert told["written"] is False
    assert not (place.folder / "data/members.db").exists()
    assert place.told(text, "--skip-bad")["written"] is True
    assert [member.ref for member in place.members()] == ["M2"]


def test_every_bad_line_is_told(place: Place) -> None:
    """None stops those after it, and no badge number is repeated."""
    result = place.import_(HEADER + "M1,A,,,x,,,,,\n" + BOB + "M3,C,,,nomad,,,,04zz224b,\n")
    assert result.exit_code == 1
    assert "line 2, plan: " in result.stderr
    assert "line 4, badges: " in result.stderr
    assert "04zz224b" not in result.output + result.stderr
    assert "nothing was written" in result.stdout


@pytest.mark.parametrize(
    ("header", "column", "message"),
    [
        ("ref,name,plan,badge", "badge", 'did you mean "badges"?'),
        ("name,plan", "ref", "is required"),
        ("ref,name,plan,pin", "pin", "says more of badges"),
        ("ref,name,plan,plan", "plan", "is there twice"),
    ],
)
def test_a_wrong_header_is_told_once(place: Place, header: str, column: str, message: str) -> None:
    """Not once a line."""
    told = place.told(header + "\n" + "1,2,3,4\n" * 9)
    assert [(fault["line"], fault["column"]) for fault in told["faults"]] == [(1, column)]
    assert message in told["faults"][0]["message"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (HEADER.encode() + b"M1,Ren\xe9,,,nomad,,,,,\n", 2),
        ((HEADER + 'M1,"Ada"x,,,nomad,,,,,\n').encode(), 2),
        (b"", 1),
    ],
    ids=["not UTF-8", "a broken quote", "an empty file"],
)
def test_a_file_that_is_not_csv_is_told(place: Place, content: bytes, line: int) -> None:
    """With the line where it ends to be one."""
    assert place.told(content)["faults"][0]["line"] == line


def test_dates_without_a_time_zone_are_refused(place: Place) -> None:
    """A day begins at another moment in Nouméa: it is asked for, not guessed."""
    file = place.folder / "members.csv"
    file.write_text(HEADER + ADA)
    asked = CliRunner().invoke(app, ["import", str(file)])
    assert asked.exit_code == 1
    assert "--timezone" in asked.stderr
    told = CliRunner().invoke(app, ["import", str(file), "--timezone", "Pacific/Noumea"])
    assert told.exit_code == 0
    assert place.members()[0].holder.memberships[0].starts == datetime(2025, 12, 31, 13, tzinfo=UTC)


def test_an_import_twice_changes_nothing(place: Place) -> None:
    """The same file again: all unchanged, and the version stands still."""
    place.import_(HEADER + ADA + BOB)
    before = place.directory()
    told = place.told(HEADER + ADA + BOB)
    assert (told["added"], told["changed"], told["unchanged"]) == (0, 0, 2)
    assert place.directory() == before
    with closing(DirectoryStore(place.folder / "data/members.db")) as store:
        assert store.version() == 1


def test_a_renewal_changes_the_membership(place: Place) -> None:
    """The same plan from the same day, with another end, is the same membership."""
    place.import_(HEADER + ADA)
    result = place.import_(HEADER + ADA.replace("06-30", "12-31"))
    assert "1 changed" in result.stdout
    assert "until 2026-06-30 -> until 2026-12-31" in " ".join(result.stdout.split())
    assert len(place.members()[0].holder.memberships) == 1


def test_nothing_is_removed_without_prune(place: Place) -> None:
    """Members, plans and badges that are not in the file stay; with --prune they go."""
    place.import_(HEADER + ADA + BOB + "M1,Ada,ada@example.org,,fablab,,,,04a224b2c31999,\n")
    place.import_(HEADER + ADA)
    ada, bob = place.members()
    assert (len(ada.holder.memberships), len(ada.credentials), bob.ref) == (2, 2, "M2")
    told = place.told(HEADER + ADA, "--prune")
    assert (told["changed"], told["removed"]) == (1, 1)
    (ada,) = place.members()
    assert (len(ada.holder.memberships), len(ada.credentials)) == (1, 1)


def test_prune_with_skip_bad_is_refused(place: Place) -> None:
    """A typing error must not remove a member."""
    assert place.import_(HEADER + ADA, "--prune", "--skip-bad").exit_code == 2


def test_a_badge_moves_when_the_file_says_so_of_both(place: Place) -> None:
    """From a member of the file it moves; from one who is not in it, it is a fault."""
    place.import_(HEADER + ADA + BOB)
    taken = HEADER + ADA.replace("31990", "31991")
    told = place.told(taken)
    assert 'belongs to "M2"' in told["faults"][0]["message"]
    assert place.told(taken + BOB.replace("04a224b2c31991", ""))["changed"] == 2
    owners = {credential.holder for credential in place.directory().credentials.values()}
    assert owners == {place.members()[0].holder.id}


def test_a_lost_badge_stays_lost(place: Place) -> None:
    """An import does not bring it back because the list still has it."""
    place.import_(HEADER + ADA)
    (ada,) = place.members()
    lost = msgspec.structs.replace(ada.credentials[0], status="lost")
    with closing(DirectoryStore(place.folder / "data/members.db")) as store:
        store.apply([msgspec.structs.replace(ada, credentials=(lost,))])
    assert place.told(HEADER + ADA)["unchanged"] == 1
    assert place.members()[0].credentials == (lost,)


def test_a_dry_run_shows_and_writes_nothing(place: Place) -> None:
    """Neither members nor a key: the data folder is not even made."""
    result = place.import_(HEADER + ADA, "--dry-run")
    assert result.exit_code == 0
    assert "1 added" in result.stdout
    assert "dry run" in result.stdout
    assert not (place.folder / "data").exists()


def test_a_dry_run_compares_with_what_is_kept(place: Place) -> None:
    """The second time it sees the change, and leaves it."""
    place.import_(HEADER + ADA)
    assert place.told(HEADER + ADA + BOB, "--dry-run")["added"] == 1
    assert len(place.members()) == 1


def test_another_key_is_refused_before_anything_is_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the badges under one key and half under another would lock people out."""
    place.import_(HEADER + ADA)
    monkeypatch.setenv("SEUIL_CREDENTIAL_KEY", "another key of some length")
    result = place.import_(HEADER + BOB)
    assert result.exit_code == 2
    assert "another credential key" in result.stderr


def test_a_bad_space_file_ends_with_2(place: Place) -> None:
    """It is told before the members are read."""
    (place.folder / "bad.toml").write_text("x = 1")
    result = place.import_(HEADER + ADA, "--space", str(place.folder / "bad.toml"))
    assert result.exit_code == 2
    assert "is not a table" in result.stderr


def test_the_list_shows_names_only_when_asked(place: Place) -> None:
    """Pseudonyms and references by default."""
    place.import_(HEADER + ADA)
    plain = CliRunner().invoke(app, ["list", "--json"])
    named = CliRunner().invoke(app, ["list", "--json", "--names"])
    assert "Ada" not in plain.stdout
    assert "example.org" not in plain.stdout
    (member,) = json.loads(named.stdout)["members"]
    assert (member["ref"], member["name"]) == ("M1", "Ada")
    assert member["memberships"][0]["plan"] == "nomad"
    assert "Ada" not in CliRunner().invoke(app, ["list"]).stdout
    assert "Ada" in CliRunner().invoke(app, ["list", "--names"]).stdout


def test_the_list_before_any_import_is_empty(place: Place) -> None:
    """And makes no file."""
    result = CliRunner().invoke(app, ["list", "--json"])
    assert json.loads(result.stdout) == {"members": []}
    assert not (place.folder / "data").exists()


def test_50_000_members_take_seconds(place: Place) -> None:
    """Well under the 30 s that an operator would wait."""
    lines = (f"M{n},Name {n},,,nomad,2026-01-01,,,{n + 1:014x},\n" for n in range(50_000))
    began = time.monotonic()
    told = place.told(HEADER + "".join(lines))
    assert told["added"] == 50_000
    assert time.monotonic() - began < 20
