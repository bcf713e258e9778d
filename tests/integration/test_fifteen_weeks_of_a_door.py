"""CalIt2 as it was lived: the broker is real, and the gateway's clock is moved along the file.

The door of a real building, fifteen weeks long (UCI 156). Its counter ends at +760, so raw in less
out fills the building for ever; nobody resets anything here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.clock import ManualClock
from gateway.config import Settings, load_space
from gateway.core.facts import Noticed, OccupancyChanged, OccupancyMinute
from gateway.core.model.names import DeviceId, SiteId, ZoneId
from gateway.core.readings import Crossed
from gateway.service import app
from gateway.wire.states import HintMessage, OccupancyMessage
from gateway.wire.topics import Topics
from simulators.devices import NativeDevice, read_ack
from simulators.layouts import Timed, read_recording
from simulators.link import Broker, MqttLink
from tests.servers import PATIENCE_S, Mosquitto, until
from tests.world.gateway_process import HUB
from tests.world.members import KEY

DAYS = 105
NIGHT = timedelta(hours=4)
IMAGINARY = 10
"""More people than this at 04:00 are not there."""
REPORTS_EVERY = timedelta(minutes=30)
"""What passed is told so often, as counters on batteries do; the file says no more."""
BUILDING = HUB.replace("Europe/Paris", "Etc/UTC").replace(
    'capacity = 30\ncapacity_source = "the test"\n', ""
)
"""The file's times are taken as the building's own, and nobody knows how many it may hold."""


class Counter:
    """The counter over the door; it hears its acks, and what is told of the hall."""

    def __init__(self, broker: str, clock: ManualClock) -> None:
        topics = Topics()
        self.told: list[OccupancyMessage] = []
        self.hints: list[HintMessage] = []
        self.up = asyncio.Event()
        self._hall = topics.occupancy(SiteId("hub"), ZoneId("hall"))
        self._acked = asyncio.Event()
        self._clock = clock
        self._device = NativeDevice(SiteId("hub"), DeviceId("counter"), boot=1, topics=topics)
        ack = topics.ack(SiteId("hub"), DeviceId("counter"))
        self.link = MqttLink(
            Broker(broker),
            [ack, self._hall, topics.hint(SiteId("hub"), "+", "+")],
            on_message=self._heard,
            on_up=self.up.set,
        )

    async def say(self, passed: list[Timed]) -> None:
        """Report, and wait until all of it is on disk."""
        now = self._clock.now()
        events = [self._device.report(each.reading, now, each.at) for each in passed]
        self.link.send([event.message for event in events if event is not None])
        async with asyncio.timeout(PATIENCE_S):
            while self._device.unacknowledged:
                self._acked.clear()
                await self._acked.wait()

    def _heard(self, topic: str, payload: bytes) -> None:
        if topic == self._hall:
            self.told.append(msgspec.json.decode(payload, type=OccupancyMessage))
        elif "/hint/" in topic:
            self.hints.append(msgspec.json.decode(payload, type=HintMessage))
        else:
            self._device.on_ack(read_ack(payload))
            self._acked.set()


@asynccontextmanager
async def gateway(broker: Mosquitto, folder: Path, clock: ManualClock) -> AsyncIterator[Path]:
    """The whole gateway on this clock; its journal."""
    (folder / "space.toml").write_text(BUILDING, encoding="utf-8")
    settings = Settings(
        broker_url=broker.url,
        data_dir=folder,
        credential_key=KEY,
        passage_days=3650,  # the file is longer than passages are kept
    )
    ready = asyncio.Event()
    running = asyncio.create_task(
        app.run(settings, load_space(folder / "space.toml"), clock, ready.set)
    )
    try:
        await until(lambda: ready.is_set() or running.done(), "it is ready")
        yield folder / JOURNAL_FILE
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def passages(datasets: Path) -> tuple[Timed, ...]:
    """All that the door's counter tells."""
    return read_recording(datasets / "uci156-calit2").timed


def nights(passages: tuple[Timed, ...]) -> list[datetime]:
    """04:00 of each day of the file."""
    midnight = passages[0].at.replace(hour=0, minute=0, second=0, microsecond=0)
    return [midnight + timedelta(days=day) + NIGHT for day in range(DAYS)]


def steps(passages: tuple[Timed, ...]) -> Iterator[tuple[datetime, list[Timed]]]:
    """What is told when: after each half hour with passages, and at 04:00.

    At 04:00 the counter says its totals again, which moves nobody, so that its ack proves that the
    gateway has lived until then.
    """
    begin, coming, last = passages[0].at, nights(passages), passages[0]
    half_hours = groupby(passages, key=lambda each: (each.at - begin) // REPORTS_EVERY)
    for number, told in half_hours:
        now = begin + (number + 1) * REPORTS_EVERY
        while coming and coming[0] < now:
            night = coming.pop(0)
            yield night, [Timed(night, last.reading)]
        passed = list(told)
        last = passed[-1]
        yield now, passed
    yield from ((night, [Timed(night, last.reading)]) for night in coming)


@pytest.mark.timeout(900)  # 20 s alone; a busy machine holds up its 3,000 acks
async def test_no_night_has_imaginary_people(
    fast_broker: Mosquitto, tmp_path: Path, passages: tuple[Timed, ...]
) -> None:
    """Never below zero, and ten people at most at 04:00, on each of 105 days, without a reset."""
    clock = ManualClock(passages[0].at)
    async with gateway(fast_broker, tmp_path, clock) as journal:
        counter = Counter(fast_broker.url, clock)
        async with counter.link.kept():
            await counter.up.wait()
            for now, passed in steps(passages):
                clock.set_to(max(now, clock.now()))
                await counter.say(passed)
    told = [(each.at, each.people) for each in counter.told]
    with closing(JournalFile(journal)) as file:
        facts = [fact for row in file.rows_after(0, 1_000_000) for fact in row.facts]
    journaled = {(f.at, f.people) for f in facts if isinstance(f, OccupancyChanged)}
    assert set(told[1:]) <= journaled
    assert min(each.low for each in counter.told) >= 0
    assert min(each.min for each in facts if isinstance(each, OccupancyMinute)) >= 0
    at_night = [[people for at, people in told if at <= night][-1] for night in nights(passages)]
    assert max(at_night) <= IMAGINARY, at_night
    assert max(people for _, people in told) > IMAGINARY
    noticed = [(f.at, f.kind) for f in facts if isinstance(f, Noticed)]
    hinted = [(each.at, each.kind) for each in counter.hints]
    assert hinted  # nobody here has a badge
    assert hinted == noticed[: len(hinted)]
    last = passages[-1].reading
    assert isinstance(last, Crossed)
    assert last.in_total - last.out_total > 75 * IMAGINARY  # what in less out says
