"""Enrolling a badge by holding it to a reader.

An operator asks, the reader waits, and a badge that is held there twice, with no other in between,
ends it: with its hashes if nobody has it, or, at once, with who holds it. A read opens nothing (the
rule `reader_enrols_no_badge`), and counts as no wrong attempt. One badge at a time a reader;
nothing here gives a right, since whoever asked writes the members themselves.

Whoever has a reader's password says what badge was held to it, and so makes their card a key to the
front door. So it is done at readers that the space file declares for it (`enrols`), which stand in
a staffed room; a place that has declared none yet enrols at any entry, or at a desk's reader that
guards nothing. Never at a way out, which is free for all at all times, nor at a muster point or a
machine, where a badge says that somebody is safe or done.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from gateway.core.events import Reported
from gateway.core.facts import EnrolmentEnded
from gateway.core.model.directory import CredentialHash, HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented
from gateway.core.requests import EnrolBadge
from gateway.core.state import NEVER, PendingEnrolment
from gateway.core.step_builder import StepContext

ENROL_FOR: Final = timedelta(seconds=60)
"""So long a reader waits: enough to find the badge, and a door is out of use no longer."""
ENROLMENT: Final = "enrolment"
"""The reason of a read that only enrols."""


def asked(turn: StepContext, order: EnrolBadge, transaction: str) -> str | None:
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


def read(turn: StepContext, event: Reported, holder: HolderId | None) -> None:
    """A badge was held to a reader that waits. A code or a QR code is none: it goes on waiting."""
    reading = event.reading
    assert isinstance(reading, CredentialPresented)  # noqa: S101 - what `decide` is for
    device, transaction = event.device, turn.enrolments[event.device].transaction
    number = CredentialHash(reading.credential)
    if holder is not None:
        _end(turn, device, EnrolmentEnded(transaction, device, "known", holder=holder))
    elif event.reader_hash is None:
        return
    elif turn.enrolments[device].seen != number:
        waiting = structs.replace(turn.enrolments[device], seen=number)
        turn.enrolments = turn.enrolments.set(device, waiting)
    else:
        ended = EnrolmentEnded(transaction, device, "read", number, event.reader_hash)
        _end(turn, device, ended)


def space_changed(turn: StepContext) -> None:
    """Readers that are gone, or enrol no more, wait no longer."""
    for id_, waiting in sorted(turn.enrolments.items()):
        device = turn.site.device.get(id_)
        if device is None or not may_enrol(turn.site, device):
            _end(turn, id_, EnrolmentEnded(waiting.transaction, id_, "cancelled"))


def can_enrol(site: Site, device: Device) -> bool:
    """Whether badges could be enrolled at a reader: it reads some, at an entry or a desk."""
    point = site.point_of(device)
    return (
        device.role == "reader"
        and device.format not in ("pin", "qr")
        and (point is None or point.direction == "entry")
    )


def may_enrol(site: Site, device: Device) -> bool:
    """Whether badges are enrolled at a reader: it is declared for it, or none is."""
    return can_enrol(site, device) and (device.enrols or not declares_where(site))


def declares_where(site: Site) -> bool:
    """Whether a space file says at which readers badges are enrolled."""
    return any(device.enrols for device in site.devices)


def run_timers(turn: StepContext) -> None:
    """A reader waits no longer than it may."""
    for device, waiting in sorted(turn.enrolments.items()):
        if waiting.until <= turn.now:
            _end(turn, device, EnrolmentEnded(waiting.transaction, device, "expired"))


def next_timer(turn: StepContext) -> datetime:
    """When the first of them ends."""
    return min((waiting.until for waiting in turn.enrolments.values()), default=NEVER)


def _refusal(turn: StepContext, device: Device, holder: HolderId) -> str | None:
    point = turn.site.point_of(device)
    if device.role != "reader" or (point is not None and point.direction != "entry"):
        return "out-of-place"
    if not may_enrol(turn.site, device):
        return "not-enrolling"
    if holder not in turn.directory.holders:
        return "unknown-object"
    return "busy" if device.id in turn.enrolments else None


def _wait(turn: StepContext, device: Device, holder: HolderId, transaction: str) -> str | None:
    until = turn.now + ENROL_FOR
    turn.enrolments = turn.enrolments.set(device.id, PendingEnrolment(transaction, holder, until))
    turn.wake(until)
    return None


def _end(turn: StepContext, device: DeviceId, ended: EnrolmentEnded) -> None:
    turn.enrolments = turn.enrolments.delete(device)
    turn.say(ended)
