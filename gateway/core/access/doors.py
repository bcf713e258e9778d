"""Doors: locked, unlocked, open, held, forced.

    locked ──released──▶ unlocked ──opened──▶ open ──too long──▶ held
       ▲  ◀──relock time──┘                    │                  │
       └───────────────closed──────────────────┴──────closed──────┘
    locked ──opened──▶ forced ──closed──▶ locked      (no release went before)
    locked ──freed──▶ unlocked      held, forced ──freed──▶ open      (an evacuation)

Granted is not taken: where a door has a contact, those who were let through are *pending* until it
opens. They all pass when it does; if it locks again first, none did. Without a contact they pass at
the grant. The opening uses up the release; one that comes while the door is open outlives its
closing. A door with a handle inside may be opened from within without asking, which is no
break-in.

An evacuation frees the doors that fail safe: `gateway.core.access.modes` releases them again and
again, the opening does not use their release up, and they are neither forced nor held open too
long.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from immutables import Map
from msgspec import structs

from gateway.core.access.rules import LATE
from gateway.core.facts import DoorChanged, DoorStatus, EntryNotTaken, UnlockDoor
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId
from gateway.core.model.places import Door
from gateway.core.occupancy import fusion, presence
from gateway.core.state import NEVER, Arrival, DoorState
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
"""What is not here changes nothing."""
PENDING_MAX = 32
"""People let through who have not passed: more than fit through a door while it is unlocked."""


def unlock(context: StepContext, door: Door, devices: tuple[DeviceId, ...]) -> None:
    """Order these devices to release the door."""
    for device in devices:
        expires = context.now + LATE
        context.emit(
            UnlockDoor(door=door.id, device=device, unlock_s=door.unlock_s, expires=expires)
        )


def release(context: StepContext, door: Door, arrival: Arrival | None) -> None:
    """Somebody was let through (`arrival`), or the door was released for whoever comes (None)."""
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
    """The contact says open. A late report may follow a grant that we never heard of: no alarm."""
    state = context.doors.get(door.id, DoorState())
    if state.status in ("open", "held", "forced"):
        return  # contacts repeat themselves, and that must not put off the alarm
    if state.status == "unlocked":
        for arrival in state.pending:
            _pass(context, door, arrival)
        kept = state.relock_at if is_free(context, door) else NEVER
        state = structs.replace(state, pending=(), relock_at=kept)
    if state.status == "locked" and (late or door.exit == "handle"):
        state = structs.replace(state, status="unlocked")
    _become(context, door, _watched(context, door, state), "opened")


def closed(context: StepContext, door: Door) -> None:
    """The contact says closed; the lock falls in, unless somebody was let through since."""
    state = _become(context, door, context.doors.get(door.id, DoorState()), "closed")
    if state.relock_at != NEVER:
        _become(context, door, state, "released")


def is_free(context: StepContext, door: Door) -> bool:
    """Whether an evacuation holds the door released."""
    return context.mode.mode == "evacuation" and door.fail_mode == "safe"


def free(context: StepContext, door: Door) -> None:
    """An evacuation releases the door, also again: to open it or leave it open is no fault."""
    state = context.doors.get(door.id, DoorState())
    relock_at = context.now + timedelta(seconds=door.unlock_s)
    context.wake(relock_at)
    _become(context, door, structs.replace(state, relock_at=relock_at, held_at=NEVER), "freed")


def watch(context: StepContext, door: Door) -> None:
    """No evacuation frees the door: one that stands open is to be closed in the usual time."""
    state = context.doors.get(door.id, DoorState())
    if state.status == "open" and state.held_at == NEVER:
        context.doors = context.doors.set(door.id, _watched(context, door, state))


def forget(context: StepContext, holder: HolderId) -> None:
    """Nobody waits any longer for this holder to pass."""
    for door_id, state in sorted(context.doors.items()):
        others = tuple(entry for entry in state.pending if entry.holder != holder)
        if len(others) < len(state.pending):
            context.doors = context.doors.set(door_id, structs.replace(state, pending=others))
            context.emit(EntryNotTaken(holder=holder, door=door_id, at=context.now))


def space_changed(context: StepContext) -> None:
    """The new space file's doors: what vanished is forgotten, and who waited to go there."""
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
            closed(context, door)  # nobody would tell us any more


def run_timers(context: StepContext) -> None:
    """Lock again what was not opened, and notice what was not closed."""
    for door in context.site.doors:
        state = context.doors.get(door.id, DoorState())
        if state.relock_at <= context.now:
            state = _relocked(context, door, state)
        if state.held_at <= context.now:
            _become(context, door, structs.replace(state, held_at=NEVER), "too-long")


def next_timer(context: StepContext) -> datetime:
    """When the next door locks again, or has been open for too long."""
    dues = (min(state.relock_at, state.held_at) for state in context.doors.values())
    return min(dues, default=NEVER)


def _watched(context: StepContext, door: Door, state: DoorState) -> DoorState:
    """The open door with the time at which it has been open for too long."""
    if is_free(context, door):
        return structs.replace(state, held_at=NEVER)
    held_at = context.now + timedelta(seconds=door.held_open_max_s)
    context.wake(held_at)
    return structs.replace(state, held_at=held_at)


def _pass(context: StepContext, door: Door, arrival: Arrival) -> None:
    """Somebody who was let through is on the other side now."""
    presence.move(context, arrival.holder, arrival.zone)
    inward = arrival.zone == door.zone
    fusion.passed(context, door, arrival.holder, inward=inward, at=context.now)


def _pending(
    context: StepContext, door: Door, state: DoorState, arrival: Arrival
) -> tuple[Arrival, ...]:
    """Those who wait for the door to open, each once a direction, in the order of their grants.

    Who badges out before the door opened was let in all the same: anti-passback must know of it.
    Beyond the bound the first is given up.
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
    """Follow the table, keep the door's state, and say what changed."""
    before = context.doors.get(door.id, DoorState())
    status = TABLE.get((state.status, trigger), state.status)
    if status in ("locked", "unlocked"):
        state = structs.replace(state, held_at=NEVER)
    state = structs.replace(state, status=status)
    context.doors = context.doors.set(door.id, state)
    if status != before.status:
        context.emit(DoorChanged(door=door.id, state=status, at=context.now))
        _alarm(context, door, "forced", on=status == "forced")
        _alarm(context, door, "held", on=status == "held")
    return state


def _alarm(context: StepContext, door: Door, kind: Literal["forced", "held"], *, on: bool) -> None:
    if on:
        context.raise_alarm(kind, door.id)
    else:
        context.clear_alarm(kind, door.id)
