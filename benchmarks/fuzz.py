"""`seuil bench fuzz`: mutated messages through a real broker to a running gateway.

They are sent in bounded bursts: the next one leaves when a marker device of each session has its
ack, so that the gateway has stored everything before it. No badge may pass, though half of them are
members', so any order to open is a fault. In the end the ledger and the journal's file must agree
on every message.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from benchmarks import gateway_process, synthetic_site
from benchmarks.crash_judge import asked
from benchmarks.fuzz_messages import Shots
from benchmarks.fuzz_place import MARKERS, STRANGER, barred, fuzz_place
from benchmarks.gateway_child import GatewayChild, gateway_child
from benchmarks.processes import BenchError
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.session import MqttSession
from gateway.clock import SystemClock
from gateway.config import load_settings
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented, Motion, Reading
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from sensors.driver import Subscription
from simulators.devices import NativeDevice, read_ack

MEMBERS = 100
LETTERS_COUNTED_EVERY = 20_000
"""Messages between two counts: far fewer than the dead letters that the journal keeps."""
BURST = 400
"""Messages under way: fewer than the gateway's inbox holds."""
WARM = 0.1
"""The share of the messages after which memory is first measured."""
ANSWER_S = 60.0
"""Seconds within which a marker's ack must come."""
MARKED_AGAIN_S = 0.5
"""A marker that was sent before the gateway had subscribed is lost: it is repeated soon."""
STRANGERS_S = 30.0
"""The time for the messages of unknown devices, which are processed last."""
RSS_GROWTH_MAX_MB = 20.0
"""The growth that an allocator may keep; a leak of 200 bytes per message would exceed it."""


class FuzzResult(Struct):
    """The result that `--json` prints."""

    payloads: int
    crashes: int
    unlocks: int
    unaccounted: int
    rss_growth_mb: float
    letters: int
    rows: int
    silent: int
    seconds: float

    @property
    def is_good(self) -> bool:
        """True if there was no crash, open door, lost message or leak."""
        wrong = self.crashes + self.unlocks + self.unaccounted
        return not wrong and self.rss_growth_mb <= RSS_GROWTH_MAX_MB


async def measure(
    payloads: int, seed: int = 0, on_sent: Callable[[int], None] = lambda _sent: None
) -> FuzzResult:
    """Send all messages, and keep the ledger.

    Raises:
        BenchError: the gateway did not start, or lives and answers no more.
        BrokerError: there is no mosquitto.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        data, site = Path(folder), fuzz_place()
        badges = synthetic_site.badges(MEMBERS)
        synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges, barred)
        async with EmbeddedBroker(data / "broker", kind="mosquitto", autosave=False) as broker:
            order = gateway_process.GatewayChildConfig(broker.url, folder, site)
            async with gateway_child(order) as gateway, _gun(broker.url, site, badges, seed) as gun:
                await gateway.start()
                await gun.until_heard(gateway, data / JOURNAL_FILE)
                warm, warm_mb, counted = int(payloads * WARM), 0.0, 0
                while gun.shots.books.sent < payloads and gateway.running:
                    await gun.burst(min(BURST, payloads - gun.shots.books.sent), gateway)
                    on_sent(gun.shots.books.sent)
                    if gun.shots.books.sent - counted >= LETTERS_COUNTED_EVERY:
                        counted = gun.shots.books.sent
                        with asked(data / JOURNAL_FILE) as ask:
                            gun.shots.books.count_letters(ask)
                    if gun.shots.books.sent >= warm and not warm_mb:
                        warm_mb = gateway.rss_mb
                growth = gateway.rss_mb - warm_mb
                await gun.until_strangers_came(data / JOURNAL_FILE)
                alive = await gateway.stop()
                crashes = (not alive) + gateway.tracebacks
                return _result(gun, data / JOURNAL_FILE, crashes, growth, started)


class _Gun:
    """Sends shots and markers; listens for orders to open."""

    def __init__(self, url: str, site: Site, badges: list[str], seed: int) -> None:
        self.shots = Shots(site, badges, seed)
        self.unlocks = 0
        self._clock = SystemClock()
        self._markers = [
            NativeDevice(site.id, device, boot=1, resend_after_s=MARKED_AGAIN_S)
            for device in MARKERS
        ]
        topics = Topics()
        self._strange = topics.event(site.id, STRANGER)
        filters = [topics.command(site.id, DeviceId("+")), "+/cmd", "cmnd/#"]
        filters += [topics.ack(site.id, device) for device in MARKERS]
        self.session = MqttSession(
            "bench-fuzz",
            BrokerAddress(url),
            [Subscription(wanted) for wanted in filters],
            on_message=self._received,
        )

    async def until_heard(self, gateway: GatewayChild, path: Path) -> None:
        """Send markers until the gateway has subscribed: earlier messages would be lost.

        Raises:
            BenchError: it does not listen.
        """
        await self.burst(0, gateway)
        deadline = time.monotonic() + ANSWER_S
        while not _count(path, _LETTERS):
            if time.monotonic() > deadline:
                raise BenchError(f"the gateway does not listen: {gateway.last_words()}")
            self.session.publish(Outgoing(self._strange, b"{}", 1), self._clock.now())
            await asyncio.sleep(0.1)

    async def burst(self, size: int, gateway: GatewayChild) -> None:
        """Send some messages, and wait until they are stored or the gateway is dead.

        Raises:
            BenchError: it lives, and does not answer.
        """
        for _ in range(size):
            now = self._clock.now()
            shot = self.shots.take(now)
            self.session.publish(Outgoing(shot.topic, shot.payload, 1), now)
        self._mark()
        deadline = time.monotonic() + ANSWER_S
        while any(marker.unacknowledged for marker in self._markers) and gateway.running:
            if time.monotonic() > deadline:
                raise BenchError(f"the gateway answers no more: {gateway.last_words()}")
            await asyncio.sleep(0.005)
            self._send_again()

    async def until_strangers_came(self, path: Path) -> None:
        """Wait for the messages without an ack; those that never arrive are unaccounted for."""
        deadline = time.monotonic() + STRANGERS_S
        while time.monotonic() < deadline:
            with asked(path) as ask:
                if not self.shots.books.unaccounted(ask):
                    return
            await asyncio.sleep(0.5)

    def _mark(self) -> None:
        now = self._clock.now()
        said: tuple[Reading, ...] = (CredentialPresented("ffffffff"), Motion(active=True))
        for marker, reading in zip(self._markers, said, strict=True):
            event = marker.report(reading, now)
            assert event is not None  # noqa: S101 - one at a time fits
            self.session.publish(event.message, now)

    def _send_again(self) -> None:
        """Send the first markers again, which may leave before the gateway has subscribed."""
        now = self._clock.now()
        for marker in self._markers:
            for event in marker.due_resends(now):
                self.session.publish(event.message, now)

    def _received(self, message: MQTTMessage) -> None:
        self.session.acknowledge(message)
        *_, device, kind = message.topic.split("/")
        if kind == "ack":
            marker = next(marker for marker in self._markers if marker.device == device)
            marker.on_ack(read_ack(message.payload))
        elif kind == "command":
            order = msgspec.json.decode(message.payload)
            opens = order["type"] == "unlock" or order["decision"] == "granted"
            self.unlocks += opens or order["unlock_s"] is not None
        else:
            self.unlocks += 1


@asynccontextmanager
async def _gun(url: str, site: Site, badges: list[str], seed: int) -> AsyncIterator[_Gun]:
    gun = _Gun(url, site, badges, seed)
    running = asyncio.create_task(gun.session.run(), name="gun")
    try:
        deadline = time.monotonic() + ANSWER_S
        while not gun.session.connected:
            if time.monotonic() > deadline:
                raise BenchError("the broker does not let us in")
            await asyncio.sleep(0.01)
        yield gun
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _result(gun: _Gun, path: Path, crashes: int, growth: float, started: float) -> FuzzResult:
    with asked(path) as ask:
        unaccounted = gun.shots.books.unaccounted(ask)
    return FuzzResult(
        payloads=gun.shots.books.sent,
        crashes=crashes,
        unlocks=gun.unlocks + _count(path, _GRANTED),
        unaccounted=unaccounted,
        rss_growth_mb=round(growth, 1),
        letters=gun.shots.books.letters.total(),
        rows=_count(path, _ROWS),
        silent=gun.shots.books.silent,
        seconds=round(time.monotonic() - started, 1),
    )


def _count(path: Path, sql: str) -> int:
    with asked(path) as ask:
        ((found,),) = ask(sql)
    return int(found)


_LETTERS = "SELECT count(*) FROM dead_letter"
_ROWS = "SELECT count(*) FROM journal"
_GRANTED = """
SELECT (SELECT count(*) FROM decision WHERE decision = 'granted'
        AND reason NOT IN ('reader-decided', 'claimed'))
     + (SELECT count(*) FROM journal WHERE facts LIKE '%"UnlockDoor"%')"""
