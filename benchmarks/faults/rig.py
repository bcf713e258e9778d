"""A broker, a gateway and a crowd that badges, for the time of a fault; then a verdict."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from benchmarks import gateway_process, synthetic_site
from benchmarks.crash_judge import CrashVerdict, judge
from benchmarks.gateway_child import GatewayChild
from benchmarks.load_devices import Crowd, connected
from benchmarks.processes import BenchError
from benchmarks.sensor_site import with_sensors
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.config import load_settings
from gateway.core.access.late_events import LATE
from gateway.core.model.site import Site

MEMBERS = 50
READERS = 8
BADGES_A_S = 40.0
SENSED_A_S = 40.0
RESEND_S = 0.3
SETTLE_S = 120.0
"""A gap after a device's restart holds its acks back for 30 s."""
PATIENCE_S = 120.0
"""Seconds for a gateway to come back on a busy machine."""


class FaultVerdict(Struct):
    """The verdict on one or many runs: all but `acknowledged` must be 0."""

    acknowledged: int = 0
    lost: int = 0
    double: int = 0
    undecided: int = 0
    unexplained: int = 0
    stale_unlocks: int = 0
    replays_differ: int = 0
    tracebacks: int = 0
    unclean_stops: int = 0

    @property
    def is_good(self) -> bool:
        """True if every promise was kept."""
        wrong = self.lost + self.double + self.undecided + self.unexplained + self.stale_unlocks
        return not (wrong + self.replays_differ + self.tracebacks + self.unclean_stops)

    def __add__(self, other: "FaultVerdict") -> "FaultVerdict":
        fields = self.__struct_fields__
        return FaultVerdict(*(getattr(self, name) + getattr(other, name) for name in fields))


class Rig:
    """The running parts: people use the broker itself, the gateway perhaps a proxy."""

    def __init__(self, data: Path, site: Site, people: Crowd, broker: EmbeddedBroker) -> None:
        self.data = data
        self.site = site
        self.people = people
        self.broker = broker
        self.gateway: GatewayChild
        self._url = broker.url
        self._env: Mapping[str, str] = {}
        self._load: asyncio.Task[None] | None = None

    def through(self, url: str) -> None:
        """Set the broker address that the gateway uses from its next start."""
        self._url = url

    def use(
        self, env: Mapping[str, str] = {}, *, clock_shift_s: float = 0.0, passage_days: int = 0
    ) -> None:
        """Set the gateway's configuration for its next starts."""
        order = gateway_process.GatewayChildConfig(
            self._url,
            str(self.data),
            self.site,
            clock_shift_s=clock_shift_s,
            passage_days=passage_days or None,
        )
        self.gateway = GatewayChild(order, env)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Have people badge and sensors report meanwhile."""
        load = asyncio.create_task(
            self.people.busy(BADGES_A_S, SENSED_A_S if self.people.has_sensors else 0.0),
            name="load",
        )
        try:
            yield
        finally:
            load.cancel()
            await asyncio.gather(load, return_exceptions=True)

    async def goes_on(self, what: str) -> None:
        """Wait until more events are acknowledged than now.

        Raises:
            BenchError: it takes too long.
        """
        before = self.people.acknowledgements
        await until(lambda: self.people.acknowledgements > before + 20, what, self.gateway)

    async def judged(self) -> FaultVerdict:
        """Let everything settle, stop, and judge."""
        await self.people.settled(SETTLE_S)
        # No answer is pending any more, and the result of the last one is journaled.
        await asyncio.sleep(LATE.total_seconds() + 2)
        clean = await self.gateway.stop()
        verdict = await asyncio.to_thread(
            judge, self.data / JOURNAL_FILE, self.site.id, self.people
        )
        return _judged(verdict, self.gateway, clean=clean)


def _judged(verdict: CrashVerdict, gateway: GatewayChild, *, clean: bool) -> FaultVerdict:
    return FaultVerdict(
        acknowledged=verdict.acknowledged,
        lost=verdict.lost,
        double=verdict.double,
        undecided=verdict.undecided,
        unexplained=verdict.unexplained,
        stale_unlocks=verdict.stale_unlocks,
        replays_differ=int(not verdict.replay_equal),
        tracebacks=gateway.tracebacks,
        unclean_stops=int(not clean),
    )


async def until(is_so: Callable[[], bool], what: str, gateway: GatewayChild) -> None:
    """Poll until the condition is true.

    Raises:
        BenchError: it takes too long.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise BenchError(f"waited in vain until {what}: {gateway.last_words()}")
        await asyncio.sleep(0.01)


@asynccontextmanager
async def rig(folder: Path, seed: int = 0, *, sensors: bool = True) -> AsyncIterator[Rig]:
    """Run a broker and people; the gateway is not started yet, and stopped at the end."""
    data = folder / "data"
    data.mkdir(parents=True)
    badges, site = synthetic_site.badges(MEMBERS), synthetic_site.place(READERS, contacts=sensors)
    site = with_sensors(site) if sensors else site
    synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges)
    async with EmbeddedBroker(folder / "broker", kind="mosquitto", autosave=False) as broker:
        crowd = Crowd(broker.url, site, badges, seed=seed, resend_after_s=RESEND_S)
        async with connected(crowd) as people:
            made = Rig(data, site, people, broker)
            made.use()
            try:
                yield made
            finally:
                if made.gateway.running:
                    await asyncio.shield(made.gateway.kill())
