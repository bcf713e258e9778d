"""The fuzz's messages, one by one, from a seed."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from benchmarks.fuzz_ledger import Books
from benchmarks.fuzz_place import MARKERS, is_wild
from benchmarks.mutations import CREDENTIALS, FOREIGN, NATIVE, TIMES, random_badge, spoiled
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.wire.topics import Topics
from sensors.registry import DRIVERS

BOOT = 7
_STRANGERS, _STATUSES, _OTHERS = 0.04, 0.05, 0.35
"""Shares of unknown topics, statuses and other makers' messages; the rest are native events."""
_REPEATED = 0.03
"""The share of native events that are sent once more, exactly."""
_BADGES = 0.3
"""The share of badges among native events, at least."""
_KNOWN = 0.5
"""The share of badges that are a member's."""
_WRONG_CLOCK = 0.1
"""The share of native events whose device's clock is wrong."""
_OFF_S = (4.9, 5.1, 70.0, 3600.0, 86_000.0, 86_500.0, 7_700_000.0, 7_800_000.0)
_TRIES = 50
"""A spoiled event keeps its number, or is spoiled again."""
_NAMES = ("nobody", "zone", "door", "request", "gateway", "x" * 300, "é🚪", "..", "a b", "$SYS")


class Shot(Struct, frozen=True):
    """A message."""

    topic: str
    payload: bytes


class Shots:
    """Creates messages, and records them in the ledger."""

    def __init__(self, site: Site, members: Sequence[str], seed: int) -> None:
        """Create the source; `members` are the known badge numbers."""
        self._members = members
        self.books = Books(site)
        self._site = site
        self._draw = random.Random(seed)  # noqa: S311 - repeatable, no secret
        self._topics = Topics()
        self._seq: Counter[DeviceId] = Counter()
        self._last: dict[DeviceId, Shot] = {}
        devices = [device for device in site.devices if device.id not in MARKERS]
        self._native = [device for device in devices if device.driver == "native"]
        self._foreign = list(_foreign(site, devices))

    def take(self, now: datetime) -> Shot:
        """Return the next message; its native events have the time `now`."""
        kind = self._draw.random()
        if kind < _STRANGERS:
            name = DeviceId(self._draw.choice(_NAMES))
            shot = Shot(self._topics.event(self._site.id, name), self._spoiled_event(1, now))
        elif kind < _STRANGERS + _STATUSES:
            device = self._draw.choice(self._native).id
            text = self._draw.choice(('{"state":"online"}', '{"state":"offline"}', "online"))
            shot = Shot(self._topics.status(self._site.id, device), spoiled(self._draw, text))
        elif kind < _STRANGERS + _STATUSES + _OTHERS:
            topic, driver = self._draw.choice(self._foreign)
            shot = Shot(topic, spoiled(self._draw, self._draw.choice(FOREIGN[driver])))
        else:
            shot = self._event(self._draw.choice(self._native).id, now)
        self.books.note(shot.topic, shot.payload)
        return shot

    def _event(self, device: DeviceId, now: datetime) -> Shot:
        last = self._last.get(device)
        if last is not None and not is_wild(device) and self._draw.random() < _REPEATED:
            return last
        topic, seq = self._topics.event(self._site.id, device), self._seq[device] + 1
        payload, number = self._numbered_event(topic, seq, now, wild=is_wild(device))
        if number == (BOOT, seq):
            self._seq[device] = seq
        self._last[device] = shot = Shot(topic, payload)
        return shot

    def _numbered_event(
        self, topic: str, seq: int, now: datetime, *, wild: bool
    ) -> tuple[bytes, tuple[int, int] | None]:
        """Return a spoiled event and its remaining number: its own, or none, or (wild) any.

        Otherwise one changed digit would be a new start of the device, and make all later ones
        late.
        """
        for _ in range(_TRIES):
            payload = self._spoiled_event(seq, now)
            number = self.books.number(topic, payload)
            if wild or number in ((BOOT, seq), None):
                return payload, number
        return b"", None

    def _spoiled_event(self, seq: int, now: datetime) -> bytes:
        kinds = CREDENTIALS if self._draw.random() < _BADGES else NATIVE
        event = dict(self._draw.choice(kinds))
        if "credential" in event:
            event["credential"] = self._badge()
        numbered = {"boot": BOOT, "seq": seq, "at": self._clock(now)} | event
        return spoiled(self._draw, json.dumps(numbered))

    def _badge(self) -> str:
        is_known = self._draw.random() < _KNOWN
        return self._draw.choice(self._members) if is_known else random_badge(self._draw)

    def _clock(self, now: datetime) -> str:
        if self._draw.random() >= _WRONG_CLOCK:
            return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        off = timedelta(seconds=self._draw.choice(_OFF_S) * self._draw.choice((-1, 1)))
        return self._draw.choice((*TIMES, (now + off).isoformat()))


def _foreign(site: Site, devices: Sequence[Device]) -> Iterator[tuple[str, str]]:
    """Yield every topic of other makers' devices, with its driver."""
    for name, driver in DRIVERS.items():
        if name != "native":
            theirs = [(site.id, device) for device in devices if device.driver == name]
            for topic in driver(Topics(), theirs).topics():
                yield topic, name
