"""`seuil members`."""

import csv
import io
import json
import os
import re
import stat
import zipfile
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openpyxl import Workbook, load_workbook  # type: ignore[import-untyped]
from typer.testing import CliRunner, Result

from gateway.adapters.directory import (
    DirectoryStore,
    Member,
    credential_hash,
    holder_of,
    pin_hash,
    reader_hash,
    reader_key,
)
from gateway.cli.members import app
from gateway.core.access.offline_rights import presented_hash
from gateway.core.model.directory import CredentialHash, Directory, StaffRole, Training
from gateway.core.model.names import OPERATOR, Named, PlanId, RoleId, SiteId, Text, TrainingId
from gateway.core.model.plans import Plan
from gateway.core.model.site import Site
from gateway.members.diff import change_of
from gateway.members.schema import GOES_WITH
from tests.paths import ROOT

EXAMPLES = ROOT / "gateway/examples"
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


def test_the_example_file_tells_the_laser_s_story(place: Place) -> None:
    """Who opens the fablab, whose training is over, whose badge is lost, who did not pay."""
    place.import_((EXAMPLES / "members.csv").read_bytes())
    members = {member.ref: member for member in place.members()}
    assert [each.role for each in members["M-0001"].holder.roles] == ["operator", "fab-manager"]
    (over,) = members["M-0003"].holder.trainings
    assert over.ends == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert sorted(each.status for each in members["M-0002"].credentials) == ["active", "lost"]
    (membership,) = members["M-0004"].holder.memberships
    assert membership.status == "unpaid"


def test_the_readers_key_is_printed_when_it_is_asked_for(place: Place) -> None:
    """As hex, and as JSON; it is the one by which rights lists name badges."""
    place.import_(HEADER + ADA)
    said = CliRunner().invoke(app, ["readers-key"])
    assert (said.exit_code, said.stdout) == (0, reader_key(place.key()).hex() + "\n")
    told = json.loads(CliRunner().invoke(app, ["readers-key", "--json"]).stdout)
    assert told == {"ok": True, "readers_key": said.stdout.strip()}
    (badge,) = place.members()[0].credentials
    assert badge.reader_hash == presented_hash(bytes.fromhex(said.stdout), "04a224b2c31990")


def test_without_a_key_there_is_none_for_readers(place: Place) -> None:
    """It says what to do, and makes none."""
    result = CliRunner().invoke(app, ["readers-key"])
    assert result.exit_code == 2
    assert "seuil members import makes it" in result.stderr
    assert not (place.folder / "data").exists()


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


def test_a_list_may_be_in_french(place: Place) -> None:
    """With its accents and capitals; what it says is what the English one says."""
    french = (
        "Réf;Nom;Courriel;Genre;Formule;Du;Au;Statut;Badges;Format_badge;Statut_badge;Formations\n"
        "M1;Ada;ada@example.org;Membre;nomad;01/01/2026;30/06/2026 18:30;Impayé;04a224b2c31990;;"
        "Volé;laser until 30/06/2026\n"
    )
    english = (
        "ref,name,email,kind,plan,from,until,status,badges,badge_format,badge_status,trainings\n"
        "M1,Ada,ada@example.org,member,nomad,2026-01-01,2026-06-30 18:30,unpaid,04a224b2c31990,,"
        "stolen,laser until 2026-06-30\n"
    )
    assert place.told(french)["added"] == 1
    told = place.told(english)
    assert (told["added"], told["changed"]) == (0, 0)
    (ada,) = place.members()
    assert ada.holder.memberships[0].status == "unpaid"


def test_an_answer_is_given_once_and_remembered(place: Place) -> None:
    """A script answers with a file; the next list of the same words asks nothing."""
    text = "ref,name,Formule,Shoes\nM1,Ada,Bureau fixe,42\n"
    told = place.told(text)
    assert (told["written"], told["ok"], told["added"]) == (False, False, 0)
    (asked,) = told["questions"]
    assert (asked["group"], asked["key"]) == ("plan", "Bureau fixe")
    assert told["ignored"] == ["Shoes"]
    answers = place.folder / "answers.json"
    answers.write_text('{"plan": {"Bureau fixe": "nomad"}}')
    assert place.told(text, "--mapping", str(answers), "--dry-run")["questions"] == []
    assert place.told(text)["questions"] != []
    assert place.told(text, "--mapping", str(answers))["written"] is True
    assert place.told(text.replace("M1", "M2"))["added"] == 1
    answers.write_text('{"plans": {}}')
    assert "is no group of answers" in place.import_(text, "--mapping", str(answers)).stderr


def test_what_a_list_leaves_open_is_told_with_its_answer(place: Place) -> None:
    """Without a terminal: the question, the possible answers, and where they go."""
    told = place.import_("ref,name,Formule\nM1,Ada,Bureau fixe\n")
    assert told.exit_code == 1
    assert '--mapping with {"plan": {"Bureau fixe": "…"}}' in told.stderr
    assert "nomad (Nomad)" in told.stderr


def test_a_fault_has_the_name_that_the_list_gives_the_column(place: Place) -> None:
    """Also one that shows beside the members who are kept already."""
    told = place.told("Matricule;Nom complet;Formule\nM1;Ada;nomed\nM2;;nomad\n")
    columns = [(fault["line"], fault["column"]) for fault in told["faults"]]
    assert columns == [(2, "Formule"), (3, "Nom complet")]


def test_a_column_that_is_there_twice_is_asked(place: Place) -> None:
    """Which of them would count?"""
    told = place.told("ref,name,plan,plan\nM1,Ada,nomad,fablab\n")
    (asked,) = told["questions"]
    assert (asked["group"], asked["key"]) == ("file", "plan")
    assert [choice["value"] for choice in asked["choices"]] == ["=plan", "=plan #4"]
    assert told["written"] is False


LINES = {
    "an empty ref": (",Ada,,,nomad,,,,,", "ref", "is empty"),
    "an unknown plan": ("M1,Ada,,,nomed,,,,,", "plan", 'did you mean "nomad"?'),
    "a thirteenth month": ("M1,Ada,,,nomad,13/22/2026,,,,", "from", "write it like 2026-11-22"),
    "a short date": ("M1,Ada,,,nomad,22/11,,,,", "from", "write it like 2026-11-22"),
    "a day that is not": ("M1,Ada,,,nomad,2026-02-30,,,,", "from", "is not a date"),
    "a year of long ago": ("M1,Ada,,,nomad,0026-01-01,,,,", "from", "a year is from"),
    "an end before its start": (
        "M1,Ada,,,nomad,2026-02-02,2026-02-01,,,",
        "until",
        "is before from",
    ),
    "an unknown kind": ("M1,Ada,,gast,nomad,,,,,", "kind", "choices are: member, visitor"),
    "an address that is none": ("M1,Ada,ada,,nomad,,,,,", "email", "name@example.org"),
    "an unknown format": ("M1,Ada,,,nomad,,,,04aa,hax", "badge_format", 'did you mean "hex"?'),
    "a badge of another format": (
        "M1,Ada,,,nomad,,,,04a224b2c31990 7616525,hex",
        "badges",
        "badge 2 is not hex",
    ),
    "a badge of zeros": ("M1,Ada,,,nomad,,,,00000000,hex", "badges", "all zeros"),
    "a cell too many": ("M1,Ada,,,nomad,,,,,,x", "", "has 11 cells, the header has 10"),
    "a badge of another member": (
        "M1,Ada,,,nomad,,,,04a224b2c31991,",
        "badges",
        'is given to "M2" at line 2',
    ),
    "another name for one ref": ("M2,Robert,,,nomad,,,,,", "name", "differs from line 2"),
    "one membership twice": ("M2,Bob,,,fablab,,2027-01-01,,,", "plan", "already at line 2"),
}


def test_each_wrong_column_of_a_line_is_told_at_once(place: Place) -> None:
    """Whoever mends a file does it once."""
    line = "M1,Ada,ada,,residant,,,,xyz,hax"
    told = place.told(f"{HEADER}{BOB}{line}\n")
    columns = {(fault["line"], fault["column"]) for fault in told["faults"]}
    assert columns == {(3, "email"), (3, "plan"), (3, "badge_format")}


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
    result = place.import_(HEADER + "M1,A,,,nomed,,,,,\n" + BOB + "M3,C,,,nomad,,,,04zz224b,\n")
    assert result.exit_code == 1
    assert "line 2, plan: " in result.stderr
    assert "line 4, badges: " in result.stderr
    assert "04zz224b" not in result.output + result.stderr
    assert "nothing was written" in result.stdout


@pytest.mark.parametrize(
    ("header", "column", "message"),
    [
        ("email,status,plan,groups", "ref", "is required"),
        ("ref,name,plan,pin", "pin", "says more of badges"),
    ],
)
def test_a_wrong_header_is_told_once(place: Place, header: str, column: str, message: str) -> None:
    """Not once a line."""
    told = place.told(header + "\n" + "1,active,nomad,4\n" * 9)
    assert [(fault["line"], fault["column"]) for fault in told["faults"]] == [(1, column)]
    assert message in told["faults"][0]["message"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (HEADER.encode() + b"M1,Ren\x8e,,,nomad,,,,,\n", 2),
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


SITE = Site(
    SiteId("le-seuil"),
    Text("", ""),
    "Europe/Paris",
    plans=(Plan(PlanId("nomad"), Text("", "")), Plan(PlanId("fablab"), Text("", ""))),
    trainings=(Named("laser", Text("", "")), Named("cnc", Text("", ""))),
    roles=(Named("fab-manager", Text("", "")),),
    groups=(Named("makers", Text("", "")), Named("choir", Text("", ""))),
)
OTHER_SITE = Site(SiteId("annexe"), Text("", ""), "Europe/Paris")


@pytest.fixture
def _with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A space file that knows trainings, roles and groups."""
    monkeypatch.setattr("gateway.cli.members.load_space", lambda _: (SITE, OTHER_SITE))


def hashed(place: Place, canonical: str) -> str:
    """The hash of a credential under the place's key."""
    return credential_hash(place.key(), canonical)


def table(*lines: dict[str, str]) -> str:
    """A CSV with the columns that the lines speak of."""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


MINIMAL = {"ref": "M1", "name": "Ada", "plan": "nomad"}


@pytest.mark.usefixtures("_with_words")
class TestColumns:
    """What a line may say beside a plan and badges."""

    def test_pins_go_with_the_badges_of_their_line(self, place: Place) -> None:
        """As keyed hashes that the intake makes of a typed PIN; readers get a hash of their own."""
        line = MINIMAL | {"badges": "04a224b2|04a224b3", "pin": "0042", "duress_pin": "0043"}
        place.import_(table(line))
        found = place.directory().credentials
        for number in ("04a224b2", "04a224b3"):
            badge = found[CredentialHash(hashed(place, number))]
            assert badge.pin == pin_hash(place.key(), number, "0042")
            assert badge.duress_pin == pin_hash(place.key(), number, "0043")
            assert badge.reader_hash == reader_hash(place.key(), number)
        assert len({badge.pin for badge in found.values()}) == 2

    def test_codes_stand_alone(self, place: Place) -> None:
        """One opens, one opens and raises the alarm; no reader is told either."""
        place.import_(table(MINIMAL | {"code": "0042", "duress_code": "0043"}))
        found = place.directory().credentials.values()
        said = {c.hash: (c.kind, c.duress, c.reader_hash) for c in found}
        assert said == {
            hashed(place, "pin:0042"): ("pin", False, None),
            hashed(place, "pin:0043"): ("pin", True, None),
        }

    def test_a_qr_code_has_days_or_hours(self, place: Place) -> None:
        """Until the end of a day, or the minute: a visitor's pass for one afternoon."""
        place.import_(table(MINIMAL | {"qr": "V7-x9Kq", "qr_from": "2026-11-22 14:00"} | UNTIL))
        (code,) = place.directory().credentials.values()
        assert (code.hash, code.kind) == (hashed(place, "qr:V7-x9Kq"), "qr")
        assert code.reader_hash == reader_hash(place.key(), "qr:V7-x9Kq")
        assert code.starts == datetime(2026, 11, 22, 13, tzinfo=UTC)
        assert code.ends == datetime(2026, 11, 22, 23, tzinfo=UTC)

    def test_a_badge_format_of_pin_or_qr_is_that_kind(self, place: Place) -> None:
        """However a code comes in, a strong door knows that it is only one."""
        place.import_(table(MINIMAL | {"badges": "0042", "badge_format": "pin"}))
        place.import_(table(MINIMAL | {"badges": "V7-x9Kq", "badge_format": "qr"}))
        assert {c.kind for c in place.directory().credentials.values()} == {"pin", "qr"}

    def test_trainings_say_until_when_and_by_whom(self, place: Place) -> None:
        """Whole days on the clocks of the place; the trainer is a member of the file."""
        line = MINIMAL | {"trainings": "laser given 2026-03-01 until 2027-01-31 by M 2; cnc"}
        place.import_(table(line, MINIMAL | {"ref": "M 2"}))
        ada = next(each for each in place.members() if each.ref == "M1")
        assert ada.holder.trainings == (
            Training(
                TrainingId("laser"),
                holder_of(place.key(), "M 2"),
                datetime(2026, 2, 28, 23, tzinfo=UTC),
                datetime(2027, 1, 31, 23, tzinfo=UTC),
            ),
            Training(TrainingId("cnc")),
        )

    def test_roles_have_sites_or_count_everywhere(self, place: Place) -> None:
        """And who has one needs no plan."""
        roles = "operator; fab-manager@le-seuil; viewer@le-seuil, annexe"
        place.import_(table(MINIMAL | {"plan": "", "roles": roles, "groups": "makers | choir"}))
        (ada,) = place.members()
        assert ada.holder.roles == (
            StaffRole(OPERATOR),
            StaffRole(RoleId("fab-manager"), (SiteId("le-seuil"),)),
            StaffRole(RoleId("viewer"), (SiteId("le-seuil"), SiteId("annexe"))),
        )
        assert ada.holder.groups == ("makers", "choir")
        assert ada.holder.memberships == ()

    def test_lines_of_one_member_add_up(self, place: Place) -> None:
        """A second badge with another PIN, a second training: a line without a plan."""
        first = MINIMAL | {"badges": "04a224b2", "pin": "1111", "trainings": "laser"}
        second = MINIMAL | {"plan": "", "badges": "04a224b3", "pin": "2222", "trainings": "cnc"}
        assert place.told(table(first, second))["added"] == 1
        (ada,) = place.members()
        assert len(ada.holder.memberships) == 1
        assert [each.training for each in ada.holder.trainings] == ["laser", "cnc"]
        pins = {c.hash: c.pin for c in ada.credentials}
        assert pins[CredentialHash(hashed(place, "04a224b3"))] == pin_hash(
            place.key(), "04a224b3", "2222"
        )

    def test_unpaid_is_a_status(self, place: Place) -> None:
        """As the rules know it."""
        place.import_(table(MINIMAL | {"status": "unpaid"}))
        assert place.members()[0].holder.memberships[0].status == "unpaid"

    @pytest.mark.parametrize("status", ["suspended", "lost", "stolen"])
    def test_a_badge_status_is_taken_and_an_empty_one_changes_nothing(
        self, place: Place, status: str
    ) -> None:
        """Only `active` brings a badge back, never an empty cell or a list without the column."""
        badge = MINIMAL | {"badges": "04a224b2"}
        place.import_(table(badge | {"badge_status": status}))
        assert place.told(table(badge | {"badge_status": ""}))["unchanged"] == 1
        assert place.told(table(badge))["unchanged"] == 1
        (found,) = place.directory().credentials.values()
        assert found.status == status
        told = place.told(table(badge | {"badge_status": "active"}))
        assert told["changes"][0]["detail"] == f"badge 1: {status} -> active"


UNTIL = {"qr_until": "2026-11-22"}
WRONG = {
    "a PIN of letters": ({"badges": "04a224b2", "pin": "12a4"}, "pin", "is not 1 to 16 digits"),
    "a PIN without a badge": ({"badges": "", "pin": "1234"}, "pin", "the line has none"),
    "a PIN with a code": (
        {"badges": "0042", "badge_format": "pin", "pin": "1234"},
        "pin",
        "goes with a badge",
    ),
    "a duress PIN alone": (
        {"badges": "04a224b2", "pin": "", "duress_pin": "1234"},
        "duress_pin",
        "without the pin",
    ),
    "two PINs that are one": (
        {"badges": "04a224b2", "pin": "1234", "duress_pin": "1234"},
        "duress_pin",
        "is the same as pin",
    ),
    "two codes that are one": (
        {"code": "7777", "duress_code": "7777"},
        "duress_code",
        "is the same as code",
    ),
    "a code of letters": ({"code": "abcd"}, "code", "1 to 16 digits"),
    "a QR code beyond ASCII": ({"qr": "visité"}, "qr", "printable ASCII"),
    "the days of no QR code": ({"qr": ""} | UNTIL, "qr", "is empty, but"),
    "a QR code that ends first": (
        {"qr": "V7", "qr_from": "2026-11-23"} | UNTIL,
        "qr_until",
        "is before qr_from",
    ),
    "an unknown badge status": (
        {"badges": "04a224b2", "badge_status": "stollen"},
        "badge_status",
        'did you mean "stolen"?',
    ),
    "an unknown training": ({"trainings": "lazer"}, "trainings", 'did you mean "laser"?'),
    "a training until nothing": ({"trainings": "laser until"}, "trainings", "write it like"),
    "a training from": ({"trainings": "laser from 2026-01-01"}, "trainings", "write it like"),
    "a training until no day": (
        {"trainings": "laser until soon"},
        "trainings",
        '"soon" is not a date',
    ),
    "a training by nobody": ({"trainings": "laser by M9"}, "trainings", '"M9" gave one'),
    "an unknown role": ({"roles": "fab-manger"}, "roles", 'did you mean "fab-manager"?'),
    "a role at an unknown site": ({"roles": "operator@seuil"}, "roles", '"seuil" is not a site'),
    "a role of another site": (
        {"roles": "fab-manager@annexe"},
        "roles",
        'annexe: "fab-manager" is not a role',
    ),
    "a role twice": ({"roles": "viewer@annexe; viewer"}, "roles", "is there twice"),
    "an unknown group": ({"groups": "maker"}, "groups", 'did you mean "makers"?'),
    "neither plan nor role": ({"plan": "", "roles": ""}, "plan", "only who has a role"),
    "days without a plan": ({"plan": "", "until": "2026-11-22"}, "plan", "but until is not"),
    "a spreadsheet's error": ({"name": "#N/A"}, "name", "is a spreadsheet's error, #N/A"),
}


@pytest.mark.usefixtures("_with_words")
@pytest.mark.parametrize(("cells", "column", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_cell_is_told(
    place: Place, cells: dict[str, str], column: str, message: str
) -> None:
    """The column and what would be right, and neither a number nor a PIN."""
    told = place.told(table(MINIMAL | cells))
    assert [(fault["line"], fault["column"]) for fault in told["faults"]] == [(2, column)]
    assert message in told["faults"][0]["message"]
    secret = {"badges", "pin", "duress_pin", "code", "duress_code", "qr"}
    for text in (cells[name] for name in secret & cells.keys() if cells[name]):
        assert text not in told["faults"][0]["message"]
    assert not place.told(table(MINIMAL | cells))["written"]


@pytest.mark.usefixtures("_with_words")
@pytest.mark.parametrize(
    ("first", "second", "column", "message"),
    [
        ({"code": "4711"}, {"ref": "M2", "code": "4711"}, "code", 'it is given to "M1" at line 2'),
        ({"qr": "tok"}, {"ref": "M2", "qr": "tok"}, "qr", 'it is given to "M1" at line 2'),
        (
            {"badges": "04a224b2", "pin": "1111"},
            {"plan": "", "badges": "04a224b2", "pin": "2222"},
            "badges",
            "badge 1 is at line 2 with another PIN",
        ),
        ({"trainings": "cnc"}, {"plan": "", "trainings": "cnc by M1"}, "trainings", "differs"),
        ({"roles": "viewer"}, {"plan": "", "roles": "viewer@annexe"}, "roles", "differs"),
    ],
)
def test_lines_that_contradict_each_other_are_told(
    place: Place, first: dict[str, str], second: dict[str, str], column: str, message: str
) -> None:
    """The second one, with the line of the first."""
    told = place.told(table(MINIMAL | first, MINIMAL | second))
    assert [(fault["line"], fault["column"]) for fault in told["faults"]] == [(3, column)]
    assert message in told["faults"][0]["message"]


FULL = MINIMAL | {
    "email": "ada@example.org",
    "kind": "visitor",
    "sites": "le-seuil",
    "from": "2026-01-01",
    "until": "2026-06-30",
    "status": "suspended",
    "badges": "04a224b2",
    "badge_status": "lost",
    "pin": "1111",
    "duress_pin": "2222",
    "code": "333333",
    "duress_code": "444444",
    "qr": "V7-x9Kq",
    "qr_from": "2026-01-01",
    "qr_until": "2026-12-31",
    "trainings": "laser until 2027-01-31 by M1; cnc",
    "roles": "viewer; fab-manager@le-seuil",
    "groups": "makers",
}


@pytest.mark.usefixtures("_with_words")
class TestAbsentColumns:
    """A column that is not there leaves its part as it is; an empty cell empties it."""

    @pytest.fixture
    def ada(self, place: Place, _with_words: None) -> Member:
        """A member of whom everything is known."""
        assert place.told(table(FULL))["added"] == 1
        return place.members()[0]

    def test_the_whole_line_again_changes_nothing(self, place: Place, ada: Member) -> None:
        """Idempotent in every column, pruned or not."""
        assert place.told(table(FULL))["unchanged"] == 1
        assert place.told(table(FULL), "--prune")["unchanged"] == 1
        assert place.members() == (ada,)

    @pytest.mark.parametrize("columns", [("ref",), *(("ref", c) for c in FULL if c != "ref")])
    def test_any_column_alone_changes_nothing(
        self, place: Place, ada: Member, columns: tuple[str, ...]
    ) -> None:
        """With what it goes with; everything else stays as it is kept."""
        needed = list(columns)
        while needed[-1] in GOES_WITH:
            needed.append(GOES_WITH[needed[-1]])
        told = place.told(table({c: FULL[c] for c in needed}))
        assert told["unchanged"] == 1
        assert place.members() == (ada,)

    @pytest.mark.parametrize(
        ("column", "detail"),
        [
            ("email", "email changed"),
            ("kind", "visitor -> member"),
            ("until", "nomad until 2026-06-30 suspended -> suspended"),
            ("status", "nomad until 2026-06-30 suspended -> until 2026-06-30"),
            ("trainings", "- laser until 2027-01-31; - cnc"),
            ("roles", "- viewer; - fab-manager@le-seuil"),
            ("groups", "- makers"),
            ("duress_pin", "badge 1: duress PIN removed"),
            (
                "qr_until",
                (
                    "QR code 4: from 2025-12-31 23:00 UTC until 2026-12-31 23:00 UTC "
                    "-> from 2025-12-31 23:00 UTC"
                ),
            ),
        ],
    )
    @pytest.mark.usefixtures("ada")
    def test_an_empty_cell_empties(self, place: Place, column: str, detail: str) -> None:
        """And the difference says what goes."""
        told = place.told(table(FULL | {column: ""}))
        assert [change["detail"] for change in told["changes"]] == [detail]

    @pytest.mark.usefixtures("ada")
    def test_prune_takes_only_the_kinds_that_the_file_speaks_of(self, place: Place) -> None:
        """A list of badges does not take the codes away; an empty list of badges takes badges."""
        told = place.told(table(MINIMAL | {"badges": ""}), "--prune")
        assert told["changes"][0]["detail"] == "1 badge less"
        told = place.told(table(MINIMAL | {"code": "", "qr": ""}), "--prune")
        assert told["changes"][0]["detail"] == "2 codes less; 1 QR code less"

    @pytest.mark.usefixtures("ada")
    def test_somebody_new_needs_a_name_and_a_plan(self, place: Place) -> None:
        """A list of badges alone is for those who are there."""
        told = place.told(table({"ref": "M1", "badges": "04a224b3"}, {"ref": "M2", "badges": ""}))
        assert {(f["line"], f["column"]) for f in told["faults"]} == {(3, "name"), (3, "plan")}

    @pytest.mark.usefixtures("ada")
    def test_a_plan_that_is_there_twice_is_asked_about(self, place: Place) -> None:
        """Without sites and from nobody knows which of them the file means."""
        assert place.told(table(FULL | {"from": "2027-01-01", "until": ""}))["changed"] == 1
        told = place.told(table(MINIMAL | {"status": ""}))
        assert "more than once: say which" in told["faults"][0]["message"]

    @pytest.mark.usefixtures("ada")
    def test_a_pin_does_not_move_with_its_badge(self, place: Place) -> None:
        """Somebody else's badge has somebody else's PIN, or none."""
        bob = MINIMAL | {"ref": "M2", "name": "Bob", "badges": "04a224b2"}
        place.told(table(MINIMAL | {"badges": ""}, bob))
        badge = place.directory().credentials[CredentialHash(hashed(place, "04a224b2"))]
        assert (badge.holder, badge.pin) == (holder_of(place.key(), "M2"), None)


@pytest.mark.usefixtures("_with_words")
class TestDifference:
    """What `--dry-run` shows."""

    def test_it_says_member_by_member_what_changes(self, place: Place) -> None:
        """Old and new, names only when asked, and never a number."""
        line = MINIMAL | {"badges": "04a224b2", "trainings": "laser", "code": "4711"}
        place.import_(table(line))
        new = line | {
            "name": "Ada Lovelace",
            "plan": "fablab",
            "badges": "04a224b3",
            "trainings": "laser until 2027-01-31",
        }
        space = ("--timezone", "Europe/Paris", "--dry-run")
        file = place.folder / "new.csv"
        file.write_text(table(new))
        plain = CliRunner().invoke(app, ["import", str(file), "--json", *space])
        (change,) = json.loads(plain.stdout)["changes"]
        assert change["detail"] == (
            "name changed; + fablab without an end; laser -> until 2027-01-31; 1 badge more"
        )
        named = CliRunner().invoke(app, ["import", str(file), "--json", "--names", *space])
        assert 'name "Ada" -> "Ada Lovelace"' in json.loads(named.stdout)["changes"][0]["detail"]
        assert "04a224b" not in plain.output + named.output

    def test_an_import_from_before_hashes_for_readers_completes_them(self, place: Place) -> None:
        """A file of the first release lacks what only the number can give: it is said, once."""
        line = table(MINIMAL | {"badges": "04a224b2"})
        place.import_(line)
        with closing(DirectoryStore(place.folder / "data/members.db")) as store:
            (ada,) = store.members()
            bare = msgspec.structs.replace(ada.credentials[0], reader_hash=None)
            store.apply([msgspec.structs.replace(ada, credentials=(bare,))])
        told = place.told(line)
        assert told["changes"][0]["detail"] == "badge 1: can be told to readers"
        assert place.members() == (ada,)


class TestEdit:
    """`revoke`, `restore` and `train`."""

    @pytest.fixture(autouse=True)
    def _two(self, place: Place) -> None:
        place.import_(HEADER + ADA.replace("04a224b2c31990", "04a224b2|04a224b3") + BOB)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments])

    @pytest.mark.parametrize("status", ["lost", "stolen", "suspended"])
    def test_one_of_two_badges_is_revoked_and_restored(self, place: Place, status: str) -> None:
        """The version counts up, for which the gateway looks; the other badge stays."""
        result = self.run("revoke", "M1", "--badge", "2", "--as", status, "--json")
        told = json.loads(result.stdout)
        assert (told["changed"], told["version"]) == (True, 2)
        assert told["detail"] == f"badge 2: active -> {status}"
        assert [c.status for c in place.members()[0].credentials] == ["active", status]
        again = self.run("revoke", "M1", "--badge", "2", "--as", status)
        assert (again.exit_code, again.stdout.endswith("is so already\n")) == (0, True)
        self.run("restore", "M1", "--all")
        assert [c.status for c in place.members()[0].credentials] == ["active", "active"]

    def test_a_label_tells_a_badge_from_the_others(self, place: Place) -> None:
        """By its number; `show` says it, and so does who asks which one is meant."""
        del place
        told = json.loads(self.run("label", "M1", "blue fob", "--badge", "2", "--json").stdout)
        assert told["detail"] == 'badge 2 "blue fob": label "" -> "blue fob"'
        shown = json.loads(self.run("show", "M1", "--json").stdout)["credentials"]
        assert [(one["place"], one["label"], one["last_used"]) for one in shown] == [
            (1, "", None),
            (2, "blue fob", None),
        ]
        asked = self.run("revoke", "M1", "--as", "lost")
        assert re.search(r'M1 has:\n +badge 1, enrolled \S+\n +badge 2 "blue fob"', asked.stderr)
        for wrong in (["x"], ["x" * 61, "--badge", "1"], ["x", "--badge", "9"]):
            assert self.run("label", "M1", *wrong).exit_code == 2

    def test_the_only_badge_needs_no_number_and_all_is_all(self, place: Place) -> None:
        """By reference or by pseudonym, as `why` prints it."""
        bob = place.members()[1].holder.id
        assert self.run("revoke", bob, "--as", "lost").exit_code == 0
        assert self.run("revoke", "M1", "--as", "stolen", "--all").exit_code == 0
        found = place.directory().credentials.values()
        assert sorted(c.status for c in found) == ["lost", "stolen", "stolen"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["revoke", "M1", "--as", "lost"], "say which by its number, or --all; M1 has"),
            (["revoke", "M1", "--as", "lost", "--badge", "3"], "say which by its number"),
            (["revoke", "M1", "--as", "lost", "--badge", "1", "--all"], "or --all"),
            (["revoke", "M3", "--as", "lost"], "references or pseudonyms are: M1, M2"),
            (["restore", "nobody", "--all"], '"nobody" is not a reference'),
            (["revoke", "M1", "--as", "gone"], "gone"),
            (["train", "M1", "Laser!"], '"Laser!" is not the id of a training'),
            (["train", "M1", "laser", "--until", "2027-01-31"], "needs a time zone"),
            (["train", "M1", "laser", "--by", "M9"], '"M9" is not a reference'),
            (["train", "M1", "lazer", "--space", "x"], 'did you mean "laser"?'),
        ],
    )
    def test_what_cannot_be_done_ends_with_2(
        self,
        place: Place,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        message: str,
    ) -> None:
        """With what would be right, and nothing changes."""
        monkeypatch.setattr("gateway.cli.members_edit.load_space", lambda _: (SITE,))
        before = place.members()
        result = self.run(*arguments)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())
        assert place.members() == before

    def test_before_any_import_there_is_nobody(self, tmp_path: Path) -> None:
        """No file is made to say so."""
        result = self.run("show", "M1", "--data-dir", str(tmp_path / "none"))
        assert result.exit_code == 2
        assert "seuil members import makes it" in result.stderr
        assert not (tmp_path / "none").exists()

    def test_a_training_is_entered_and_renewed(self, place: Place) -> None:
        """Until the end of its last day, by a colleague, in the place of the old one."""
        zone = ("--timezone", "Europe/Paris")
        self.run("train", "M1", "laser", "--until", "2026-12-31", *zone)
        self.run("train", "M1", "cnc")
        told = self.run("train", "M1", "laser", "--until", "2027-12-31", "--by", "M2", *zone)
        assert "laser until 2026-12-31 -> until 2027-12-31" in told.stdout
        cnc, laser = place.members()[0].holder.trainings
        assert (cnc.training, cnc.ends, cnc.given_by) == ("cnc", None, None)
        assert laser.ends == datetime(2027, 12, 31, 23, tzinfo=UTC)
        assert laser.given_by == holder_of(place.key(), "M2")
        assert laser.given is not None


@pytest.mark.usefixtures("_with_words")
class TestShow:
    """`list` and `show`."""

    @pytest.mark.parametrize("command", [["show", "M1"], ["list"]])
    @pytest.mark.parametrize("as_json", [True, False])
    def test_everything_but_names_and_numbers(
        self, place: Place, command: list[str], monkeypatch: pytest.MonkeyPatch, *, as_json: bool
    ) -> None:
        """Plans, trainings with their end, roles and credentials by kind and status."""
        monkeypatch.setenv("COLUMNS", "300")
        place.import_(table(FULL))
        told = CliRunner().invoke(app, [*command, *(["--json"] if as_json else [])])
        for word in ("nomad", "laser", "2027-01-31", "fab-manager", "lost", "visitor"):
            assert word in told.stdout
        hashes = [c.hash for c in place.directory().credentials.values()]
        for secret in ("Ada", "example.org", "04a224b2", "1111", "333333", "V7-x9Kq", *hashes):
            assert secret not in told.stdout
        named = CliRunner().invoke(app, [*command, "--names", *(["--json"] if as_json else [])])
        assert "Ada" in named.stdout
        assert "ada@example.org" in named.stdout

    def test_show_counts_credentials_as_revoke_takes_them(self, place: Place) -> None:
        """Each with its kind and state."""
        place.import_(table(FULL))
        member = json.loads(CliRunner().invoke(app, ["show", "M1", "--json"]).stdout)
        said = {(c["kind"], c["status"], c["pin"], c["duress"]) for c in member["credentials"]}
        assert said == {
            ("badge", "lost", True, False),
            ("pin", "active", False, False),
            ("pin", "active", False, True),
            ("qr", "active", False, False),
        }
        places = [c["place"] for c in member["credentials"]]
        assert places == [1, 2, 3, 4]
        number = next(c["place"] for c in member["credentials"] if c["kind"] == "badge")
        CliRunner().invoke(app, ["restore", "M1", "--badge", str(number)])
        assert {c.status for c in place.members()[0].credentials} == {"active"}


@pytest.mark.usefixtures("_with_words")
class TestExport:
    """`seuil members export`."""

    def export(self, place: Place, name: str, *options: str) -> Path:
        file = place.folder / name
        zone = ("--timezone", "Europe/Paris")
        result = CliRunner().invoke(app, ["export", str(file), *zone, *options])
        assert result.exit_code == 0, result.output
        return file

    @pytest.mark.parametrize("suffix", ["csv", "xlsx"])
    @pytest.mark.parametrize("names", [[], ["--names"]])
    def test_it_is_imported_again_without_a_change(
        self, place: Place, suffix: str, names: list[str]
    ) -> None:
        """With names or without, as CSV or XLSX, pruned or not."""
        wild = MINIMAL | {"ref": "=M2", "name": "@Bob", "email": "-b@example.org"}
        place.import_(table(FULL, FULL | {"plan": "fablab", "status": "unpaid"}, wild))
        before = place.members()
        file = self.export(place, f"out.{suffix}", *names)
        for options in ([], ["--prune"]):
            told = place.told(file.read_bytes(), *options)
            assert (told["unchanged"], told["rows"], told["faults"]) == (2, 3, [])
        assert place.members() == before

    def test_a_spreadsheet_takes_no_cell_for_a_formula(self, place: Place) -> None:
        """An apostrophe before = + - @ and before an apostrophe, in both kinds of file."""
        names = ["=1+1", "+33 1", "-Ada", "@Ada", "'s Jan", "Ada"]
        lines = [MINIMAL | {"ref": f"M{n}", "name": name} for n, name in enumerate(names)]
        place.import_(table(*lines))
        kept = [member.name for member in place.members()]
        with self.export(place, "out.csv", "--names").open(encoding="utf-8-sig") as text:
            cells = [row["name"] for row in csv.DictReader(text)]
        assert kept == names
        assert cells == ["'=1+1", "'+33 1", "'-Ada", "'@Ada", "''s Jan", "Ada"]
        book = load_workbook(self.export(place, "out.xlsx", "--names"))
        assert [row[1] for row in book.active.iter_rows(min_row=2, values_only=True)] == cells
        assert {cell.data_type for row in book.active for cell in row} <= {"s", "n"}

    def test_it_has_days_as_days_and_a_count_of_badges(self, place: Place) -> None:
        """A spreadsheet can sort by them; no badge is in it, and names only when asked."""
        place.import_(table(FULL))
        book = load_workbook(self.export(place, "out.xlsx"))
        header, line = book.active.iter_rows(values_only=True)
        found = dict(zip(header, line, strict=True))
        assert found["until"] == datetime(2026, 6, 30)  # noqa: DTZ001 - as a spreadsheet has it
        assert found["badges_count"] == 1
        assert found["trainings"] == "laser until 2027-01-31 by M1; cnc"
        assert "name" not in found
        assert "04a224b2" not in str(line)

    def test_it_is_for_its_owner_and_replaces_nothing(self, place: Place) -> None:
        """0600, as the members are; a file that is there stays without --force."""
        place.import_(table(MINIMAL))
        file = self.export(place, "out.csv")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.write_text("mine")
        zone = ["--timezone", "Europe/Paris"]
        again = CliRunner().invoke(app, ["export", str(file), *zone])
        assert (again.exit_code, file.read_text()) == (2, "mine")
        assert "--force replaces it" in again.stderr
        self.export(place, "out.csv", "--force")
        assert file.read_text(encoding="utf-8-sig").startswith("ref,")
        assert [path.name for path in place.folder.glob(".out*")] == []

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["out.csv"], "is required for days, or --space"),
            (["out.ods", "--timezone", "Europe/Paris"], "must end in .csv or .xlsx"),
            (["no/where.csv", "--timezone", "Europe/Paris"], "cannot be written: No such file"),
        ],
    )
    def test_what_cannot_be_written_ends_with_2(
        self,
        place: Place,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        message: str,
    ) -> None:
        """With the reason."""
        monkeypatch.chdir(place.folder)
        result = CliRunner().invoke(app, ["export", *arguments])
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())


class TestWorkbooks:
    """XLSX: the same columns, on the first sheet."""

    def workbook(self, *rows: list[object], title: str = "members") -> bytes:
        book, content = Workbook(), io.BytesIO()
        book.active.title = title
        for row in rows:
            book.active.append(row)
        book.create_sheet("other").append(["not", "read"])
        book.save(content)
        return content.getvalue()

    def test_it_is_read_as_a_csv_would_be(self, place: Place) -> None:
        """Days as cells, numbers of a decimal format, empty cells at the end, empty rows."""
        rows: list[list[object]] = [
            ["Ref", "name", "plan", "from", "until", "badges", "badge_format", "email"],
            [17, "Ada", "nomad", date(2026, 1, 1), datetime(2026, 6, 30), 7616525, "decimal"],  # noqa: DTZ001
            [],
            [18.0, "Bob", "fablab", "2026-01-01"],
        ]
        told = place.told(self.workbook(*rows))
        assert (told["added"], told["faults"]) == (2, [])
        ada, bob = place.members()
        assert (ada.ref, bob.ref) == ("17", "18")
        assert ada.holder.memberships[0].ends == datetime(2026, 6, 30, 22, tzinfo=UTC)
        assert [c.hash for c in ada.credentials] == [hashed(place, "0074380d")]

    @pytest.mark.parametrize(
        ("column", "value", "fault", "message"),
        [
            ("pin", 42, "pin", "drops zeros: make the column text"),
            ("code", 42, "code", "drops zeros"),
            ("qr", 42, "qr", "drops zeros"),
            ("badges", 4224.5, "badges", "drops zeros"),
            ("badges", 1234567890123456, "", "more than 15 digits"),
            ("name", "#REF!", "name", "is a spreadsheet's error"),
            ("from", time(12), "from", "is not a date"),
            ("email", True, "email", "is not an address"),
        ],
    )
    def test_what_a_spreadsheet_spoils_is_told(
        self, place: Place, column: str, value: object, fault: str, message: str
    ) -> None:
        """A PIN of 42 may have been 0042: it is asked for again, not guessed."""
        cells: dict[str, object] = {"ref": "M1", "name": "Ada", "plan": "nomad", "badges": "04a224"}
        cells[column] = value
        told = place.told(self.workbook(list(cells), list(cells.values())))
        assert [(each["line"], each["column"]) for each in told["faults"]] == [(2, fault)]
        assert message in told["faults"][0]["message"]

    def test_lines_are_rows_of_the_sheet(self, place: Place) -> None:
        """As the spreadsheet counts them, empty ones included."""
        good: list[object] = ["M1", "Ada", "nomad"]
        bad: list[object] = ["M2", "Bob", "nomed"]
        told = place.told(self.workbook(["ref", "name", "plan"], good, [], [], bad))
        assert [(f["line"], f["column"]) for f in told["faults"]] == [(5, "plan")]

    def test_what_is_no_workbook_is_told(self, place: Place) -> None:
        """An old Excel file, a zip of something else, half a workbook."""
        whole = self.workbook(["ref", "name", "plan"], ["M1", "Ada", "nomad"])
        other = io.BytesIO()
        with zipfile.ZipFile(other, "w") as archive:
            archive.writestr("letter.txt", "dear all")
        for content, message in (
            (b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel file (.xls)"),
            (other.getvalue(), "cannot be read as an XLSX workbook"),
            (whole[:-300], "cannot be read as an XLSX workbook"),
        ):
            (fault,) = place.told(content)["faults"]
            assert message in fault["message"]

    @pytest.mark.parametrize(
        ("part", "content", "message"),
        [
            ("xl/sharedStrings.xml", b"<si><t/></si>" * 2_100_000, "2000000 texts"),
            ("xl/worksheets/sheet1.xml", b"<row/>" * 1_000_000, "200000 lines"),
            ("xl/worksheets/sheet1.xml", b"<row>" + b"<c/>" * 2_000_000, "is no list alone"),
            ("xl/styles.xml", b"<xf/>" * 1_000_000, '"xl/styles.xml" is very large'),
            ("xl/media/noise.bin", bytes(300 << 20), "unpacks to more than 256 MiB"),
        ],
        ids=["texts", "rows", "one row", "styles", "zeros"],
    )
    def test_a_bomb_is_not_unpacked(
        self, place: Place, part: str, content: bytes, message: str
    ) -> None:
        """A small file that unpacks to much is told as such before openpyxl sees it."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(part, content)
        assert len(packed.getvalue()) < 4 << 20
        del content
        (fault,) = place.told(packed.getvalue())["faults"]
        assert message in fault["message"]

    def test_a_row_number_beyond_all_ends(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A row that says it is the 999,999,999th has as many empty rows before it."""
        monkeypatch.setattr("gateway.members.xlsx.LINES_MAX", 5_000)
        packed = io.BytesIO()
        whole = io.BytesIO(self.workbook(["ref", "name", "plan"], ["M1", "Ada", "nomad"]))
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(packed, "w") as new:
            for name in old.namelist():
                text = old.read(name)
                new.writestr(name, text.replace(b'<row r="2"', b'<row r="999999999"'))
        (fault,) = place.told(packed.getvalue())["faults"]
        assert "is one line too many" in fault["message"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FILE_BYTES_MAX", 0, "is larger than 0 MiB"),
        ("LINES_MAX", 5, "is one line too many: 5 are read at most"),
        ("LINE_CHARACTERS_MAX", 100, "is longer than a line of members can be"),
    ],
)
def test_a_csv_has_an_end(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str, value: int, message: str
) -> None:
    """However large the file is, little of it is in memory at a time."""
    text = HEADER + ADA * 5 + ADA.replace("Ada", "Ada " * 20)
    monkeypatch.setattr(f"gateway.members.spreadsheet.{name}", value)
    told = place.told(text)
    assert message in " ".join(fault["message"] for fault in told["faults"])


def test_a_member_has_so_many_lines(place: Place) -> None:
    """Each is compared with those before it: a hundred are plenty, and thousands would be slow."""
    days = (date(2026, 1, 1) + timedelta(n) for n in range(101))
    told = place.told(table(*(MINIMAL | {"from": day.isoformat()} for day in days)))
    assert [(f["line"], f["column"]) for f in told["faults"]] == [(102, "ref")]


def test_a_quote_that_never_ends_is_told(place: Place) -> None:
    """It would swallow the rest of the list in silence."""
    told = place.told(HEADER + ADA + 'M2,"Bob,,,nomad,,,,,\n' + BOB * 9)
    assert "is not CSV" in told["faults"][0]["message"]


def test_an_import_beside_another_change_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2: what was revoked while the list was read is not brought back."""
    place.import_(HEADER + ADA)

    def while_it_reads(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        with closing(DirectoryStore(place.folder / "data/members.db")) as store:
            store.revise("M1", lambda one: msgspec.structs.replace(one, credentials=()))
        return change_of(*arguments, **options)

    monkeypatch.setattr("gateway.cli.members.change_of", while_it_reads)
    result = place.import_(HEADER + ADA.replace("Ada", "Eve"))
    assert result.exit_code == 2
    assert "another command changed members meanwhile" in " ".join(result.stderr.split())
    assert (place.members()[0].name, place.members()[0].credentials) == ("Ada", ())


DIGITS = "ref,name,plan,badges{}\nM1,Ada,nomad,12345678{}\nM2,Bob,nomad,87654321{}\n"


def test_badges_of_digits_alone_are_a_question(place: Place) -> None:
    """Decimal numbers are hex digits as well: one that is read wrong is unknown at every reader."""
    told = place.told(DIGITS.format("", "", ""))
    (asked,) = told["questions"]
    assert (asked["group"], asked["key"]) == ("file", "badge_format")
    assert "your readers speak" in asked["text"]
    assert "12345678" not in str(asked)
    assert told["written"] is False
    said = place.told(DIGITS.format(",badge_format", ",decimal", ",hex"))
    assert (said["faults"], said["questions"]) == ([], [])


def test_one_number_that_can_only_be_hex_answers_for_all(place: Place) -> None:
    """A column of hex without a single letter is rare."""
    told = place.told(DIGITS.format("", "", "").replace("87654321", "8765432a"))
    assert (told["faults"], told["questions"]) == ([], [])
