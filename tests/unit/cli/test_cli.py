"""The command `seuil` as scripts see it: exit codes, one JSON object, and words for people."""

import asyncio
import itertools
import json
import os
import re
import signal
import socket
import stat
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from typer.testing import CliRunner, Result

from gateway.adapters.directory import DirectoryStore, credential_hash, credential_key, diff
from gateway.adapters.influx.responses import WriteResult
from gateway.adapters.influx.settings import InfluxSettings
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.rows import (
    DeadLetter,
)
from gateway.adapters.journal.writer import Batch
from gateway.cli import app
from gateway.cli.signals import until_told
from gateway.config import load_settings, load_space
from gateway.core.events import Reported
from gateway.core.model.directory import Directory, DirectoryChange
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.model.site import Site
from gateway.core.readings import Battery, CredentialPresented, Firmware, Reading
from gateway.doctor import broker, influx, machine, stores
from gateway.doctor.finding import Finding
from gateway.wire.message import encode
from gateway.wire.states import AlarmMessage, HealthMessage
from gateway.wire.topics import Topics
from tests.paths import ROOT
from tests.world.engine import Place
from tests.world.journal import batch_of, journaled

EXAMPLES = ROOT / "gateway" / "examples"
SPACE = EXAMPLES / "space.toml"
AT = datetime(2026, 2, 2, 10, tzinfo=UTC)
"""A Monday morning, in the hours of every plan that matters here."""
RESIDENT = "04a224b2c31990"
STRANGER = "04ffffffffffff"
COMMANDS = (
    "run",
    "check",
    "backup",
    "restore",
    "init",
    "members",
    "members import",
    "members list",
    "why",
    "may",
    "what-if",
    "replay",
    "history",
    "report",
    "influx",
    "influx resend",
    "simulate",
    "console",
    "doctor",
    "broker-config",
    "asyncapi",
    "openapi",
    "request",
    "request mode",
    "request open",
    "request muster",
    "request left",
    "request service",
    "request acknowledge",
    "muster",
    "devices",
    "devices list",
    "devices reset",
    "privacy",
    "privacy export",
    "privacy erase",
    "privacy confirm-clock",
)


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder of this test's own, and nothing else in the environment."""
    for variable in [name for name in os.environ if name.startswith("SEUIL_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("SEUIL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SEUIL_BROKER_URL", "mqtt://127.0.0.1:1")  # nobody listens there
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def run(*arguments: str) -> Result:
    """`seuil` with these arguments."""
    return CliRunner().invoke(app, list(arguments))


def told(*arguments: str) -> dict[str, Any]:
    """The one object on stdout of `seuil … --json`."""
    answer: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return answer


def journal_of_a_morning(data: Path) -> Place:
    """A small journal: a resident comes in, a stranger does not; a snapshot, a dead letter."""
    members = run("members", "import", str(EXAMPLES / "members.csv"), "--space", str(SPACE))
    assert members.exit_code == 0, members.output
    key = credential_key(load_settings())
    with closing(DirectoryStore(data / "members.db")) as store:
        change = diff(Directory(), store.load())
    assert change is not None
    (site,) = load_space(SPACE)
    place = Place(site, AT, change)
    place.says("front-in", CredentialPresented(credential_hash(key, RESIDENT)))
    place.now += timedelta(seconds=20)
    place.says("front-in", CredentialPresented(credential_hash(key, STRANGER)))
    place.after(40)
    asyncio.run(_store(data, place))
    return place


async def _store(data: Path, place: Place) -> None:
    letter = DeadLetter(AT, "mqtt", "seuil/le-seuil/x/event", "not-json", "JSON", 3, "{{{")
    file = data / JOURNAL_FILE
    await journaled(file, place.rows, place.snapshot(), letters=[letter])
    journal = Journal(file)
    await journal.open()
    await journal.commit(Batch(delivered=[row.n for row in batch_of(place.rows).decisions]))
    await journal.close()


def finding(findings: list[dict[str, str]], check: str) -> dict[str, str]:
    """What the doctor said of one part."""
    return next(one for one in findings if one["check"] == check)


# -- every command -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    """`--help` ends with 0 and says more than its name."""
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 5


def test_no_command_is_forgotten_here() -> None:
    """A new command appears in this list, so that it is tried as well."""
    shown = re.findall(r"^│ ([a-z][a-z-]*) ", run("--help").stdout, re.MULTILINE)
    assert "doctor" in shown
    assert set(shown) <= {command.split()[0] for command in COMMANDS} | {"demo", "bench"}


@pytest.mark.parametrize("command", sorted({command.split()[0] for command in COMMANDS}))
def test_each_command_has_its_chapter(command: str) -> None:
    """docs/cli.md shows it."""
    text = (EXAMPLES.parents[1] / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"\n## `seuil {command}`\n" in text
    assert f"\n    $ seuil {command}" in text


def test_the_version_is_told() -> None:
    """One line."""
    assert re.fullmatch(r"seuil \d+\.\d+\.\d+\n", run("--version").stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_for_each_shell(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`seuil --show-completion` prints a script that calls us back."""
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    result = CliRunner().invoke(app, ["--show-completion", shell])
    assert result.exit_code == 0
    assert "COMPLETE" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("why",),
        ("run",),
        ("doctor", "--nonsense"),
        ("doctor", "no-such-file.toml"),
        ("broker-config", str(SPACE)),
        ("why", "last@front-in"),
        ("replay",),
        ("why", "1"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_ends_with_2(arguments: tuple[str, ...]) -> None:
    """A wrong word, a missing argument, no journal: said on stderr."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr


@pytest.mark.parametrize("command", ["why 1", "replay", "doctor", "members list"])
def test_a_misspelt_setting_stops_each_command(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, with what was perhaps meant, and the exit code is 2."""
    monkeypatch.setenv("SEUIL_BOKER_URL", "mqtt://elsewhere")
    result = run(*command.split())
    assert result.exit_code == 2
    assert "SEUIL_BOKER_URL" in " ".join((result.stdout + result.stderr).split())


async def _broken_callback() -> None:
    asyncio.get_running_loop().call_soon([0].pop, 7)
    await asyncio.Event().wait()


async def _cancelled_by_nobody() -> None:
    raise asyncio.CancelledError


async def _interrupted() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.Event().wait()


def test_no_set_up_link_leads_to_another_program() -> None:
    """Whoever has the port would be handed the way in."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("console", str(SPACE), "--port", port)
    assert result.exit_code == 2
    assert "another program has it" in result.output
    assert "set-up" not in result.output


@pytest.mark.parametrize(
    ("work", "error"),
    [(_broken_callback, IndexError), (_cancelled_by_nobody, asyncio.CancelledError)],
)
def test_a_bug_does_not_look_like_a_normal_end(
    work: Callable[[], Coroutine[Any, Any, None]], error: type[BaseException]
) -> None:
    """Not even one in a socket's callback, which asyncio would only log."""
    with pytest.raises(error):
        until_told(work())


def test_sigterm_is_a_normal_end() -> None:
    """It returns, so that the exit code is 0."""
    until_told(_interrupted())


# -- why and replay ------------------------------------------------------------------------------


def test_why_as_json_has_every_verdict(data: Path) -> None:
    """Decision, reason in both languages, each rule with what it saw, and the answer's fate."""
    journal_of_a_morning(data)
    why = told("why", "last@front-in")
    assert (why["decision"], why["reason"], why["n"]) == ("denied", "credential-unknown", 4)
    assert why["handover"] == "delivered"
    assert set(why["message"]) == {"fr", "en"}
    assert why["verdicts"][-1]["outcome"] == "deny"
    asked = [verdict["rule"] for verdict in why["verdicts"]]
    assert asked
    assert not set(asked) & set(why["not_asked"])
    assert told("why", "3")["decision"] == "granted"


def test_why_shows_no_badge_number(data: Path) -> None:
    """Neither to people nor to scripts."""
    journal_of_a_morning(data)
    for option in ([], ["--json"]):
        said = run("why", "3", *option).stdout
        assert RESIDENT not in said
        assert "Camille" not in said


@pytest.mark.parametrize("event", ["1", "999", "last@front-out", "yesterday"])
def test_why_of_what_is_no_decision_ends_with_2(data: Path, event: str) -> None:
    """And says so, as JSON too."""
    journal_of_a_morning(data)
    result = run("why", event, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["ok"] is False


def test_replay_of_an_honest_journal_is_equal(data: Path) -> None:
    """Exit 0, and every row and snapshot compared."""
    journal_of_a_morning(data)
    assert told("replay") == {
        "equal": True,
        "sites": [
            {
                "site": "le-seuil",
                "rows": 5,
                "after": 0,
                "since": None,
                "snapshots_compared": 1,
                "differences": [],
            },
        ],
    }
    assert run("replay").exit_code == 0


def test_replay_of_a_forged_journal_differs(data: Path) -> None:
    """A stored decision that the rules do not give is found, and the exit code is 1."""
    place = journal_of_a_morning(data)
    place.rows[3] = msgspec.structs.replace(place.rows[3], facts=place.rows[2].facts)
    (data / JOURNAL_FILE).unlink()
    asyncio.run(_store(data, place))
    result = run("replay", "--json")
    assert result.exit_code == 1
    (site,) = json.loads(result.stdout)["sites"]
    assert site["differences"][0]["n"] == 4


# -- devices -------------------------------------------------------------------------------------


def journal_of_clocks(data: Path) -> None:
    """A reader that began again, one whose clock is behind, one that is ahead; a sensor."""
    (site,) = load_space(SPACE)
    place, seqs = Place(site, AT, DirectoryChange()), itertools.count(1)

    def heard(device: str, boot: int, off_s: float, reading: Reading | None = None) -> None:
        place.now = AT + timedelta(seconds=next(seqs))
        at = place.now + timedelta(seconds=off_s)
        told = reading or CredentialPresented("hash-of-nobody")
        place.tell(Reported(DeviceId(device), at, told, boot, next(seqs), live=True))

    for boot in (11, 12, 13, 14):
        heard("front-in", boot, 0.0)
    heard("front-in", 3, 0.0)
    for _ in range(3):
        heard("front-out", 1, -70.0)
    heard("coworking-in", 1, 7200.0)
    heard("coworking-out", 1, 0.0, Firmware("1.4.2", "Portier"))
    heard("coworking-out", 1, 0.0, Battery(81.0))
    asyncio.run(_store(data, place))


def test_devices_are_listed_as_they_are(data: Path) -> None:
    """Numbering, clock in both directions, battery, firmware, what is wrong; by site."""
    journal_of_clocks(data)
    lines = {each["device"]: each for each in told("devices", "list")["devices"]}
    assert set(lines) == {device.id for device in load_space(SPACE)[0].device.values()}
    front = lines["front-in"]
    assert (front["site"], front["role"], front["generation"]) == ("le-seuil", "reader", 1)
    assert (front["boots"], front["alarms"]) == ([3], ["numbering-restarted"])
    assert lines["front-out"]["ahead_s"] == -70
    assert lines["front-out"]["alarms"] == ["clock-skew"]
    assert lines["coworking-in"]["ahead_s"] == 7200
    well = lines["coworking-out"]
    assert (well["firmware"], well["battery"], well["alarms"]) == ("1.4.2", 81, [])
    assert lines["fablab-in"]["last_seen"] is None
    assert told("devices", "list", "--site", "le-seuil")["devices"][0]["device"] == "front-in"


def test_devices_are_listed_in_words(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock with its direction; what never spoke says so."""
    monkeypatch.setenv("COLUMNS", "200")
    journal_of_clocks(data)
    result = run("devices", "list")
    said = {line.split()[0]: " ".join(line.split()) for line in result.stdout.splitlines()}
    assert result.exit_code == 0
    assert "70 s behind" in said["front-out"]
    assert "2 h ahead" in said["coworking-in"]
    assert "Check its time server (NTP)" in said["clock-skew"]
    assert said["coworking-out"].endswith("right 0 1 81 % 1.4.2 Portier")
    assert said["fablab-in"] == "fablab-in reader le-seuil never"


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        pytest.param(("--site", "nowhere"), "it knows le-seuil", id="no such site"),
        pytest.param(("--data-dir", "/nowhere"), "there is no journal", id="no journal"),
    ],
)
def test_devices_that_cannot_be_listed(data: Path, arguments: tuple[str, ...], right: str) -> None:
    """With 2, and what would be right."""
    journal_of_a_morning(data)
    result = run("devices", "list", *arguments)
    assert result.exit_code == 2
    assert right in " ".join(result.stderr.split())


# -- doctor --------------------------------------------------------------------------------------


def test_doctor_says_of_each_part_what_it_found(data: Path) -> None:
    """One object; only the absent broker is a fault, so the exit code is 1."""
    journal_of_a_morning(data)
    result = run("doctor", str(SPACE), "--json")
    said = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (said["ok"], said["faults"]) == (False, 1)
    assert [one["check"] for one in said["findings"] if one["verdict"] == "fault"] == ["broker"]
    assert all(set(one) == {"check", "verdict", "found", "do"} for one in said["findings"])
    assert all(one["do"] for one in said["findings"] if one["verdict"] != "ok")
    assert "6 members, 7 badges" in finding(said["findings"], "members")["found"]
    assert finding(said["findings"], "space file")["verdict"] == "ok"


def test_doctor_changes_nothing(data: Path, tmp_path: Path) -> None:
    """Every file is as it was, and there is none more."""
    journal_of_a_morning(data)

    def all_files() -> dict[str, bytes]:
        return {str(f): f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}

    before = all_files()
    run("doctor", str(SPACE))
    assert all_files() == before


def test_doctor_before_anything_was_done_makes_no_folder(data: Path) -> None:
    """What is not there yet is told, with the command that makes it."""
    said = told("doctor")
    assert not data.exists()
    assert finding(said["findings"], "data folder")["verdict"] == "warning"
    assert "members import" in finding(said["findings"], "members")["do"]


def test_doctor_tells_where_a_setting_comes_from_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The environment, a secrets file, or the default; a password is only "set"."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "seuil_broker_password").write_text("sesame-of-the-broker")
    monkeypatch.setenv("SEUIL_SECRETS_DIR", str(tmp_path / "secrets"))
    monkeypatch.setenv("SEUIL_INFLUX_TOKEN", "sesame-of-influx")
    for option in ([], ["--json"]):
        assert "sesame" not in run("doctor", *option).stdout
    found = told("doctor")["findings"]
    said = finding(found, "settings")["found"]
    assert "broker_password is set (secrets file)" in said
    assert "influx_token is set (environment)" in said
    assert "by default: influx_org = seuil" in said
    assert any("without a user" in one["found"] for one in found)


def test_doctor_sees_a_space_file_with_faults(tmp_path: Path) -> None:
    """The first fault, how many, and the command that names all."""
    (tmp_path / "bad.toml").write_text("x = 1\n")
    said = finding(told("doctor", "bad.toml")["findings"], "space file")
    assert said["verdict"] == "fault"
    assert "seuil check" in said["do"]


def test_doctor_sees_members_under_another_key(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every badge would be unknown, and nobody would know why."""
    journal_of_a_morning(data)
    monkeypatch.setenv("SEUIL_CREDENTIAL_KEY", "another key of some length")
    said = finding(told("doctor")["findings"], "members")
    assert said["verdict"] == "fault"
    assert "another credential key" in said["found"]


def test_doctor_sees_a_key_that_others_can_read(data: Path) -> None:
    """With the command that mends it."""
    journal_of_a_morning(data)
    (data / "credential.key").chmod(0o644)
    said = finding(told("doctor")["findings"], "credential key")
    assert (said["verdict"], said["do"]) == ("warning", f"chmod 600 {data / 'credential.key'}")


def test_doctor_sees_a_journal_that_is_none(data: Path) -> None:
    """A file full of something else."""
    data.mkdir()
    (data / JOURNAL_FILE).write_text("certainly no database, and long enough to be looked at")
    assert finding(told("doctor")["findings"], "journal")["verdict"] == "fault"


def of_journal(data: Path, now: datetime) -> dict[str, Finding]:
    """What is found in the journal at this time."""
    sites = load_space(SPACE)
    return {found.check: found for found in stores.journal(data, sites, now)}


def test_the_journal_tells_its_age_letters_and_silent_devices(data: Path) -> None:
    """A minute later: one reader was heard, one letter lies there, no answer waits."""
    journal_of_a_morning(data)
    found = of_journal(data, AT + timedelta(minutes=4))
    assert "5 rows, the last one 3 minutes old" in found["journal"].found
    assert found["dead letters"].found == "in the last day: 1 not-json (mqtt)"
    assert found["answers"].verdict == "ok"
    assert "17 never heard" in found["devices of le-seuil"].found
    assert "1 silent: front-in (4 minutes)" in found["devices of le-seuil"].found


def test_a_clock_behind_the_journal_is_a_fault(data: Path) -> None:
    """The gateway's time would stand still."""
    journal_of_a_morning(data)
    assert of_journal(data, AT - timedelta(hours=1))["journal"].verdict == "fault"


def test_an_old_dead_letter_is_forgotten(data: Path) -> None:
    """Only the last day counts."""
    journal_of_a_morning(data)
    assert of_journal(data, AT + timedelta(days=2))["dead letters"].verdict == "ok"


def test_an_answer_that_nobody_took_is_told(data: Path) -> None:
    """As a gateway leaves it that was killed while it answered."""
    place = journal_of_a_morning(data)
    (data / JOURNAL_FILE).unlink()
    asyncio.run(journaled(data / JOURNAL_FILE, place.rows))
    assert "2 expired" in of_journal(data, AT + timedelta(minutes=1))["answers"].found


def test_a_clock_that_was_never_set_is_a_fault() -> None:
    """1970, or the day of the image."""
    assert machine.clock(datetime(2025, 12, 31, tzinfo=UTC)).verdict == "fault"
    assert machine.clock(AT).verdict != "fault"


TOPICS = Topics()
STATE, HEALTH = TOPICS.gateway_state("gw1"), TOPICS.gateway_health("gw1")


def health(
    age_s: float = 5, status: Literal["ok", "journal-failing"] = "ok", backlog: int = 0
) -> bytes:
    """A health message."""
    at = AT - timedelta(seconds=age_s)
    return encode(HealthMessage(at, status, "0.1.0", 7, 0, backlog, 0.4, 0))


@pytest.mark.parametrize(
    ("kept", "verdict", "word"),
    [
        pytest.param({}, "fault", "no gateway gw1", id="never seen"),
        pytest.param({STATE: b"offline", HEALTH: health()}, "fault", "offline", id="offline"),
        pytest.param({STATE: b"online"}, "fault", "not said how", id="online without health"),
        pytest.param({STATE: b"online", HEALTH: b"?"}, "fault", "not said", id="nonsense"),
        pytest.param({STATE: b"online", HEALTH: health()}, "ok", "online and ok", id="well"),
        pytest.param({STATE: b"online", HEALTH: health(31)}, "fault", "silent", id="wedged"),
        pytest.param(
            {STATE: b"online", HEALTH: health(status="journal-failing")},
            "fault",
            "journal-failing",
            id="a disk that is full",
        ),
        pytest.param(
            {STATE: b"online", HEALTH: health(backlog=20_000)},
            "warning",
            "20000 rows",
            id="InfluxDB is far behind",
        ),
    ],
)
def test_the_gateway_is_judged_by_what_it_says(
    kept: dict[str, bytes], verdict: str, word: str
) -> None:
    """Never healthy while offline, silent or wedged."""
    found = broker.gateway(kept, TOPICS, "gw1", AT)
    assert found.verdict == verdict
    assert word in found.found


def test_alarms_that_are_on_say_what_to_do() -> None:
    """A line a kind; what must be silent is not told, and what is over is no alarm."""
    (hub,) = load_space(SPACE)
    other = msgspec.structs.replace(hub, id=SiteId("other"))

    def kept(site: Site, kind: str, about: str, payload: bytes = b"{}") -> dict[str, bytes]:
        return {TOPICS.alarm(site.id, kind, about): payload}

    said = {TOPICS.gateway_health("gw1"): health()}
    clock = encode(AlarmMessage(AT, "clock-skew", "front-in", ahead_s=-70.2))
    said |= kept(hub, "clock-skew", "front-in", clock)
    on = kept(hub, "held", "front") | kept(hub, "held", "back") | kept(hub, "tamper", "front-in")
    over = kept(hub, "forced", "front", b"") | kept(hub, "duress", "front-entry")
    found = list(broker.alarms(on | over | said, [hub], TOPICS))
    assert [(each.verdict, each.found) for each in found] == [
        ("warning", "clock-skew (Clock is off): front-in 70 s behind"),
        ("warning", "held (Door held open): back, front"),
        ("warning", "tamper (Case opened): front-in"),
    ]
    assert found[0].do.startswith("Check its time server (NTP)")
    assert found[1].do == "Go and close it."
    assert [each.verdict for each in broker.alarms(over, [hub], TOPICS)] == ["ok"]
    (two,) = broker.alarms(kept(other, "held", "front"), [hub, other], TOPICS)
    assert two.found == "held (Door held open): other/front"


def test_health_without_a_broker_is_one_line_and_1() -> None:
    """What the container's health check runs."""
    result = run("doctor", "--health")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert "nothing listens" in result.stdout


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (WriteResult("written"), "ok"),
        (WriteResult("rejected", "writing requires points"), "ok"),
        (WriteResult("unreachable", "no route"), "fault"),
        (WriteResult("refused", "401 unauthorized"), "fault"),
    ],
    ids=lambda value: value.verdict if isinstance(value, WriteResult) else value,
)
def test_influxdb_is_judged_by_an_empty_write(answer: WriteResult, verdict: str) -> None:
    """A server that only dislikes the emptiness has taken token, org and bucket."""
    assert influx.judged(answer, InfluxSettings("http://x", "seuil")).verdict == verdict


@pytest.mark.parametrize(
    ("sessions", "filters", "shared", "is_told"),
    [
        pytest.param(b"12", b"300", b"0", False, id="a place"),
        pytest.param(b"531", b"10000", b"0", True, id="too many sessions"),
        pytest.param(b"12", b"300", b"100000", True, id="too many subscriptions"),
        pytest.param(b"many", b"", b"", False, id="another broker's words"),
    ],
)
def test_a_crowd_at_the_broker_is_told(
    sessions: bytes, filters: bytes, shared: bytes, *, is_told: bool
) -> None:
    """With what to look for: the broker itself knows whose they are."""
    names = ("clients/total", "subscriptions/count", "shared_subscriptions/count")
    counts = zip(names, (sessions, filters, shared), strict=True)
    found = list(broker.crowd({f"$SYS/broker/{name}": count for name, count in counts}, 10))
    assert [one.verdict for one in found] == ["warning"] * is_told
    assert list(broker.crowd({}, 10)) == []


def test_influxdb_out_of_reach_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for real; the token is not in the sentence."""
    monkeypatch.setenv("SEUIL_INFLUX_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SEUIL_INFLUX_TOKEN", "sesame-of-influx")
    found = influx.influx(load_settings())
    assert found.verdict == "fault"
    assert "sesame" not in found.found


# -- broker-config -------------------------------------------------------------------------------

FILES = ("passwords", "acl", "dynamic-security.json")


def passwords(out: Path) -> dict[str, str]:
    """Everybody's password."""
    return {file.name: file.read_text().strip() for file in (out / "secrets").iterdir()}


def test_broker_config_writes_what_mosquitto_reads(tmp_path: Path) -> None:
    """Files that name this folder, and a secret for each user that only we can read."""
    said = told("broker-config", str(SPACE), "--out", "mq", "--plugin", "")
    out = tmp_path / "mq"
    assert f"password_file {out}/passwords" in (out / "mosquitto.conf").read_text()
    run("broker-config", str(SPACE), "--out", "mq", "--plugin", "/usr/lib/it.so")
    text = (out / "mosquitto.conf").read_text()
    assert f"plugin /usr/lib/it.so\nplugin_opt_config_file {out}/dynamic-security.json\n" in text
    assert "acl_file" not in text
    users = [user["name"] for user in said["users"]]
    assert users[:2] == ["gateway", "console"]
    assert set(passwords(out)) == set(users)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (out / "secrets").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((out / "secrets").stat().st_mode) == 0o700
    for name in ("passwords", "dynamic-security.json"):
        assert not stat.S_IMODE((out / name).stat().st_mode) & stat.S_IRWXO


def test_broker_config_binds_client_ids_with_the_plugin_only(tmp_path: Path) -> None:
    """The ACL file knows none, and a promise that is not kept is worse than none."""
    bound = ("broker-config", str(SPACE), "--out", "mq", "--bind-client-ids", "--plugin")
    assert run(*bound, "").exit_code == 2
    assert not (tmp_path / "mq").exists()
    assert run(*bound, "/usr/lib/it.so").exit_code == 0
    made = json.loads((tmp_path / "mq" / "dynamic-security.json").read_text())
    ids = {one["username"]: one.get("clientid") for one in made["clients"]}
    assert ids["le-seuil.front-in"] == "le-seuil.front-in"
    assert ids["gateway"] is ids["console"] is None


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_broker_config_shows_no_password(tmp_path: Path, option: list[str]) -> None:
    """They go from file to device; mosquitto gets hashes."""
    result = run("broker-config", str(SPACE), "--out", "mq", *option)
    assert result.exit_code == 0
    written = "".join((tmp_path / "mq" / name).read_text() for name in FILES)
    assert not [one for one in passwords(tmp_path / "mq").values() if one in result.output]
    assert not [one for one in passwords(tmp_path / "mq").values() if one in written]


def test_broker_config_again_keeps_passwords_and_adds_new_devices(tmp_path: Path) -> None:
    """What was typed into a device stays true; a device that is gone is told, not deleted."""
    text = SPACE.read_text()
    (tmp_path / "space.toml").write_text(text)
    run("broker-config", "space.toml", "--out", "mq")
    before = passwords(tmp_path / "mq")
    sensor = '[[sensors]]\nid = "hall-co2"\nzone = "hall"\n\n'
    changed = text.replace("[[plans]]", sensor + "[[plans]]", 1).replace("coworking-co2", "cow-co2")
    (tmp_path / "space.toml").write_text(changed)
    said = told("broker-config", "space.toml", "--out", "mq")
    after = passwords(tmp_path / "mq")
    assert before.items() <= after.items()
    made = [user["name"] for user in said["users"] if user["made"]]
    assert sorted(made) == ["le-seuil.cow-co2", "le-seuil.hall-co2"]
    assert said["unused"] == ["le-seuil.coworking-co2"]


def test_broker_config_with_an_empty_secret_writes_nothing_over(tmp_path: Path) -> None:
    """An empty password would let everybody in."""
    run("broker-config", str(SPACE), "--out", "mq")
    (tmp_path / "mq" / "secrets" / "console").write_text("")
    before = (tmp_path / "mq" / "passwords").read_text()
    result = run("broker-config", str(SPACE), "--out", "mq")
    assert result.exit_code == 2
    assert "holds no password" in result.stderr
    assert (tmp_path / "mq" / "passwords").read_text() == before


def test_broker_config_with_tls_listens_twice(tmp_path: Path) -> None:
    """Certificate and key as the broker sees them."""
    tls = ("--tls", "/etc/mosquitto/cert.pem", "/etc/mosquitto/key.pem")
    assert run("broker-config", str(SPACE), "--out", "mq", *tls).exit_code == 0
    text = (tmp_path / "mq" / "mosquitto.conf").read_text()
    assert "listener 8883\ncertfile /etc/mosquitto/cert.pem\nkeyfile" in text
    assert re.findall("^listener 1883.*$", text, re.MULTILINE) == ["listener 1883 127.0.0.1"]


def test_broker_config_refuses_a_bridge_that_is_called_as_the_gateway(tmp_path: Path) -> None:
    """Its rights would be added to the gateway's."""
    text = SPACE.read_text().replace('topic = "zigbee2mqtt/', 'topic = "gateway/')
    (tmp_path / "space.toml").write_text(text)
    result = run("broker-config", "space.toml", "--out", "mq")
    assert result.exit_code == 2
    assert "2 logins would be called so" in result.stderr


def test_broker_config_of_a_bad_space_file_ends_with_2(tmp_path: Path) -> None:
    """And writes nothing."""
    (tmp_path / "bad.toml").write_text("x = 1\n")
    assert run("broker-config", "bad.toml", "--out", "mq").exit_code == 2
    assert not (tmp_path / "mq").exists()
