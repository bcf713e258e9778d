"""Operators' requests: who may make them, their effects, and the answers.

A request is obeyed once. Its transaction may arrive again, because a client without an answer sends
it again and brokers repeat messages: the answer is then the same. Each result is a fact. Requests
work in every mode: in a lockdown or an evacuation an operator can still open a door. A client that
sends a request twice changes nothing twice (it is idempotent by its transaction).
"""

from typing import assert_never

from gateway.core import devices
from gateway.core.access import doors, enrolment, machine_power, machines, modes, muster
from gateway.core.access.late_events import LATE
from gateway.core.facts import UNTIL_ACKNOWLEDGED, RequestAnswered
from gateway.core.model.directory import HolderId
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, DoorId
from gateway.core.occupancy import fusion, presence
from gateway.core.requests import (
    AcknowledgeAlarm,
    EnrolBadge,
    MarkLeft,
    MarkMustered,
    OpenDoor,
    PowerOff,
    Request,
    ResetDevice,
    SetMode,
    SetPeople,
    SetService,
    TellVacant,
)
from gateway.core.step_context import StepContext

ANSWERED_MAX = 128
"""Requests remembered. One is too old after 5 s, and no desk sends so many in that time."""


def handle(context: StepContext, request: Request) -> None:
    """Handle one request, and emit one answer."""
    for earlier in context.answered:
        if (earlier.transaction, earlier.by) == (request.transaction, request.by):
            context.emit(earlier)
            return
    error = _refusal(context, request) or _done(context, request)
    answer = RequestAnswered(
        transaction=request.transaction,
        verb=str(type(request.order).__struct_config__.tag),
        by=request.by,
        error=error,
        unreached=_unreached(context, request) if error is None else (),
    )
    context.answered = (*context.answered, answer)[-ANSWERED_MAX:]
    context.emit(answer)


def _refusal(context: StepContext, request: Request) -> str | None:
    """Return why a request (to open a door, for a lockdown …) is refused now; None: it is not.

    Only operators and administrators of the site may order a lockdown or anything else.
    """
    asker = context.directory.holders.get(request.by)
    site = context.site.id
    if asker is None or not (asker.has_role(OPERATOR, site) or asker.has_role(ADMINISTRATOR, site)):
        return "not-allowed"
    if context.now - request.at > LATE:
        return "too-old"
    if request.at - context.now > LATE:
        return "clock-ahead"
    return None


def _done(context: StepContext, request: Request) -> str | None:  # noqa: C901 - a dispatch
    """Carry the request out; return the error if it cannot be done."""
    error = None
    match request.order:
        case SetMode() as order:
            modes.change(context, order, request.by)
        case OpenDoor() as order:
            error = _open(context, order)
        case MarkMustered() as order:
            error = _muster(context, order)
        case MarkLeft() as order:
            error = _left(context, order)
        case SetService() as order:
            error = _service(context, order)
        case PowerOff() as order:
            error = _power_off(context, order)
        case SetPeople() as order:
            error = _people(context, order)
        case TellVacant() as order:
            error = _vacant(context, order)
        case AcknowledgeAlarm() as order:
            error = _acknowledge(context, order, request.by)
        case EnrolBadge() as order:
            error = enrolment.asked(context, order, request.transaction)
        case ResetDevice() as order:
            error = devices.reset(context, order.device)
        case _:
            assert_never(request.order)
    return error


def _unreached(context: StepContext, request: Request) -> tuple[DoorId, ...]:
    """Return the doors that an evacuation should unlock, and where no device takes the order."""
    if not isinstance(request.order, SetMode) or request.order.mode != "evacuation":
        return ()
    free = (door.id for door in context.site.doors if doors.is_free(context, door))
    return tuple(
        door
        for door in free
        if context.site.releasers[door] and not doors.is_reached(context, door)
    )


def _open(context: StepContext, order: OpenDoor) -> str | None:
    door = context.site.door.get(order.door)
    if door is None:
        return "unknown-object"
    devices = context.site.releasers[door.id]
    if not devices:
        return "out-of-place"  # nothing can release it: it has a handle, or only a contact
    doors.unlock(context, door, devices)
    if not doors.is_reached(context, door.id):
        return "not-connected"  # the order leaves all the same: a status may be old
    doors.release(context, door, None)
    return None


def _muster(context: StepContext, order: MarkMustered) -> str | None:
    entry = context.muster.get(order.holder)
    if entry is None:
        known = order.holder in context.directory.holders
        return "out-of-place" if known else "unknown-object"
    if order.seen:
        muster.seen(context, order.holder, context.now)
    elif entry.how == "left":
        return "out-of-place"  # they left by a door, and were not marked
    elif entry.safe is not None:
        muster.unseen(context, order.holder)
    return None


def _left(context: StepContext, order: MarkLeft) -> str | None:
    holder = order.holder
    if holder not in context.directory.holders:
        return "unknown-object"
    waits = any(one.holder == holder for door in context.doors.values() for one in door.pending)
    if holder not in context.presence and not waits:
        return "out-of-place"  # outside already
    doors.forget(context, holder)
    if holder in context.presence:
        presence.move(context, holder, None)
    return None


def _service(context: StepContext, order: SetService) -> str | None:
    point = context.site.access_point.get(order.access_point)
    if point is None:
        return "unknown-object"
    if order.in_service:
        if point.id in context.out_of_service:
            context.out_of_service = context.out_of_service.delete(point.id)
        return None
    context.out_of_service = context.out_of_service.set(point.id, order.why)
    if point.machine is not None:
        machines.take_out_of_service(context, point.machine)
    return None


def _power_off(context: StepContext, order: PowerOff) -> str | None:
    machine = context.site.machine.get(order.machine)
    if machine is None:
        return "unknown-object"
    if machine.relay is None:
        return "out-of-place"  # nothing can switch it
    if machine_power.runs(context, machine.id) and not order.even_running:
        return "running"
    machines.switched_off_by_operator(context, machine)
    return None


def _people(context: StepContext, order: SetPeople) -> str | None:
    if order.zone not in context.site.zone:
        return "unknown-object"
    fusion.people_set(context, order.zone, order.people)
    return None


def _vacant(context: StepContext, order: TellVacant) -> str | None:
    if order.zone not in context.site.zone:
        return "unknown-object"
    fusion.vacancy_told(context, order.zone, order.why)
    return None


def _acknowledge(context: StepContext, order: AcknowledgeAlarm, by: HolderId) -> str | None:
    alarm = next((on for on in context.alarms if on == (order.kind, order.object)), None)
    if alarm is None:
        return "not-on"
    context.acknowledge_alarm(*alarm, by, order.why)
    if order.kind in UNTIL_ACKNOWLEDGED or alarm in context.over:
        context.clear_alarm(*alarm)
    return None
