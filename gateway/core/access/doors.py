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
from gateway.core.step_builder import StepContext

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


def unlock(turn: StepContext, door: Door, devices: tuple[DeviceId, ...]) -> None:
    """Order these devices to release the door."""
    for device in devices:
        expires = turn.now + LATE
        turn.say(UnlockDoor(door=door.id, device=device, unlock_s=door.unlock_s, expires=expires))


def release(turn: StepContext, door: Door, arrival: Arrival | None) -> None:
    """Somebody was let through (`arrival`), or the door was released for whoever comes (None)."""
    state = turn.doors.get(door.id, DoorState())
    state = structs.replace(state, relock_at=turn.now + timedelta(seconds=door.unlock_s))
    turn.wake(state.relock_at)
    if arrival is not None:
        if door.contact and state.status not in ("open", "held"):
            state = structs.replace(state, pending=_pending(turn, door, state, arrival))
        else:
            _pass(turn, door, arrival)
    _become(turn, door, state, "released")


def opened(turn: StepContext, door: Door, *, late: bool = False) -> None:
    """The contact says open. A late report may follow a grant that we never heard of: no alarm."""
    state = turn.doors.get(door.id, DoorState())
    if state.status in ("open", "held", "forced"):
        return  # contacts repeat themselves, and that must not put off the alarm
    if state.status == "unlocked":
        for arrival in state.pending:
            _pass(turn, door, arrival)
        kept = state.relock_at if is_free(turn, door) else NEVER
        state = structs.replace(state, pending=(), relock_at=kept)
    if state.status == "locked" and (late or door.exit == "handle"):
        state = structs.replace(state, status="unlocked")
    _become(turn, door, _watched(turn, door, state), "opened")


def closed(turn: StepContext, door: Door) -> None:
    """The contact says closed; the lock falls in, unless somebody was let through since."""
    state = _become(turn, door, turn.doors.get(door.id, DoorState()), "closed")
    if state.relock_at != NEVER:
        _become(turn, door, state, "released")


def is_free(turn: StepContext, door: Door) -> bool:
    """Whether an evacuation holds the door released."""
    return turn.mode.mode == "evacuation" and door.fail_mode == "safe"


def free(turn: StepContext, door: Door) -> None:
    """An evacuation releases the door, also again: to open it or leave it open is no fault."""
    state = turn.doors.get(door.id, DoorState())
    relock_at = turn.now + timedelta(seconds=door.unlock_s)
    turn.wake(relock_at)
    _become(turn, door, structs.replace(state, relock_at=relock_at, held_at=NEVER), "freed")


def watch(turn: StepContext, door: Door) -> None:
    """No evacuation frees the door: one that stands open is to be closed in the usual time."""
    state = turn.doors.get(door.id, DoorState())
    if state.status == "open" and state.held_at == NEVER:
        turn.doors = turn.doors.set(door.id, _watched(turn, door, state))


def forget(turn: StepContext, holder: HolderId) -> None:
    """Nobody waits any longer for this holder to pass."""
    for door_id, state in sorted(turn.doors.items()):
        others = tuple(entry for entry in state.pending if entry.holder != holder)
        if len(others) < len(state.pending):
            turn.doors = turn.doors.set(door_id, structs.replace(state, pending=others))
            turn.say(EntryNotTaken(holder=holder, door=door_id, at=turn.now))


def space_changed(turn: StepContext) -> None:
    """The new space file's doors: what vanished is forgotten, and who waited to go there."""
    before, turn.doors = turn.doors, Map()
    for door in turn.site.doors:
        state = before.get(door.id, DoorState())
        pending = tuple(
            entry for entry in state.pending if entry.zone is None or entry.zone in turn.site.zone
        )
        turn.doors = turn.doors.set(door.id, structs.replace(state, pending=pending))
        if not door.contact:
            closed(turn, door)  # nobody would tell us any more


def run_timers(turn: StepContext) -> None:
    """Lock again what was not opened, and notice what was not closed."""
    for door in turn.site.doors:
        state = turn.doors.get(door.id, DoorState())
        if state.relock_at <= turn.now:
            state = _relocked(turn, door, state)
        if state.held_at <= turn.now:
            _become(turn, door, structs.replace(state, held_at=NEVER), "too-long")


def next_timer(turn: StepContext) -> datetime:
    """When the next door locks again, or has been open for too long."""
    dues = (min(state.relock_at, state.held_at) for state in turn.doors.values())
    return min(dues, default=NEVER)


def _watched(turn: StepContext, door: Door, state: DoorState) -> DoorState:
    """The open door with the time at which it has been open for too long."""
    if is_free(turn, door):
        return structs.replace(state, held_at=NEVER)
    held_at = turn.now + timedelta(seconds=door.held_open_max_s)
    turn.wake(held_at)
    return structs.replace(state, held_at=held_at)


def _pass(turn: StepContext, door: Door, arrival: Arrival) -> None:
    """Somebody who was let through is on the other side now."""
    presence.move(turn, arrival.holder, arrival.zone)
    inward = arrival.zone == door.zone
    fusion.passed(turn, door, arrival.holder, inward=inward, at=turn.now)


def _pending(
    turn: StepContext, door: Door, state: DoorState, arrival: Arrival
) -> tuple[Arrival, ...]:
    """Those who wait for the door to open, each once a direction, in the order of their grants.

    Who badges out before the door opened was let in all the same: anti-passback must know of it.
    Beyond the bound the first is given up.
    """
    others = tuple(entry for entry in state.pending if entry != arrival)
    for given_up in others[: 1 - PENDING_MAX]:
        turn.say(EntryNotTaken(holder=given_up.holder, door=door.id, at=turn.now))
    return (*others[1 - PENDING_MAX :], arrival)


def _relocked(turn: StepContext, door: Door, state: DoorState) -> DoorState:
    for arrival in state.pending:
        turn.say(EntryNotTaken(holder=arrival.holder, door=door.id, at=turn.now))
    return _become(turn, door, structs.replace(state, pending=(), relock_at=NEVER), "relock")


def _become(turn: StepContext, door: Door, state: DoorState, trigger: Trigger) -> DoorState:
    """Follow the table, keep the door's state, and say what changed."""
    before = turn.doors.get(door.id, DoorState())
    status = TABLE.get((state.status, trigger), state.status)
    if status in ("locked", "unlocked"):
        state = structs.replace(state, held_at=NEVER)
    state = structs.replace(state, status=status)
    turn.doors = turn.doors.set(door.id, state)
    if status != before.status:
        turn.say(DoorChanged(door=door.id, state=status, at=turn.now))
        _alarm(turn, door, "forced", on=status == "forced")
        _alarm(turn, door, "held", on=status == "held")
    return state


def _alarm(turn: StepContext, door: Door, kind: Literal["forced", "held"], *, on: bool) -> None:
    if on:
        turn.raise_alarm(kind, door.id)
    else:
        turn.clear_alarm(kind, door.id)
