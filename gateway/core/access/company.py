"""The checks for "never alone" and "a fab manager is present".

The rules check before a holder enters or starts a machine; the engine checks again while it runs.
"""

from typing import Literal

from msgspec import Struct

from gateway.core.facts import Value
from gateway.core.model.directory import HolderId
from gateway.core.model.names import RoleId, ZoneId
from gateway.core.model.places import Demands
from gateway.core.model.site import Site
from gateway.core.state import State


class Missing(Struct, frozen=True):
    """The company that is missing, and the people that were found."""

    reason: Literal["alone", "role-absent"]
    saw: dict[str, Value]


def missing_company(
    site: Site,
    state: State,
    demands: Demands,
    zone: ZoneId,
    holder: HolderId,
    *,
    arriving: bool,
) -> Missing | None:
    """Return what `demands` of `zone`, or of a machine in it, are not met; None: all are.

    `arriving`: the holder is about to enter, and counts as company too.
    """
    place = demands.present_in or zone
    if demands.min_present > 1:
        comes = arriving and not is_inside(site, state, holder, place)
        people = state.zones[place].known + comes
        if people < demands.min_present:
            saw: dict[str, Value] = {"zone": place, "people": people, "needed": demands.min_present}
            return Missing("alone", saw)
    role = demands.role_present
    if role is not None and not _role_is_in(
        site, state, role, place, arriving=holder if arriving else None
    ):
        return Missing("role-absent", {"zone": place, "role": role})
    return None


def is_inside(site: Site, state: State, holder: HolderId, zone: ZoneId) -> bool:
    """Return whether the holder is known to be in the zone, or in one inside it."""
    whereabouts = state.presence.get(holder)
    return whereabouts is not None and zone in site.zone[whereabouts.zone].lineage


def member_is_inside(site: Site, state: State, zone: ZoneId) -> bool:
    """Return whether a member who may escort a visitor is known to be in the zone."""
    if not state.zones[zone].known:
        return False
    inner = {inside.id for inside in site.zones if zone in inside.lineage}
    holders = state.directory.holders
    return any(
        whereabouts.zone in inner and (found := holders.get(holder)) and found.kind == "member"
        for holder, whereabouts in state.presence.items()
    )


def _role_is_in(
    site: Site, state: State, role: RoleId, place: ZoneId, *, arriving: HolderId | None
) -> bool:
    return any(
        (holder.id == arriving or is_inside(site, state, holder.id, place))
        and holder.has_role(role, site.id)
        for holder in state.directory.staff
    )
