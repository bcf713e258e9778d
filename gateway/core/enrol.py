"""Enrolling a badge by holding it to a reader.

An operator asks, the reader waits, and the next badge there ends it: with its hashes if nobody has
it, or with who holds it. The read opens nothing (the rule `reader_enrols_no_badge`), and counts as
no wrong attempt. One badge at a time a reader; nothing here gives a right, since whoever asked
writes the members themselves.

At an entry, or at a desk's reader that guards nothing. Not at a way out, which is free for all at
all times, nor at a muster point or a machine, where a badge says that somebody is safe or done.
"""

from datetime import datetime, timedelta
from typing import Final

from gateway.core.directory import CredentialHash, HolderId
from gateway.core.equipment import Device
from gateway.core.events import Reported
from gateway.core.facts import EnrolmentEnded
from gateway.core.names import DeviceId
from gateway.core.readings import CredentialPresented
from gateway.core.requests import EnrolBadge
from gateway.core.state import NEVER, Enrolment
from gateway.core.turn import Turn

ENROL_FOR: Final = timedelta(seconds=60)
"""So long a reader waits: enough to find the badge, and a door is out of use no longer."""
ENROLMENT: Final = "enrolment"
"""The reason of a read that only enrols."""


def asked(turn: Turn, order: EnrolBadge, transaction: str) -> str | None:
    """Have a reader wait, or wait no more; the error if it cannot."""
    device = turn.site.device.get(order.device)
    if device is None:
        return "unknown-object"
    waiting = turn.enrolments.get(device.id)
    if order.holder is None:
        if waiting is None:
            return "out-of-place"
        _end(turn, device.id, EnrolmentEnded(waiting.transaction, device.id, "cancelled"))
        return None
    return _refusal(turn, device, order.holder) or _wait(turn, device, order.holder, transaction)


def read(turn: Turn, event: Reported, holder: HolderId | None) -> None:
    """A badge was held to a reader that waits. A code or a QR code is none: it goes on waiting."""
    reading = event.reading
    assert isinstance(reading, CredentialPresented)  # noqa: S101 - what `decide` is for
    device, transaction = event.device, turn.enrolments[event.device].transaction
    if holder is not None:
        _end(turn, device, EnrolmentEnded(transaction, device, "known", holder=holder))
    elif event.reader_hash is not None:
        number = CredentialHash(reading.credential)
        ended = EnrolmentEnded(transaction, device, "read", number, event.reader_hash)
        _end(turn, device, ended)


def run_timers(turn: Turn) -> None:
    """A reader waits no longer than it may."""
    for device, waiting in sorted(turn.enrolments.items()):
        if waiting.until <= turn.now:
            _end(turn, device, EnrolmentEnded(waiting.transaction, device, "expired"))


def next_timer(turn: Turn) -> datetime:
    """When the first of them ends."""
    return min((waiting.until for waiting in turn.enrolments.values()), default=NEVER)


def _refusal(turn: Turn, device: Device, holder: HolderId) -> str | None:
    point = turn.site.access_point.get(device.access_point) if device.access_point else None
    if device.role != "reader" or (point is not None and point.direction != "entry"):
        return "out-of-place"
    if holder not in turn.directory.holders:
        return "unknown-object"
    return "busy" if device.id in turn.enrolments else None


def _wait(turn: Turn, device: Device, holder: HolderId, transaction: str) -> str | None:
    until = turn.now + ENROL_FOR
    turn.enrolments = turn.enrolments.set(device.id, Enrolment(transaction, holder, until))
    turn.wake(until)
    return None


def _end(turn: Turn, device: DeviceId, ended: EnrolmentEnded) -> None:
    turn.enrolments = turn.enrolments.delete(device)
    turn.say(ended)
