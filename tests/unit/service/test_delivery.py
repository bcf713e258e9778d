"""Orders between the commit and the broker's acknowledgement: sent while fresh, else recorded."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.service.delivery import WAITING_MAX, DeliveryTracker
from gateway.wire.message import Outgoing

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """So many seconds from now."""
    return NOW + timedelta(seconds=seconds)


class Monotonic:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Broker:
    """Where messages go: the numbers that it gave, or nothing while it is away."""

    def __init__(self) -> None:
        self.away = False
        self.sent: list[str] = []
        self.at: list[datetime] = []
        self.mids = 0

    def publish(self, message: Outgoing, now: datetime) -> int | None:
        """As `Session.publish`."""
        if self.away:
            return None
        self.sent.append(message.topic)
        self.at.append(now)
        self.mids += 1
        return self.mids


@pytest.fixture
def broker() -> Broker:
    """A broker that takes everything."""
    return Broker()


@pytest.fixture
def clock() -> Monotonic:
    """It stands still."""
    return Monotonic()


@pytest.fixture
def handover(broker: Broker, clock: Monotonic) -> DeliveryTracker:
    """Nothing under way."""
    return DeliveryTracker(broker.publish, clock)


def order(topic: str = "a", expires_s: float | None = 5) -> Outgoing:
    """A message that is void after a while."""
    return Outgoing(topic, b"", 1, expires=None if expires_s is None else later(expires_s))


def test_delivered_when_the_broker_has_it(handover: DeliveryTracker) -> None:
    """Not before, and said once."""
    handover.send(7, [order()], NOW)
    assert (handover.settled(), handover.has_news) == (([], []), False)
    handover.taken(1)
    assert handover.has_news
    assert handover.settled() == ([7], [])
    assert handover.settled() == ([], [])


def test_delivered_when_the_broker_has_all_of_it(handover: DeliveryTracker) -> None:
    """An answer and an unlock order are one decision."""
    handover.send(7, [order("a"), order("b")], NOW)
    handover.taken(2)
    assert handover.settled() == ([], [])
    handover.taken(1)
    assert handover.settled() == ([7], [])


def test_a_reader_that_cannot_be_told_is_done(handover: DeliveryTracker) -> None:
    """A decision without messages is delivered at once."""
    handover.send(7, [], NOW)
    assert handover.settled() == ([7], [])


def test_acknowledgements_of_others_change_nothing(handover: DeliveryTracker) -> None:
    """Packet ids of states, acks and health; and one that comes twice."""
    handover.send(7, [order(), order()], NOW)
    for mid in (99, 1, 1):
        handover.taken(mid)
    assert handover.settled() == ([], [])


def test_what_is_void_is_never_sent(handover: DeliveryTracker, broker: Broker) -> None:
    """It is undelivered, and so is a message that says no expiry."""
    handover.send(7, [order(expires_s=0)], NOW)
    handover.send(8, [order(expires_s=None)], NOW)
    assert (broker.sent, handover.settled()) == ([], ([], [7, 8]))


def test_what_nobody_waits_for_is_taken_back(handover: DeliveryTracker, broker: Broker) -> None:
    """Unless the broker has all of it; what was never begun is undelivered too."""
    handover.send(1, [order("had")], NOW)
    handover.taken(1)
    handover.send(2, [order("under way")], NOW)
    broker.away = True
    handover.send(3, [order("kept")], NOW)
    for n in (1, 2, 3):
        handover.void(n)
    handover.void(4, never_sent=True)
    broker.away = False
    handover.connected()
    handover.taken(2)
    assert (broker.sent, handover.settled()) == (["had", "under way"], ([1], [2, 3, 4]))


def test_when_an_answer_was_taken_over_is_told(broker: Broker, clock: Monotonic) -> None:
    """By the monotonic clock, once the broker has all of it."""
    told: list[tuple[int, float]] = []
    handover = DeliveryTracker(broker.publish, clock, lambda n, at: told.append((n, at)))
    handover.send(7, [order("a"), order("b")], NOW)
    clock.seconds += 2
    handover.taken(1)
    handover.taken(2)
    assert told == [(7, 102.0)]


def test_a_reconnect_sends_only_what_is_fresh(
    handover: DeliveryTracker, broker: Broker, clock: Monotonic
) -> None:
    """Whether it was under way when the connection went, or never left."""
    handover.send(1, [order("sent, void", 2)], NOW)
    handover.send(2, [order("sent, fresh", 5)], NOW)
    broker.away = True
    handover.connection_lost()
    handover.send(3, [order("kept, void", 2)], NOW)
    handover.send(4, [order("kept, fresh", 5)], NOW)
    handover.taken(1)  # of the connection that is gone
    broker.away, broker.sent = False, []
    clock.seconds = 100 + 2
    handover.connected()
    assert broker.sent == ["sent, fresh", "kept, fresh"]
    assert handover.settled() == ([], [1, 3])
    for mid in (3, 4):
        handover.taken(mid)
    assert handover.settled() == ([2, 4], [])


def test_void_behind_fresh_is_found_at_the_reconnect(
    handover: DeliveryTracker, broker: Broker, clock: Monotonic
) -> None:
    """The order of expiry is not that of sending: a lock's order outlives an answer's."""
    broker.away = True
    handover.send(1, [order("fresh", 5)], NOW)
    handover.send(2, [order("void", 1)], NOW)
    broker.away = False
    clock.seconds = 100 + 3
    handover.connected()
    assert broker.sent == ["fresh"]
    assert handover.settled() == ([], [2])


def test_time_gives_up_what_nobody_takes(
    handover: DeliveryTracker, broker: Broker, clock: Monotonic
) -> None:
    """Sent and not acknowledged, or waiting: undelivered at its expiry, once."""
    handover.send(1, [order("a"), order("b")], NOW)
    broker.away = True
    handover.send(2, [order("c")], NOW)
    clock.seconds = 100 + 4.9
    handover.expire()
    assert not handover.has_news
    clock.seconds = 100 + 5
    handover.expire()
    delivered, undelivered = handover.settled()
    assert (delivered, sorted(undelivered)) == ([], [1, 2])
    handover.taken(1)
    handover.taken(2)
    broker.away = False
    clock.seconds = 100 + 6
    handover.connected()
    assert handover.settled() == ([], [])


def test_half_delivered_is_undelivered(handover: DeliveryTracker, clock: Monotonic) -> None:
    """The answer arrived, the unlock order did not."""
    handover.send(1, [order("a"), order("b")], NOW)
    handover.taken(1)
    clock.seconds = 100 + 5
    handover.expire()
    assert handover.settled() == ([], [1])


def test_what_waits_is_bounded(handover: DeliveryTracker, broker: Broker, clock: Monotonic) -> None:
    """Full means: take no more events in. Time, or the broker, makes room."""
    broker.away = True
    for n in range(WAITING_MAX - 1):
        handover.send(n, [order()], NOW)
    full = [handover.is_full]
    broker.away = False
    handover.send(WAITING_MAX, [order()], NOW)
    full.append(handover.is_full)
    handover.taken(1)
    full.append(handover.is_full)
    assert full == [False, True, False]
    clock.seconds = 100 + 5
    handover.expire()
    assert (len(handover._unsent), handover._sent, handover._open) == (0, {}, {})


def test_what_the_journal_did_not_take_is_news_again(handover: DeliveryTracker) -> None:
    """In the order in which it happened."""
    handover.send(1, [], NOW)
    handover.send(2, [order(expires_s=0)], NOW)
    settled = handover.settled()
    handover.send(3, [], NOW)
    handover.unsettle(*settled)
    assert handover.settled() == ([1, 3], [2])


def test_what_the_broker_refused_is_undelivered(handover: DeliveryTracker) -> None:
    """Or has no reader for; an answer whose lock's order was refused too."""
    handover.send(1, [order("a"), order("b")], NOW)
    handover.refused(2)
    handover.taken(1)
    handover.refused(99)
    assert handover.settled() == ([], [1])


@pytest.mark.parametrize("passed_s", [4, 6])
def test_a_clock_that_is_set_makes_no_order_last(
    handover: DeliveryTracker, broker: Broker, clock: Monotonic, passed_s: float
) -> None:
    """It was stuck for a while, and meanwhile our clock was put back by an hour."""
    broker.away = True
    handover.send(1, [order()], NOW)
    broker.away = False
    clock.seconds += passed_s
    handover.connected()
    assert broker.at == ([NOW + timedelta(seconds=passed_s)] if passed_s < 5 else [])


def test_no_order_lasts_longer_than_one_that_is_made_now(
    handover: DeliveryTracker, broker: Broker, clock: Monotonic
) -> None:
    """Its expiry lies far ahead: some clock was wrong."""
    broker.away = True
    handover.send(1, [order(expires_s=3600)], NOW)
    clock.seconds += 5
    handover.connected()
    assert handover.settled() == ([], [1])
