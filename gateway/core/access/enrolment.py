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
from gateway.core.step_context import StepContext

ENROL_FOR: Final = timedelta(seconds=60)
"""So long a reader waits: enough to find the badge, and a door is out of use no longer."""
ENROLMENT: Final = "enrolment"
"""The reason of a read that only enrols."""


def asked(context: StepContext, order: EnrolBadge, transaction: str) -> str | None:
    """Have a reader wait, or wait no more; the error if it cannot."""
    device = context.site.device.get(order.device)
    if device is None:
        return "unknown-object"
    waiting = context.enrolments.get(device.id)
    if order.holder is None:
        if waiting is None:
            return "out-of-place"
        _end(context, device.id, EnrolmentEnded(waiting.transaction, device.id, "cancelled"))
        return None
    return _refusal(context, device, order.holder) or _wait(
        context, device, order.holder, transaction
    )


def read(context: StepContext, event: Reported, holder: HolderId | None) -> None:
    """A badge was held to a reader that waits. A code or a QR code is none: it goes on waiting."""
    reading = event.reading
    assert isinstance(reading, CredentialPresented)  # noqa: S101 - what `decide` is for
    device, transaction = event.device, context.enrolments[event.device].transaction
    number = CredentialHash(reading.credential)
    if holder is not None:
        _end(context, device, EnrolmentEnded(transaction, device, "known", holder=holder))
    elif event.reader_hash is None:
        return
    elif context.enrolments[device].seen != number:
        waiting = structs.replace(context.enrolments[device], seen=number)
        context.enrolments = context.enrolments.set(device, waiting)
    else:
        ended = EnrolmentEnded(transaction, device, "read", number, event.reader_hash)
        _end(context, device, ended)


def space_changed(context: StepContext) -> None:
    """Readers that are gone, or enrol no more, wait no longer."""
    for id_, waiting in sorted(context.enrolments.items()):
        device = context.site.device.get(id_)
        if device is None or not may_enrol(context.site, device):
            _end(context, id_, EnrolmentEnded(waiting.transaction, id_, "cancelled"))


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


def run_timers(context: StepContext) -> None:
    """A reader waits no longer than it may."""
    for device, waiting in sorted(context.enrolments.items()):
        if waiting.until <= context.now:
            _end(context, device, EnrolmentEnded(waiting.transaction, device, "expired"))


def next_timer(context: StepContext) -> datetime:
    """When the first of them ends."""
    return min((waiting.until for waiting in context.enrolments.values()), default=NEVER)


def _refusal(context: StepContext, device: Device, holder: HolderId) -> str | None:
    point = context.site.point_of(device)
    if device.role != "reader" or (point is not None and point.direction != "entry"):
        return "out-of-place"
    if not may_enrol(context.site, device):
        return "not-enrolling"
    if holder not in context.directory.holders:
        return "unknown-object"
    return "busy" if device.id in context.enrolments else None


def _wait(context: StepContext, device: Device, holder: HolderId, transaction: str) -> str | None:
    until = context.now + ENROL_FOR
    context.enrolments = context.enrolments.set(
        device.id, PendingEnrolment(transaction, holder, until)
    )
    context.wake(until)
    return None


def _end(context: StepContext, device: DeviceId, ended: EnrolmentEnded) -> None:
    context.enrolments = context.enrolments.delete(device)
    context.emit(ended)
