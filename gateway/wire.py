"""The native wire "seuil/1": topics, and the payloads that the gateway writes.

Payloads are JSON in UTF-8, at most `PAYLOAD_LIMIT` bytes, times in RFC 3339 UTC. What devices write
(`event`, `status`) is read by `sensors.native`; everything else is here, for the service, the
console and the simulators alike.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.core.facts import DoorStatus
from gateway.core.site import DeviceId, DoorId, SiteId, Text, ZoneId

PAYLOAD_LIMIT = 4096
"""Bytes a message may have; more goes to the dead letters."""
RESERVED = frozenset({"zone", "door", "access", "alarm", "mode", "request", "response", "gateway"})
"""Words that no device or site may be called: they are levels of the topic tree."""


class Topics(Struct, frozen=True):
    """The topic tree under one prefix."""

    prefix: str = "seuil"

    def event(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """A device's events."""
        return f"{self.prefix}/{site}/{device}/event"

    def ack(self, site: SiteId, device: DeviceId) -> str:
        """What of a device's events is on disk."""
        return f"{self.prefix}/{site}/{device}/ack"

    def command(self, site: SiteId, device: DeviceId) -> str:
        """Orders to a device."""
        return f"{self.prefix}/{site}/{device}/command"

    def status(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """A device's availability (retained; also its last will)."""
        return f"{self.prefix}/{site}/{device}/status"

    def occupancy(self, site: SiteId | Literal["+"], zone: ZoneId | Literal["+"]) -> str:
        """A zone's head count (retained)."""
        return f"{self.prefix}/{site}/zone/{zone}/occupancy"

    def door(self, site: SiteId | Literal["+"], door: DoorId | Literal["+"]) -> str:
        """A door's state (retained)."""
        return f"{self.prefix}/{site}/door/{door}/state"

    def access(self, site: SiteId | Literal["+"]) -> str:
        """Every decision of a site, without personal data."""
        return f"{self.prefix}/{site}/access"

    def alarm(self, site: SiteId | Literal["+"], kind: str, about: str) -> str:
        """An alarm (retained; empty when cleared)."""
        return f"{self.prefix}/{site}/alarm/{kind}/{about}"

    def mode(self, site: SiteId | Literal["+"]) -> str:
        """A site's mode (retained)."""
        return f"{self.prefix}/{site}/mode"

    def gateway_state(self, instance: str) -> str:
        """`online` or `offline` (retained; also the gateway's last will)."""
        return f"{self.prefix}/gateway/{instance}/state"

    def gateway_health(self, instance: str) -> str:
        """The gateway's health (retained)."""
        return f"{self.prefix}/gateway/{instance}/health"


class Outgoing(Struct, frozen=True):
    """One message for the broker; void after `expires` (MQTT 5 message expiry, whole seconds)."""

    topic: str
    payload: bytes
    qos: Literal[0, 1] = 0
    retain: bool = False
    expires: datetime | None = None


class Ack(Struct, frozen=True):
    """All of this boot's events up to `seq` are on disk."""

    boot: int
    seq: int


class AccessCommand(Struct, frozen=True, omit_defaults=False, tag_field="type", tag="access"):
    """The answer to a credential event; `id` is the journal's number of the decision."""

    id: str
    decision: Literal["granted", "denied"]
    reason: str
    boot: int | None
    seq: int | None
    unlock_s: float | None
    expires: datetime
    message: Text


class UnlockCommand(Struct, frozen=True, tag_field="type", tag="unlock"):
    """An order to a lock that is not the reader's own."""

    id: str
    unlock_s: float
    expires: datetime


class OccupancyMessage(Struct, frozen=True):
    """A zone's head count."""

    at: datetime
    people: int
    low: int
    high: int
    known: int
    capacity: int | None
    p_vacant: float
    p_full: float
    stale: bool


class DoorMessage(Struct, frozen=True):
    """A door's state."""

    at: datetime
    state: DoorStatus


class AccessMessage(Struct, frozen=True):
    """A decision for everyone to see: a pseudonym, never a name or a badge number."""

    id: str
    at: datetime
    reader: DeviceId
    access_point: str | None
    zone: ZoneId | None
    direction: str | None
    decision: Literal["granted", "denied"]
    reason: str
    holder: str | None
    message: Text
    latency_ms: float


class AlarmMessage(Struct, frozen=True):
    """An alarm that is on."""

    at: datetime
    kind: str
    object: str


class HealthMessage(Struct, frozen=True):
    """The gateway's own state: `status` is `ok` or says in one word what is wrong."""

    at: datetime
    status: Literal["ok", "journal-failing", "broker-lost", "starting"]
    version: str
    journal: int
    """The journal's last number."""
    inbox: int
    """Messages waiting."""
    backlog: int
    """Journal rows that are not in InfluxDB yet; 0 without InfluxDB."""
    commit_ms: float
    """The last commit's time."""
    dead_letters: int
    """Since the start."""
    members: int = 0
    """The version of the members that is in force: nothing is decided by an older one any more."""
    space: Literal["ok", "faulty"] = "ok"
    """`faulty`: the space file was changed and is wrong; what it said before is in force."""


_encode = msgspec.json.Encoder().encode


def encode(message: Struct) -> bytes:
    """A payload of this module as bytes."""
    return _encode(message)
