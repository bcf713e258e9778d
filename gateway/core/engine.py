"""The engine: `step(site, state, event, now) -> (next state, facts)`.

Pure: no clock, no I/O, no randomness. The same arguments give the same answer, so a restart is the
last snapshot and the journal's tail through this function, and a replay explains any past decision.

Time enters only as `now` (ours, never going back) and the event's own `at`. Timers that are due run
before the event; `State.wake_at` says when to call again with a `Tick` if nothing happens before.
"""

from collections import Counter
from datetime import datetime
from typing import NamedTuple, assert_never

from immutables import Map

from gateway.core import devices, doors, occupancy, rules
from gateway.core.directory import CredentialHash, changed
from gateway.core.events import (
    BookingsChanged,
    DirectoryChanged,
    Event,
    Misunderstood,
    Reported,
    Requested,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import Decided, DuplicateDropped, Fact, GatewayMinute, Sensed, UnlockDoor
from gateway.core.question import Question
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    Counted,
    CredentialPresented,
    Crossed,
    DoorReported,
    ExitRequested,
    MachineReported,
    Motion,
    Presence,
    Tampered,
)
from gateway.core.rules import LATE
from gateway.core.site import AccessPoint, Device, Door, Site, ZoneId
from gateway.core.state import NEVER, Arrival, State
from gateway.core.turn import Turn


class Step(NamedTuple):
    """The next state, and all that is to be journaled, published and obeyed."""

    state: State
    facts: tuple[Fact, ...]


def step(site: Site, state: State, event: Event, now: datetime) -> Step:
    """What follows from one event.

    A duplicate leaves the state as it is and says only `DuplicateDropped`.

    Raises:
        NotAdmitted: the event's number cannot be judged; nothing changed.
    """
    turn = Turn(site, state, now)
    match event:
        case Reported() | Misunderstood():
            _run_timers(turn)
            if not devices.heard(turn, event):
                dropped = DuplicateDropped(event.device, event.boot, event.seq)
                return Step(state, (dropped,))
            if isinstance(event, Reported):
                _reported(turn, event)
        case Tick():
            _run_timers(turn)
            _tick(turn, event)
        case DirectoryChanged():
            turn.directory = changed(state.directory, event.change)
        case SpaceChanged():
            turn = _space_changed(state, event.site, now)
        case BookingsChanged():
            turn.bookings = turn.bookings.set(event.target, event.bookings)
        case Requested():
            pass
        case _:
            assert_never(event)
    occupancy.announce(turn)
    return Step(turn.finish(), tuple(turn.facts))


def _run_timers(turn: Turn) -> None:
    """Everything that is due, then when the next is.

    Zones' minutes end every minute, so a timer that is further away was set by a clock that has
    been put back since.
    """
    put_back = turn.now + occupancy.MINUTE < turn.wake_at < NEVER
    if turn.now < turn.wake_at and not put_back:
        return
    turn.wake_at = NEVER
    doors.run_timers(turn)
    devices.run_timers(turn)
    occupancy.close_minutes(turn)
    for door in turn.doors.values():
        turn.wake(doors.next_timer(door))
    turn.wake(devices.next_timer(turn))


def _tick(turn: Turn, tick: Tick) -> None:
    if tick.health is None:
        return
    devices.minute_figures(turn, tick.duplicates)
    health = tick.health
    turn.say(
        GatewayMinute(
            instance=health.instance,
            at=turn.now,
            backlog=health.backlog,
            commit_ms=health.commit_ms,
            decisions=health.decisions,
            dropped=health.dropped,
        )
    )


def _reported(turn: Turn, event: Reported) -> None:  # noqa: C901, PLR0912 - a dispatch, one line a reading
    device = turn.site.device[event.device]
    zone = _zone(turn.site, device)
    match event.reading:
        case CredentialPresented():
            _decide(turn, device, event)
        case DoorReported(state="open") if door := _door(turn.site, device):
            doors.opened(turn, door, late=_is_late(turn, event))
        case DoorReported(state="closed") if door := _door(turn.site, device):
            doors.closed(turn, door)
        case ExitRequested() if (door := _door(turn.site, device)) and not _is_late(turn, event):
            _unlock(turn, door)
            doors.release(turn, door, None)
        case Crossed():
            devices.crossed(turn, device, zone, event)
        case Motion(active=active) | Presence(active=active):
            _sense(turn, device, zone, event, float(active))
        case Counted(people=people):
            _sense(turn, device, zone, event, people)
        case Co2(ppm=ppm):
            _sense(turn, device, zone, event, ppm)
        case MachineReported(state=status):
            _sense(turn, device, zone, event, float(status == "on"))
        case Tampered(active=active):
            _tampered(turn, device, active=active)
            _sense(turn, device, zone, event, float(active))
        case Battery(percent=percent):
            devices.battery(turn, device.id, percent)
            _sense(turn, device, zone, event, percent)
        case Availability(state=status):
            devices.came_or_went(turn, device.id, online=status == "online")
        case DoorReported() | ExitRequested():
            pass  # at a device without a door, or too late to open one: in the journal, no more
        case _:
            assert_never(event.reading)


def _decide(turn: Turn, device: Device, event: Reported) -> None:
    """One credential event, one decision."""
    question = _question(turn, device, event)
    ruling = rules.decide(question)
    _watch_clock(turn, device, event)
    actuates = not event.retained and turn.now - event.at <= LATE
    door = (
        turn.site.door.get(question.point.door) if question.point and question.point.door else None
    )
    opens = ruling.granted and actuates and door is not None
    by_itself = opens and door is not None and door.lock is None
    turn.say(
        Decided(
            device=device.id,
            access_point=device.access_point,
            decision="granted" if ruling.granted else "denied",
            reason=ruling.reason,
            holder=question.holder.id if question.holder else None,
            verdicts=ruling.verdicts,
            expires=min(event.at, turn.now) + LATE if actuates else None,
            unlock_s=door.unlock_s if by_itself and door else None,
        )
    )
    if opens and door is not None and question.point is not None:
        _unlock(turn, door)
        doors.release(turn, door, _arrival(question, question.point, door))


def _question(turn: Turn, device: Device, event: Reported) -> Question:
    reading = event.reading
    assert isinstance(reading, CredentialPresented)  # noqa: S101 - the caller's dispatch
    credential = turn.directory.credentials.get(CredentialHash(reading.credential))
    holder = turn.directory.holders.get(credential.holder) if credential else None
    point = turn.site.access_point.get(device.access_point) if device.access_point else None
    return Question(
        site=turn.site,
        state=turn.finish(),
        device=device.id,
        point=point,
        credential=credential,
        holder=holder,
        at=event.at,
        now=turn.now,
        pin=CredentialHash(reading.pin) if reading.pin is not None else None,
        retained=event.retained,
    )


def _arrival(question: Question, point: AccessPoint, door: Door) -> Arrival | None:
    """Who will be where when the door is passed; None: somebody unknown on the way out."""
    if question.holder is None:
        return None
    zone = door.zone if point.direction == "entry" else door.outside
    return Arrival(holder=question.holder.id, zone=zone)


def _unlock(turn: Turn, door: Door) -> None:
    if door.lock is not None:
        turn.say(
            UnlockDoor(
                door=door.id, device=door.lock, unlock_s=door.unlock_s, expires=turn.now + LATE
            )
        )


def _is_late(turn: Turn, event: Reported) -> bool:
    return event.retained or turn.now - event.at > LATE


def _watch_clock(turn: Turn, device: Device, event: Reported) -> None:
    """A clock that is ahead is wrong for sure; one that is behind looks like a late event."""
    if event.at - turn.now > LATE:
        turn.raise_alarm("clock-skew", device.id)
    elif not _is_late(turn, event):
        turn.clear_alarm("clock-skew", device.id)


def _tampered(turn: Turn, device: Device, *, active: bool) -> None:
    if active:
        turn.raise_alarm("tamper", device.id)
    else:
        turn.clear_alarm("tamper", device.id)


def _sense(turn: Turn, device: Device, zone: ZoneId | None, event: Reported, value: float) -> None:
    kind = type(event.reading).__struct_config__.tag
    turn.say(Sensed(device=device.id, zone=zone, kind=str(kind), value=value, at=event.at))


def _door(site: Site, device: Device) -> Door | None:
    """The door that a device speaks of: its own, or its access point's."""
    point = site.access_point.get(device.access_point) if device.access_point else None
    door = device.door or (point.door if point else None)
    return site.door[door] if door else None


def _zone(site: Site, device: Device) -> ZoneId | None:
    """The zone that a device speaks of: its own, or the one behind its door."""
    if device.zone is not None:
        return device.zone
    door = _door(site, device)
    return door.zone if door else None


def _space_changed(state: State, site: Site, now: datetime) -> Turn:
    """The turn that takes a new space file into force: what vanished is forgotten, people stay."""
    turn = Turn(site, state, now)
    doors.space_changed(turn)
    turn.devices = Map({key: entry for key, entry in state.devices.items() if key in site.device})
    turn.counters = Map({key: entry for key, entry in state.counters.items() if key in site.device})
    turn.presence = Map(
        {key: entry for key, entry in state.presence.items() if entry.zone in site.zone}
    )
    inside = Counter(
        zone for entry in turn.presence.values() for zone in site.zone[entry.zone].lineage
    )
    turn.zones = Map({zone.id: occupancy.opened(inside[zone.id], now) for zone in site.zones})
    objects = {*turn.doors, *site.zone, *site.device}
    for kind, about in sorted(state.alarms):
        if about not in objects:
            turn.clear_alarm(kind, about)
    turn.touched = dict.fromkeys(site.zone)
    turn.wake(now.replace(second=0, microsecond=0) + occupancy.MINUTE)
    turn.wake(devices.next_timer(turn))
    return turn
