"""Real recordings through the gateway: one native counter publishes them, event by event.

It follows the reader protocol, so the gateway and the broker may die during it: unacknowledged
events are sent again until all are acknowledged.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import msgspec
from msgspec import Struct

from gateway.core.model.names import DeviceId, SiteId
from gateway.core.readings import Crossed
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from simulators.devices import NativeDevice, read_ack
from simulators.layouts import Recording
from simulators.link import Broker, MqttLink
from simulators.run import LiveClock

WINDOW = 200
"""Unacknowledged events: enough to share the gateway's commits, without a burst."""
RESEND_AFTER_S = 2.0
LOOKS_EVERY_S = 0.2


class RecordingResult(Struct, frozen=True):
    """The result of a replay. `ok`: the gateway acknowledged every event."""

    ok: bool
    layout: str
    events: int
    acknowledged: int
    resent: int
    totals: dict[str, int]
    """Totals of the file: people in and out, or rows."""
    told: dict[str, int]
    """The values of the last event of each kind."""
    seconds: float


class Replay:
    """One recording, published by one device."""

    def __init__(
        self,
        recording: Recording,
        site: SiteId,
        device: DeviceId,
        *,
        broker: Broker,
        topics: Topics,
        clock: LiveClock,
        boot: int,
    ) -> None:
        self.stopped = asyncio.Event()
        """Set it to end early."""
        self._recording = recording
        self._clock = clock
        self._told = 0
        self._acked = asyncio.Event()
        self._device = NativeDevice(
            site, device, boot=boot, topics=topics, limit=WINDOW, resend_after_s=RESEND_AFTER_S
        )
        self._device.went_offline()
        self._status = topics.status(site, device)
        self._ack = topics.ack(site, device)
        self._link = MqttLink(
            broker, [self._ack], on_message=self._arrived, on_up=self._up, on_down=self._down
        )

    async def tell(
        self, rate: float | None = None, progress: Callable[[int], None] = lambda _: None
    ) -> RecordingResult:
        """Publish all events, at most `rate` per second; `progress` gets the number stored."""
        begun = self._clock.now()
        async with self._link.kept():
            while not self.stopped.is_set() and self._acknowledged() < self._count():
                self._acked.clear()
                elapsed = (self._clock.now() - begun).total_seconds()
                allowed = self._count() if rate is None else int(rate * elapsed) + 1
                self._advance(min(allowed, self._count()))
                progress(self._acknowledged())
                await self._wait(rate)
            progress(self._acknowledged())
            self._link.send([Outgoing(self._status, b'{"state":"offline"}', qos=1, retain=True)])
        return self._ended((self._clock.now() - begun) / timedelta(seconds=1))

    def _advance(self, allowed: int) -> None:
        """Publish as many events as the window allows, and again those that waited too long."""
        now = self._clock.now()
        while self._device.online and self._told < allowed and self._device.unacknowledged < WINDOW:
            timed = self._recording.timed[self._told]
            event = self._device.report(timed.reading, now, timed.at)
            if event is None:
                return
            self._told += 1
            self._link.send([event.message])
        self._link.send([event.message for event in self._device.due_resends(now)])

    async def _wait(self, rate: float | None) -> None:
        pause = LOOKS_EVERY_S if rate is None else min(LOOKS_EVERY_S, 1 / rate)
        try:
            async with asyncio.timeout(pause):
                await self._acked.wait()
        except TimeoutError:
            return

    def _arrived(self, topic: str, payload: bytes) -> None:
        if topic != self._ack:
            return
        try:
            self._device.on_ack(read_ack(payload))
        except msgspec.DecodeError:
            return  # not an ack for us: the event will be sent again
        self._acked.set()

    def _up(self) -> None:
        self._link.send([Outgoing(self._status, b'{"state":"online"}', qos=1, retain=True)])
        self._link.send([one.message for one in self._device.came_online(self._clock.now())])
        self._acked.set()

    def _down(self) -> None:
        self._device.went_offline()

    def _count(self) -> int:
        return len(self._recording.timed)

    def _acknowledged(self) -> int:
        return self._told - self._device.unacknowledged

    def _ended(self, seconds: float) -> RecordingResult:
        return RecordingResult(
            ok=self._acknowledged() == self._count(),
            layout=self._recording.layout,
            events=self._count(),
            acknowledged=self._acknowledged(),
            resent=self._device.resent,
            totals=self._recording.totals,
            told=_last_totals(self._recording, self._told),
            seconds=round(seconds, 2),
        )


def _last_totals(recording: Recording, told: int) -> dict[str, int]:
    crossings = (
        timed.reading
        for timed in reversed(recording.timed[:told])
        if isinstance(timed.reading, Crossed)
    )
    last = next(crossings, None)
    return {} if last is None else {"in": last.in_total, "out": last.out_total}
