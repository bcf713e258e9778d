"""The engine: `step(site, state, event, now) -> (next state, facts)`.

Pure: no clock, no I/O, no randomness. The same arguments give the same answer, so a restart is the
last snapshot and the journal's tail through this function, and a replay explains any past decision.

Time enters only as `now` (ours, never going back) and the event's own `at`. Timers that are due run
before the event; `State.wake_at` says when to call again with a `Tick` if nothing happens before.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple, TypeVar, assert_never

from gateway.core import devices, quarantine, request_handlers, space_change
from gateway.core.access import (
    decision,
    doors,
    enrolment,
    machine_power,
    machines,
    modes,
    muster,
    offline_decisions,
    pin_attempts,
    proof,
    wiring,
)
from gateway.core.access.late_events import is_late
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
from gateway.core.facts import DuplicateDropped, Fact, GatewayMinute, NotWired, Sensed
from gateway.core.model.directory import DirectoryChange, changed
from gateway.core.model.equipment import Device
from gateway.core.model.names import ZoneId
from gateway.core.model.places import Door
from gateway.core.model.site import Site
from gateway.core.occupancy import fusion, occupancy, presence, presence_decay, visits
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    Counted,
    CredentialPresented,
    Crossed,
    DoorReported,
    ExitRequested,
    Firmware,
    MachineReported,
    Motion,
    Presence,
    RelayReported,
    Tampered,
)
from gateway.core.sequence import NotAdmitted
from gateway.core.state import NEVER, State
from gateway.core.step_context import StepContext

T = TypeVar("T")

QUARANTINE: Final = timedelta(seconds=30)
"""The time for which a chapter that met a bug is left out before it is tried again."""
FIGURES: Final = "figures"
"""The name of the part that handles a tick's figures, as if it were a chapter."""


class Chapter(NamedTuple):
    """A part of the engine: what it does when time passes, and at the end of each step.

    `next_timer` is when `run_timers` has something to do again.
    """

    name: str
    run_timers: Callable[[StepContext], None] | None = None
    next_timer: Callable[[StepContext], datetime] | None = None
    conclude: Callable[[StepContext], None] | None = None


def _run_sensing(context: StepContext) -> None:
    if occupancy.minute_is_over(context):
        fusion.run_timers(context)


def _run_fading(context: StepContext) -> None:
    if occupancy.minute_is_over(context):
        presence_decay.run_timers(context)


def _run_occupancy(context: StepContext) -> None:
    occupancy.run_timers(context)
    occupancy.close_minutes(context)


CHAPTERS: Final[tuple[Chapter, ...]] = (
    # before the doors': doors released in an evacuation do not lock in between
    Chapter("modes", modes.run_timers, modes.next_timer),
    Chapter("doors", doors.run_timers, doors.next_timer),
    Chapter("muster", conclude=muster.follow),
    Chapter("proof", proof.run_timers),
    Chapter("machines", machines.run_timers, machines.next_timer, machines.watch),
    Chapter("power", conclude=machine_power.conclude),
    Chapter("devices", devices.run_timers, devices.next_timer),
    Chapter("attempts", pin_attempts.run_timers),
    Chapter("enrol", enrolment.run_timers, enrolment.next_timer),
    Chapter("alone", offline_decisions.run_timers),
    Chapter("presence", presence.run_timers),
    Chapter("visits", visits.run_timers),
    Chapter("sensing", _run_sensing),
    Chapter("fading", _run_fading),
    Chapter("occupancy", _run_occupancy, occupancy.next_timer, occupancy.announce),
)
"""In the order in which they run."""
_CONCLUSIONS: Final = tuple(
    (one.name, one.conclude) for one in CHAPTERS if one.conclude is not None
)


class Bug(NamedTuple):
    """An unexpected exception: the part that raised it, and the exception."""

    where: str
    error: Exception


class Step(NamedTuple):
    """The next state, and all facts to be journaled, published and obeyed.

    `bugs` are those of chapters that were left out; the step is the result of the others.
    """

    state: State
    facts: tuple[Fact, ...]
    bugs: tuple[Bug, ...] = ()


class _ChapterFailed(Exception):  # noqa: N818 - what happened, as all names here
    def __init__(self, chapter: str, error: Exception) -> None:
        super().__init__(chapter)
        self.bug = Bug(chapter, error)


def step(site: Site, state: State, event: Event, now: datetime) -> Step:
    """Return the next state and the facts that follow from one event.

    A duplicate leaves the state unchanged and emits only `DuplicateDropped`. A chapter that raises
    is left out of this step and of all those within the next `QUARANTINE`, with an alarm: the
    others, and the event itself, go on as if it had nothing to do.

    Raises:
        NotAdmitted: the event's number cannot be judged; nothing changed.
        Exception: a bug in the handling of the event itself; called again with the event
            `quarantined`, the step does the least that is safe.
    """
    left_out: set[str] = set()
    if state.quarantined:
        left_out = {name for name, until in state.quarantined.items() if now < until}
    bugs: list[Bug] = []
    while True:
        try:
            return _step(_Attempt(site, state, event, now, left_out, bugs))
        except _ChapterFailed as failed:
            bugs.append(failed.bug)
            left_out.add(failed.bug.where)


class _Attempt(NamedTuple):
    site: Site
    state: State
    event: Event
    now: datetime
    left_out: set[str]
    bugs: list[Bug]


def _step(attempt: _Attempt) -> Step:
    event, state = attempt.event, attempt.state
    context = StepContext.open(attempt.site, state, attempt.now)
    if isinstance(event, SpaceChanged):
        context = StepContext.open(event.site, state, attempt.now)
        space_change.changed(context)
    _run_timers(context, attempt.left_out)
    if isinstance(event, Reported | Misunderstood):
        if not _heard(context, event):
            dropped = DuplicateDropped(event.device, event.boot, event.seq)
            return Step(state, (dropped,), tuple(attempt.bugs))
        if event.quarantined:
            quarantine.reported(context, event)
        elif isinstance(event, Reported):
            _reported(context, event)
    elif not (isinstance(event, Tick) and FIGURES in attempt.left_out):
        _happened(context, event)
    for name, conclude in _CONCLUSIONS:
        if name not in attempt.left_out:
            _guarded(name, conclude, context)
    if attempt.bugs or context.quarantined:
        _quarantine(context, attempt)
    return Step(context.finish(), tuple(context.facts), tuple(attempt.bugs))


def _happened(context: StepContext, event: Event) -> None:  # noqa: C901 - a dispatch, one line an event
    """Handle an event that is not a device's message."""
    match event:
        case Tick():
            _guarded(FIGURES, partial(_tick, tick=event), context)
        case DirectoryChanged():
            _directory_changed(context, event.change)
        case BookingsChanged():
            context.bookings = context.bookings.set(event.target, event.bookings)
        case ConditionReported():
            _condition(context, event)
        case DecidedMeanwhile():
            decision.decided_meanwhile(context, event)
        case ListConfirmed():
            offline_decisions.list_confirmed(context, event)
        case GatewayAway():
            offline_decisions.gateway_away(context, event)
        case Requested():
            request_handlers.handle(context, event.request)
        case SpaceChanged():
            pass  # in force already, with the new file's timers
        case Reported() | Misunderstood():
            raise AssertionError("a device's message has its own way")
        case _:
            assert_never(event)


def _heard(context: StepContext, event: Reported | Misunderstood) -> bool:
    """Return whether the event is new. If the numbering has a bug, a badge is answered twice."""
    try:
        return devices.heard(context, event)
    except NotAdmitted:
        raise
    except Exception:
        if not event.quarantined:
            raise
        return True


def _quarantine(context: StepContext, attempt: _Attempt) -> None:
    """Leave out the failed parts for a while; readmit those that ran again without fault."""
    tried_again = set(context.quarantined) - attempt.left_out
    for name in sorted(tried_again):
        context.quarantined = context.quarantined.delete(name)
    for bug in attempt.bugs:
        until = context.now + QUARANTINE
        context.quarantined = context.quarantined.set(bug.where, until)
        context.wake(until)
        quarantine.met(context, bug.where, bug.error)


def _run_timers(context: StepContext, left_out: set[str]) -> None:
    """Run all timers that are due, and compute when the next is.

    Zones' minutes end every minute, so a timer that is further away was set by a clock that has
    been put back since.
    """
    put_back = context.now + occupancy.MINUTE < context.wake_at < NEVER
    if context.now < context.wake_at and not put_back:
        return
    context.wake_at = min(context.quarantined.values(), default=NEVER)
    chapters = [one for one in CHAPTERS if one.name not in left_out] if left_out else CHAPTERS
    for chapter in chapters:
        if chapter.run_timers is not None:
            _guarded(chapter.name, chapter.run_timers, context)
    for chapter in chapters:
        if chapter.next_timer is not None:
            context.wake(_guarded(chapter.name, chapter.next_timer, context))


def _guarded(chapter: str, work: Callable[[StepContext], T], context: StepContext) -> T:
    try:
        return work(context)
    except Exception as error:
        raise _ChapterFailed(chapter, error) from error


def _tick(context: StepContext, tick: Tick) -> None:
    health = tick.health
    if tick.minute or health is not None:
        devices.minute_figures(context, tick.duplicates, tick.ghosts)
    if health is None:
        return
    context.emit(
        GatewayMinute(
            instance=health.instance,
            at=context.now,
            backlog=health.backlog,
            commit_ms=health.commit_ms,
            decisions=health.decisions,
            dropped=health.dropped,
        )
    )


def _condition(context: StepContext, event: ConditionReported) -> None:
    if event.active:
        context.raise_alarm(event.kind, event.object)
    else:
        context.clear_alarm(event.kind, event.object)


def _directory_changed(context: StepContext, change: DirectoryChange) -> None:
    """Apply a change of the directory: erased holders are forgotten everywhere."""
    offline_decisions.members_change(context, change)
    context.directory = changed(context.directory, change)
    context.stirred = True
    for holder in change.removed_holders:
        doors.forget(context, holder)
        presence.erase(context, holder)


def _reported(context: StepContext, event: Reported) -> None:  # noqa: C901, PLR0912 - a dispatch, one line a reading
    device = context.site.device[event.device]
    if wiring.refusal(context.site, device, event.reading) is not None:
        _not_wired(context, device, event)
        return
    zone = _zone(context.site, device)
    match event.reading:
        case CredentialPresented():
            decision.decide(context, device, event)
        case DoorReported(state=status):
            door = _its_door(context.site, device)
            if status == "open":
                doors.opened(context, door, late=is_late(context, event))
            else:
                doors.closed(context, door)
        case ExitRequested():
            decision.press(context, device, _its_door(context.site, device), event)
        case Crossed():
            devices.crossed(context, device, zone, event)
            fusion.sensed(context, device, zone, event)
        case Motion(active=active) | Presence(active=active):
            _sense(context, device, zone, event, float(active))
            fusion.sensed(context, device, zone, event)
        case Counted(people=people):
            if not event.retained:
                proof.counted(context, zone, people)
            _sense(context, device, zone, event, people)
            fusion.sensed(context, device, zone, event)
        case Co2(ppm=ppm):
            _sense(context, device, zone, event, ppm)
        case MachineReported(state=status):
            machines.reported(context, device, event)
            _sense(context, device, zone, event, float(status == "on"))
        case RelayReported(state=status):
            machines.switched(context, device, event)
            _sense(context, device, zone, event, float(status == "on"))
        case Tampered(active=active):
            _tampered(context, device, active=active)
            _sense(context, device, zone, event, float(active))
        case Battery(percent=percent):
            devices.battery(context, device.id, percent)
            _sense(context, device, zone, event, percent)
        case Availability(state=status, address=address):
            devices.came_or_went(context, device.id, online=status == "online")
            if address is not None:
                devices.moved(context, device, address)
        case Firmware():
            devices.runs(context, device.id, event.reading)
        case _:
            assert_never(event.reading)


def _not_wired(context: StepContext, device: Device, event: Reported) -> None:
    """Raise the alarm, and nothing else; the service makes the message a dead letter."""
    context.emit(NotWired(device.id, wiring.word_of(type(event.reading)), event.at))
    context.raise_alarm("not-wired", device.id)


def _tampered(context: StepContext, device: Device, *, active: bool) -> None:
    if active:
        context.raise_alarm("tamper", device.id)
    else:
        context.alarm_over("tamper", device.id)


def _sense(
    context: StepContext, device: Device, zone: ZoneId | None, event: Reported, value: float
) -> None:
    kind = wiring.word_of(type(event.reading))
    context.emit(Sensed(device=device.id, zone=zone, kind=kind, value=value, at=event.at))


def _its_door(site: Site, device: Device) -> Door:
    door = wiring.door_of(site, device)
    assert door is not None  # noqa: S101 - else it would not be wired to anything there
    return door


def _zone(site: Site, device: Device) -> ZoneId | None:
    """Return the zone that a device reports on: its own, or the one behind its door."""
    if device.zone is not None:
        return device.zone
    door = wiring.door_of(site, device)
    return door.zone if door else None
