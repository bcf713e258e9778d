"""The journal's rows, and the conversion of events, facts and dead letters to rows.

Rows are JSON arrays in the order of their table's columns; times are microseconds since 1970 UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from gateway.core.events import (
    BookingsChanged,
    ConditionReported,
    DecidedMeanwhile,
    DirectoryChanged,
    Event,
    GatewayAway,
    ListConfirmed,
    Misunderstood,
    Reported,
    Requested,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import Decided, Fact, OccupancyMinute
from gateway.core.model.names import DeviceId, SiteId

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
PAYLOAD_KEPT: Final = 256
"""Characters of a dead letter's payload that are kept."""


class EventRow(Struct, array_like=True, frozen=True):
    """A row of `journal`."""

    n: int
    site: SiteId
    device: DeviceId | None
    kind: str
    at: int
    received: int
    event: Event
    facts: tuple[Fact, ...]


class DecisionRow(Struct, array_like=True, frozen=True):
    """A row of `decision`."""

    n: int
    site: SiteId
    device: DeviceId
    access_point: str | None
    holder: str | None
    decision: str
    reason: str
    at: int
    expires: int | None
    handover: str


class MinuteRow(Struct, array_like=True, frozen=True):
    """A row of `occupancy_1m`."""

    site: SiteId
    zone: str
    time: int
    mean: float
    min: int
    max: int


class LetterRow(Struct, array_like=True, frozen=True):
    """A row of `dead_letter`."""

    received: int
    source: str
    topic: str
    reason: str
    detail: str
    size: int
    payload: str


class DeadLetter(Struct, frozen=True):
    """A message that could not be decoded: the reason, and its beginning (numbers masked)."""

    received: datetime
    source: str
    topic: str
    reason: str
    detail: str
    size: int
    payload: str


def to_us(at: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    return (at - EPOCH) // _US


def from_us(us: int) -> datetime:
    """Return the inverse of `to_us`."""
    return EPOCH + timedelta(microseconds=us)


_OF_DEVICES: Final = (Reported, DecidedMeanwhile, Misunderstood, ListConfirmed)
_encode_row: Final = msgspec.json.Encoder().encode
_KINDS: Final[dict[type[Event], str]] = {
    DecidedMeanwhile: "meanwhile",
    Misunderstood: "misunderstood",
    ListConfirmed: "list",
    GatewayAway: "away",
    Tick: "tick",
    DirectoryChanged: "directory",
    SpaceChanged: "space",
    BookingsChanged: "bookings",
    ConditionReported: "condition",
    Requested: "request",
}


def event_row(
    n: int, site: SiteId, event: Event, facts: tuple[Fact, ...], now: datetime
) -> EventRow:
    """Return the row of one engine step."""
    received = to_us(now)
    return EventRow(
        n=n,
        site=site,
        device=event.device if isinstance(event, _OF_DEVICES) else None,
        kind=kind_of(event),
        at=to_us(event.at) if isinstance(event, Reported | DecidedMeanwhile) else received,
        received=received,
        event=event,
        facts=facts,
    )


def encoded_row(row: EventRow) -> bytes:
    """Return the row as JSON.

    Raises:
        Exception: a value that JSON or the file cannot hold; a bug that affects this row alone.
    """
    return _encode_row(row)


def kind_of(event: Event) -> str:
    """Return an event's type in the journal: a reading's wire name, or another event's name."""
    match event:
        case Reported(reading=reading):
            return str(type(reading).__struct_config__.tag)
        case _:
            return _KINDS[type(event)]


def decision_row(row: EventRow, decided: Decided) -> DecisionRow:
    """Return the row of a decision; `handover` is `none` if no answer is to be delivered."""
    return DecisionRow(
        n=row.n,
        site=row.site,
        device=decided.device,
        access_point=decided.access_point,
        holder=decided.holder,
        decision=decided.decision,
        reason=decided.reason,
        at=row.at,
        expires=to_us(decided.expires) if decided.expires else None,
        handover="pending" if decided.expires else "none",
    )


def minute_row(site: SiteId, figures: OccupancyMinute) -> MinuteRow:
    """Return the row of one zone's minute."""
    return MinuteRow(
        site, figures.zone, to_us(figures.minute), figures.mean, figures.min, figures.max
    )


def letter_row(letter: DeadLetter) -> LetterRow:
    """Return a dead letter's row."""
    return LetterRow(to_us(letter.received), *msgspec.structs.astuple(letter)[1:])


_SECRET_VALUE = re.compile(
    r"""((?:credential|pin|pin_code|uid|data|action_code|last_used_pin_code|tag)["']?\s*[:=]\s*)
        ("(?:[^"\\]|\\.)*["\\]?|'[^']*'?|[\[{].*|[^,}\]\s&]+)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_NUMBER_LIKE = re.compile(r"[0-9A-Fa-f][0-9A-Fa-f:\-_., ]{2,}[0-9A-Fa-f]")


def masked(payload: bytes) -> str:
    """Return the beginning of a payload for the dead letters, without badge number or PIN.

    The values of known keys are removed (if the value is a list or an object, everything after it),
    and so is everything that looks like a number of four or more digits (hex, with separators),
    because garbage may contain a number anywhere.
    """
    text = payload[:PAYLOAD_KEPT].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return _NUMBER_LIKE.sub("***", _SECRET_VALUE.sub(r"\1***", text))
