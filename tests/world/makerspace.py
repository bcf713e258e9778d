"""A makerspace where each rule has something to say, and questions asked there.

`ask()` is Ada with every right at the front door on a Monday morning: granted. A case changes what
it is about and leaves the rest.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from immutables import Map
from msgspec import structs

from gateway.core.access.request import AccessRequest
from gateway.core.facts import Value
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Directory,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.equipment import Machine
from gateway.core.model.names import (
    AccessPointId,
    DeviceId,
    DoorId,
    GroupId,
    PlanId,
    RoleId,
    SiteId,
    TrainingId,
    ZoneId,
)
from gateway.core.model.places import Door, Zone
from gateway.core.model.plans import Plan, Quota, Right
from gateway.core.model.site import Site
from gateway.core.occupancy import occupancy
from gateway.core.state import Arrival, DoorState, State, Whereabouts
from tests.world.engine import (
    BOOTH,
    BOOTH_DOOR,
    FRONT,
    HALL,
    HOUSE,
    LAB,
    LAB_DOOR,
    LASER,
    MONDAY,
    OFFICE_HOURS,
    point,
    reader,
    text,
)

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
YARD = ZoneId("yard")
BACK = DoorId("back")
FULL, OFFICE, BARE = PlanId("full"), PlanId("office"), PlanId("bare")
SAFETY, KEYHOLDER, CREW = TrainingId("safety"), RoleId("keyholder"), GroupId("crew")


Parts = dict[str, Any]
"""Parts of a state, for `ask`."""
Saw = dict[str, Value]


class Refusal(NamedTuple):
    """Which rule refuses, why, and all that it saw."""

    question: AccessRequest
    rule: str
    reason: str
    saw: Saw


class Grant(NamedTuple):
    """What a rule saw that might have refused and did not; in the end it is granted."""

    question: AccessRequest
    rule: str
    saw: Saw
    reason: str = "plan"


POINTS = (
    point("front-in", "entry", HALL, FRONT),
    point("front-out", "exit", HALL, FRONT),
    point("back-in", "entry", HALL, BACK),
    point("lab-in", "entry", LAB, LAB_DOOR),
    point("lab-out", "exit", LAB, LAB_DOOR),
    point("booth-in", "entry", BOOTH, BOOTH_DOOR),
    point("lab-from-booth", "entry", LAB, DoorId("hatch")),
    point("desk", "entry", YARD),
    point("laser-on", "machine", LAB),
    point("assembly", "muster", YARD),
    point("still", "here", YARD),
)
SITE = Site(
    SiteId("hub"),
    text("hub"),
    "Europe/Paris",
    zones=(
        Zone(HOUSE, text("house"), capacity=6),
        Zone(HALL, text("hall"), capacity=4, ancestors=(HOUSE,)),
        Zone(LAB, text("lab"), ancestors=(HOUSE,)),
        Zone(BOOTH, text("booth"), capacity=1, ancestors=(LAB, HOUSE)),
        Zone(YARD, text("yard")),
    ),
    doors=(
        Door(FRONT, text("front"), HALL),
        Door(BACK, text("back"), HALL),
        Door(LAB_DOOR, text("lab door"), LAB, outside=HALL),
        Door(BOOTH_DOOR, text("booth door"), BOOTH, outside=LAB),
        Door(DoorId("hatch"), text("hatch"), LAB, outside=BOOTH),
    ),
    access_points=POINTS,
    machines=(Machine(LASER, text("laser"), LAB),),
    devices=(
        *(reader(each.id) for each in POINTS),
        reader("front-in", "front-keypad", format="pin"),
    ),
    plans=(
        Plan(FULL, text("full"), (Right((HOUSE, YARD), (LASER,)),)),
        Plan(OFFICE, text("office"), (Right((HALL,), hours=OFFICE_HOURS),)),
        Plan(BARE, text("bare")),
    ),
)


def at_site(site: Site = SITE, **fields: Any) -> Site:  # noqa: ANN401 - any field of a site
    """The site with other values."""
    return structs.replace(site, **fields)


def with_zone(zone: ZoneId, site: Site = SITE, **fields: Any) -> Site:  # noqa: ANN401 - of a zone
    """The site with one zone changed."""
    zones = [structs.replace(each, **fields) if each.id == zone else each for each in site.zones]
    return structs.replace(site, zones=tuple(zones))


def with_laser(site: Site = SITE, **demands: Any) -> Site:  # noqa: ANN401 - of its demands
    """The site with a laser that asks for more."""
    (laser,) = site.machines
    asking = structs.replace(laser, demands=structs.replace(laser.demands, **demands))
    return structs.replace(site, machines=(asking,))


def with_demands(zone: ZoneId, site: Site = SITE, **demands: Any) -> Site:  # noqa: ANN401 - likewise
    """The site with one zone that asks for more."""
    return with_zone(zone, site, demands=structs.replace(site.zone[zone].demands, **demands))


def with_point(name: str, site: Site = SITE, **fields: Any) -> Site:  # noqa: ANN401 - of a point
    """The site with one access point changed."""
    points = [
        structs.replace(each, **fields) if each.id == name else each for each in site.access_points
    ]
    return structs.replace(site, access_points=tuple(points))


def with_plan(*quotas: Quota, rights: tuple[Right, ...] | None = None, site: Site = SITE) -> Site:
    """The site with another full plan."""
    full, *others = site.plans
    plan = structs.replace(full, quotas=quotas, rights=full.rights if rights is None else rights)
    return structs.replace(site, plans=(plan, *others))


def holder(name: str = "ada", *memberships: Membership, **fields: Any) -> Holder:  # noqa: ANN401 - of a holder
    """Somebody with the full plan, but for what is said."""
    bought = memberships or (Membership(FULL),)
    return structs.replace(Holder(HolderId(name), memberships=bought), **fields)


def keyholder(name: str, *sites: str) -> Holder:
    """Somebody who may open a zone for the day."""
    role = StaffRole(KEYHOLDER, tuple(SiteId(site) for site in sites))
    return holder(name, roles=(role,))


def trained(name: str = "ada", **fields: Any) -> Holder:  # noqa: ANN401 - of a training
    """Somebody with the safety training."""
    return holder(name, trainings=(structs.replace(Training(SAFETY), **fields),))


def badge(name: str = "ada", **fields: Any) -> Credential:  # noqa: ANN401 - of a credential
    """Somebody's badge."""
    return structs.replace(Credential(CredentialHash(f"hash-{name}"), HolderId(name)), **fields)


def let_in(name: str, zone: ZoneId | None, status: str = "unlocked") -> Any:  # noqa: ANN401 - a door
    """A door that was released for somebody who has not passed yet."""
    return structs.replace(DoorState(), status=status, pending=(Arrival(HolderId(name), zone),))


def booking(
    name: str = "ada",
    starts: datetime = MONDAY - HOUR,
    ends: datetime = MONDAY + HOUR,
    **fields: Any,  # noqa: ANN401 - of a booking
) -> Booking:
    """Somebody's booking of the hours around now."""
    plain = Booking(f"of-{name}", starts, ends, holders=(HolderId(name),))
    return structs.replace(plain, **fields)


def booked(**bookings: Booking | tuple[Booking, ...]) -> Map[Target, tuple[Booking, ...]]:
    """Bookings by zone, and of the laser."""
    return Map(
        {
            Target(f"{'machine' if name == LASER else 'zone'}:{name}"): (
                entry if isinstance(entry, tuple) else (entry,)
            )
            for name, entry in bookings.items()
        }
    )


def ask(
    at: str | None = "front-in",
    *,
    site: Site = SITE,
    who: Holder | None = None,
    credential: Credential | None = None,
    pin: str | None = None,
    reader: str | None = None,
    stranger: bool = False,
    now: datetime = MONDAY,
    age: timedelta = timedelta(),
    retained: bool = False,
    inside: Mapping[str, ZoneId] | None = None,
    since: datetime | None = None,
    strangers: Mapping[ZoneId, int] | None = None,
    others: tuple[Holder, ...] = (),
    **state: Any,  # noqa: ANN401 - the parts of a state
) -> AccessRequest:
    """Ada, every right, at the front door of an empty house; but for what is said.

    `inside` says who is in which zone since `since` (an hour ago). `strangers` are so many more in
    a zone and those around it.
    """
    asker = who or holder()
    presence = {
        HolderId(name): Whereabouts(zone, since or now - HOUR)
        for name, zone in (inside or {}).items()
    }
    known = dict.fromkeys(site.zone, 0)
    for zone, people in [
        *((entry.zone, 1) for entry in presence.values()),
        *(strangers or {}).items(),
    ]:
        for around in site.zone[zone].lineage:
            known[around] += people
    return AccessRequest(
        site=site,
        state=State(
            directory=Directory(holders=Map({each.id: each for each in (asker, *others)})),
            presence=Map(presence),
            zones=Map({zone: occupancy.opened(people, now) for zone, people in known.items()}),
            **state,
        ),
        device=DeviceId(reader or at or "nowhere"),
        point=site.access_point[AccessPointId(at)] if at is not None else None,
        credential=None if stranger else credential or badge(),
        holder=None if stranger else asker,
        at=now - age,
        now=now,
        pin=CredentialHash(pin) if pin is not None else None,
        retained=retained,
    )
