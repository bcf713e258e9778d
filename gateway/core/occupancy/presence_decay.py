"""Known presence that fades: who is known to be in a room that is surely empty has left it.

People forget to badge out, and doors with a handle ask for no badge. Where sensors say for sure
that nobody is in a room, and have said so since long after somebody badged in, they went out by its
door: to the zone in front of it, where they may fade again, and in the end to the street. Not in an
evacuation, when somebody may lie still.
"""

from datetime import timedelta

from gateway.core.estimator import estimate, state
from gateway.core.estimator.layout import Layout
from gateway.core.facts import Noticed
from gateway.core.model.directory import HolderId
from gateway.core.model.names import ZoneId
from gateway.core.occupancy import fusion, presence
from gateway.core.step_context import StepContext

FADES_AFTER = timedelta(minutes=30)
"""Nobody who badged in more recently is taken to have left a room that seems empty."""


def run_timers(context: StepContext) -> None:
    """Look at every estimated zone where somebody has been for long; to be called once a minute."""
    if context.estimate is None or context.mode.mode == "evacuation":
        return
    layout = fusion.layout_of(context.site, context.estimate)
    there: dict[ZoneId, list[HolderId]] = {}
    for holder, where in sorted(context.presence.items()):
        area = layout.area(where.zone)
        if area is not None and context.now - where.since >= FADES_AFTER:
            there.setdefault(area, []).append(holder)
    for area, holders in sorted(there.items()):
        _fade(context, layout, area, holders)


def _fade(context: StepContext, layout: Layout, area: ZoneId, holders: list[HolderId]) -> None:
    assert context.estimate is not None  # noqa: S101 - see run_timers
    found = state.zone_at(context.estimate, area, context.now)
    if not estimate.read([found], None, len(holders)).fades:
        return
    for holder in holders:
        presence.move(context, holder, _next_door(layout, area))
        context.emit(Noticed(kind="forgotten-exit", object=area, holder=holder, at=context.now))


def _next_door(layout: Layout, area: ZoneId) -> ZoneId | None:
    """Where one is who leaves an area by one of its doors; None: in the street."""
    ways = [
        door
        for door in layout.site.doors
        if layout.area(door.zone) == area and layout.area(door.outside) != area
    ]
    free = [door for door in ways if door.exit == "handle"] or ways
    return free[0].outside if free else None
