"""Operators' requests: who may ask, what is done, and what is answered.

A request is obeyed once. Its transaction may come again, because an asker that heard nothing asks
again and brokers repeat themselves: the answer is then the same. Whatever becomes of it is a fact.
Requests work in every mode: in a lockdown or an evacuation an operator still opens a door.
"""

from typing import assert_never

from gateway.core import devices
from gateway.core.access import doors, enrolment, machines, modes, muster
from gateway.core.access.rules import LATE
from gateway.core.facts import UNTIL_ACKNOWLEDGED, RequestAnswered
from gateway.core.model.directory import HolderId
from gateway.core.model.names import ADMINISTRATOR, OPERATOR
from gateway.core.occupancy import fusion, presence
from gateway.core.requests import (
    AcknowledgeAlarm,
    EnrolBadge,
    MarkLeft,
    MarkMustered,
    OpenDoor,
    Request,
    ResetDevice,
    SetMode,
    SetPeople,
    SetService,
    TellVacant,
)
from gateway.core.step_builder import StepContext

ANSWERED_MAX = 128
"""Requests remembered. One is too old after 5 s, and no desk asks for so much in that time."""


def handle(turn: StepContext, request: Request) -> None:
    """One request, one answer."""
    for earlier in turn.answered:
        if (earlier.transaction, earlier.by) == (request.transaction, request.by):
            turn.say(earlier)
            return
    error = _refusal(turn, request) or _done(turn, request)
    answer = RequestAnswered(
        transaction=request.transaction,
        verb=str(type(request.order).__struct_config__.tag),
        by=request.by,
        error=error,
    )
    turn.answered = (*turn.answered, answer)[-ANSWERED_MAX:]
    turn.say(answer)


def _refusal(turn: StepContext, request: Request) -> str | None:
    """Why nothing is done for this asker, now."""
    asker = turn.directory.holders.get(request.by)
    site = turn.site.id
    if asker is None or not (asker.has_role(OPERATOR, site) or asker.has_role(ADMINISTRATOR, site)):
        return "not-allowed"
    if turn.now - request.at > LATE:
        return "too-old"
    if request.at - turn.now > LATE:
        return "clock-ahead"
    return None


def _done(turn: StepContext, request: Request) -> str | None:  # noqa: C901 - a dispatch
    """Do it; the error if it cannot be done."""
    error = None
    match request.order:
        case SetMode() as order:
            modes.change(turn, order, request.by)
        case OpenDoor() as order:
            error = _open(turn, order)
        case MarkMustered() as order:
            error = _muster(turn, order)
        case MarkLeft() as order:
            error = _left(turn, order)
        case SetService() as order:
            error = _service(turn, order)
        case SetPeople() as order:
            error = _people(turn, order)
        case TellVacant() as order:
            error = _vacant(turn, order)
        case AcknowledgeAlarm() as order:
            error = _acknowledge(turn, order, request.by)
        case EnrolBadge() as order:
            error = enrolment.asked(turn, order, request.transaction)
        case ResetDevice() as order:
            error = devices.reset(turn, order.device)
        case _:
            assert_never(request.order)
    return error


def _open(turn: StepContext, order: OpenDoor) -> str | None:
    door = turn.site.door.get(order.door)
    if door is None:
        return "unknown-object"
    devices = turn.site.releasers[door.id]
    if not devices:
        return "out-of-place"  # nothing can release it: it has a handle, or only a contact
    doors.unlock(turn, door, devices)
    doors.release(turn, door, None)
    return None


def _muster(turn: StepContext, order: MarkMustered) -> str | None:
    entry = turn.muster.get(order.holder)
    if entry is None:
        known = order.holder in turn.directory.holders
        return "out-of-place" if known else "unknown-object"
    if order.seen:
        muster.seen(turn, order.holder, turn.now)
    elif entry.how == "left":
        return "out-of-place"  # they went out by a door; nobody marked them
    elif entry.safe is not None:
        muster.unseen(turn, order.holder)
    return None


def _left(turn: StepContext, order: MarkLeft) -> str | None:
    holder = order.holder
    if holder not in turn.directory.holders:
        return "unknown-object"
    waits = any(one.holder == holder for door in turn.doors.values() for one in door.pending)
    if holder not in turn.presence and not waits:
        return "out-of-place"  # outside already
    doors.forget(turn, holder)
    if holder in turn.presence:
        presence.move(turn, holder, None)
    return None


def _service(turn: StepContext, order: SetService) -> str | None:
    point = turn.site.access_point.get(order.access_point)
    if point is None:
        return "unknown-object"
    if order.in_service:
        if point.id in turn.out_of_service:
            turn.out_of_service = turn.out_of_service.delete(point.id)
        return None
    turn.out_of_service = turn.out_of_service.set(point.id, order.why)
    if point.machine is not None:
        machines.take_out_of_service(turn, point.machine)
    return None


def _people(turn: StepContext, order: SetPeople) -> str | None:
    if order.zone not in turn.site.zone:
        return "unknown-object"
    fusion.people_set(turn, order.zone, order.people)
    return None


def _vacant(turn: StepContext, order: TellVacant) -> str | None:
    if order.zone not in turn.site.zone:
        return "unknown-object"
    fusion.vacancy_told(turn, order.zone, order.why)
    return None


def _acknowledge(turn: StepContext, order: AcknowledgeAlarm, by: HolderId) -> str | None:
    alarm = next((on for on in turn.alarms if on == (order.kind, order.object)), None)
    if alarm is None:
        return "not-on"
    turn.acknowledge_alarm(*alarm, by, order.why)
    if order.kind in UNTIL_ACKNOWLEDGED:
        turn.clear_alarm(*alarm)
    return None
