"""The site's mode: normal, lockdown or evacuation; only an operator's request changes it.

The rules handle a lockdown: all entries are refused, all exits are free. An evacuation does more.
Doors with `fail_mode` "safe" are released and stay released: each release order expires, so it is
repeated before it does, until the mode changes. Doors that are "secure" stay locked from outside.
All holders who are inside are expected at the muster (`gateway.core.access.muster`), and running
machines are asked to stop (`gateway.core.access.machines`). An evacuation survives a restart, since
all of this is part of the state.
"""

from datetime import datetime, timedelta

from msgspec import structs

from gateway.core.access import doors, machines, muster
from gateway.core.facts import ModeChanged
from gateway.core.model.directory import HolderId
from gateway.core.model.places import Door
from gateway.core.requests import SetMode
from gateway.core.state import NEVER, ModeState
from gateway.core.step_context import StepContext

RELEASED_MIN = timedelta(seconds=0.5)
"""The shortest interval between two releases, however short a door's `unlock_s` is."""


def change(context: StepContext, order: SetMode, by: HolderId) -> None:
    """Put the site into a mode; setting the current one changes nothing."""
    before = context.mode.mode
    if order.mode == before:
        return
    context.mode = ModeState(mode=order.mode, since=context.now, by=by, why=order.why)
    context.emit(ModeChanged(mode=order.mode, before=before, by=by, why=order.why, at=context.now))
    if before == "evacuation":
        _end_evacuation(context)
    if order.mode == "evacuation":
        muster.begin(context)
        machines.stop_all(context)
        _release(context)


def run_timers(context: StepContext) -> None:
    """Release the doors again before their release ends, at once if our clock was put back."""
    again_at = context.mode.released_at
    if again_at != NEVER and not context.now < again_at <= context.now + _interval(context):
        _release(context)


def next_timer(context: StepContext) -> datetime:
    """Return when the doors are released again."""
    return context.mode.released_at


def space_changed(context: StepContext) -> None:
    """Release the new space file's doors at once in an evacuation, and update all musters."""
    if context.mode.mode == "evacuation":
        _release(context)
        _watch_others(context)
        muster.space_changed(context)


def _end_evacuation(context: StepContext) -> None:
    muster.end(context)
    _watch_others(context)


def _watch_others(context: StepContext) -> None:
    """Restart the time limit of open doors that are not released, or no longer."""
    for door in context.site.doors:
        if not doors.is_free(context, door):
            doors.watch(context, door)


def _release(context: StepContext) -> None:
    for door in _free_doors(context):
        doors.unlock(context, door, context.site.releasers[door.id])
        doors.free(context, door)
    again_at = context.now + _interval(context) if _free_doors(context) else NEVER
    context.mode = structs.replace(context.mode, released_at=again_at)
    context.wake(again_at)


def _interval(context: StepContext) -> timedelta:
    """Return half of the shortest release, so that one order may be lost on the way."""
    shortest_s = min((door.unlock_s for door in _free_doors(context)), default=0.0)
    return max(RELEASED_MIN, timedelta(seconds=shortest_s / 2))


def _free_doors(context: StepContext) -> list[Door]:
    return [door for door in context.site.doors if door.fail_mode == "safe"]
