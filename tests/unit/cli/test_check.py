"""`seuil check` and `seuil init`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli.check import check
from gateway.cli.init import example, init
from gateway.config import load_space, space_schema
from gateway.members.importer import read_members
from gateway.members.known import known_of

app = typer.Typer()
app.command("check")(check)
app.command("init")(init)
run = CliRunner().invoke

BAD = '[site]\nid = "s"\nname = "S"\ntimezone = "Europe/Pariss"\n[[zones]]\nid = "z"\n'


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file with two faults."""
    file = tmp_path / "bad.toml"
    file.write_text(BAD)
    return file


def test_the_example_that_init_writes_passes_check(tmp_path: Path) -> None:
    """A newcomer's first two commands: both end with 0, and the place is shown."""
    file = tmp_path / "space.toml"
    assert run(app, ["init", str(file)]).exit_code == 0
    result = run(app, ["check", str(file)])
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    for word in ("Le Seuil, a shared space", "laser-room", "fire certificate 2024-03", "nomad"):
        assert word in shown


def test_check_warns_and_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that does not say where badges are enrolled: on the screen, and for programs."""
    monkeypatch.setenv("COLUMNS", "400")
    file = tmp_path / "space.toml"
    run(app, ["init", str(file)])
    assert "warning" not in run(app, ["check", str(file)]).stdout
    file.write_text(file.read_text(encoding="utf-8").replace("enrols = true", ""), encoding="utf-8")
    shown = run(app, ["check", str(file)])
    assert (shown.exit_code, "warning: badges are enrolled at any" in shown.stdout) == (0, True)
    told = json.loads(run(app, ["check", str(file), "--json"]).stdout)
    assert [each.split(":")[0] for each in told["sites"][0]["warnings"]] == [
        "badges are enrolled at any of these readers"
    ]


def test_check_shows_what_is_asked_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules of the place in one look: company, quotas, other days, calendars."""
    monkeypatch.setenv("COLUMNS", "220")
    run(app, ["init", str(tmp_path / "space.toml")])
    (tmp_path / "meeting.ics").unlink()
    shown = run(app, ["check", str(tmp_path / "space.toml")]).stdout
    for words in (
        "opened by fab-manager, visitors escorted",
        "passback soft",
        "booking respected",
        "training laser, 2 people in fablab, its user checked in",
        "stays locked",
        "10 days a month",
        "2026-12-24       Christmas Eve  09:00-12:00",
        "meeting.ics (is not there yet)",
        "school holidays are published until 2028-08-31",
    ):
        assert words in shown


def test_check_finds_a_secret_address_that_cannot_be_read(tmp_path: Path) -> None:
    """Better now than at the first booking."""
    file = tmp_path / "space.toml"
    file.write_text(example().replace('file = "meeting.ics"', 'url_file = "secret"'))
    result = run(app, ["check", str(file)])
    assert result.exit_code == 1
    assert "calendars[0].url_file: " in result.stderr
    assert "cannot be read" in result.stderr


def test_init_writes_the_schema_that_the_example_names(tmp_path: Path) -> None:
    """An editor finds it beside the file."""
    run(app, ["init", str(tmp_path / "my.toml")])
    first = (tmp_path / "my.toml").read_text(encoding="utf-8").partition("\n")[0]
    assert first == "#:schema ./space.schema.json"
    written = json.loads((tmp_path / "space.schema.json").read_text(encoding="utf-8"))
    assert written == space_schema()


def test_init_writes_the_calendar_that_the_example_names(tmp_path: Path) -> None:
    """Nothing is missing beside it; one that is there already is somebody's."""
    file = tmp_path / "space.toml"
    run(app, ["init", str(file)])
    assert "not there yet" not in run(app, ["check", str(file)]).stdout
    calendar = tmp_path / "meeting.ics"
    assert b"BEGIN:VEVENT" in calendar.read_bytes()
    calendar.write_text("mine")
    assert run(app, ["init", str(file), "--force"]).exit_code == 0
    assert calendar.read_text() == "mine"


def test_init_writes_a_list_of_members_that_can_be_imported(tmp_path: Path) -> None:
    """Into the space beside it, without a fault or a question; one that is there stays."""
    file, members = tmp_path / "space.toml", tmp_path / "members-example.csv"
    assert "members-example.csv" in run(app, ["init", str(file)]).stdout
    sites = load_space(file)
    read = read_members(members, known_of(b"k" * 32, sites[0].clock, sites))
    assert (read.faults, read.questions, len(read.members) > 1) == ((), (), True)
    members.write_text("mine")
    assert run(app, ["init", str(file), "--force"]).exit_code == 0
    assert members.read_text() == "mine"


def test_init_never_overwrites_unless_forced(tmp_path: Path) -> None:
    """A file that is there stays as it is; --force replaces it."""
    file = tmp_path / "space.toml"
    file.write_text("mine")
    refused = run(app, ["init", str(file)])
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert file.read_text() == "mine"
    assert run(app, ["init", str(file), "--force"]).exit_code == 0
    assert file.read_text(encoding="utf-8") == example()


def test_init_into_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """No trace, a sentence, and 2."""
    result = run(app, ["init", str(tmp_path / "no" / "space.toml")])
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_check_tells_every_fault_and_ends_with_1(bad: Path) -> None:
    """One line a fault, with its key path, on stderr."""
    result = run(app, ["check", str(bad)])
    assert result.exit_code == 1
    assert f"{bad}: site.timezone: " in result.stderr
    assert f"{bad}: zones[0].name: is required" in result.stderr
    assert "2 faults" in result.stderr
    assert result.stdout == ""


def test_check_as_json_tells_faults_to_scripts(bad: Path) -> None:
    """One object on stdout, and the same exit code."""
    result = run(app, ["check", str(bad), "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["ok"] is False
    assert [fault["path"] for fault in told["faults"]] == ["site.timezone", "zones[0].name"]


def test_check_as_json_counts_what_there_is(tmp_path: Path) -> None:
    """A folder: one entry a site."""
    (tmp_path / "space.toml").write_text(example(), encoding="utf-8")
    result = run(app, ["check", str(tmp_path), "--json"])
    assert result.exit_code == 0
    (site,) = json.loads(result.stdout)["sites"]
    assert (site["id"], site["doors"], site["plans"]) == ("le-seuil", 5, 5)
    words = ("trainings", "roles", "groups", "interlocks", "exceptional_days", "calendars")
    assert [site[word] for word in words] == [1, 1, 1, 1, 2, 1]


def test_check_of_no_file_ends_with_2(tmp_path: Path) -> None:
    """Nothing was checked: that is not the same as faults."""
    result = run(app, ["check", str(tmp_path / "none.toml")])
    assert result.exit_code == 2
    assert "no such file" in result.stderr


def test_the_schema_can_be_printed() -> None:
    """`--schema` needs no file."""
    result = run(app, ["check", "--schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == space_schema()
