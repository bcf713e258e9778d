"""A makerspace of 5,000 members with every rule at work, for measurements."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from immutables import Map
from msgspec import structs

from benchmarks.processes import BenchError
from gateway.core.engine import step
from gateway.core.events import BookingsChanged, DirectoryChanged, Event, Reported, SpaceChanged
from gateway.core.model.bookings import Booking, zone_target
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    DirectoryChange,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.equipment import Device, Machine
from gateway.core.model.names import (
    AccessPointId,
    DeviceId,
    DoorId,
    MachineId,
    Named,
    PlanId,
    RoleId,
    SiteId,
    Text,
    TrainingId,
    ZoneId,
)
from gateway.core.model.places import AccessPoint, Demands, Door, Interlock, Zone
from gateway.core.model.plans import Plan, Quota, Right
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented
from gateway.core.state import DayOfUse, State

MEMBERS = 5_000
PRESENT = 300
ROOMS = 12
BOOKED = 3
"""The number of rooms that somebody has booked all day."""
BOOKINGS_PER_ROOM = 40
WORKED = 5
"""The days per week on which each member came in the last two months."""
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BUILDING, HALL, LAB, BOOTH = (ZoneId(name) for name in ("building", "hall", "lab", "booth"))
LASER = MachineId("laser")
FRONT = "front-1"
FLEX, FULL, EARLY, SPENT = (PlanId(name) for name in ("flex", "full", "early", "spent"))
SAFETY, HOST = TrainingId("safety"), RoleId("host")
WEEK = "Mo-Fr 08:00-20:00; Sa 09:00-12:00"


def makerspace() -> Site:
    """Return rooms around a hall behind an interlock, a laser laboratory, and a booth for one."""
    rooms = rooms_of()
    zones = (
        Zone(BUILDING, _text("building"), capacity=MEMBERS),
        Zone(HALL, _text("hall"), ancestors=(BUILDING,), opened_by=HOST, escort=True),
        Zone(BOOTH, _text("booth"), capacity=0, ancestors=(BUILDING,)),
        Zone(
            LAB,
            _text("lab"),
            ancestors=(BUILDING,),
            demands=Demands(trainings=(SAFETY,), role_present=HOST, present_in=BUILDING),
        ),
        *(
            Zone(
                room,
                _text(room),
                capacity=PRESENT + 1,
                ancestors=(BUILDING,),
                passback="hard",
                demands=Demands(min_present=2, present_in=BUILDING, booking="respected"),
            )
            for room in rooms
        ),
    )
    inner = [Door(DoorId(zone), _text(zone), zone, HALL) for zone in (LAB, BOOTH, *rooms)]
    doors = [Door(DoorId(f"front-{n}"), _text("front"), HALL) for n in (1, 2)] + inner
    points = [
        AccessPoint(AccessPointId(door.id), "entry", door.zone, door=door.id) for door in doors
    ]
    points.append(AccessPoint(AccessPointId(LASER), "machine", LAB, machine=LASER))
    return Site(
        SiteId("bench"),
        _text("bench"),
        "Europe/Paris",
        zones=zones,
        doors=tuple(doors),
        access_points=tuple(points),
        machines=(Machine(LASER, _text("laser"), LAB, Demands((SAFETY,), 2, check_in=True)),),
        devices=tuple(
            Device(DeviceId(point.id), "reader", "native", "", access_point=point.id)
            for point in points
        ),
        plans=_plans(rooms),
        interlocks=(Interlock((DoorId("front-1"), DoorId("front-2"))),),
        trainings=(Named(SAFETY, _text("safety")),),
        roles=(Named(HOST, _text("host")),),
        country="FR",
        school_zone="A",
    )


def _plans(rooms: tuple[ZoneId, ...]) -> tuple[Plan, ...]:
    everywhere = (BUILDING,)
    quotas = (
        Quota("days", 25, "month"),
        Quota("entries", 99, "week"),
    )
    return (
        Plan(FLEX, _text("flex"), (Right(rooms, hours=WEEK), Right((HALL, BOOTH, LAB))), quotas),
        Plan(FULL, _text("full"), (Right(everywhere, (LASER,)),)),
        Plan(EARLY, _text("early"), (Right(everywhere, hours="Mo-Fr 06:00-08:00; PH off"),)),
        Plan(SPENT, _text("spent"), (Right(everywhere),), (Quota("days", 3, "month"),)),
    )


def in_the_morning(site: Site) -> tuple[State, datetime]:
    """Return the state in the morning: members enrolled, rooms booked, and many of them inside."""
    state, now = State(), MORNING
    members = DirectoryChange(
        holders=tuple(_holder(n) for n in range(MEMBERS)),
        credentials=tuple(Credential(badge_of(n), _who(n)) for n in range(MEMBERS)),
    )
    begin: list[Event] = [SpaceChanged(site), DirectoryChanged(members)]
    begin += [
        BookingsChanged(zone_target(room), tuple(_bookings(number)))
        for number, room in enumerate(rooms_of())
    ]
    for event in begin:
        state = step(site, state, event, now).state
    days = [MORNING.date() - timedelta(days=back) for back in range(60, 0, -1)]
    used = tuple(DayOfUse(day, 20_000.0, 2) for day in days if day.weekday() < WORKED)
    opened: Map[ZoneId, date] = Map({HALL: MORNING.date()})
    usage = Map({_who(n): used for n in range(MEMBERS)})
    state = structs.replace(state, usage=usage, opened=opened)
    for number, who in enumerate(regulars()):
        now += timedelta(seconds=10)  # the other door of the interlock is locked meanwhile
        front = DeviceId(f"front-{1 + number % 2}")
        reading = CredentialPresented(badge_of(who))
        state = step(site, state, Reported(front, now, reading, 1, number + 1), now).state
    if len(state.presence) != PRESENT:
        raise BenchError(f"{len(state.presence)} of {PRESENT} came in")
    return state, now


def _holder(number: int) -> Holder:
    """Return a holder by the last digit: regulars (half count days), untrained or late."""
    plans = {0: (FLEX,), 2: (FLEX,), 4: (FLEX,), 7: (EARLY,), 8: (SPENT,), 9: (FLEX,)}
    old = Membership(FULL, ends=MORNING - timedelta(days=30))
    trained = () if number % 10 == 6 else (Training(SAFETY),)  # noqa: PLR2004 - of ten
    return Holder(
        _who(number),
        memberships=(old, *(Membership(plan) for plan in plans.get(number % 10, (FULL, EARLY)))),
        trainings=trained,
        roles=(StaffRole(HOST),) if number % 400 == 0 else (),
    )


def _bookings(room: int) -> Iterator[Booking]:
    """Yield one long booking today in the first rooms; the others are on the days to come."""
    for number in range(BOOKINGS_PER_ROOM):
        starts = MORNING + timedelta(days=number, hours=0 if room < BOOKED else 10)
        who = _who(MEMBERS - 1 - room)
        yield Booking(f"{room}-{number}", starts, starts + timedelta(hours=9), holders=(who,))


def regulars() -> list[int]:
    """Return the members who are inside: by their last digit they have a plan and a training."""
    return [n for n in range(MEMBERS) if n % 10 < 6][:PRESENT]  # noqa: PLR2004 - of ten


def rooms_of() -> tuple[ZoneId, ...]:
    """Return the rooms around the hall."""
    return tuple(ZoneId(f"room-{number}") for number in range(ROOMS))


def _who(number: int) -> HolderId:
    return HolderId(f"h{number:08x}")


def badge_of(number: int) -> CredentialHash:
    """Return a member's badge."""
    return CredentialHash(f"{number:064x}")


def _text(word: str) -> Text:
    return Text(fr=word, en=word)
