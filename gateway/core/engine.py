"""The engine: `step(site, state, event, now) -> (next state, facts)`.

Pure: no clock, no I/O, no randomness. The same arguments give the same answer, so a restart is the
last snapshot and the journal's tail through this function, and a replay explains any past decision.

Time enters only as `now` (ours, never going back) and the event's own `at`. Timers that are due run
before the event; `State.wake_at` says when to call again with a `Tick` if nothing happens before.
"""

from datetime import datetime
from typing import NamedTuple, assert_never

from gateway.core import (
    attempts,
    decision,
    devices,
    doors,
    enrol,
    fading,
    machines,
    modes,
    muster,
    occupancy,
    orders,
    presence,
    sensing,
    space,
    visits,
)
from gateway.core.decision import is_late
from gateway.core.directory import DirectoryChange, changed
from gateway.core.equipment import Device
from gateway.core.events import (
    BookingsChanged,
    ConditionReported,
    DirectoryChanged,
    Event,
    Misunderstood,
    Reported,
    Requested,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import DuplicateDropped, Fact, GatewayMinute, Sensed
from gateway.core.names import ZoneId
from gateway.core.places import Door
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
    Tampered,
)
from gateway.core.site import Site
from gateway.core.state import NEVER, State
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
    if isinstance(event, SpaceChanged):
        turn = Turn(event.site, state, now)
        space.changed(turn)
    _run_timers(turn)
    match event:
        case Reported() | Misunderstood():
            if not devices.heard(turn, event):
                dropped = DuplicateDropped(event.device, event.boot, event.seq)
                return Step(state, (dropped,))
            if isinstance(event, Reported):
                _reported(turn, event)
        case Tick():
            _tick(turn, event)
        case DirectoryChanged():
            _directory_changed(turn, event.change)
        case BookingsChanged():
            turn.bookings = turn.bookings.set(event.target, event.bookings)
        case ConditionReported():
            _condition(turn, event)
        case Requested():
            orders.obey(turn, event.request)
        case SpaceChanged():
            pass  # in force already: its timers are those of the new file
        case _:
            assert_never(event)
    muster.follow(turn)
    machines.watch(turn)
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
    modes.run_timers(turn)  # before the doors': what an evacuation frees does not lock between
    doors.run_timers(turn)
    machines.run_timers(turn)
    devices.run_timers(turn)
    attempts.run_timers(turn)
    enrol.run_timers(turn)
    presence.run_timers(turn)
    visits.run_timers(turn)
    if occupancy.minute_is_over(turn):
        sensing.run_timers(turn)
        fading.run_timers(turn)
    occupancy.run_timers(turn)
    occupancy.close_minutes(turn)
    turn.wake(occupancy.next_timer(turn))
    turn.wake(modes.next_timer(turn))
    turn.wake(machines.next_timer(turn))
    turn.wake(enrol.next_timer(turn))
    for door in turn.doors.values():
        turn.wake(doors.next_timer(door))
    turn.wake(devices.next_timer(turn))


def _tick(turn: Turn, tick: Tick) -> None:
    health = tick.health
    if tick.minute or health is not None:
        devices.minute_figures(turn, tick.duplicates, tick.ghosts)
    if health is None:
        return
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


def _condition(turn: Turn, event: ConditionReported) -> None:
    if event.active:
        turn.raise_alarm(event.kind, event.object)
    else:
        turn.clear_alarm(event.kind, event.object)


def _directory_changed(turn: Turn, change: DirectoryChange) -> None:
    """Who was erased is nowhere any more; a membership that ends moves nobody."""
    turn.directory = changed(turn.directory, change)
    turn.stirred = True
    for holder in change.removed_holders:
        doors.forget(turn, holder)
        presence.erase(turn, holder)


def _reported(turn: Turn, event: Reported) -> None:  # noqa: C901, PLR0912 - a dispatch, one line a reading
    device = turn.site.device[event.device]
    zone = _zone(turn.site, device)
    match event.reading:
        case CredentialPresented():
            decision.decide(turn, device, event)
        case DoorReported(state="open") if door := _door(turn.site, device):
            doors.opened(turn, door, late=is_late(turn, event))
        case DoorReported(state="closed") if door := _door(turn.site, device):
            doors.closed(turn, door)
        case ExitRequested() if (door := _door(turn.site, device)) and not is_late(turn, event):
            doors.unlock(turn, door, (door.lock,) if door.lock is not None else ())
            doors.release(turn, door, None)
        case Crossed():
            devices.crossed(turn, device, zone, event)
            sensing.sensed(turn, device, zone, event)
        case Motion(active=active) | Presence(active=active):
            _sense(turn, device, zone, event, float(active))
            sensing.sensed(turn, device, zone, event)
        case Counted(people=people):
            _sense(turn, device, zone, event, people)
            sensing.sensed(turn, device, zone, event)
        case Co2(ppm=ppm):
            _sense(turn, device, zone, event, ppm)
        case MachineReported(state=status):
            machines.reported(turn, device, event)
            _sense(turn, device, zone, event, float(status == "on"))
        case Tampered(active=active):
            _tampered(turn, device, active=active)
            _sense(turn, device, zone, event, float(active))
        case Battery(percent=percent):
            devices.battery(turn, device.id, percent)
            _sense(turn, device, zone, event, percent)
        case Availability(state=status):
            devices.came_or_went(turn, device.id, online=status == "online")
        case Firmware():
            devices.runs(turn, device.id, event.reading)
        case DoorReported() | ExitRequested():
            pass  # at a device without a door, or too late to open one: in the journal, no more
        case _:
            assert_never(event.reading)


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
    return site.door[device.door] if device.door else site.door_of(site.point_of(device))


def _zone(site: Site, device: Device) -> ZoneId | None:
    """The zone that a device speaks of: its own, or the one behind its door."""
    if device.zone is not None:
        return device.zone
    door = _door(site, device)
    return door.zone if door else None
