"""The site's mode: normal, lockdown or evacuation; only an operator's request changes it.

A lockdown is the rules' matter: nobody enters, everybody may leave. An evacuation does more. Doors
with `fail_mode` "safe" are released and stay so: each order to release ends by itself, so it is
given again before it ends, until the mode changes. Doors that are "secure" stay locked from
outside. Everybody who is inside is waited for (`gateway.core.access.muster`), and what runs is
asked to stop (`gateway.core.access.machines`). A restart in the middle goes on: all of it is state.
"""

from datetime import datetime, timedelta

from msgspec import structs

from gateway.core.access import doors, machines, muster
from gateway.core.facts import ModeChanged
from gateway.core.model.directory import HolderId
from gateway.core.model.places import Door
from gateway.core.requests import SetMode
from gateway.core.state import NEVER, ModeState
from gateway.core.step_builder import StepContext

RELEASED_MIN = timedelta(seconds=0.5)
"""Doors are released again no faster than this, however short their `unlock_s`."""


def change(turn: StepContext, order: SetMode, by: HolderId) -> None:
    """Put the site into a mode; the one that it has already changes nothing.

    "normal" says that all is well, so it also ends what alarms of duress are on.
    """
    before = turn.mode.mode
    if order.mode == "normal":
        for point in turn.site.access_points:
            turn.clear_alarm("duress", point.id)
    if order.mode == before:
        return
    turn.mode = ModeState(mode=order.mode, since=turn.now, by=by, why=order.why)
    turn.say(ModeChanged(mode=order.mode, before=before, by=by, why=order.why, at=turn.now))
    if before == "evacuation":
        _end_evacuation(turn)
    if order.mode == "evacuation":
        muster.begin(turn)
        machines.stop_all(turn)
        _release(turn)


def run_timers(turn: StepContext) -> None:
    """Release the doors again before their release ends; at once if our clock was put back."""
    again_at = turn.mode.released_at
    if again_at != NEVER and not turn.now < again_at <= turn.now + _interval(turn):
        _release(turn)


def next_timer(turn: StepContext) -> datetime:
    """When the doors are released again."""
    return turn.mode.released_at


def space_changed(turn: StepContext) -> None:
    """In an evacuation the new space file's doors are released at once, and all are counted."""
    if turn.mode.mode == "evacuation":
        _release(turn)
        _watch_others(turn)
        muster.space_changed(turn)


def _end_evacuation(turn: StepContext) -> None:
    muster.end(turn)
    _watch_others(turn)


def _watch_others(turn: StepContext) -> None:
    """Doors that are not free (any longer) are to be closed in the ordinary time."""
    for door in turn.site.doors:
        if not doors.is_free(turn, door):
            doors.watch(turn, door)


def _release(turn: StepContext) -> None:
    for door in _free_doors(turn):
        doors.unlock(turn, door, turn.site.releasers[door.id])
        doors.free(turn, door)
    again_at = turn.now + _interval(turn) if _free_doors(turn) else NEVER
    turn.mode = structs.replace(turn.mode, released_at=again_at)
    turn.wake(again_at)


def _interval(turn: StepContext) -> timedelta:
    """Half of the shortest release, so that one order may be lost on the way."""
    shortest_s = min((door.unlock_s for door in _free_doors(turn)), default=0.0)
    return max(RELEASED_MIN, timedelta(seconds=shortest_s / 2))


def _free_doors(turn: StepContext) -> list[Door]:
    return [door for door in turn.site.doors if door.fail_mode == "safe"]
