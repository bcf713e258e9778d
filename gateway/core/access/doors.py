"""Doors: locked, unlocked, open, held, forced.

    locked ──released──▶ unlocked ──opened──▶ open ──too long──▶ held
       ▲  ◀──relock time──┘                    │                  │
       └───────────────closed──────────────────┴──────closed──────┘
    locked ──opened──▶ forced ──closed──▶ locked      (no release went before)
    locked ──freed──▶ unlocked      held, forced ──freed──▶ open      (an evacuation)

A grant is not yet a passage: where a door has a contact, the holders who were let through are
*pending* until it opens. All of them pass when it opens; if it locks again first, none did. Without
a contact they pass at the grant. The opening uses up the release; a release that comes while the
door is open remains valid after it closes. A door with a handle inside may be opened from within
without a request, which is no break-in.

Of a door none of whose devices was ever heard nothing is known, so nothing of it is published.

An evacuation frees the doors that fail safe: `gateway.core.access.modes` releases them again and
again, the opening does not use their release up, and they are neither forced nor held open too
long.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from immutables import Map
from msgspec import structs

from gateway.core.access import proof
from gateway.core.access.late_events import LATE
from gateway.core.facts import DoorChanged, DoorStatus, EntryNotTaken, UnlockDoor
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, DoorId
from gateway.core.model.places import Door
from gateway.core.model.site import Site
from gateway.core.occupancy import fusion, presence
from gateway.core.state import NEVER, Arrival, DeviceState, DoorState
from gateway.core.step_context import StepContext

Trigger = Literal["released", "opened", "closed", "relock", "too-long", "freed"]

TABLE: Final[dict[tuple[DoorStatus, Trigger], DoorStatus]] = {
    ("locked", "released"): "unlocked",
    ("locked", "opened"): "forced",
    ("unlocked", "opened"): "open",
    ("unlocked", "relock"): "locked",
    ("open", "too-long"): "held",
    ("open", "closed"): "locked",
    ("held", "closed"): "locked",
    ("forced", "closed"): "locked",
    ("locked", "freed"): "unlocked",
    ("held", "freed"): "open",
    ("forced", "freed"): "open",
}
"""The transitions; a pair that is not listed changes nothing."""
PENDING_MAX = 32
"""The most holders who may be pending: more than fit through a door while it is unlocked."""


def unlock(context: StepContext, door: Door, devices: tuple[DeviceId, ...]) -> None:
    """Order these devices to release the door."""
    for device in devices:
        expires = context.now + LATE
        context.emit(
            UnlockDoor(door=door.id, device=device, unlock_s=door.unlock_s, expires=expires)
        )


def release(context: StepContext, door: Door, arrival: Arrival | None) -> None:
    """Release a door for the holder who was let through (`arrival`), or for anyone (None)."""
    state = context.doors.get(door.id, DoorState())
    state = structs.replace(state, relock_at=context.now + timedelta(seconds=door.unlock_s))
    context.wake(state.relock_at)
    if arrival is not None:
        if door.contact and state.status not in ("open", "held"):
            state = structs.replace(state, pending=_pending(context, door, state, arrival))
        else:
            _pass(context, door, arrival)
    _become(context, door, state, "released")


def opened(context: StepContext, door: Door, *, late: bool = False) -> None:
    """Handle a contact that reports "open". A late one raises no alarm: its grant may be lost."""
    state = context.doors.get(door.id, DoorState())
    if state.status in ("open", "held", "forced"):
        return  # contacts repeat themselves, and that must not put off the alarm
    if not state.pending:
        proof.went_unseen(context, door)
    if state.status == "unlocked":
        for arrival in state.pending:
            _pass(context, door, arrival)
        kept = state.relock_at if is_free(context, door) else NEVER
        state = structs.replace(state, pending=(), relock_at=kept)
    if state.status == "locked" and (late or door.exit == "handle"):
        state = structs.replace(state, status="unlocked")
    _become(context, door, _watched(context, door, state), "opened")


def closed(context: StepContext, door: Door) -> None:
    """Handle a contact that reports "closed": the door locks, unless a grant came since."""
    state = _become(context, door, context.doors.get(door.id, DoorState()), "closed")
    if state.relock_at != NEVER:
        _become(context, door, state, "released")


def unknown(site: Site, devices: Map[DeviceId, DeviceState]) -> frozenset[DoorId]:
    """Return the doors none of whose devices was ever heard: their state is anybody's guess."""
    return frozenset(
        door
        for door, at_it in site.devices_at.items()
        if not any(device in devices for device in at_it)
    )


def is_reached(context: StepContext, door: DoorId) -> bool:
    """Return whether a device that can release the door is connected, and takes the order."""
    return any(
        (state := context.devices.get(device)) is not None
        and state.online is not False
        and ("device-silent", device) not in context.alarms
        for device in context.site.releasers[door]
    )


def is_free(context: StepContext, door: Door) -> bool:
    """Return whether an evacuation holds the door released."""
    return context.mode.mode == "evacuation" and door.fail_mode == "safe"


def free(context: StepContext, door: Door) -> None:
    """Release the door for an evacuation, also repeatedly; opening it raises no alarm."""
    state = context.doors.get(door.id, DoorState())
    relock_at = context.now + timedelta(seconds=door.unlock_s)
    context.wake(relock_at)
    _become(context, door, structs.replace(state, relock_at=relock_at, held_at=NEVER), "freed")


def watch(context: StepContext, door: Door) -> None:
    """Restart the time limit of an open door that is no longer released by an evacuation."""
    state = context.doors.get(door.id, DoorState())
    if state.status == "open" and state.held_at == NEVER:
        context.doors = context.doors.set(door.id, _watched(context, door, state))


def forget(context: StepContext, holder: HolderId) -> None:
    """Remove this holder from those who wait to pass a door."""
    for door_id, state in sorted(context.doors.items()):
        others = tuple(entry for entry in state.pending if entry.holder != holder)
        if len(others) < len(state.pending):
            context.doors = context.doors.set(door_id, structs.replace(state, pending=others))
            context.emit(EntryNotTaken(holder=holder, door=door_id, at=context.now))


def space_changed(context: StepContext) -> None:
    """Take over the new space file's doors; forget removed ones and arrivals that led there."""
    before, context.doors = context.doors, Map()
    for door in context.site.doors:
        state = before.get(door.id, DoorState())
        pending = tuple(
            entry
            for entry in state.pending
            if entry.zone is None or entry.zone in context.site.zone
        )
        context.doors = context.doors.set(door.id, structs.replace(state, pending=pending))
        if not door.contact:
            closed(context, door)  # no device would report it any more


def run_timers(context: StepContext) -> None:
    """Lock doors that were not opened, and report those that were not closed."""
    for door in context.site.doors:
        state = context.doors.get(door.id, DoorState())
        if state.relock_at <= context.now:
            state = _relocked(context, door, state)
        if state.held_at <= context.now:
            _become(context, door, structs.replace(state, held_at=NEVER), "too-long")


def next_timer(context: StepContext) -> datetime:
    """Return when the next door locks again, or has been open for too long."""
    dues = (min(state.relock_at, state.held_at) for state in context.doors.values())
    return min(dues, default=NEVER)


def _watched(context: StepContext, door: Door, state: DoorState) -> DoorState:
    """Return the open door's state with the time at which it has been open for too long."""
    if is_free(context, door):
        return structs.replace(state, held_at=NEVER)
    held_at = context.now + timedelta(seconds=door.held_open_max_s)
    context.wake(held_at)
    return structs.replace(state, held_at=held_at)


def _pass(context: StepContext, door: Door, arrival: Arrival) -> None:
    """Move a holder who was let through to the other side."""
    presence.move(context, arrival.holder, arrival.zone)
    inward = arrival.zone == door.zone
    fusion.passed(context, door, arrival.holder, inward=inward, at=context.now)


def _pending(
    context: StepContext, door: Door, state: DoorState, arrival: Arrival
) -> tuple[Arrival, ...]:
    """Return the arrivals that wait for the door, one per holder and direction, by time of grant.

    A holder who badges out before the door opened was let in all the same, and anti-passback needs
    both. Beyond `PENDING_MAX` the oldest is dropped.
    """
    others = tuple(entry for entry in state.pending if entry != arrival)
    for given_up in others[: 1 - PENDING_MAX]:
        context.emit(EntryNotTaken(holder=given_up.holder, door=door.id, at=context.now))
    return (*others[1 - PENDING_MAX :], arrival)


def _relocked(context: StepContext, door: Door, state: DoorState) -> DoorState:
    for arrival in state.pending:
        context.emit(EntryNotTaken(holder=arrival.holder, door=door.id, at=context.now))
    return _become(context, door, structs.replace(state, pending=(), relock_at=NEVER), "relock")


def _become(context: StepContext, door: Door, state: DoorState, trigger: Trigger) -> DoorState:
    """Follow the table, store the door's state, and emit what changed."""
    before = context.doors.get(door.id, DoorState())
    status = TABLE.get((state.status, trigger), state.status)
    if status in ("locked", "unlocked"):
        state = structs.replace(state, held_at=NEVER)
    state = structs.replace(state, status=status)
    context.doors = context.doors.set(door.id, state)
    if status != before.status:
        context.emit(DoorChanged(door=door.id, state=status, at=context.now))
        if status == "held":
            proof.went_unseen(context, door)  # whoever goes while it stands open opens nothing
        _watch_alarms(context, door, status)
    return state


def _watch_alarms(context: StepContext, door: Door, status: DoorStatus) -> None:
    """Raise or end the door's alarms; that it was forced stays listed until acknowledged."""
    if status == "forced":
        context.raise_alarm("forced", door.id)
    else:
        context.alarm_over("forced", door.id)
    if status == "held":
        context.raise_alarm("held", door.id)
    else:
        context.clear_alarm("held", door.id)
