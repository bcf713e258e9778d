"""Company: is somebody who must be there really there?"""

from typing import Literal

from msgspec import Struct

from gateway.core.directory import HolderId
from gateway.core.facts import Value
from gateway.core.site import Demands, RoleId, Site, ZoneId
from gateway.core.state import State


class Missing(Struct, frozen=True):
    """Whose company is missing, and the values that say so."""

    reason: Literal["alone", "role-absent"]
    saw: dict[str, Value]


def missing_company(
    site: Site, state: State, demands: Demands, zone: ZoneId, holder: HolderId, *, arriving: bool
) -> Missing | None:
    """What `demands` miss of those present in their zone (else `zone`); None: nothing.

    `arriving`: the holder is not inside yet but would be, and counts as one more.
    """
    where = demands.present_in or zone
    if demands.min_present > 1:
        comes = arriving and not is_inside(site, state, holder, where)
        people = state.zones[where].known + comes
        if people < demands.min_present:
            saw: dict[str, Value] = {"zone": where, "people": people, "needed": demands.min_present}
            return Missing("alone", saw)
    role = demands.role_present
    if role is None:
        return None
    inside = {who for who in state.presence if is_inside(site, state, who, where)}
    inside |= {holder} if arriving else set()
    if not any(_has(state, who, role, site) for who in inside):
        return Missing("role-absent", {"zone": where, "role": role})
    return None


def is_inside(site: Site, state: State, holder: HolderId, zone: ZoneId) -> bool:
    """Whether the holder is known to be in the zone, or in one inside it."""
    whereabouts = state.presence.get(holder)
    return whereabouts is not None and zone in site.zone[whereabouts.zone].lineage


def _has(state: State, holder: HolderId, role: RoleId, site: Site) -> bool:
    found = state.directory.holders.get(holder)
    return found is not None and found.has_role(role, site.id)
