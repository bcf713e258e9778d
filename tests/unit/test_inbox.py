"""The inbox: bounded, credentials first, and an acknowledgement only where it belongs."""

import asyncio
import time
from typing import cast

import pytest
from paho.mqtt.client import MQTTMessage

from gateway.adapters.mqtt import Session
from gateway.inbox import BATCH_MAX, Inbox


class FakeSession:
    """What the inbox does with a session."""

    def __init__(self) -> None:
        self.connection = 1
        self.connected = True
        self.paused: bool = False
        self.acknowledged: list[int] = []

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def acknowledge(self, message: MQTTMessage) -> None:
        self.acknowledged.append(message.mid)


def put(inbox: Inbox, fake: FakeSession, *mids: int, doors: bool = False) -> None:
    """Messages of a session arrive."""
    session = cast("Session", fake)
    arrive = inbox.of_credentials if doors else inbox.of_sensors
    for mid in mids:
        arrive(session, MQTTMessage(mid, b"topic"))


def mids(inbox: Inbox, at_most: int = BATCH_MAX) -> list[int]:
    """The packet ids of the next batch."""
    return [entry.message.mid for entry in inbox.take(at_most)]


@pytest.fixture
def doors() -> FakeSession:
    """The credentials' session."""
    return FakeSession()


@pytest.fixture
def sensors() -> FakeSession:
    """The sensors' session."""
    return FakeSession()


def test_credentials_come_first(doors: FakeSession, sensors: FakeSession) -> None:
    """Each kind in its own order, and no more than was asked for."""
    inbox = Inbox()
    put(inbox, sensors, 1, 2, 3)
    put(inbox, doors, 11, 12, doors=True)
    assert len(inbox) == 5
    assert mids(inbox, 3) == [11, 12, 1]
    assert mids(inbox) == [2, 3]
    assert mids(inbox) == []


def test_a_batch_is_bounded(sensors: FakeSession) -> None:
    """An answer never waits for much more than one batch."""
    inbox = Inbox()
    put(inbox, sensors, *range(BATCH_MAX + 1))
    assert len(inbox.take()) == BATCH_MAX


def test_a_full_inbox_leaves_the_socket_alone_until_it_is_half_empty(
    doors: FakeSession, sensors: FakeSession
) -> None:
    """Only that of the session that fills it: a flood of readings holds up no door."""
    inbox = Inbox(credentials_max=4, sensors_max=4)
    put(inbox, doors, 1, doors=True)
    paused = []
    for act in (
        lambda: put(inbox, sensors, 1, 2, 3),
        lambda: put(inbox, sensors, 4),
        lambda: mids(inbox, 2),
        lambda: mids(inbox, 1),
    ):
        act()
        paused.append(sensors.paused)
        assert not doors.paused
    assert paused == [False, True, True, False]


def test_a_session_that_came_back_while_it_is_full_waits_too(sensors: FakeSession) -> None:
    """Each message above the bound pauses again, since a new connection begins unpaused."""
    inbox = Inbox(sensors_max=2)
    put(inbox, sensors, 1, 2)
    sensors.paused = False
    put(inbox, sensors, 3)
    assert sensors.paused


def test_every_session_that_was_held_is_let_go(sensors: FakeSession) -> None:
    """Also where the last message that was taken is another's: sensors and strangers share."""
    inbox, strangers = Inbox(sensors_max=2), FakeSession()
    put(inbox, strangers, 1)
    put(inbox, sensors, 2)
    put(inbox, strangers, 3)
    assert (sensors.paused, strangers.paused) == (True, True)
    mids(inbox)
    assert (sensors.paused, strangers.paused) == (False, False)


def test_forgotten_messages_let_their_sessions_go(doors: FakeSession, sensors: FakeSession) -> None:
    """`clear` says how many there were."""
    inbox = Inbox(credentials_max=1, sensors_max=1)
    put(inbox, doors, 1, doors=True)
    put(inbox, sensors, 2, 3)
    assert inbox.clear() == 3
    assert (len(inbox), doors.paused, sensors.paused) == (0, False, False)


def test_strangers_are_read_while_nothing_else_waits(sensors: FakeSession) -> None:
    """A message of anybody pauses them; an idle wait lets them in."""
    inbox, strangers = Inbox(), FakeSession()
    inbox.when_idle = cast("Session", strangers)
    put(inbox, sensors, 1)
    assert strangers.paused
    mids(inbox)
    asyncio.run(inbox.wait(0))
    assert not strangers.paused


def test_strangers_are_read_while_they_connect(sensors: FakeSession) -> None:
    """Else a gateway that always has something to do never hears that the broker let them in."""
    inbox, strangers = Inbox(), FakeSession()
    inbox.when_idle, strangers.connected = cast("Session", strangers), False
    put(inbox, sensors, 1)
    assert not strangers.paused
    strangers.connected = True
    put(inbox, sensors, 2)
    assert strangers.paused


def test_only_its_own_connection_takes_an_acknowledgement(doors: FakeSession) -> None:
    """On the next one, the packet id may be that of a message which is not on disk yet."""
    inbox = Inbox()
    put(inbox, doors, 5, 6, doors=True)
    first, second = inbox.take()
    first.acknowledge()
    doors.connection += 1
    second.acknowledge()
    assert doors.acknowledged == [5]


async def test_waiting_ends_with_a_message_a_nudge_or_time(doors: FakeSession) -> None:
    """And does not wait at all while messages are there."""
    inbox = Inbox()
    loop = asyncio.get_running_loop()
    for wake in (lambda: put(inbox, doors, 1, doors=True), inbox.nudge):
        loop.call_soon(wake)
        began = time.monotonic()
        await inbox.wait(30)
        await inbox.wait(30)  # a message is still there, or the nudge was not taken
        assert time.monotonic() - began < 5
        inbox.take()
    await inbox.wait(0.01)
    await inbox.wait(-1)
