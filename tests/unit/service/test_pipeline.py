"""The service's own part in orders to machines and in requests: when, how often, after what."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from immutables import Map
from msgspec import structs
from paho.mqtt.client import MQTTMessage

from gateway.adapters.directory import credential_hash
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.clock import ManualClock
from gateway.core.events import ConditionReported
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.state import GhostReads, MachineUse, State
from gateway.service.inbox import ALLOWED_A_S, ALLOWED_AT_ONCE
from gateway.service.recovery import SiteInForce
from gateway.service.routing import TopicRoutes
from gateway.wire.message import Outgoing
from sensors.registry import Registry
from tests.servers import until
from tests.world.engine import LASER, MONDAY, SITE, Place
from tests.world.service import delivered, service_of

STRANGE = "seuil/hub/nobody/event"
LASER_COMMAND = "seuil/hub/laser-on/command"


class FakeSession:
    """Takes everything, and remembers it in order."""

    connection = 1
    connected = is_settled = True

    def __init__(self) -> None:
        self.sent: list[Outgoing | str] = []
        self.is_away = False

    def publish(self, message: Outgoing, _now: object, *, more: bool = False) -> int | None:  # noqa: ARG002 - as the real one
        """As `Session.publish`."""
        if self.is_away:
            return None
        self.sent.append(message)
        return len(self.sent)

    def acknowledge(self, message: MQTTMessage) -> None:
        """As `Session.acknowledge`."""
        self.sent.append(f"ack of {message.topic}")

    def flush(self) -> None:
        """As `Session.flush`."""

    def pause(self) -> None:
        """As `Session.pause`."""

    resume = pause

    def said(self, topic: str) -> list[Any]:
        """What was said on a topic."""
        return [
            json.loads(message.payload)
            for message in self.sent
            if isinstance(message, Outgoing) and message.topic == topic
        ]


class Desk:
    """A service with its clock, its session and its journal."""

    def __init__(self, journal: Journal, use: MachineUse | None, site: Site = SITE) -> None:
        self.clock = ManualClock(MONDAY)
        self.session = FakeSession()
        self.journal = journal
        machines = Map({LASER: use}) if use is not None else Map()
        state = structs.replace(Place().state, machines=machines)
        known = SiteInForce(SITE, state, 0) if site is SITE else SiteInForce(None, State(), 0)
        self.service = service_of(
            [(site, known)], journal, self.clock, partial(credential_hash, b"k" * 32)
        )
        self.service.use(self)  # type: ignore[arg-type] # all that it needs of one
        self.service.inbox.route = TopicRoutes(Registry([site]), [site])

    @property
    def publisher(self) -> FakeSession:
        """As `Links.publisher`."""
        return self.session

    def all(self) -> tuple[FakeSession]:
        """As `Links.all`."""
        return (self.session,)

    def hear(self, topic: str, payload: bytes) -> None:
        """A message of the credentials session."""
        message = delivered(topic, payload)
        self.service.inbox.put(self.session, message)  # type: ignore[arg-type] # as above


@asynccontextmanager
async def desk(
    folder: Path, use: MachineUse | None = None, site: Site = SITE
) -> AsyncIterator[Desk]:
    """A service that runs."""
    journal = Journal(folder / JOURNAL_FILE)
    await journal.open()
    desk = Desk(journal, use, site)
    running = asyncio.create_task(desk.service.run())
    try:
        desk.hear(STRANGE, b"{}")
        await until(lambda: desk.session.sent, "it runs")
        yield desk
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await journal.close()


ADA = HolderId("ada")
STOPPED = MachineUse(ADA, MONDAY, "alone", stopped=True)


@pytest.mark.parametrize(
    ("use", "orders"),
    [
        pytest.param(STOPPED, ["safe-stop"], id="asked to stop"),
        pytest.param(MachineUse(ADA, MONDAY), ["warning-over"], id="all is well"),
        pytest.param(None, [], id="not in use"),
    ],
)
async def test_whoever_connects_again_tells_machines_where_they_stand(
    tmp_path: Path, use: MachineUse | None, orders: list[str]
) -> None:
    """What was said just before may not have arrived."""
    async with desk(tmp_path, use) as place:
        place.service.broker_is_up()
        assert [said["type"] for said in place.session.said(LASER_COMMAND)] == orders


async def test_a_safe_stop_is_asked_for_each_minute_until_the_machine_is_off(
    tmp_path: Path,
) -> None:
    """Its reader may have been away."""
    async with desk(tmp_path, STOPPED) as place:
        for minutes in (1, 2):
            place.clock.advance(61)
            place.service.inbox.nudge()
            await until(
                lambda n=minutes: len(place.session.said(LASER_COMMAND)) == n,  # type: ignore[misc]
                "it is asked again",
            )
    assert {said["type"] for said in place.session.said(LASER_COMMAND)} == {"safe-stop"}


async def test_a_machine_that_is_well_is_not_told_so_each_minute(tmp_path: Path) -> None:
    """Its reader's screen is for its user."""
    async with desk(tmp_path, MachineUse(ADA, MONDAY)) as place:
        place.clock.advance(61)
        place.service.inbox.nudge()
        await until(lambda: place.journal.last_n, "the minute is journaled")
        place.hear(STRANGE, b"{}")
        acks = f"ack of {STRANGE}"
        await until(lambda: place.session.sent.count(acks) == 2, "and its orders are sent")
        assert place.session.said(LASER_COMMAND) == []


async def test_a_request_that_nobody_can_read_is_kept_before_it_is_answered(
    tmp_path: Path,
) -> None:
    """And answered before the broker may forget it."""
    topic = "seuil/hub/request/open"
    async with desk(tmp_path) as place:
        place.hear(topic, b'{"transaction":"t-1","door":"front"}')
        await until(lambda: f"ack of {topic}" in place.session.sent, "it is acknowledged")
        letters = await place.journal.read(lambda file: file.count("dead_letter"))
        assert letters == 2  # the other one is of who began
    about_it = [sent for sent in place.session.sent if "open" in str(sent)]
    refusal, ack = about_it
    assert isinstance(refusal, Outgoing)
    assert json.loads(refusal.payload)["detail"].startswith("by: is missing")
    assert ack == f"ack of {topic}"


def _badge(seq: int, number: str, at: datetime = MONDAY) -> bytes:
    said = {"boot": 1, "seq": seq, "at": at.isoformat(), "type": "credential", "credential": number}
    return json.dumps(said).encode()


async def test_a_flood_writes_little_more_than_a_gigabyte_a_day(tmp_path: Path) -> None:
    """Beyond what it may send at once (150 MB): of the messages that take most room, badges."""
    many, day_s = 1000, 24 * 3600
    async with desk(tmp_path) as place:
        for seq in range(1, many + 1):
            place.hear("seuil/hub/front-in/event", _badge(seq, "04a224b2c31990"))
        await until(lambda: place.journal.last_n >= many, "all are journaled")
    written = place.journal.path.stat().st_size  # closed, it is one file
    assert written / many * ALLOWED_AT_ONCE < 150e6
    assert written / many * ALLOWED_A_S * day_s < 1.3e9


async def test_ghost_reads_are_counted_by_reader(tmp_path: Path) -> None:
    """A number that is none, once though it is sent again, and a badge faster than any hand."""
    event = "seuil/hub/front-in/event"
    reads = (
        _badge(1, "00000000"),
        _badge(1, "00000000"),
        _badge(2, "04a224b2c31990"),
        _badge(3, "04a224b2c31990", MONDAY + timedelta(seconds=0.4)),
        _badge(4, "04a224b2c31990", MONDAY + timedelta(seconds=4)),
        _badge(5, "04b0b0b0b0b0b0", MONDAY + timedelta(seconds=4)),
    )
    async with desk(tmp_path) as place:
        for read in reads:
            place.hear(event, read)
        acks = f"ack of {event}"
        await until(lambda: place.session.sent.count(acks) == len(reads), "all is on disk")
        place.clock.advance(61)
        place.service.inbox.nudge()

        def counted() -> GhostReads | None:
            return place.service.states[SITE.id].devices[DeviceId("front-in")].ghosts

        await until(counted, "the minute is told")
        assert counted() == GhostReads(SITE.day_of(MONDAY), 2)


async def test_what_a_device_is_not_wired_for_is_a_dead_letter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Acknowledged, kept once however often it comes, and alarmed about."""
    event, ack = "seuil/hub/front-in/event", "seuil/hub/front-in/ack"
    press = json.dumps({"boot": 1, "seq": 1, "at": MONDAY.isoformat(), "type": "exit-request"})
    status = "seuil/hub/pir/event"
    async with desk(tmp_path) as place:
        before = place.service.dead_letters
        place.hear(event, press.encode())
        place.hear(event, press.encode())
        place.hear(status, _badge(1, "04a224b2c31990"))
        await until(
            lambda: (
                place.session.sent.count(f"ack of {event}") == 2
                and f"ack of {status}" in place.session.sent
            ),
            "all is on disk",
        )
        assert place.service.dead_letters == before + 2
        kept = await place.journal.read(lambda file: file.count("dead_letter"))
        alarms = place.service.states[SITE.id].alarms
    assert kept == before + 2
    assert "front-in/event': not-wired: exit-request: not from a reader at an entry" in caplog.text
    assert "pir/event': not-wired: credential: not from a sensor of a zone" in caplog.text
    assert place.session.said(ack)[-1] == {"boot": 1, "seq": 1}
    assert {("not-wired", "front-in"), ("not-wired", "pir")} <= set(alarms)


async def test_a_firmware_that_is_known_is_not_journaled_again(tmp_path: Path) -> None:
    """Some makers tell it with every message."""
    status = "seuil/hub/front-in/status"
    async with desk(tmp_path) as place:
        for version in ("1.0", "1.0", "1.1", "1.1"):
            said = {"state": "online", "firmware": version}
            place.hear(status, json.dumps(said).encode())
        acks = f"ack of {status}"
        await until(lambda: place.session.sent.count(acks) == 4, "all is on disk")
        rows = await place.journal.read(lambda file: file.rows_after(0, 100))
    assert [row.kind for row in rows].count("firmware") == 2


async def test_an_alarm_that_ended_while_we_were_away_is_emptied(tmp_path: Path) -> None:
    """The broker retains it; one that is on stays, and what is nobody's of ours is left alone."""
    async with desk(tmp_path) as place:
        await place.service.tell(SITE.id, ConditionReported("flooding", "pir", active=True))
        place.session.sent.clear()
        for topic in ("hub/alarm/flooding/pir", "hub/alarm/held/front", "lab/alarm/held/front"):
            place.service.heard_alarm(f"seuil/{topic}")
        assert place.session.sent == [Outgoing("seuil/hub/alarm/held/front", b"", 1, retain=True)]


async def test_an_alarm_that_is_heard_of_too_soon_is_emptied_when_we_may_publish(
    tmp_path: Path,
) -> None:
    """Another connection hears of it than the one that publishes."""
    async with desk(tmp_path) as place:
        place.session.is_away = True
        place.service.heard_alarm("seuil/hub/alarm/held/front")
        place.session.is_away = False
        place.session.sent.clear()
        place.service.broker_is_up()
        assert Outgoing("seuil/hub/alarm/held/front", b"", 1, retain=True) in place.session.sent


async def test_a_door_whose_reader_never_connected_is_unknown(tmp_path: Path) -> None:
    """Nothing of it is published, not even that an evacuation unlocked it, until one is heard."""
    topic = "seuil/hub/door/front/state"

    def told(place: Desk) -> list[bytes]:
        return [
            one.payload
            for one in place.session.sent
            if isinstance(one, Outgoing) and one.topic == topic
        ]

    async with desk(tmp_path) as place:
        place.service.broker_is_up()
        assert told(place) == [b""]
        place.hear("seuil/hub/front-in/status", b'{"state":"online"}')
        await until(lambda: len(told(place)) > 1, "its reader was heard")
    assert [json.loads(said)["state"] for said in told(place)[1:]] == ["locked"]
