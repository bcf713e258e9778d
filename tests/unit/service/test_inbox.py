"""The inbox: bounded, a queue a device, served in turn, and acknowledged where it belongs."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from paho.mqtt.client import MQTTMessage

from gateway.adapters.mqtt.session import MqttSession
from gateway.core.model.names import DeviceId, SiteId
from gateway.service.inbox import (
    ALLOWED_A_S,
    BATCH_MAX,
    BUDGET_AT_ONCE,
    CALM,
    FEW,
    LANE_MAX,
    LEFT_OVER,
    NOWHERE,
    OF_ONE_DEVICE,
    REST_S,
    SCARCE_S,
    SHARE,
    SURPLUS_MAX,
    Flood,
    Inbox,
    Route,
    key_of,
)
from gateway.service.priorities import ORDER, ServiceClass
from tests.servers import PATIENCE_S, until

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
WORD: dict[str, ServiceClass] = {name[:3]: name for name in ORDER}


def route(message: MQTTMessage) -> Route:
    """`ent.front`: the device `front` is an entry's reader, whose payloads say how old they are."""
    word, _, device = message.topic.partition(".")
    source = (SiteId(word), DeviceId(device)) if device else None
    is_reader = word in ("exi", "ent")
    key = key_of(source) if source else message.topic
    return Route(key, WORD[word], source, asked_at if is_reader else None)


def asked_at(payload: bytes) -> datetime | None:
    """So many seconds ago; nothing: it is no badge."""
    return NOW - timedelta(seconds=float(payload)) if payload else None


class FakeSession:
    """What the inbox does with a session."""

    def __init__(self) -> None:
        self.connection = 1
        self.connected = True
        self.is_settled = True
        self.paused: bool = False
        self.acknowledged: list[int] = []

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def acknowledge(self, message: MQTTMessage) -> None:
        self.acknowledged.append(message.mid)

    def flush(self) -> None:
        pass


class Monotonic:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Monotonic:
    """It stands still."""
    return Monotonic()


@pytest.fixture
def inbox(clock: Monotonic) -> Inbox:
    """Empty."""
    return Inbox(route, monotonic=clock)


@pytest.fixture
def session() -> FakeSession:
    """A lane."""
    return FakeSession()


def put(
    inbox: Inbox, fake: FakeSession, topic: str, mids: Iterable[int], *, age_s: float | None = 0.0
) -> None:
    """Messages of a session arrive: badges of this age at readers, and whatever at others."""
    for mid in mids:
        message = MQTTMessage(mid, topic.encode())
        message.payload = b"" if age_s is None else b"%f" % age_s
        inbox.put(cast(MqttSession, fake), message)


def mids(inbox: Inbox, at_most: int = BATCH_MAX) -> list[int]:
    """The packet ids of the next batch."""
    return [entry.message.mid for entry in inbox.take(NOW, at_most)]


def topics(inbox: Inbox) -> Counter[str]:
    """How many of each topic are in the next batch."""
    return Counter(entry.message.topic for entry in inbox.take(NOW))


def one_by_one(inbox: Inbox) -> list[tuple[str, int]]:
    """All that waits, in batches of one: their word and packet id."""
    order = []
    while inbox:
        (entry,) = inbox.take(NOW, 1)
        order.append((entry.message.topic[:3], entry.message.mid))
    return order


# -- the order of service


def test_what_is_served_first_is_one_table(inbox: Inbox, session: FakeSession) -> None:
    """Operators, then the way out, then the way in, then what is no person."""
    for word in reversed(WORD):
        put(inbox, session, f"{word}.x", [1])
    assert [word for word, _ in one_by_one(inbox)] == list(WORD)
    assert ORDER == ("requests", "exits", "entries", "contacts", "sensors", "strangers")


def test_each_device_has_its_turn(inbox: Inbox, session: FakeSession) -> None:
    """And keeps the order in which it sent."""
    put(inbox, session, "ent.a", [1, 2, 3, 4])
    put(inbox, session, "ent.b", [11, 12])
    put(inbox, session, "ent.c", [21])
    assert [mid for _, mid in one_by_one(inbox)] == [1, 11, 21, 2, 12, 3, 4]
    assert mids(inbox) == []


def test_a_batch_is_in_the_order_in_which_it_came(inbox: Inbox, session: FakeSession) -> None:
    """Who is in it is another question."""
    put(inbox, session, "sen.a", [1])
    put(inbox, session, "ent.b", [2])
    put(inbox, session, "req", [3])
    put(inbox, session, "ent.b", [4])
    assert mids(inbox) == [1, 2, 3, 4]


def test_a_batch_is_bounded_and_no_device_fills_it(inbox: Inbox, session: FakeSession) -> None:
    """Whoever comes now waits for little."""
    put(inbox, session, "ent.a", range(1000))
    assert len(mids(inbox)) == OF_ONE_DEVICE
    for device in range(40):
        put(inbox, session, f"ent.{device}", range(10))
    assert len(mids(inbox)) == BATCH_MAX


def test_no_class_starves_another(inbox: Inbox, session: FakeSession) -> None:
    """However much waits above it, a sensor has a share of every batch."""
    for word in ("exi", "ent"):
        for device in range(20):
            put(inbox, session, f"{word}.{device}", range(100))
    put(inbox, session, "sen.a", range(20))
    put(inbox, session, "str.a", range(20))
    served = Counter(topic[:3] for topic in topics(inbox).elements())
    assert served == {
        "exi": BATCH_MAX - 3 * SHARE,
        "ent": SHARE,
        "sen": SHARE,
        "str": SHARE,
    }


# -- badges in time


def test_the_newest_badge_comes_first_once_the_oldest_waited_too_long(
    inbox: Inbox, session: FakeSession
) -> None:
    """Somebody stands there now; the others follow in their order."""
    put(inbox, session, "ent.a", [1, 2, 3], age_s=4)
    put(inbox, session, "ent.a", [4, 5], age_s=0.5)
    assert [mid for _, mid in one_by_one(inbox)] == [5, 4, 1, 2, 3]


def test_badges_keep_their_order_while_they_are_answered_in_time(
    inbox: Inbox, session: FakeSession
) -> None:
    """A reader that repeats itself is no overload."""
    put(inbox, session, "ent.a", [1], age_s=1.9)
    put(inbox, session, "ent.a", [2], age_s=0)
    assert mids(inbox) == [1, 2]


def test_only_badges_are_ever_moved_forward(inbox: Inbox, session: FakeSession) -> None:
    """A contact's closing must not overtake its opening."""
    put(inbox, session, "ent.a", [1], age_s=9)
    put(inbox, session, "ent.a", [2, 3], age_s=None)
    assert mids(inbox) == [1, 2, 3]
    put(inbox, session, "con.a", [1], age_s=9)
    put(inbox, session, "con.a", [2], age_s=0)
    assert mids(inbox) == [1, 2]


def test_stale_badges_fill_no_batch_that_others_need(inbox: Inbox, session: FakeSession) -> None:
    """A few go beside what is fresh; alone they have all the room."""
    for device in range(20):
        put(inbox, session, f"ent.{device}", range(100), age_s=9)
    put(inbox, session, "exi.a", [7777])
    served = mids(inbox)
    assert (served[-1], len(served)) == (7777, 1 + LEFT_OVER)
    assert len(mids(inbox)) == BATCH_MAX


# -- budgets


def test_a_flood_waits_while_others_have_work(
    inbox: Inbox, session: FakeSession, clock: Monotonic
) -> None:
    """It goes on when nobody else waits, and an alarm is due at its begin and its end."""
    flood = (SiteId("exi"), DeviceId("a"))
    for _ in range(int(BUDGET_AT_ONCE)):
        put(inbox, session, "exi.a", [1])
        assert mids(inbox) == [1]
    assert inbox.floods() == []
    put(inbox, session, "exi.a", range(100, 200))
    put(inbox, session, "sen.b", [1])
    (first,) = inbox.take(NOW, 1)
    assert first.message.topic == "sen.b"
    assert topics(inbox) == {"exi.a": OF_ONE_DEVICE}
    assert inbox.floods() == [Flood(flood, active=True)]
    assert len(mids(inbox)) == OF_ONE_DEVICE  # alone, it is delayed by nobody
    assert inbox.floods() == []  # it is told once
    clock.seconds += CALM + 1
    assert inbox.floods() == [Flood(flood, active=False)]


def test_a_budget_fills_up_again(inbox: Inbox, session: FakeSession, clock: Monotonic) -> None:
    """What a device sends all the time is no flood, for years."""
    for _ in range(200):
        put(inbox, session, "sen.a", range(32))
        assert len(mids(inbox)) == OF_ONE_DEVICE
        clock.seconds += 1
    assert inbox.floods() == []


# -- allowances

FEWER = 5 * LANE_MAX
"""An allowance that a test has soon used up."""


@pytest.fixture
def strict(clock: Monotonic) -> Inbox:
    """It allows a device `FEWER` messages at once."""
    return Inbox(route, allowed_at_once=FEWER, monotonic=clock)


def spend(inbox: Inbox, session: FakeSession) -> None:
    """A sensor uses all of its allowance."""
    for _ in range(FEWER // LANE_MAX):
        put(inbox, session, "sen.a", range(LANE_MAX), age_s=None)
        while inbox.is_ready:
            mids(inbox)


def test_a_flood_of_an_hour_fills_no_disk(
    strict: Inbox, session: FakeSession, clock: Monotonic
) -> None:
    """Alone too: beyond its allowance the rest stays in its lane, and so in the broker."""
    seconds, taken = 3600, 0
    for _ in range(seconds):
        while not session.paused:
            put(strict, session, "sen.a", range(100), age_s=None)
        while batch := len(mids(strict)):
            taken += batch
        assert len(strict) <= LANE_MAX
        clock.seconds += 1
    assert FEWER < taken <= FEWER + (seconds + 1) * ALLOWED_A_S
    assert session.acknowledged == []
    assert strict.floods() == [Flood((SiteId("sen"), DeviceId("a")), active=True)]


def test_a_reader_that_was_cut_off_for_long_is_heard_at_once(
    inbox: Inbox, session: FakeSession
) -> None:
    """20,000 stored events, and no second passes."""
    for _ in range(20):
        put(inbox, session, "ent.a", range(LANE_MAX), age_s=900)
        while inbox:
            assert mids(inbox)
    assert session.acknowledged == []


def test_a_device_that_rests_holds_up_nobody(
    strict: Inbox, session: FakeSession, clock: Monotonic
) -> None:
    """Not in its class, not in a lane that it shares: what is too much there is dropped."""
    strict.shared.add(cast(MqttSession, session))
    spend(strict, session)
    put(strict, session, "sen.a", range(2000), age_s=None)
    assert len(strict) == SURPLUS_MAX
    assert session.acknowledged == list(range(2000 - SURPLUS_MAX))
    assert not session.paused
    put(strict, session, "sen.b", [7777])
    assert mids(strict) == [7777]
    assert mids(strict) == []
    clock.seconds += REST_S
    assert len(mids(strict)) == ALLOWED_A_S * REST_S
    assert strict.floods() == [Flood((SiteId("sen"), DeviceId("a")), active=True)]
    clock.seconds += CALM + 1
    assert strict.floods() == [
        Flood((SiteId("sen"), DeviceId("a")), active=False, dropped=2000 - SURPLUS_MAX)
    ]


def test_what_waits_when_a_device_begins_to_rest_holds_up_nobody(
    strict: Inbox, session: FakeSession
) -> None:
    """Else a full lane would stay full, and nothing would ever come that makes room."""
    strict.shared.add(cast(MqttSession, session))
    put(strict, session, "sen.a", range(FEWER + LANE_MAX), age_s=None)
    while strict.is_ready:
        mids(strict)
    assert len(strict) == SURPLUS_MAX
    assert not session.paused


async def test_waiting_for_a_device_that_rests_costs_nothing(
    strict: Inbox, session: FakeSession, clock: Monotonic
) -> None:
    """`wait` ends when it has rested, or when another message comes."""
    spend(strict, session)
    put(strict, session, "sen.a", [1], age_s=None)
    assert mids(strict) == []
    loop = asyncio.get_running_loop()
    loop.call_soon(put, strict, session, "ent.b", [2])
    async with asyncio.timeout(PATIENCE_S):
        await strict.wait(3600)
        assert mids(strict) == [2]
        clock.seconds += REST_S
        await strict.wait(3600)
    assert mids(strict) == [1]


def test_an_allowance_fills_up_again(strict: Inbox, session: FakeSession, clock: Monotonic) -> None:
    """A device that was calm for a night may bring a backlog again."""
    for _ in range(3):
        spend(strict, session)
        put(strict, session, "sen.a", [1], age_s=None)
        assert mids(strict) == []
        clock.seconds += REST_S
        assert mids(strict) == [1]
        clock.seconds += FEWER / ALLOWED_A_S
        assert len(strict) == 0


# -- a disk that is nearly full


def test_with_little_room_only_doors_are_heard_as_ever(
    inbox: Inbox, session: FakeSession, clock: Monotonic
) -> None:
    """Each sensor once a minute, with its newest message, in an order that holds up nobody."""
    inbox.is_scarce = True
    for second in range(120):
        put(inbox, session, "sen.a", [second])
        put(inbox, session, "ent.b", [1000 + second])
        put(inbox, session, "con.c", [2000 + second])
        served = mids(inbox)
        assert served[-2:] == [1000 + second, 2000 + second]
        assert served[:-2] == ([second] if second in (0, 60) else []), second
        clock.seconds += 1
    assert not session.paused
    assert session.acknowledged[:3] == [1, 2, 3]  # without a row
    assert inbox.floods() == []
    inbox.is_scarce = False
    clock.seconds += SCARCE_S
    put(inbox, session, "sen.a", range(5))
    assert len(mids(inbox)) == 6


# -- bounds


def test_a_lane_that_fills_up_is_left_alone_until_it_is_half_empty(clock: Monotonic) -> None:
    """Only that one: a flood of readings holds up no door."""
    inbox = Inbox(route, lane_max=4, monotonic=clock)
    doors, sensors = FakeSession(), FakeSession()
    put(inbox, doors, "ent.a", [1])
    paused = []
    for act in (
        lambda: put(inbox, sensors, "sen.a", [1, 2, 3]),
        lambda: put(inbox, sensors, "sen.b", [4]),
        lambda: mids(inbox, 2),
        lambda: mids(inbox, 1),
    ):
        act()
        paused.append(sensors.paused)
        assert not doors.paused
    assert paused == [False, True, True, False]


def test_a_session_that_came_back_while_it_is_full_waits_too(
    session: FakeSession, clock: Monotonic
) -> None:
    """Each message above the bound pauses again, since a new connection begins unpaused."""
    inbox = Inbox(route, lane_max=2, monotonic=clock)
    put(inbox, session, "sen.a", [1, 2])
    session.paused = False
    put(inbox, session, "sen.a", [3])
    assert session.paused


def test_all_that_waits_is_bounded(clock: Monotonic) -> None:
    """Above it every lane is left alone of which more than a few messages wait."""
    inbox = Inbox(route, all_max=4 * FEW, monotonic=clock)
    lanes = [FakeSession() for _ in range(4)]
    quiet = FakeSession()
    put(inbox, quiet, "exi.q", [1])
    for number, lane in enumerate(lanes):
        put(inbox, lane, f"ent.{number}", range(FEW))
    for number, lane in enumerate(lanes):
        put(inbox, lane, f"ent.{number}", [0])
    assert [lane.paused for lane in lanes] == [True] * 4
    put(inbox, quiet, "exi.q", [2])
    assert not quiet.paused
    while inbox:
        mids(inbox)
    assert [lane.paused for lane in lanes] == [False] * 4


def test_forgotten_messages_let_their_sessions_go(clock: Monotonic) -> None:
    """`clear` says how many there were."""
    inbox = Inbox(route, lane_max=1, monotonic=clock)
    lanes = FakeSession(), FakeSession()
    put(inbox, lanes[0], "ent.a", [1])
    put(inbox, lanes[1], "sen.a", [2, 3])
    assert [lane.paused for lane in lanes] == [True, True]
    assert inbox.clear() == 3
    assert (len(inbox), *(lane.paused for lane in lanes)) == (0, False, False)
    assert mids(inbox) == []


def test_what_cannot_be_sorted_waits_behind_everything(session: FakeSession) -> None:
    """A bug in the sorting costs nobody else anything."""

    def broken(_message: MQTTMessage) -> Route:
        raise KeyError("a bug")

    inbox = Inbox(broken)
    put(inbox, session, "ent.a", [1])
    assert inbox._queues.keys() == {NOWHERE.key}
    assert mids(inbox) == [1]


def test_a_message_that_cannot_be_looked_at_has_its_turn(session: FakeSession) -> None:
    """A bug in the look costs nobody anything."""

    def broken(_payload: bytes) -> datetime:
        raise KeyError("a bug")

    inbox = Inbox(lambda _message: Route("a", "entries", None, broken))
    put(inbox, session, "ent.a", [1, 2])
    assert mids(inbox) == [1, 2]


# -- the sessions


def test_strangers_are_read_while_nothing_else_waits(inbox: Inbox, session: FakeSession) -> None:
    """A message of anybody pauses them; an idle wait lets them in."""
    strangers = FakeSession()
    inbox.when_idle = cast(MqttSession, strangers)
    put(inbox, session, "sen.a", [1])
    assert strangers.paused
    mids(inbox)
    asyncio.run(inbox.wait(0))
    assert not strangers.paused


async def test_strangers_are_read_a_few_at_once(
    session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two badges that follow closely they wait, but not for longer than their time."""
    inbox, strangers = Inbox(route), FakeSession()
    inbox.when_idle = cast(MqttSession, strangers)
    await inbox.wait(0)
    put(inbox, session, "sen.a", [1])
    mids(inbox)
    await inbox.wait(0)
    assert strangers.paused
    monkeypatch.setattr("gateway.service.inbox.STRANGERS_EACH_S", 0.0)
    await inbox.wait(0)
    assert not strangers.paused


async def test_strangers_who_talk_are_read_again_at_once(
    monkeypatch: pytest.MonkeyPatch, session: FakeSession
) -> None:
    """The broker may have more of them, and drops what exceeds its queue."""
    monkeypatch.setattr("gateway.service.inbox.STRANGERS_EACH_S", 2 * PATIENCE_S)
    inbox, strangers = Inbox(route), FakeSession()
    inbox.when_idle = cast(MqttSession, strangers)
    await inbox.wait(0)
    paused = []
    for speaks in (strangers, session):
        put(inbox, speaks, "sen.a", [1])
        mids(inbox)
        await inbox.wait(0)
        paused.append(strangers.paused)
    assert paused == [False, True], "a device of ours gives no reason to look again"


async def test_strangers_are_read_by_an_inbox_that_stays_idle(session: FakeSession) -> None:
    """Nothing has to come for that."""
    inbox, strangers = Inbox(route), FakeSession()
    inbox.when_idle = cast(MqttSession, strangers)
    await inbox.wait(0)
    put(inbox, session, "sen.a", [1])
    mids(inbox)
    idle = asyncio.create_task(inbox.wait(PATIENCE_S))
    await until(lambda: not strangers.paused, "strangers are read")
    inbox.nudge()
    await idle


def test_strangers_are_read_while_they_connect(inbox: Inbox, session: FakeSession) -> None:
    """Else a gateway that always has something to do never hears that the broker let them in."""
    strangers = FakeSession()
    inbox.when_idle, strangers.connected = cast(MqttSession, strangers), False
    put(inbox, session, "sen.a", [1])
    assert not strangers.paused
    strangers.connected = True
    put(inbox, session, "sen.a", [2])
    assert strangers.paused


def test_only_its_own_connection_takes_an_acknowledgement(
    inbox: Inbox, session: FakeSession
) -> None:
    """On the next one, the packet id may be that of a message which is not on disk yet."""
    put(inbox, session, "ent.a", [5, 6])
    first, second = inbox.take(NOW)
    first.acknowledge()
    session.connection += 1
    second.acknowledge()
    assert session.acknowledged == [5]


def test_it_is_known_of_whom_something_waits(inbox: Inbox, session: FakeSession) -> None:
    """Of which device, and by which session."""
    put(inbox, session, "ent.a", [1])
    lane = cast(MqttSession, session)
    assert inbox.waits((SiteId("ent"), DeviceId("a")))
    assert inbox.waits_for(lane)
    assert not inbox.waits((SiteId("ent"), DeviceId("b")))
    mids(inbox)
    assert not inbox.waits((SiteId("ent"), DeviceId("a")))
    assert not inbox.waits_for(lane)


async def test_waiting_ends_with_a_message_a_nudge_or_time(
    inbox: Inbox, session: FakeSession
) -> None:
    """And does not wait at all while messages are there."""
    loop = asyncio.get_running_loop()
    for wake in (lambda: put(inbox, session, "ent.a", [1]), inbox.nudge):
        loop.call_soon(wake)
        async with asyncio.timeout(PATIENCE_S):
            await inbox.wait(3600)
            await inbox.wait(3600)  # a message is still there, or the nudge was not taken
        inbox.take(NOW)
    await inbox.wait(0.01)
    await inbox.wait(-1)
