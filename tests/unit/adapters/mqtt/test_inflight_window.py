"""Messages under way: as many as the broker takes, in order, and none after its time."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from gateway.adapters.mqtt import inflight_window
from gateway.adapters.mqtt.inflight_window import UNDER_WAY_MAX, WAITING_MAX, InflightWindow
from gateway.wire.message import Outgoing

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Broker:
    """Where messages go: what it got, and with how much time left."""

    def __init__(self) -> None:
        self.away = False
        self.got: list[bytes] = []
        self.at: list[datetime] = []
        self._packet_ids = count(501)

    def send(self, message: Outgoing, now: datetime) -> int | None:
        """As paho gives it a packet id."""
        if self.away:
            return None
        self.got.append(message.payload)
        self.at.append(now)
        return next(self._packet_ids)


@pytest.fixture
def broker() -> Broker:
    """A broker that acknowledges nothing by itself."""
    return Broker()


class Clock:
    """The monotonic time."""

    at = 100.0

    def __call__(self) -> float:
        """In s."""
        return self.at


@pytest.fixture
def clock() -> Clock:
    """It stands still until it is changed."""
    return Clock()


@pytest.fixture
def window(broker: Broker, clock: Clock) -> InflightWindow:
    """Two at once."""
    window = InflightWindow(broker.send, clock)
    window.allow(2)
    return window


def message(payload: bytes, expires_s: float | None = None) -> Outgoing:
    """A message that is void after a while."""
    expires = None if expires_s is None else NOW + timedelta(seconds=expires_s)
    return Outgoing("seuil/hub/front/command", payload, 1, expires=expires)


def test_no_more_than_the_broker_takes_in_their_order(
    window: InflightWindow, broker: Broker
) -> None:
    """Each acknowledgement is the next one's turn."""
    numbers = [window.send(message(b"%d" % name), NOW) for name in range(5)]
    assert broker.got == [b"0", b"1"]
    assert window.taken(501) == numbers[0]
    assert broker.got == [b"0", b"1", b"2"]
    assert [window.taken(packet_id) for packet_id in (503, 502, 505, 504)] == [
        numbers[at] for at in (2, 1, 4, 3)
    ]
    assert broker.got == [b"0", b"1", b"2", b"3", b"4"]
    assert window.send(message(b"5"), NOW) not in numbers
    assert broker.got[-1] == b"5", "there is room again"


def test_what_is_void_at_its_turn_is_left_out(
    window: InflightWindow, broker: Broker, clock: Clock
) -> None:
    """And its room is the next one's; who is fresh says how little time is left."""
    for name in (b"a", b"b"):
        window.send(message(name), NOW)
    void = [window.send(message(name, expires_s=2), NOW) for name in (b"void", b"void too")]
    fresh = window.send(message(b"fresh", expires_s=5), NOW)
    always = window.send(message(b"always"), NOW)
    clock.at += 2
    assert window.taken(501) not in void
    assert broker.got == [b"a", b"b", b"fresh"]
    assert broker.at[-1] == NOW + timedelta(seconds=2)
    window.taken(502)
    assert broker.got[3:] == [b"always"]
    assert [window.taken(503), window.taken(504)] == [fresh, always]


def test_a_new_connection_begins_anew(window: InflightWindow, broker: Broker) -> None:
    """What waited is its sender's to send again; an old packet id means nothing any more."""
    for name in (b"a", b"b", b"c"):
        window.send(message(name), NOW)
    window.clear()
    assert window.taken(501) is None
    assert broker.got == [b"a", b"b"]
    assert window.size == UNDER_WAY_MAX
    window.send(message(b"d"), NOW)
    assert broker.got == [b"a", b"b", b"d"]


def test_a_packet_of_another_kind_is_nobody_s(window: InflightWindow) -> None:
    """Paho numbers subscriptions and messages alike."""
    assert window.taken(7) is None


def test_what_cannot_leave_has_no_number(window: InflightWindow, broker: Broker) -> None:
    """And takes no room."""
    broker.away = True
    assert [window.send(message(b"lost"), NOW) for _ in range(3)] == [None] * 3
    broker.away = False
    window.send(message(b"a"), NOW)
    window.send(message(b"b"), NOW)
    assert broker.got == [b"a", b"b"]


def test_what_nobody_acknowledges_leaves_at_once(window: InflightWindow, broker: Broker) -> None:
    """At QoS 0; it takes no room, and its number is its own."""
    numbers = [window.send(message(name), NOW) for name in (b"a", b"b", b"waits")]
    quick = window.send(Outgoing("seuil/hub/front/ack", b"ack"), NOW)
    assert broker.got == [b"a", b"b", b"ack"]
    assert quick not in (None, *numbers)
    assert window.taken(503) is None
    assert broker.got == [b"a", b"b", b"ack"], "there is no more room than before"


def test_what_waits_is_bounded(window: InflightWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends is told."""
    assert WAITING_MAX > 5000, "a gateway's orders, and what it says of them, have room"
    monkeypatch.setattr(inflight_window, "WAITING_MAX", 3)
    assert None not in [window.send(message(b""), NOW) for _ in range(2 + 3)]
    assert window.send(message(b""), NOW) is None


@pytest.mark.parametrize(("allowed", "size"), [(20, 20), (65_535, UNDER_WAY_MAX)])
def test_the_broker_may_ask_for_fewer(window: InflightWindow, allowed: int, size: int) -> None:
    """Its receive maximum; ours is the bound where it takes more."""
    window.allow(allowed)
    assert window.size == size
