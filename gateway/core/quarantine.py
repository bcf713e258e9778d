"""What is safe to do with an event whose own handling raised: a bug of ours harms only itself.

A badge at an entry or a machine is denied `fault` and answered; at a way out it is granted, and a
press of an exit button releases its door, for nobody is locked in by our bugs. Nothing else of the
event is done: nobody is moved, nothing is started. Whatever else raised is in the dead letters. An
alarm tells that there is a bug, and the gateway's log has its traceback.

The event is journaled as `quarantined`, so that a replay takes the same way, also once the bug is
mended.
"""

import contextlib

from gateway.core.access import doors, wiring
from gateway.core.access.freshness import is_told, lets_out
from gateway.core.access.reasons import EXIT_BUTTON
from gateway.core.access.rules import LATE
from gateway.core.events import Misunderstood, Reported
from gateway.core.facts import BugMet, Decided, UnlockDoor
from gateway.core.model.names import DeviceId
from gateway.core.model.places import Door
from gateway.core.readings import CredentialPresented, ExitRequested
from gateway.core.step_context import StepContext

FAULT = "fault"
"""The reason of a refusal for which there is none but a bug."""
EXIT_FREE = "exit-free"


def met(context: StepContext, where: str, error: Exception | None = None) -> None:
    """Raise the alarm of a bug in a part of the engine, or in what a device sent."""
    context.raise_alarm("engine-fault", where)
    if error is not None:
        # Its text may hold what was read; its kind does not.
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
    """A press of a button that is one."""
    device = context.site.device[event.device]
    door = wiring.door_of(context.site, device)
    if door is None or wiring.refusal(context.site, device, event.reading) is not None:
        return
    context.emit(Decided(device.id, None, "granted", EXIT_BUTTON, None, (), door=door.id))
    if lets_out(context, event):
        _release(context, door, context.site.releasers[door.id])


def _release(context: StepContext, door: Door, devices: tuple[DeviceId, ...]) -> None:
    """Order the door to be opened, whatever else of doors has the bug."""
    for device in devices:
        expires = context.now + LATE
        context.emit(UnlockDoor(door.id, device, unlock_s=door.unlock_s, expires=expires))
    with contextlib.suppress(Exception):  # then its opening is told as forced, no more
        doors.release(context, door, None)
