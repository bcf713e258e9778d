"""The checks for "never alone" and "a fab manager is present", and the proof of who is there.

The rules check before a holder enters or starts a machine; the engine checks again while it runs.

**Proof.** A badge shows that somebody came, and nothing shows that they are still there, where they
may leave without a badge: by a handle, as nearly everywhere. So company counts only if it is
proven. Behind doors that one leaves by badge, presence is its own proof. Behind others it is proven

- by a badge of `company_trust_s` ago at most: the entry, a machine's reader, a reader that asks who
  is still here;
- for longer, while the contact of each such door reports that nobody went: it did not open without
  a grant, and was not held open, since that badge;
- by a sensor that counts as many people in the room.

The site of an older journal has no `company_trust_s`: there a badge was believed for ever.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from gateway.core.facts import Value
from gateway.core.model.directory import HolderId
from gateway.core.model.names import RoleId, ZoneId
from gateway.core.model.places import Demands
from gateway.core.model.site import Site
from gateway.core.state import LONG_AGO, State

COUNT_IS_FRESH: Final = timedelta(minutes=2)
"""The age up to which a sensor's count of people is a proof."""


class Missing(Struct, frozen=True):
    """The company that is missing, and the people that were found."""

    reason: Literal["alone", "role-absent"]
    saw: dict[str, Value]


class Asker(Struct, frozen=True):
    """The holder whose company is looked at, and whether they are known to be there by asking.

    They are where they enter or badge at a machine; while it runs, presence has to tell.
    """

    holder: HolderId
    is_here: bool
    machine: bool = False
    """They stand at the machine: so does a role that they have themselves."""


def missing_company(  # noqa: PLR0917 - all of them say what is asked, of whom, and when
    site: Site, state: State, demands: Demands, zone: ZoneId, asker: Asker, now: datetime
) -> Missing | None:
    """Return what `demands` of `zone`, or of a machine in it, are not met; None: all are."""
    place = demands.present_in or zone
    if demands.min_present > 1:
        missing = _alone(site, state, place, demands.min_present, asker, now)
        if missing is not None:
            return missing
    role = demands.role_present
    if role is not None and not _role_is_in(site, state, role, place, asker, now):
        return Missing("role-absent", {"zone": place, "role": role})
    return None


def is_inside(site: Site, state: State, holder: HolderId, zone: ZoneId) -> bool:
    """Return whether the holder is known to be in the zone, or in one inside it."""
    whereabouts = state.presence.get(holder)
    return whereabouts is not None and zone in site.zone[whereabouts.zone].lineage


def is_proven(site: Site, state: State, holder: HolderId, zone: ZoneId, now: datetime) -> bool:
    """Return whether a holder who is known to be in the zone is shown to be there still."""
    ways = site.left_unseen[zone]
    if site.company_trust_s is None or not ways:
        return True
    shown = shown_at(state, holder)
    if any(state.unseen.get(door.id, LONG_AGO) >= shown for door in ways):
        return False
    return now - shown <= timedelta(seconds=site.company_trust_s) or all(
        door.contact and _reports(site, state, door.contacts or ()) for door in ways
    )


def shown_at(state: State, holder: HolderId) -> datetime:
    """Return when a holder who is inside last showed that they are."""
    since = state.presence[holder].since
    return max(since, state.proofs.get(holder, since))


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


def _alone(  # noqa: PLR0917 - all of them say what is asked, of whom, and when
    site: Site, state: State, place: ZoneId, needed: int, asker: Asker, now: datetime
) -> Missing | None:
    comes = asker.is_here and not is_inside(site, state, asker.holder, place)
    if site.company_trust_s is None:
        people = state.zones[place].known + (comes and not asker.machine)
        if people >= needed:
            return None
        return Missing("alone", {"zone": place, "people": people, "needed": needed})
    known = [who for who in state.presence if is_inside(site, state, who, place)]
    proven = [
        who
        for who in known
        if (asker.is_here and who == asker.holder) or is_proven(site, state, who, place, now)
    ]
    people = max(len(proven) + comes, _counted(site, state, place, now))
    if people >= needed:
        return None
    saw: dict[str, Value] = {"zone": place, "people": people, "needed": needed}
    unproven = [shown_at(state, who) for who in known if who not in proven]
    if unproven:
        saw["known"] = len(known) + comes
        saw["not_counted"] = len(unproven)
        saw["last_shown_s"] = round((now - max(unproven)).total_seconds())
        saw["door"] = site.left_unseen[place][0].id
    return Missing("alone", saw)


def _counted(site: Site, state: State, place: ZoneId, now: datetime) -> int:
    """Return the most people that a sensor counted in the place just now."""
    return max(
        (
            seen.people
            for zone, seen in state.counted.items()
            if place in site.zone[zone].lineage and now - seen.at <= COUNT_IS_FRESH
        ),
        default=0,
    )


def _reports(site: Site, state: State, contacts: tuple[str, ...]) -> bool:
    """Return whether a contact is connected: one that is not tells nothing of who left."""
    return any(
        (known := state.devices.get(device.id)) is not None
        and known.online is not False
        and ("device-silent", device.id) not in state.alarms
        for device in site.devices
        if device.id in contacts
    )


def _role_is_in(  # noqa: PLR0917 - all of them say what is asked, of whom, and when
    site: Site, state: State, role: RoleId, place: ZoneId, asker: Asker, now: datetime
) -> bool:
    asks = asker.is_here and (not asker.machine or site.company_trust_s is not None)
    return any(
        (
            (asks and holder.id == asker.holder)
            or (
                is_inside(site, state, holder.id, place)
                and is_proven(site, state, holder.id, place, now)
            )
        )
        and holder.has_role(role, site.id)
        for holder in state.directory.staff
    )
