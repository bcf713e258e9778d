"""A bug of ours that one message meets: it is put aside, and all others go on."""

import json
import logging
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fuzz_place import fuzz_place
from benchmarks.synthetic_site import PLAN
from gateway.adapters.directory import credential_hash
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.replay import replay
from gateway.core import devices, engine
from gateway.core.access import decision, rules
from gateway.core.access.rules import RULES
from gateway.core.engine import CHAPTERS, Bug
from gateway.core.events import BookingsChanged, DirectoryChanged, Event
from gateway.core.model.bookings import Target
from gateway.core.model.directory import Credential, DirectoryChange, Holder, HolderId, Membership
from gateway.core.model.names import DeviceId
from gateway.core.readings import Battery
from gateway.core.step_context import StepContext
from gateway.service import batch, messages
from gateway.service.batch import EngineFaultError
from gateway.service.logs import AGAIN_S, BugLog
from gateway.service.pipeline import Service
from gateway.service.recovery import recover
from sensors.native import NativeDriver
from sensors.registry import DRIVERS
from tests.servers import until
from tests.unit.service.test_pipeline import Desk, desk
from tests.world.engine import MONDAY, SITE

READER = "seuil/hub/front-in/event"
OUT = "seuil/hub/front-out/event"
SENSOR = "seuil/hub/pir/event"
CARD = "04a224b2c31990"


class PlantedError(Exception):
    """A bug that a test planted; its text quotes what was read, as a library's would."""


def plant(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, when: Callable[..., bool]
) -> None:
    """Have a function raise for some of its calls."""
    before: Callable[..., Any] = getattr(owner, name)

    def broken(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it is
        if when(*args, **kwargs):
            raise PlantedError(CARD)
        return before(*args, **kwargs)

    monkeypatch.setattr(owner, name, broken)


def badge(seq: int, number: str = CARD, at: datetime = MONDAY) -> bytes:
    """A badge at a reader."""
    said = {"boot": 1, "seq": seq, "at": at.isoformat(), "type": "credential", "credential": number}
    return json.dumps(said).encode()


def battery(seq: int, percent: float) -> bytes:
    """A sensor's battery."""
    said = {"boot": 1, "seq": seq, "at": MONDAY.isoformat(), "type": "battery", "percent": percent}
    return json.dumps(said).encode()


def answers(place: Desk, site: str = "hub", device: str = "front-in") -> list[tuple[str, str]]:
    """What a reader was told."""
    said = place.session.said(f"seuil/{site}/{device}/command")
    return [(each["decision"], each["reason"]) for each in said]


async def all_acknowledged(place: Desk, *topics: str) -> None:
    """Every message is off the broker's hands, whatever became of it."""
    for topic in set(topics):
        acks = f"ack of {topic}"
        await until(lambda: place.session.sent.count(acks) == topics.count(topic), f"{acks}")  # noqa: B023 - used at once


async def letters(place: Desk) -> list[str]:
    """The reasons of all dead letters but the one of who began."""
    found = await place.journal.read(
        lambda file: file._db.execute("SELECT reason FROM dead_letter ORDER BY id").fetchall()
    )
    return [reason for (reason,) in found][1:]


def alarms(service: Service) -> set[tuple[str, str]]:
    """What is on."""
    return set(service.states[SITE.id].alarms)


async def test_one_badge_in_a_batch_that_meets_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is denied and answered; the others are decided as if it had not come."""
    plant(monkeypatch, decision, "decide", lambda _turn, _device, event: event.seq == 2)
    async with desk(tmp_path) as place:
        for seq in (1, 2, 3):
            place.hear(READER, badge(seq))
        place.hear(SENSOR, battery(1, 50))
        await all_acknowledged(place, READER, READER, READER, SENSOR)
        unknown = ("denied", "credential-unknown")
        assert answers(place) == [unknown, ("denied", "fault"), unknown]
        assert alarms(place.service) == {("engine-fault", "front-in")}
        assert place.service.bugs == 1
        place.clock.advance(1)
        place.hear(READER, badge(2))  # its ack was lost: it is on disk all the same
        await all_acknowledged(place, READER, READER, READER, READER, SENSOR)
        assert len(answers(place)) == 3
    text = caplog.text
    assert text.count("please report it: PlantedError") == 1
    assert "in broken" in text  # where it was raised
    assert CARD not in text


async def test_a_way_out_that_meets_a_bug_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is locked in by our bugs."""
    plant(monkeypatch, decision, "decide", lambda *_: True)
    async with desk(tmp_path) as place:
        place.hear(OUT, badge(1))
        await all_acknowledged(place, OUT)
        assert answers(place, "hub", "front-out") == [("granted", "exit-free")]


async def test_a_reading_that_meets_a_bug_is_a_dead_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number is taken in, so that its device forgets it."""
    plant(monkeypatch, devices, "battery", lambda _turn, _device, percent: percent == 51)
    async with desk(tmp_path) as place:
        for seq, percent in enumerate((50, 51, 52), start=1):
            place.hear(SENSOR, battery(seq, percent))
        await all_acknowledged(place, SENSOR, SENSOR, SENSOR)
        assert await letters(place) == ["engine-fault"]
        state = place.service.states[SITE.id].devices[DeviceId("pir")]
        assert (state.battery, state.boots[0].high, state.missing) == (52, 3, 0)
        assert place.session.said("seuil/hub/pir/ack")[-1] == {"boot": 1, "seq": 3}


async def test_a_driver_that_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is a dead letter, and the alarm names a device of its topic."""
    plant(monkeypatch, NativeDriver, "decode", lambda *said: b'"percent": 51' in said[-1])
    async with desk(tmp_path) as place:
        place.hear(SENSOR, battery(1, 51))
        place.hear(SENSOR, battery(2, 52))
        await all_acknowledged(place, SENSOR, SENSOR)
        assert await letters(place) == ["engine-fault"]
        assert alarms(place.service) == {("engine-fault", "pir")}


async def test_a_row_that_cannot_be_encoded_is_found_out_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, and not by the transaction of all."""
    plant(
        monkeypatch,
        batch,
        "encoded_row",
        lambda row: row.kind == "battery" and row.event.reading == Battery(51.0),
    )
    async with desk(tmp_path) as place:
        place.hear(SENSOR, battery(1, 50))
        place.hear(SENSOR, battery(2, 51))
        place.hear(READER, badge(1))
        await all_acknowledged(place, SENSOR, SENSOR, READER)
        assert len(answers(place)) == 1
        assert len(await letters(place)) == 1


async def test_a_message_of_ours_that_cannot_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the commit: what it would have told is not told, and nothing else is held up."""
    plant(monkeypatch, messages.MessageFactory, "decision", lambda *said: said[2] == 1)
    async with desk(tmp_path) as place:
        place.hear(READER, badge(1))
        place.hear(READER, badge(2))
        await all_acknowledged(place, READER, READER)
        assert len(answers(place)) == 2
        assert [said["id"] for said in place.session.said("seuil/hub/access")] == ["2"]
        place.clock.advance(2)
        place.service.inbox.nudge()
        await until(lambda: ("engine-fault", "front-in") in alarms(place.service), "the alarm")


async def test_a_timer_that_raises_does_not_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again after a while; badges are decided meanwhile."""
    calls: list[StepContext] = []

    def broken(turn: StepContext) -> datetime:
        calls.append(turn)
        raise PlantedError

    rest = (one._replace(next_timer=broken) if one.name == "modes" else one for one in CHAPTERS)
    monkeypatch.setattr(engine, "CHAPTERS", tuple(rest))
    async with desk(tmp_path) as place:
        place.clock.advance(61)
        for seq in range(1, 20):
            place.hear(READER, badge(seq, at=MONDAY + timedelta(seconds=61)))
        await all_acknowledged(place, *[READER] * 19)
        assert len(answers(place)) == 19
        assert len(calls) == 2  # at the start, and a minute later
        assert alarms(place.service) == {("engine-fault", "modes")}


@pytest.mark.parametrize(
    ("event", "about"),
    [
        pytest.param(DirectoryChanged(DirectoryChange()), "members", id="members"),
        pytest.param(BookingsChanged(Target("zone:hall"), ()), "bookings", id="bookings"),
    ],
)
async def test_a_change_that_meets_a_bug_is_not_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: Event, about: str
) -> None:
    """Who told it is told; badges are decided by what was known before."""
    plant(
        monkeypatch,
        batch,
        "step",
        lambda _site, _state, told, _now: isinstance(told, type(event)),
    )
    async with desk(tmp_path) as place:
        with pytest.raises(EngineFaultError):
            await place.service.tell(SITE.id, event)
        place.hear(READER, badge(1))
        await all_acknowledged(place, READER)
        assert len(answers(place)) == 1
        assert alarms(place.service) == {("engine-fault", about)}


# -- each part in turn

FAMILIES = {"native": "sensor-0", "zigbee2mqtt": "pir-0", "tasmota": "air-0", "esp-rfid": "esp-0"}
"""A device of each family at the place that is fuzzed."""
SAID = {
    "native": ("seuil/bench/sensor-0/event", battery(1, 50)),
    "zigbee2mqtt": ("z2m/pir0", b'{"occupancy":true}'),
    "tasmota": ("tele/air0/SENSOR", b'{"SCD40":{"CarbonDioxide":612}}'),
    "esp-rfid": ("esp0/send", b'{"type":"access","uid":"04a224b2","hostname":"esp-0"}'),
}
"""Something that it says."""
HOLDER = Holder(HolderId("h"), memberships=(Membership(PLAN),))
MEMBER = DirectoryChange((HOLDER,), (Credential(credential_hash(b"k" * 32, CARD), HOLDER.id),))
"""Somebody who may pass: every rule is asked."""
PARTS = [
    *(pytest.param("rule", n, id=f"rule {rule.__name__}") for n, rule in enumerate(RULES)),
    *(pytest.param("chapter", n, id=f"chapter {one.name}") for n, one in enumerate(CHAPTERS)),
    *(pytest.param("driver", n, id=f"driver {name}") for n, name in enumerate(FAMILIES)),
]


@pytest.mark.parametrize(("kind", "number"), PARTS)
async def test_a_bug_in_each_part_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, number: int
) -> None:
    """The gateway lives, badges are answered, the rest goes on, and a restart works."""
    site = fuzz_place()
    if kind == "driver":  # it is bound when the devices are read
        _plant_in(monkeypatch, kind, number)
    async with desk(tmp_path, site=site) as place:
        await place.service.tell(site.id, DirectoryChanged(MEMBER))
        _plant_in(monkeypatch, kind, number)
        place.clock.advance(61)
        for seq in (1, 2):
            place.hear("seuil/bench/reader-0/event", badge(seq, at=place.clock.now()))
        for topic, payload in SAID.values():
            place.hear(topic, payload)
        topics = ["seuil/bench/reader-0/event"] * 2 + [topic for topic, _ in SAID.values()]
        await all_acknowledged(place, *topics)
        place.clock.advance(61)
        place.service.inbox.nudge()
        told = answers(place, "bench", "reader-0")
        expected = {"rule": ("denied", "fault"), "chapter": ("granted", "plan")}
        assert told == [expected.get(kind, ("granted", "plan"))] * len(told)
        assert len(told) == (0 if (kind, number) == ("driver", 0) else 2)
        assert place.service.bugs
        assert {what for what, _ in place.service.states[site.id].alarms} >= {"engine-fault"}
        rows = place.journal.last_n
    assert rows
    journal = Journal(tmp_path / JOURNAL_FILE)
    await journal.open()
    recovered = await journal.read(lambda file: recover(file, [site.id], MONDAY))
    assert not recovered.bugs  # what met a bug is journaled as such
    assert recovered.sites[site.id].site == site
    await journal.close()
    monkeypatch.undo()
    with closing(JournalFile(tmp_path / JOURNAL_FILE)) as file:
        replayed = replay(file, site.id)
    mended = {difference.n for difference in replayed.differences}
    assert kind == "chapter" or not mended


def _plant_in(monkeypatch: pytest.MonkeyPatch, kind: str, number: int) -> None:
    """A bug in one part: it raises whenever it is asked."""

    def broken(*_: object) -> Any:  # noqa: ANN401 - whatever is expected
        raise PlantedError(CARD)

    if kind == "rule":
        monkeypatch.setattr(rules, "RULES", (*RULES[:number], broken, *RULES[number + 1 :]))
    elif kind == "driver":
        driver = DRIVERS[list(FAMILIES)[number]]
        monkeypatch.setattr(driver, "decode", broken)
    else:
        one = CHAPTERS[number]
        timers: dict[str, Any] = {"run_timers": broken} if one.run_timers else {"conclude": broken}
        chapters = (*CHAPTERS[:number], one._replace(**timers), *CHAPTERS[number + 1 :])
        monkeypatch.setattr(engine, "CHAPTERS", chapters)
        conclusions = tuple((each.name, each.conclude) for each in chapters if each.conclude)
        monkeypatch.setattr(engine, "_CONCLUSIONS", conclusions)


# -- the log


def test_a_bug_is_written_once_and_then_counted(caplog: pytest.LogCaptureFixture) -> None:
    """A traceback for the first of its kind, a line an hour for the others."""
    caplog.set_level(logging.ERROR)
    seconds = [0.0]
    bugs = BugLog(lambda: seconds[0])
    for _ in range(500):
        bugs.met(Bug("engine", PlantedError("secret")))
    bugs.met(Bug("intake", PlantedError("secret")))
    assert len(caplog.records) == 2
    seconds[0] = AGAIN_S + 1
    bugs.met(Bug("engine", PlantedError("secret")))
    assert "(PlantedError) was met 500 times more" in caplog.text
    assert bugs.count == 502
    assert "secret" not in caplog.text
