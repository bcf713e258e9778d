"""The native wire, "seuil/1": strict, numbered, timed.

Each event carries `boot` and `seq`, so that duplicates and gaps show, and `at`, the device's clock.
Fields that this version does not know are ignored: a newer firmware must not lock people out. The
badge number is read in the format that the space file declares; a message that claims another one
is refused rather than believed. A refused message that has a number is acknowledged all the same
(`WireError.origin`), or its device would send it forever; one that is no strict JSON has none.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    Counted,
    CredentialPresented,
    Crossed,
    DoorReported,
    ExitRequested,
    Firmware,
    Label,
    MachineReported,
    MessageOrigin,
    Motion,
    Number,
    Presence,
    Reading,
    RelayReported,
    Report,
    Tampered,
    Total,
    WireError,
)
from gateway.wire import strict_json
from gateway.wire.commands import AccessCommand, MachineOrder, UnlockCommand
from gateway.wire.message import Outgoing, encode
from gateway.wire.topics import Topics
from sensors import badges
from sensors.driver import (
    AccessAnswer,
    Subscription,
    format_faults,
    only_a_reader,
    option_faults,
    subscription,
)


class _Numbered(Struct, frozen=True):
    """The numbers by which an event is acknowledged; they begin at 1 with each boot."""

    boot: Total
    seq: Annotated[int, Meta(ge=1, le=2**53)]


class EventEnvelope(_Numbered, frozen=True):
    """The fields that every event carries."""

    at: Annotated[datetime, Meta(tz=True)]


class WireCredential(Struct, frozen=True, tag_field="type", tag="credential"):
    """A credential as on the wire: not normalised yet, and perhaps without a format."""

    credential: Number
    format: Annotated[str, Meta(max_length=32)] | None = None
    pin: Number | None = None
    decided: Literal["granted", "denied"] | None = None


class _Status(Struct, frozen=True):
    state: Literal["online", "offline"]
    firmware: Label | None = None
    model: Label | None = None


class _Asked(Struct, frozen=True):
    """The fields of an event that are read before its turn."""

    type: str
    at: Annotated[datetime, Meta(tz=True)]
    decided: str | None = None


class StatusMessage(_Status, frozen=True):
    """A device's status: whether it is online, its firmware, and a reader's rights list."""

    rights: Annotated[str, Meta(max_length=32)] | None = None


NativeEvent = (
    WireCredential
    | DoorReported
    | ExitRequested
    | Crossed
    | Motion
    | Presence
    | Counted
    | Co2
    | MachineReported
    | RelayReported
    | Tampered
    | Battery
)

_ALL: frozenset[type[Reading]] = frozenset(get_args(Reading))
_numbered = msgspec.json.Decoder(_Numbered).decode
_envelope = msgspec.json.Decoder(EventEnvelope).decode
_event = msgspec.json.Decoder(NativeEvent).decode
_asked = msgspec.json.Decoder(_Asked).decode
_status = msgspec.json.Decoder(_Status).decode
_in_force = msgspec.json.Decoder(StatusMessage).decode


class NativeDriver:
    """Devices that use seuil/1. Site and id make their topics: `Device.topic` is unused."""

    name: ClassVar[str] = "native"

    @classmethod
    def faults(cls, device: Device) -> list[str]:
        """Return the faults of format and options; there is no option."""
        return format_faults(device) + option_faults(device)

    @classmethod
    def identity(cls, site: SiteId, device: Device) -> str:
        """Return its place in the topic tree."""
        return f"{site}/{device.id}"

    @classmethod
    def says(cls, device: Device) -> frozenset[type[Reading]]:
        """Return all readings of the firmware; badges only for a reader."""
        return _ALL if device.role == "reader" else _ALL - {CredentialPresented}

    @classmethod
    def switches(cls, device: Device) -> bool:  # noqa: ARG003 - what is behind it is its maker's
        """Return True: the firmware obeys `switch`."""
        return True

    def __init__(self, topics: Topics, devices: Sequence[tuple[SiteId, Device]]) -> None:
        self._topics = topics
        self._events = {topics.event(site, one.id): (site, one) for site, one in devices}
        self.statuses = {topics.status(site, one.id): (site, one.id) for site, one in devices}
        """The device whose status is on each topic."""

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return each device's events and status, by name.

        Not by a wildcard: one session for all statuses would be filled by a device that floods.
        """
        statuses = (Subscription(topic, (source,)) for topic, source in self.statuses.items())
        return (
            *(subscription(topic, source) for topic, source in self._events.items()),
            *statuses,
        )

    def topics(self) -> tuple[str, ...]:
        """Return the topics of events and statuses."""
        return (*self._events, *self.statuses)

    def decode(self, topic: str, payload: bytes) -> tuple[Report, ...]:
        """Return one report per event; see `Driver`."""
        source = self._events.get(topic)
        if source is None:
            return self._availability(topic, payload)
        strict_json.check(payload)
        try:
            return (_report(*source, payload),)
        except WireError as error:
            error.origin = _origin(*source, payload)
            raise

    def _availability(self, topic: str, payload: bytes) -> tuple[Report, ...]:
        site, device = self.statuses[topic]
        if not payload:  # a retained status was cleared, which is no statement about the device
            return ()
        strict_json.check(payload)
        try:
            status = _status(payload)
        except msgspec.DecodeError as error:
            raise _wire_error(error) from None
        there = Report(site, device, Availability(status.state))
        if status.firmware is None:
            return (there,)
        return (there, Report(site, device, Firmware(status.firmware, status.model)))

    def answer(self, device: Device, answer: AccessAnswer) -> tuple[Outgoing, ...]:
        """Return the access command."""
        command = AccessCommand(
            id=answer.id,
            decision=answer.decision,
            reason=answer.reason,
            boot=answer.boot,
            seq=answer.seq,
            unlock_s=answer.unlock_s,
            expires=answer.expires,
            message=answer.message,
        )
        return (self._order(answer.site, device.id, encode(command), answer.expires),)

    def unlock(
        self, site: SiteId, device: Device, order_id: str, unlock_s: float, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the unlock command."""
        command = UnlockCommand(id=order_id, unlock_s=unlock_s, expires=expires)
        return (self._order(site, device.id, encode(command), expires),)

    def tell_machine(
        self, site: SiteId, device: Device, order: MachineOrder, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the order unchanged."""
        return (self._order(site, device.id, encode(order), expires),)

    def _order(self, site: SiteId, device: DeviceId, payload: bytes, expires: datetime) -> Outgoing:
        return Outgoing(self._topics.command(site, device), payload, qos=1, expires=expires)


def rights_in_force(payload: bytes) -> str | None:
    """Return the version of the rights list that a status message reports; None: it has none.

    Raises:
        WireError: it is not a status message.
    """
    strict_json.check(payload)
    try:
        status = _in_force(payload)
    except msgspec.DecodeError as error:
        raise _wire_error(error) from None
    return status.rights if status.state == "online" else None


def asked_at(payload: bytes) -> datetime | None:
    """Return the time of a badge in an event that requests entry; None: no request, or no time."""
    try:
        asked = _asked(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return asked.at if asked.type == "credential" and asked.decided is None else None


def strangers(topics: Topics, site: SiteId) -> tuple[Subscription, ...]:
    """Return the wildcards by which devices that the space file does not declare are noticed.

    They need sessions of their own: they also match the topics of declared devices, which mosquitto
    2.0.11 would deliver twice to a session that subscribed by name as well.
    """
    return (
        Subscription(topics.event(site, "+"), kind="stranger"),
        Subscription(topics.status(site, "+"), kind="status"),
    )


def _report(site: SiteId, device: Device, payload: bytes) -> Report:
    try:
        envelope = _envelope(payload)
        reading = _event(payload)
    except msgspec.DecodeError as error:
        raise _wire_error(error) from None
    if type(reading) is WireCredential:
        reading = _credential(reading, device)
    at = envelope.at
    if at.tzinfo is not UTC:
        at = _in_utc(at)
    return Report(site, device.id, reading, at, envelope.boot, envelope.seq)


def _origin(site: SiteId, device: Device, payload: bytes) -> MessageOrigin | None:
    """Return an event's device and number, whatever else is wrong with it; None: it has none."""
    try:
        numbered = _numbered(payload)
    except msgspec.DecodeError:
        return None
    return MessageOrigin(site, device.id, numbered.boot, numbered.seq)


def _credential(presented: WireCredential, device: Device) -> CredentialPresented:
    """Return the credential in canonical form.

    Only a reader may report one: a sensor's topic is in a session that is allowed to lag.
    """
    only_a_reader(device)
    if presented.format not in (None, device.format):
        right = f"the space file declares {device.format} for this reader"
        raise WireError("badge-format", f"format: contradicts the declaration; {right}")
    return CredentialPresented(
        badges.normalise(presented.credential, device.format),
        device.format,
        None if presented.pin is None else badges.pin(presented.pin),
        presented.decided,
    )


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # year 1 or 9999, and an offset that leads out of the calendar
        raise WireError("out-of-range", f"at: is no usable time; {_RIGHT['at']}") from None


_TYPES = ", ".join(str(one.__struct_config__.tag) for one in get_args(NativeEvent))
_TEXT = "text of 1 to 128 characters"
_TOTAL = "a whole number from 0 to 2**53"
_RIGHT: Mapping[str, str] = {
    "boot": _TOTAL,
    "seq": "a whole number from 1 to 2**53",
    "at": "a time as RFC 3339 with its offset, such as 2026-11-22T08:00:00Z",
    "type": f"one of {_TYPES}",
    "credential": _TEXT,
    "format": "a name of at most 32 characters, the one that the space file declares",
    "pin": _TEXT,
    "decided": "granted or denied, or absent where the reader asks",
    "rights": "the version of the rights list in force, or absent",
    "firmware": "a version of 1 to 64 characters, or absent",
    "model": "a name of 1 to 64 characters, or absent",
    "state": "the words of this type: open, closed; on, off; online, offline",
    "in_total": _TOTAL,
    "out_total": _TOTAL,
    "active": "true or false",
    "people": "a whole number from 0 to 1000000",
    "ppm": "a number from 0 to 1000000",
    "watts": "a number from 0 to 1000000, or absent",
    "percent": "a number from 0 to 100",
}
"""The correct format of each field, in our own words, since msgspec's messages quote the value."""


def _wire_error(error: msgspec.DecodeError) -> WireError:
    return strict_json.explained(error, _RIGHT)
