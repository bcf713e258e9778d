"""Orders between the commit and the broker's acknowledgement: sent while fresh, else recorded."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.handover import WAITING_MAX, Handover
from gateway.wire.outgoing import Outgoing

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """So many seconds from now."""
    return NOW + timedelta(seconds=seconds)


class Broker:
    """Where messages go: the numbers that it gave, or nothing while it is away."""

    def __init__(self) -> None:
        self.away = False
        self.sent: list[str] = []
        self.mids = 0

    def publish(self, message: Outgoing) -> int | None:
        """As `Session.publish`."""
        if self.away:
            return None
        self.sent.append(message.topic)
        self.mids += 1
        return self.mids


@pytest.fixture
def broker() -> Broker:
    """A broker that takes everything."""
    return Broker()


@pytest.fixture
def handover(broker: Broker) -> Handover:
    """Nothing under way."""
    return Handover(broker.publish)


def order(topic: str = "a", expires_s: float | None = 5) -> Outgoing:
    """A message that is void after a while."""
    return Outgoing(topic, b"", 1, expires=None if expires_s is None else later(expires_s))


def test_delivered_when_the_broker_has_it(handover: Handover) -> None:
    """Not before, and said once."""
    handover.send(7, [order()], NOW)
    assert (handover.settled(), handover.has_news) == (([], []), False)
    handover.taken(1)
    assert handover.has_news
    assert handover.settled() == ([7], [])
    assert handover.settled() == ([], [])


def test_delivered_when_the_broker_has_all_of_it(handover: Handover) -> None:
    """An answer and an unlock order are one decision."""
    handover.send(7, [order("a"), order("b")], NOW)
    handover.taken(2)
    assert handover.settled() == ([], [])
    handover.taken(1)
    assert handover.settled() == ([7], [])


def test_a_reader_that_cannot_be_told_is_done(handover: Handover) -> None:
    """A decision without messages is delivered at once."""
    handover.send(7, [], NOW)
    assert handover.settled() == ([7], [])


def test_acknowledgements_of_others_change_nothing(handover: Handover) -> None:
    """Packet ids of states, acks and health; and one that comes twice."""
    handover.send(7, [order(), order()], NOW)
    for mid in (99, 1, 1):
        handover.taken(mid)
    assert handover.settled() == ([], [])


def test_what_is_void_is_never_sent(handover: Handover, broker: Broker) -> None:
    """It is undelivered, and so is a message that says no expiry."""
    handover.send(7, [order(expires_s=0)], NOW)
    handover.send(8, [order(expires_s=None)], NOW)
    assert (broker.sent, handover.settled()) == ([], ([], [7, 8]))


def test_a_reconnect_sends_only_what_is_fresh(handover: Handover, broker: Broker) -> None:
    """Whether it was under way when the connection went, or never left."""
    handover.send(1, [order("sent, void", 2)], NOW)
    handover.send(2, [order("sent, fresh", 5)], NOW)
    broker.away = True
    handover.connection_lost()
    handover.send(3, [order("kept, void", 2)], NOW)
    handover.send(4, [order("kept, fresh", 5)], NOW)
    handover.taken(1)  # of the connection that is gone
    broker.away, broker.sent = False, []
    handover.connected(later(2))
    assert broker.sent == ["sent, fresh", "kept, fresh"]
    assert handover.settled() == ([], [1, 3])
    for mid in (3, 4):
        handover.taken(mid)
    assert handover.settled() == ([2, 4], [])


def test_void_behind_fresh_is_found_at_the_reconnect(handover: Handover, broker: Broker) -> None:
    """The order of expiry is not that of sending: a lock's order outlives an answer's."""
    broker.away = True
    handover.send(1, [order("fresh", 5)], NOW)
    handover.send(2, [order("void", 1)], NOW)
    broker.away = False
    handover.connected(later(3))
    assert broker.sent == ["fresh"]
    assert handover.settled() == ([], [2])


def test_time_gives_up_what_nobody_takes(handover: Handover, broker: Broker) -> None:
    """Sent and not acknowledged, or waiting: undelivered at its expiry, once."""
    handover.send(1, [order("a"), order("b")], NOW)
    broker.away = True
    handover.send(2, [order("c")], NOW)
    handover.expire(later(4.9))
    assert not handover.has_news
    handover.expire(later(5))
    delivered, undelivered = handover.settled()
    assert (delivered, sorted(undelivered)) == ([], [1, 2])
    handover.taken(1)
    handover.taken(2)
    broker.away = False
    handover.connected(later(6))
    assert handover.settled() == ([], [])


def test_half_delivered_is_undelivered(handover: Handover) -> None:
    """The answer arrived, the unlock order did not."""
    handover.send(1, [order("a"), order("b")], NOW)
    handover.taken(1)
    handover.expire(later(5))
    assert handover.settled() == ([], [1])


def test_what_waits_is_bounded(handover: Handover, broker: Broker) -> None:
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
    handover.expire(later(5))
    assert (len(handover._unsent), handover._sent, handover._open) == (0, {}, {})


def test_what_the_journal_did_not_take_is_news_again(handover: Handover) -> None:
    """In the order in which it happened."""
    handover.send(1, [], NOW)
    handover.send(2, [order(expires_s=0)], NOW)
    settled = handover.settled()
    handover.send(3, [], NOW)
    handover.unsettle(*settled)
    assert handover.settled() == ([1, 3], [2])
