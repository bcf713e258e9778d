"""One credential event, one decision, and what follows from it.

While a reader waits for its answer, a grant opens the door at once. An event that arrives too late
opens nothing, but may still show where a holder is: a late read on the way out, and a decision that
a reader made alone while it was cut off, if it is believed
(`gateway.core.access.offline_decisions`). These are merged by the time of the event
(`presence.merge`). They start no machine, since they do not show whether it runs now.

A press of an exit button is a decision, too, and is never refused: not in a lockdown or an
evacuation, nor where the access point is out of service. The space file declares which device may
report a press (`gateway.core.access.wiring`).
"""

from datetime import datetime

from gateway.core.access import (
    doors,
    enrolment,
    machines,
    muster,
    offline_decisions,
    pin_attempts,
    proof,
    rules,
)
from gateway.core.access.late_events import LATE, is_late, is_told, lets_out
from gateway.core.access.reasons import EXIT_BUTTON
from gateway.core.access.request import AccessRequest, asked
from gateway.core.access.rules import Ruling
from gateway.core.events import DecidedMeanwhile, Reported
from gateway.core.facts import Decided, Noticed, RuleVerdict, Value
from gateway.core.model.directory import HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import ZoneId
from gateway.core.model.places import AccessPoint, Door
from gateway.core.occupancy import fusion, presence
from gateway.core.readings import CredentialPresented, ExitRequested
from gateway.core.state import Arrival
from gateway.core.step_context import StepContext

READER_DECIDED = "reader-decided"
"""The reason of a decision that a reader made alone while it was cut off."""
CLAIMED = "claimed"
"""The reason of such a decision if nothing shows that the reader was cut off and was allowed to."""
TOLD_LATE = frozenset({READER_DECIDED, CLAIMED})


def decide(context: StepContext, device: Device, event: Reported) -> None:
    """Answer one credential event."""
    reading = event.reading
    assert isinstance(reading, CredentialPresented)  # noqa: S101 - the engine's dispatch
    if reading.decided is not None:
        _take_over(context, device, event, reading)
        return
    question = asked(context.site, context.finish(), event, context.now)
    ruling = rules.decide(question)
    is_exit = question.point is not None and question.point.direction == "exit"
    actuates = lets_out(context, event) if is_exit else not is_late(context, event)
    door = context.site.door_of(question.point)
    by_itself = ruling.granted and actuates and door is not None and door.lock is None
    holder = question.holder.id if question.holder else None
    offline_decisions.asked(context, event, granted=ruling.granted, holder=holder)
    context.emit(
        Decided(
            device=device.id,
            access_point=device.access_point,
            decision="granted" if ruling.granted else "denied",
            reason=ruling.reason,
            holder=holder,
            verdicts=ruling.verdicts,
            expires=_expires(context, event) if actuates or is_told(context, event) else None,
            unlock_s=door.unlock_s if by_itself and door else None,
        )
    )
    if actuates:
        proof.shown(context, question, ruling)
    _note(context, question, ruling, is_code="pin" in (reading.format, device.format))
    if ruling.reason == enrolment.ENROLMENT:
        enrolment.read(context, event, holder)
    if not ruling.granted or question.point is None:
        return
    if actuates:
        _act(context, question, ruling, question.point)
    elif not event.retained:
        _merge(context, question, question.point)


def press(context: StepContext, device: Device, door: Door, event: Reported) -> None:
    """Open the door for a user who pressed an exit button that is wired to this device.

    A press that the broker retained is ignored; an old one is recorded, and opens nothing.
    """
    if event.retained:
        return
    saw: dict[str, Value] = {"door": door.id, "device": device.id}
    context.emit(
        Decided(
            device=device.id,
            access_point=None,
            decision="granted",
            reason=EXIT_BUTTON,
            holder=None,
            verdicts=(RuleVerdict("exit_button_is_wired", "grant", EXIT_BUTTON, saw),),
            door=door.id,
        )
    )
    if lets_out(context, event):
        let_out(context, device, door, event)


def let_out(context: StepContext, device: Device, door: Door, event: Reported) -> None:
    """Release a door whose exit button was pressed: by its lock, else by its entry readers.

    A board that opened the door by itself gets no order: with some locks a second one locks again.
    """
    reading = event.reading
    done = {device.id} if isinstance(reading, ExitRequested) and reading.released else set()
    doors.unlock(
        context, door, tuple(one for one in context.site.releasers[door.id] if one not in done)
    )
    if not door.contact:
        proof.went_unseen(context, door)
    doors.release(context, door, None)


def _expires(context: StepContext, event: Reported) -> datetime:
    """Return the expiry: by the reader's time if it is earlier, unless that clock is wrong."""
    return (context.now if is_late(context, event) else min(event.at, context.now)) + LATE


def _take_over(
    context: StepContext,
    device: Device,
    event: Reported,
    reading: CredentialPresented,
    *,
    unanswered: bool | None = None,
) -> AccessRequest:
    """Take over a reader's own decision; our rules only record what they would have decided."""
    question = asked(context.site, context.finish(), event, event.at)
    granted = reading.decided == "granted"
    believed = not event.doubted or offline_decisions.is_believed(
        context, event, reading, unanswered=unanswered
    )
    context.emit(
        Decided(
            device=device.id,
            access_point=device.access_point,
            decision="granted" if granted else "denied",
            reason=READER_DECIDED if believed else CLAIMED,
            holder=question.holder.id if question.holder else None,
            verdicts=rules.decide(question).verdicts,
            late=True,
        )
    )
    if granted and not believed:
        context.raise_alarm("unproven-claim", device.id)
    elif granted and question.point is not None and not event.retained:
        _merge(context, question, question.point)
    return question


def decided_meanwhile(context: StepContext, told: DecidedMeanwhile) -> None:
    """Replace our answer, which is void, by the decision that the reader made without it.

    If we had granted and the reader did not, the holder is moved back to where they were.
    """
    device, reading = context.site.device[told.device], told.reading
    ours = offline_decisions.open_question(
        context.finish(), device.id, told.number, told.at, reading
    )
    if ours is None:
        return
    offline_decisions.close_question(context, device.id, ours)
    event = Reported(device.id, told.at, reading, doubted=True)
    question = _take_over(context, device, event, reading, unanswered=told.unanswered)
    if ours.granted and reading.decided == "denied" and question.holder is not None:
        doors.forget(context, question.holder.id)
        presence.undo(context, question.holder.id, ours.now, ours.before)


def _act(context: StepContext, question: AccessRequest, ruling: Ruling, point: AccessPoint) -> None:
    """Act on a fresh grant: open the door, start or stop the machine, mark the holder as safe."""
    door, holder = context.site.door_of(point), question.holder
    if door is not None:
        doors.unlock(context, door, (door.lock,) if door.lock is not None else ())
        arrival = Arrival(holder.id, _beyond(point, door)) if holder is not None else None
        doors.release(context, door, arrival)  # None: somebody unknown on the way out
    if point.direction == "muster" and holder is not None:
        muster.seen(context, holder.id, context.now)
    if point.direction == "here" and holder is not None:
        _is_here(context, holder.id, point)
    if point.machine is not None and holder is not None:
        if ruling.reason == "machine-off":
            machines.sign_off(context, point.machine)
        else:
            machines.start(context, point.machine, holder.id)


def _is_here(context: StepContext, holder: HolderId, point: AccessPoint) -> None:
    """Move a holder into the room whose reader they badged at, unless they are known there."""
    where = context.presence.get(holder)
    if where is None or point.zone not in context.site.zone[where.zone].lineage:
        presence.move(context, holder, point.zone)


def _merge(context: StepContext, question: AccessRequest, point: AccessPoint) -> None:
    """Merge a passage that is reported late: it moves its holder if nothing newer is known."""
    door, holder = context.site.door_of(point), question.holder
    if holder is None:
        return
    if door is not None and presence.merge(context, holder.id, _beyond(point, door), question.at):
        inward = point.direction == "entry"
        fusion.passed(context, door, holder.id, inward=inward, at=question.at)
    if point.direction == "muster":
        muster.seen(context, holder.id, min(question.at, context.now))


def _note(context: StepContext, question: AccessRequest, ruling: Ruling, *, is_code: bool) -> None:
    """Record side effects of a ruling that do not show at the reader."""
    pin_attempts.judged(context, question, ruling, is_code=is_code)
    if question.point is None:
        return
    if ruling.duress:
        context.raise_alarm("duress", question.point.id)
    if ruling.passback:
        context.emit(
            Noticed(
                kind="passback",
                object=question.point.id,
                holder=question.holder.id if question.holder else None,
                at=context.now,
            )
        )


def _beyond(point: AccessPoint, door: Door) -> ZoneId | None:
    """Return the zone behind this door in the point's direction; None: the street."""
    return door.zone if point.direction == "entry" else door.outside
