"""Safe handling of an event whose own handling raised, so that a bug of ours harms nothing else.

A badge at an entry or a machine is denied with `fault`; at an exit it is granted, and a press of an
exit button releases its door, since our bugs must not lock a user in. Nothing else of the event is
handled: no holder is moved, nothing is started. Any other event that raised is a dead letter. An
alarm reports the bug, and the gateway's log has its traceback.

The event is journaled as `quarantined`, so that a replay handles it in the same way, also once the
bug is fixed.
"""

import contextlib

from gateway.core.access import doors, wiring
from gateway.core.access.late_events import LATE, is_told, lets_out
from gateway.core.access.reasons import EXIT_BUTTON
from gateway.core.events import Misunderstood, Reported
from gateway.core.facts import BugMet, Decided, UnlockDoor
from gateway.core.model.names import DeviceId
from gateway.core.model.places import Door
from gateway.core.readings import CredentialPresented, ExitRequested
from gateway.core.step_context import StepContext

FAULT = "fault"
"""The reason of a refusal that is caused by a bug."""
EXIT_FREE = "exit-free"


def met(context: StepContext, where: str, error: Exception | None = None) -> None:
    """Raise the alarm for a bug in a part of the engine, or in the handling of a device's event."""
    context.raise_alarm("engine-fault", where)
    if error is not None:
        # Its text may contain input data; its class does not.
        context.emit(BugMet(where=where, error=type(error).__name__, at=context.now))


def reported(context: StepContext, event: Reported | Misunderstood) -> None:
    """Do the least that is safe."""
    if isinstance(event, Reported) and isinstance(event.reading, CredentialPresented):
        _answer(context, event)
    if isinstance(event, Reported) and isinstance(event.reading, ExitRequested):
        _let_out(context, event)
    met(context, event.device)


def _answer(context: StepContext, event: Reported) -> None:
    device = context.site.device[event.device]
    point = context.site.point_of(device)
    is_exit = point is not None and point.direction == "exit"
    door = context.site.door_of(point)
    actuates = lets_out(context, event) if is_exit else is_told(context, event)
    context.emit(
        Decided(
            device=device.id,
            access_point=device.access_point,
            decision="granted" if is_exit else "denied",
            reason=EXIT_FREE if is_exit else FAULT,
            holder=None,
            verdicts=(),
            expires=context.now + LATE if actuates else None,
            unlock_s=door.unlock_s if is_exit and door and door.lock is None else None,
        )
    )
    if is_exit and actuates and door is not None:
        _release(context, door, () if door.lock is None else (door.lock,))


def _let_out(context: StepContext, event: Reported) -> None:
    """Release the door, if the event is a press of its exit button."""
    device = context.site.device[event.device]
    door = wiring.door_of(context.site, device)
    if door is None or wiring.refusal(context.site, device, event.reading) is not None:
        return
    context.emit(Decided(device.id, None, "granted", EXIT_BUTTON, None, (), door=door.id))
    if lets_out(context, event):
        _release(context, door, context.site.releasers[door.id])


def _release(context: StepContext, door: Door, devices: tuple[DeviceId, ...]) -> None:
    """Order the door to be opened, even if the code for doors has the bug."""
    for device in devices:
        expires = context.now + LATE
        context.emit(UnlockDoor(door.id, device, unlock_s=door.unlock_s, expires=expires))
    with contextlib.suppress(Exception):  # then its opening is merely reported as forced
        doors.release(context, door, None)
