"""The muster of an evacuation: the holders who are expected, in which zone, and who is safe.

Expected are all holders who were known to be inside when it began, and those found inside since.
Each counts in the zone where they were last known to be, and in every zone around it, because that
is where to search for them. A holder is safe who badged at the muster point, or left to the street;
both are outside for the counts too. A safe holder who is found inside again is expected again; one
whose record is erased meanwhile stays expected. The list ends when the mode changes.
"""

from collections.abc import Iterable
from datetime import datetime

from immutables import Map
from msgspec import structs

from gateway.core.access import doors
from gateway.core.facts import HolderMoved, MusterChanged
from gateway.core.model.directory import HolderId
from gateway.core.model.names import ZoneId
from gateway.core.model.site import Site
from gateway.core.occupancy import presence
from gateway.core.state import Muster
from gateway.core.step_context import StepContext


def read_out(
    site: Site, muster: Map[HolderId, Muster], zones: Iterable[ZoneId], at: datetime
) -> list[MusterChanged]:
    """Return these zones' musters; a muster with none `expected` is empty, or over."""
    expected: dict[ZoneId, int] = dict.fromkeys(zones, 0)
    missing: dict[ZoneId, list[HolderId]] = {zone: [] for zone in expected}
    for holder, entry in sorted(muster.items()):
        for zone in site.zone[entry.zone].lineage:
            if zone in expected:
                expected[zone] += 1
                missing[zone] += [holder] if entry.safe is None else []
    return [
        MusterChanged(
            zone=zone,
            at=at,
            expected=people,
            seen=people - len(missing[zone]),
            missing=tuple(missing[zone]),
        )
        for zone, people in expected.items()
    ]


def begin(context: StepContext) -> None:
    """Expect every holder who is known to be inside."""
    for holder, where in sorted(context.presence.items()):
        _set(context, holder, Muster(zone=where.zone))


def end(context: StepContext) -> None:
    """End the muster."""
    for entry in context.muster.values():
        _touch(context, entry.zone)
    context.muster = Map()


def seen(context: StepContext, holder: HolderId, at: datetime) -> None:
    """Mark a holder as safe since `at`, at the muster point, if nothing newer is known of them."""
    entry, where = context.muster.get(holder), context.presence.get(holder)
    began = context.mode.since
    if entry is None or entry.safe is not None or began is None or at < began:
        return
    if where is not None and where.since > at:
        return
    _set(context, holder, structs.replace(entry, safe=at, how="mustered"))
    doors.forget(context, holder)
    if where is not None:
        presence.move(context, holder, None, at)


def unseen(context: StepContext, holder: HolderId) -> None:
    """Expect a holder again who was marked by mistake, in the zone where they were."""
    zone = context.muster[holder].zone
    _set(context, holder, Muster(zone=zone))
    if holder in context.directory.holders:
        presence.move(context, holder, zone)


def follow(context: StepContext) -> None:
    """Take in the holders who moved in this step, and emit each changed zone's muster once."""
    if context.mode.mode == "evacuation":
        for moved in context.moves:
            _follow(context, moved)
    if context.mustering:
        zones = (zone.id for zone in context.site.zones if zone.id in context.mustering)
        for changed in read_out(context.site, context.muster, zones, context.now):
            context.emit(changed)


def space_changed(context: StepContext) -> None:
    """Drop the musters of zones that were removed, and emit all others again."""
    context.muster = Map(
        {who: one for who, one in context.muster.items() if one.zone in context.site.zone}
    )
    context.mustering |= dict.fromkeys(context.site.zone)


def _follow(context: StepContext, moved: HolderMoved) -> None:
    entry = context.muster.get(moved.holder)
    if moved.zone is not None:
        _set(context, moved.holder, Muster(zone=moved.zone))
    elif entry is not None and entry.safe is None and moved.holder in context.directory.holders:
        _set(context, moved.holder, structs.replace(entry, safe=moved.at, how="left"))


def _set(context: StepContext, holder: HolderId, entry: Muster) -> None:
    before = context.muster.get(holder)
    if before is not None:
        _touch(context, before.zone)
    _touch(context, entry.zone)
    context.muster = context.muster.set(holder, entry)


def _touch(context: StepContext, zone: ZoneId) -> None:
    context.mustering |= dict.fromkeys(context.site.zone[zone].lineage)
