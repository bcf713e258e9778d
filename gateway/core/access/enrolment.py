"""Enrolling a badge by holding it to a reader.

An operator requests it and the reader waits. A badge that is held to it twice, with no other one in
between, ends the wait: with its hashes if no member holds it, or, at once, with its holder. A read
opens nothing (the rule `reader_enrols_no_badge`), and is not counted as a wrong attempt. Each
reader enrols one badge at a time. Enrolment itself gives no right: the operator edits the members.

An attacker with a reader's password can report any badge, and so turn their own card into a key to
the front door. Badges are therefore enrolled at readers that the space file declares for it
(`enrols`), which stand in a staffed room. A place that has declared none enrols at any entry, or at
a desk reader that guards nothing; never at an exit, which is always free, nor at a muster point or
a machine, where a badge marks its holder as safe or signs them off.
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
"""The time a reader waits: enough to find the badge, without blocking the door for longer."""
ENROLMENT: Final = "enrolment"
"""The reason of a read that only enrols."""


def asked(context: StepContext, order: EnrolBadge, transaction: str) -> str | None:
    """Make a reader wait, or stop waiting; return the error if it cannot."""
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
    """Handle a badge at a waiting reader. It ignores codes and QR codes, and goes on waiting."""
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
    """End the wait at readers that were removed, or no longer enrol."""
    for id_, waiting in sorted(context.enrolments.items()):
        device = context.site.device.get(id_)
        if device is None or not may_enrol(context.site, device):
            _end(context, id_, EnrolmentEnded(waiting.transaction, id_, "cancelled"))


def can_enrol(site: Site, device: Device) -> bool:
    """Return whether a reader could enrol: it reads badges, and is at an entry or a desk."""
    point = site.point_of(device)
    return (
        device.role == "reader"
        and device.format not in ("pin", "qr")
        and (point is None or point.direction == "entry")
    )


def may_enrol(site: Site, device: Device) -> bool:
    """Return whether a reader may enrol: it is declared for it, or none is."""
    return can_enrol(site, device) and (device.enrols or not declares_where(site))


def declares_where(site: Site) -> bool:
    """Return whether the space file declares which readers enrol."""
    return any(device.enrols for device in site.devices)


def run_timers(context: StepContext) -> None:
    """End the waits whose time is over."""
    for device, waiting in sorted(context.enrolments.items()):
        if waiting.until <= context.now:
            _end(context, device, EnrolmentEnded(waiting.transaction, device, "expired"))


def next_timer(context: StepContext) -> datetime:
    """Return when the first wait ends."""
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
