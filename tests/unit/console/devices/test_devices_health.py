"""Devices and health on the console: what is silent stands first, each line says what to do."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.queries import DeviceLine
from gateway.adapters.journal.rows import DeadLetter
from gateway.backup.last import LastBackup, remember
from gateway.console.devices import diagnosis
from gateway.core.model.names import DeviceId
from gateway.core.readings import Availability, Battery, Firmware
from gateway.wire.message import encode
from gateway.wire.offline_rights import RightsState
from gateway.wire.states import AlarmMessage, HealthMessage
from tests.world.console import NOW, ConsolePlace, seat
from tests.world.engine import SITE, Place
from tests.world.journal import journaled

HOSTILE = "<script>alert(1)</script>"


LETTER = DeadLetter(NOW, "mqtt", f"seuil/hub/{HOSTILE}", "not-json", "is no JSON", 3, HOSTILE)
"""One that nobody could read."""


@pytest.fixture
async def place(tmp_path: Path) -> ConsolePlace:
    """A console of a site whose lock went offline and whose keypad never spoke."""
    site = Place(SITE)
    site.says("front-in", Battery(9.0))
    site.says("front-contact", Battery(80.0))
    site.says("front-out", Availability("offline"))
    await journaled(tmp_path / JOURNAL_FILE, site.rows, letters=[LETTER])
    console = ConsolePlace(tmp_path, (SITE,))
    console.sits(seat("viewer"))
    return console


LINE = DeviceLine(
    device="front-in",
    role="reader",
    driver="native",
    last_seen=NOW,
    online=True,
    battery=None,
    generation=0,
    boots=(1,),
    gaps=0,
    open_gaps=0,
    duplicates=0,
    ghosts=0,
    ghosts_before=0,
    ahead_s=None,
    firmware=None,
    model=None,
    alarms=(),
    is_installed=True,
)
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
    assert "Is it powered and on the network?" in page
    assert "Pile faible" in french


async def test_a_device_says_what_it_runs_and_what_its_like_run(tmp_path: Path) -> None:
    """Devices of the same driver and model; whatever a maker calls it is text."""
    site = Place(SITE)
    site.says("front-in", Firmware("1.9", "Portier"))
    site.says("front-out", Firmware("1.10", "Portier"))
    site.says("lab-in", Firmware(HOSTILE, "Other"))
    await journaled(tmp_path / JOURNAL_FILE, site.rows, letters=[LETTER])
    console = ConsolePlace(tmp_path, (SITE,))
    console.sits(seat("viewer"))
    async with console.browser() as browser:
        told = (await browser.get("/api/v1/sites/hub/devices")).json()["devices"]
        page = (await browser.get("/sites/hub/devices")).text
    found = {each["device"]: (each["firmware"], each["others_run"]) for each in told}
    assert found["front-in"] == ("1.9", "1.10")
    assert found["front-out"] == ("1.10", None)
    assert found["lab-in"] == (HOSTILE, None)
    assert "others run 1.10" in page
    assert HOSTILE not in page


def _line(device: str, firmware: str | None, model: str | None = None) -> DeviceLine:
    return structs.replace(LINE, device=device, firmware=firmware, model=model)


@pytest.mark.parametrize(
    ("lines", "others"),
    [
        ([("a", "1.0", None), ("b", "1.0", None)], {}),
        ([("a", "1.0", None), ("b", None, None)], {}),
        ([("a", "2.0", None), ("b", "1.0", None), ("c", "1.0", None)], {"a": "1.0"}),
        ([("a", "1.9", None), ("b", "1.10", None)], {"a": "1.10"}),
        ([("a", "1.0", "X"), ("b", "2.0", "Y")], {}),
    ],
    ids=["all the same", "one does not tell", "most", "as many: the highest", "other models"],
)
def test_what_others_run(
    lines: list[tuple[str, str | None, str | None]], others: dict[str, str]
) -> None:
    """One of them is another than the others."""
    assert diagnosis.others_run([_line(*each) for each in lines]) == others


@pytest.mark.parametrize(
    ("ghosts", "before", "tone"),
    [(19, 19, "calm"), (20, 0, "warm"), (0, 20, "warm")],
    ids=["a few", "many today", "many yesterday"],
)
def test_many_ghost_reads_are_said(ghosts: int, before: int, tone: str) -> None:
    """With a hint where to look."""
    line = structs.replace(LINE, ghosts=ghosts, ghosts_before=before)
    assert diagnosis.tone(line) == tone
    state, do = diagnosis.state(line, "fr")
    assert (state, bool(do)) == (
        ("OK", False) if tone == "calm" else ("beaucoup de lectures erronées", True)
    )


@pytest.mark.parametrize(
    ("ahead_s", "told", "tone"),
    [
        (None, "", "calm"),
        (-0.4, "", "calm"),
        (3.0, "horloge en avance de 3 s", "calm"),
        (-419.6, "horloge en retard de 7 min", "warm"),
    ],
    ids=["tells no time", "the way of a message", "a little", "its badges open nothing"],
)
def test_a_clock_that_is_off_is_said(ahead_s: float | None, told: str, tone: str) -> None:
    """In words; with what to do where its badges are refused."""
    line = structs.replace(LINE, ahead_s=ahead_s)
    assert " ".join(diagnosis.clock(line, "fr").split()) == told
    assert diagnosis.tone(line) == tone
    assert diagnosis.state(line, "fr")[0] == ("OK" if tone == "calm" else "horloge décalée")


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
        assert "12 badges, in sync" in (await browser.get("/sites/hub/devices")).text
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


async def test_the_broker_s_own_word_is_said(place: ConsolePlace) -> None:
    """Why there is no connection; else how long it has been quiet, and how many alarms are on."""
    picture = place.console.picture
    picture.lost = "[code:135] Not authorized"

    async def told() -> dict[str, tuple[str, str]]:
        async with place.browser() as browser:
            lines = (await browser.get("/api/v1/sites/hub/health")).json()["lines"]
        return {each["name"]: (each["state"], each["said"]) for each in lines}

    name = "Console's broker connection"
    assert (await told())[name] == ("fault", "not connected: [code:135] Not authorized")
    picture.connected = True
    assert (await told())[name][0] == "warning"
    picture.apply("seuil/gateway/gw1/state", b"online")
    for kind in ("forced", "duress"):
        alarm = AlarmMessage(NOW, kind, "front")
        picture.apply(f"seuil/hub/alarm/{kind}/front", encode(alarm))
    said = await told()
    assert said[name][0] == "ok"
    assert said["Alarms"] == ("warning", "active: 1")


async def test_a_clock_that_is_off_is_said_on_each_screen(place: ConsolePlace) -> None:
    """Which reader, by how much, in which direction, and how it is mended."""
    alarm = encode(AlarmMessage(NOW, "clock-skew", "front-in", ahead_s=-70.0))
    place.console.picture.apply("seuil/hub/alarm/clock-skew/front-in", alarm)
    async with place.browser() as browser:
        lines = (await browser.get("/api/v1/sites/hub/health")).json()["lines"]
        on = (await browser.get("/api/v1/sites/hub/alarms")).json()["on"]
        live = (await browser.get("/sites/hub/live")).text
        alarms = (await browser.get("/sites/hub/alarms", params={"lang": "fr"})).text
    (line,) = (each for each in lines if each["name"] == "Clock of front-in")
    assert (line["state"], line["said"]) == ("warning", "Clock is off (70 s behind)")
    assert line["do"].startswith("Check its time server (NTP)")
    assert (on[0]["object"], on[0]["ahead_s"]) == ("front-in", -70.0)
    assert "Clock is off (70 s behind)" in live
    assert "Horloge décalée (en retard de 70 s)" in alarms
    assert "Vérifiez son serveur de temps (NTP)" in alarms


async def test_nobody_heard_is_a_fault(place: ConsolePlace) -> None:
    """Without a gateway nothing opens; the doctor's findings are for administrators."""
    async with place.browser() as browser:
        assert (await browser.get("/api/v1/sites/hub/health")).json()["state"] == "fault"
        assert "seuil doctor" not in (await browser.get("/sites/hub/health")).text
        place.sits(seat("administrator"))
        page = await browser.get("/sites/hub/health", params={"lang": "fr"})
    assert "seuil doctor sur cette machine" in page.text
    assert "credential.key n&#39;existe pas encore" in page.text
    assert "est en avance de 25 heures sur l" in page.text
    assert "Une partie est en panne" in page.text


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


@pytest.mark.parametrize(
    ("hours", "language", "line"),
    [
        (None, "en", ("Backup", "warning", "no backup yet")),
        (9, "en", ("Backup", "ok", "last one 9 hours ago")),
        (9, "fr", ("Sauvegarde", "ok", "dernière il y a 9 heures")),
        (80, "en", ("Backup", "warning", "last one 3 days ago")),
    ],
)
async def test_health_tells_the_age_of_the_last_backup(
    place: ConsolePlace, hours: int | None, language: str, line: tuple[str, str, str]
) -> None:
    """A warning where there is none, and after three days."""
    if hours is not None:
        made = LastBackup(NOW - timedelta(hours=hours), "b.tar.gz")
        remember(place.settings.data_dir, made)
    async with place.browser(language) as browser:
        answer = await browser.get("/api/v1/sites/hub/health")
    told = {(x["name"], x["state"], x["said"]) for x in answer.json()["lines"]}
    assert line in told


async def test_health_tells_the_line_of_a_faulty_space_file(place: ConsolePlace) -> None:
    """The first fault, in the words of `seuil check`."""
    fault = 'space.toml: doors[0].zone (line 12): "hal" is not a zone'
    health = structs.replace(WELL, space="faulty", space_fault=fault)
    place.console.picture.apply("seuil/gateway/gw1/state", b"online")
    place.console.picture.apply("seuil/gateway/gw1/health", encode(health))
    async with place.browser() as browser:
        answer = await browser.get("/api/v1/sites/hub/health")
    lines = {x["name"]: (x["state"], x["said"]) for x in answer.json()["lines"]}
    assert lines["Space file"] == ("warning", fault)
