"""A demo from its first process to its last, in order.

broker -> members -> gateway and live page -> people -> all is stored -> all ends -> judge

An early end (`StopRequest`) cancels the steps before the people, and shortens those after them;
either way each child that was started is stopped within 3 s.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from gateway.adapters.broker.embedded import BrokerError, EmbeddedBroker
from gateway.adapters.broker.ports import LOOPBACK
from gateway.adapters.directory import reader_key
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.clock import Clock
from gateway.config import Settings, known_credential_key, load_space
from gateway.console.feed.site_state import Picture
from gateway.core.model.site import Site
from gateway.demo.children import Child
from gateway.demo.ledger import Ledger
from gateway.demo.place import page_port, write_space
from gateway.demo.report import DemoReport, Findings, drawn_up
from gateway.demo.scene import BrokerUsed, Scene, Screen
from gateway.demo.wishes import DemoError, StopRequest, Wishes
from gateway.wire.topics import Topics
from simulators.link import Broker, MqttLink
from simulators.run import Run
from simulators.setup import stage

READY_S: Final = 30.0
"""A gateway starts in some 2 s; a small computer under load gets more time."""
STORED_S: Final = 20.0
"""The last points reach InfluxDB within a second; it may be remote, or restarting."""
_LOOKS_EVERY_S: Final = 0.02
_COUNTS_EVERY_S: Final = 1.0
"""Seconds between two reads of the journal."""

Enrol = Callable[[Settings, Sequence[Site]], None]
"""Writes the simulated people into the members of a data folder."""


class _InterruptedError(Exception):
    """The operator interrupted the final replay."""


class Play:
    """One demo."""

    def __init__(self, wishes: Wishes, told: StopRequest, screen: Screen, clock: Clock) -> None:
        self._wishes, self._told, self._screen, self._clock = wishes, told, screen, clock
        self._influx = wishes.settings.influx_url is not None
        self._ledger = Ledger(wishes.folder / JOURNAL_FILE, influx=self._influx)
        self._fault: str | None = None
        """The part that ended unexpectedly."""
        self._end: Callable[[], object] = lambda: None

    async def play(self, enrol: Enrol) -> DemoReport:
        """Run the demo, and judge it.

        Raises:
            DemoError: it cannot begin.
            asyncio.CancelledError: it was ended before it began.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._ends_with(task.cancel)
        try:
            run, scene = await self._lived(enrol)
        except asyncio.CancelledError:
            if self._fault is None or self._told.yes:
                raise
            raise DemoError(self._fault) from None
        return await self._judged(run, scene)

    async def _lived(self, enrol: Enrol) -> tuple[Run, Scene]:
        """Run everything that needs processes."""
        wishes = self._wishes
        sites = load_space(write_space(wishes.folder / "space", wishes.sites))
        port = page_port(wishes.port)
        picture = Picture(sites, wishes.settings.prefix, self._clock)
        async with self._broker() as broker:
            used = BrokerUsed(broker.kind, broker.durable)
            store = "influxdb" if self._influx else "journal"
            scene = Scene(sites, f"http://{LOOPBACK}:{port}", used, store, picture)
            settings = self._settings(broker.url)
            enrol(settings, sites)
            async with (
                self._children(settings, port),
                self._drawing(scene),
                self._listening(broker.url, picture),
            ):
                await self._until_ready(picture)
                return await self._live(broker.url, scene), scene

    @asynccontextmanager
    async def _broker(self) -> AsyncIterator[EmbeddedBroker]:
        folder = self._wishes.folder / "broker"
        try:
            broker = EmbeddedBroker(folder, kind=self._wishes.broker)
            await broker.start()
        except BrokerError as wrong:
            raise DemoError(str(wrong)) from wrong
        watching = asyncio.create_task(self._watch(broker.watch), name="broker's watch")
        try:
            yield broker
        finally:
            watching.cancel()
            await broker.stop()

    def _settings(self, broker_url: str) -> Settings:
        return self._wishes.settings.model_copy(
            update={"broker_url": broker_url, "data_dir": self._wishes.folder}
        )

    @asynccontextmanager
    async def _children(self, settings: Settings, port: int) -> AsyncIterator[None]:
        """Run the gateway and the live page."""
        logs, space = self._wishes.folder / "logs", str(self._wishes.folder / "space")
        variables = {
            "SEUIL_BROKER_URL": settings.broker_url,
            "SEUIL_DATA_DIR": str(settings.data_dir.absolute()),
        }
        children: list[Child] = []
        watching: list[asyncio.Task[None]] = []
        try:
            for name, *command in (
                ("gateway", "run"),
                ("console", "console", "--demo", "--port", str(port)),
            ):
                child = await Child.start(logs / f"{name}.log", variables, *command, space)
                children.append(child)
                watching.append(asyncio.create_task(self._watch(child.watch), name=f"{name} watch"))
            yield
        finally:
            await asyncio.gather(*(child.stop() for child in children))
            for watch in watching:
                watch.cancel()

    async def _watch(self, watch: Callable[[], Awaitable[None]]) -> None:
        """End the demo when a part ends unexpectedly."""
        try:
            await watch()
        except (BrokerError, DemoError) as ended:
            self._fault = self._fault or str(ended)
            self._end()

    @asynccontextmanager
    async def _listening(self, url: str, picture: Picture) -> AsyncIterator[None]:
        """Keep the picture subscribed to the topics that every client of the gateway receives."""
        prefix = self._wishes.settings.prefix
        topics = [Topics(prefix).gateway_state(self._wishes.settings.instance)]
        for site in picture.sites:
            topics += [Topics(prefix).access(site), Topics(prefix).occupancy(site, "+")]
            topics += [Topics(prefix).mode(site), Topics(prefix).alarm(site, "+", "+")]

        def hear(topic: str, payload: bytes) -> None:
            picture.apply(topic, payload)

        link = MqttLink(Broker(url), topics, on_message=hear)
        async with link.kept():
            yield

    async def _until_ready(self, picture: Picture) -> None:
        instance = self._wishes.settings.instance
        try:
            async with asyncio.timeout(READY_S):
                while (now := picture.gateways.get(instance)) is None or now.state != "online":
                    await asyncio.sleep(_LOOKS_EVERY_S)
        except TimeoutError:
            raise DemoError(f"the gateway is not ready after {READY_S:.0f} s") from None

    async def _live(self, url: str, scene: Scene) -> Run:
        """Run the people until the time is over or a stop is requested; then wait for the store."""
        wishes = self._wishes
        run = stage(
            scene.sites,
            wishes.plot,
            Broker(url),
            self._clock,
            prefix=wishes.settings.prefix,
            readers_key=self._readers_key(),
        )
        self._ends_with(run.stopped.set)
        began = run.now()

        def look() -> None:
            scene.seconds = (run.now() - began).total_seconds()
            scene.tally = run.result()

        scene.phase = "live"
        looking = asyncio.create_task(self._look(look), name="look")
        try:
            await run.live(wishes.seconds, lambda: None)
        finally:
            looking.cancel()
        look()
        scene.phase = "ending"
        await self._until_stored()
        return run

    def _readers_key(self) -> bytes | None:
        """Return the key that an installer types into each reader."""
        settings = self._wishes.settings.model_copy(update={"data_dir": self._wishes.folder})
        key = known_credential_key(settings)
        return None if key is None else reader_key(key)

    async def _look(self, look: Callable[[], None]) -> None:
        while True:
            look()
            await asyncio.sleep(self._screen.every_s)

    async def _until_stored(self) -> None:
        """Wait until every point is in the store, or the time is over."""
        try:
            async with asyncio.timeout(STORED_S):
                await asyncio.to_thread(self._ledger.stop)
                while await asyncio.to_thread(self._ledger.waiting):
                    if self._told.yes or self._fault:
                        return
                    await asyncio.sleep(_LOOKS_EVERY_S)
        except TimeoutError:
            return  # the verdict counts the missing ones

    @asynccontextmanager
    async def _drawing(self, scene: Scene) -> AsyncIterator[None]:
        with self._screen as screen:
            tasks = (
                asyncio.create_task(self._draw(screen, scene), name="screen"),
                asyncio.create_task(self._count(scene), name="points"),
            )
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _draw(self, screen: Screen, scene: Scene) -> None:
        while True:
            screen.draw(scene)
            await asyncio.sleep(screen.every_s)

    async def _count(self, scene: Scene) -> None:
        while True:
            if scene.phase == "live":
                await asyncio.to_thread(self._ledger.advance)
                scene.points = self._ledger.points
            await asyncio.sleep(_COUNTS_EVERY_S)

    async def _judged(self, run: Run, scene: Scene) -> DemoReport:
        """Judge the journal, now that no process writes to it."""
        interrupted = self._told.yes
        unwritten = await asyncio.to_thread(self._ledger.waiting)
        kept = {
            (world.site.id, device.device, key)
            for world in run.worlds
            for device in world.equipment.native.values()
            for key in device.kept
        }
        findings = Findings(
            tally=run.result(),
            slow=run.tally.slow,
            journal=await asyncio.to_thread(self._ledger.judge, run.tally.presented(), kept),
            points=self._ledger.points,
            unwritten=unwritten,
            replay_equal=None if interrupted else await self._replayed(),
            interrupted=interrupted,
            fault=self._fault,
        )
        return drawn_up(self._wishes, scene, findings)

    async def _replayed(self) -> bool | None:
        def on_row() -> None:
            if self._told.yes:
                raise _InterruptedError

        try:
            return await asyncio.to_thread(self._ledger.replay_is_equal, on_row)
        except _InterruptedError:
            return None

    def _ends_with(self, act: Callable[[], object]) -> None:
        """Set the action that ends the demo from now on, at a stop request or when a part died."""
        self._end = act
        self._told.then(act)
