"""The benchmarks' crowd on a machine that is too slow for it: it waits, and the run goes on."""

import time
from datetime import timedelta

import msgspec
import pytest

from benchmarks import synthetic_site
from benchmarks.load_devices import KEPT_MAX, TRAVEL_MS, Crowd
from benchmarks.processes import BenchError
from benchmarks.sensor_site import with_sensors
from gateway.clock import SystemClock
from gateway.core.model.names import DeviceId
from gateway.wire.commands import Ack, UnlockCommand

HERE = with_sensors(synthetic_site.place(2))
FIRST = DeviceId("reader-entry-0")


@pytest.fixture
def crowd() -> Crowd:
    """Two readers and some sensors whose broker is away."""
    crowd = Crowd("mqtt://127.0.0.1:9", HERE, synthetic_site.badges(3))
    crowd._went_offline("there is none")
    return crowd


def take(crowd: Crowd, device: str, upto: int) -> None:
    """The gateway acknowledges what a device has sent."""
    if crowd._devices[DeviceId(device)].on_ack(Ack(boot=1, seq=upto)):
        crowd.seen.acks.append((0.0, DeviceId(device), 1, upto))


def test_nobody_badges_at_a_reader_that_keeps_too_much(crowd: Crowd) -> None:
    """No event is refused by a full store: those that nobody makes are counted."""
    for _ in range(3 * KEPT_MAX):
        crowd.badge()
    assert crowd.unacknowledged == crowd.seen.sent == 2 * KEPT_MAX
    assert crowd.held_back == KEPT_MAX
    for reader in crowd.readers:
        take(crowd, reader, KEPT_MAX)
    for _ in range(10):
        crowd.badge()
    assert crowd.unacknowledged == 10
    assert crowd.held_back == KEPT_MAX


def test_a_sensor_that_keeps_too_much_says_nothing(crowd: Crowd) -> None:
    """The same."""
    for _ in range(4 * KEPT_MAX * len(crowd._sensors)):
        crowd.sense()
    assert crowd.unacknowledged == KEPT_MAX * len(crowd._sensors)
    assert crowd.held_back == 3 * crowd.unacknowledged


def test_an_order_is_late_beyond_what_we_are_late_ourselves(crowd: Crowd) -> None:
    """On a machine that others starve it is not the gateway's doing."""
    over = SystemClock().now() - timedelta(milliseconds=TRAVEL_MS + 1500)
    order = UnlockCommand("7", 5.0, over)
    crowd._looked_at = time.monotonic()
    crowd._lags.extend((1.0, 3600.0))
    crowd._commanded(crowd._devices[FIRST], msgspec.json.encode(order))
    assert crowd.seen.stale_unlocks == 0
    crowd._lags.clear()
    crowd._looked_at = time.monotonic() + 3600
    crowd._commanded(crowd._devices[FIRST], msgspec.json.encode(order))
    assert crowd.seen.stale_unlocks == 1
    assert crowd.seen.stale_ms_max > TRAVEL_MS


class Slow:
    """A clock of five seconds a look; at each other look one event more is acknowledged."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._looks = 0

    def monotonic(self) -> float:
        """Seconds."""
        self._looks += 1
        take(self._crowd, FIRST, self._looks // 2)
        return 5.0 * self._looks


async def test_it_settles_as_long_as_acks_come(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence ends the wait, not slowness."""
    while crowd._last.get((FIRST, 1), 0) < 8:
        crowd.badge()
    for reader in crowd.readers - {FIRST}:
        take(crowd, reader, crowd.unacknowledged)
    clock = Slow(crowd)
    monkeypatch.setattr("benchmarks.load_devices.time", clock)
    await crowd.settled(silence_s=30.0)
    assert clock.monotonic() > 80
    crowd.badge()
    monkeypatch.setattr("benchmarks.load_devices.time", Silent())
    with pytest.raises(BenchError, match="1 events were not acknowledged"):
        await crowd.settled(silence_s=30.0)


class Silent:
    """A clock beside which nothing happens."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        self.seconds += 5.0
        return self.seconds
