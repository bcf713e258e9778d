"""A holder's claims at an access point: a valid membership, and bookings that lead to it.

A booking of a room is a right to the doors on the way to it, while it lasts and for a margin before
and after. Bookings are checked only where plans do not suffice: most holders enter on a plan.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from immutables import Map
from msgspec import Struct

from gateway.core.model.bookings import Booking, Target, machine_target, zone_target
from gateway.core.model.directory import Holder, Membership
from gateway.core.model.names import ZoneId
from gateway.core.model.places import AccessPoint
from gateway.core.model.site import Site

Bookings = Map[Target, tuple[Booking, ...]]
Standing = Literal["active", "unpaid", "suspended", "expired", "not-started"]
NO_MARGIN = timedelta()


class BookingClaim(Struct, frozen=True):
    """A booking of the holder's that leads to the access point; `zone` is where it ends."""

    booking: Booking
    target: Target
    zone: ZoneId


def standing(membership: Membership, at: datetime) -> Standing:
    """Return a membership's standing: `active`, or what it lacks."""
    if membership.status != "active":
        return membership.status
    if membership.starts is not None and at < membership.starts:
        return "not-started"
    if membership.ends is not None and at >= membership.ends:
        return "expired"
    return "active"


def booking_claims(
    site: Site, bookings: Bookings, point: AccessPoint, holder: Holder, at: datetime
) -> tuple[BookingClaim, ...]:
    """Return the holder's bookings that lead to this access point now.

    A machine is switched on by its own bookings, without margin. A door is opened by bookings of
    its zone, of a zone around it, and of anything behind it.
    """
    if point.machine is not None:
        target, margin = machine_target(point.machine), NO_MARGIN
        targets: Iterator[tuple[Target, ZoneId]] = iter([(target, point.zone)])
    else:
        margin = timedelta(seconds=site.booking_margin_s)
        targets = _targets_beyond(site, point.zone)
    return tuple(
        BookingClaim(booking, target, zone)
        for target, zone in targets
        for booking in in_force(bookings.get(target, ()), at, margin)
        if is_for(booking, holder)
    )


def in_force(
    bookings: tuple[Booking, ...], at: datetime, margin: timedelta = NO_MARGIN
) -> Iterator[Booking]:
    """Yield the bookings (ascending by start) that hold at `at`, within the margin."""
    first_end, last_start = at - margin, at + margin
    for booking in bookings:
        if booking.starts > last_start:
            break
        if booking.ends > first_end:
            yield booking


def is_for(booking: Booking, holder: Holder) -> bool:
    """Return whether the holder is among those who booked."""
    return (
        booking.public
        or holder.id in booking.holders
        or any(group in booking.groups for group in holder.groups)
    )


def leads_through(site: Site, claim: BookingClaim, target: Target) -> bool:
    """Return whether the way to what was booked leads through or into another `target`."""
    if claim.target == target:
        return False
    return any(
        target == zone_target(zone)
        for passed in site.ways[claim.zone]
        for zone in site.zone[passed].lineage
    )


def _targets_beyond(site: Site, zone: ZoneId) -> Iterator[tuple[Target, ZoneId]]:
    for beyond in site.zones_beyond[zone]:
        yield zone_target(beyond), beyond
    for machine in site.machines_beyond[zone]:
        yield machine_target(machine), site.machine[machine].zone
