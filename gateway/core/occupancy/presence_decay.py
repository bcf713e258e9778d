"""The decay of known presence: holders known to be in a room that is surely empty have left it.

People forget to badge out, and doors with a handle require no badge. If sensors show that a room is
surely empty, long after a holder badged in, the holder has left by its door: to the zone in front
of it, where their presence may decay again, and finally to the street. This is suspended in an
evacuation, when an injured person may lie still.
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
"""A holder who badged in more recently is not taken to have left a room that seems empty."""


def run_timers(context: StepContext) -> None:
    """End long presence in estimated zones that are empty; to be called once a minute."""
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
    """Return the zone outside one of an area's doors; None: the street."""
    ways = [
        door
        for door in layout.site.doors
        if layout.area(door.zone) == area and layout.area(door.outside) != area
    ]
    free = [door for door in ways if door.exit == "handle"] or ways
    return free[0].outside if free else None
