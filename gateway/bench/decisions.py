"""How many decisions a second the pure engine makes on one core, with every rule at work.

A makerspace of 5,000 members, 300 of them inside: quotas, bookings, trainings, hours of several
plans, anti-passback, an interlock, rooms that want company, machines. Half of the badges are let
in, and go through all rules; the other half is refused, each for one of several reasons. Nothing is
read, written or sent: the time is `gateway.core.engine.step`.
"""

import gc
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from statistics import median
from typing import NamedTuple

from immutables import Map
from msgspec import Struct, structs

from gateway.bench.processes import BenchError
from gateway.core.bookings import Booking, zone_target
from gateway.core.directory import (
    Credential,
    CredentialHash,
    DirectoryChange,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.engine import step
from gateway.core.equipment import Device, Machine
from gateway.core.events import BookingsChanged, DirectoryChanged, Event, Reported, SpaceChanged
from gateway.core.facts import Decided
from gateway.core.names import (
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
from gateway.core.places import AccessPoint, Demands, Door, Interlock, Zone
from gateway.core.plans import Plan, Quota, Right
from gateway.core.readings import CredentialPresented
from gateway.core.site import Site
from gateway.core.state import DayOfUse, State
from gateway.wiring import GC_ALLOCATIONS

MEMBERS = 5_000
PRESENT = 300
ROOMS = 12
BOOKED = 3
"""The first rooms are booked by somebody all day."""
BOOKINGS_PER_ROOM = 40
WORKED = 5
"""Days a week on which each member came, these last two months."""
PACE = timedelta(milliseconds=200)
"""Five badges a second: a rush that no single place sees, so that timers are due now and then."""
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BATCH = 100
"""Decisions timed at once: a pause of the machine spoils one batch, and not the median."""

BUILDING, HALL, LAB, BOOTH = (ZoneId(name) for name in ("building", "hall", "lab", "booth"))
LASER = MachineId("laser")
FRONT = "front-1"
FLEX, FULL, EARLY, SPENT = (PlanId(name) for name in ("flex", "full", "early", "spent"))
SAFETY, HOST = TrainingId("safety"), RoleId("host")
WEEK = "Mo-Fr 08:00-20:00; Sa 09:00-12:00"


class Decisions(Struct, frozen=True):
    """What was measured: medians over batches, by the processor time of one core.

    `per_second_by_the_clock` is lower where other programs want the core too.
    """

    per_second: int
    per_second_by_the_clock: int
    us_each: float
    decisions: int
    granted: int
    reasons: dict[str, int]
    members: int = MEMBERS
    present: int = PRESENT


class Batch(NamedTuple):
    """Some decisions by their reasons, and the seconds that they took."""

    cpu_s: float
    clock_s: float
    reasons: Counter[str]
    granted: int


def measure(decisions: int, seed: int, reach: Callable[[int], None]) -> Decisions:
    """The time of so many decisions (a multiple of `BATCH`), made one after the other.

    Raises:
        BenchError: not half of them were granted, so that it is no measure of both.
    """
    site = makerspace()
    state, now = _opened(site)
    asked = _asked(decisions, seed, now)
    batches = []
    with _collecting_as_the_service():
        for done in range(BATCH, decisions + 1, BATCH):
            batch, state = _timed(site, state, list(islice(asked, BATCH)))
            batches.append(batch)
            reach(done)
    reasons = sum((batch.reasons for batch in batches), Counter[str]())
    granted = sum(batch.granted for batch in batches)
    if 2 * granted != decisions or reasons.total() != decisions:
        raise BenchError(f"{granted} of {decisions} were granted, for {dict(reasons)}")
    cpu_s = median(batch.cpu_s for batch in batches) / BATCH
    clock_s = median(batch.clock_s for batch in batches) / BATCH
    return Decisions(
        per_second=round(1 / cpu_s),
        per_second_by_the_clock=round(1 / clock_s),
        us_each=round(1e6 * cpu_s, 1),
        decisions=decisions,
        granted=granted,
        reasons=dict(reasons.most_common()),
    )


@contextmanager
def _collecting_as_the_service() -> Iterator[None]:
    """Python's garbage collector as `gateway.wiring` sets it; afterwards as it was."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _timed(site: Site, state: State, asked: list[tuple[Reported, datetime]]) -> tuple[Batch, State]:
    """Decide these, then look at what was decided."""
    facts = []
    cpu, clock = time.process_time(), time.perf_counter()
    for event, now in asked:
        after = step(site, state, event, now)
        state = after.state
        facts.append(after.facts)
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    decided = [fact for said in facts for fact in said if isinstance(fact, Decided)]
    reasons = Counter(fact.reason for fact in decided)
    granted = sum(fact.decision == "granted" for fact in decided)
    return Batch(cpu, clock, reasons, granted), state


def makerspace() -> Site:
    """Rooms around a hall behind an interlock, a laboratory with a laser, and a booth for one."""
    rooms = _rooms()
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


def _opened(site: Site) -> tuple[State, datetime]:
    """The place in the morning: members enrolled, rooms booked, and many of them inside."""
    state, now = State(), MORNING
    members = DirectoryChange(
        holders=tuple(_holder(n) for n in range(MEMBERS)),
        credentials=tuple(Credential(_badge(n), _who(n)) for n in range(MEMBERS)),
    )
    begin: list[Event] = [SpaceChanged(site), DirectoryChanged(members)]
    begin += [
        BookingsChanged(zone_target(room), tuple(_bookings(number)))
        for number, room in enumerate(_rooms())
    ]
    for event in begin:
        state = step(site, state, event, now).state
    days = [MORNING.date() - timedelta(days=back) for back in range(60, 0, -1)]
    used = tuple(DayOfUse(day, 20_000.0, 2) for day in days if day.weekday() < WORKED)
    opened: Map[ZoneId, date] = Map({HALL: MORNING.date()})
    usage = Map({_who(n): used for n in range(MEMBERS)})
    state = structs.replace(state, usage=usage, opened=opened)
    for number, who in enumerate(_regulars()):
        now += timedelta(seconds=10)  # the other door of the interlock locks meanwhile
        front = DeviceId(f"front-{1 + number % 2}")
        reading = CredentialPresented(_badge(who))
        state = step(site, state, Reported(front, now, reading, 1, number + 1), now).state
    if len(state.presence) != PRESENT:
        raise BenchError(f"{len(state.presence)} of {PRESENT} came in")
    return state, now


def _holder(number: int) -> Holder:
    """By the last digit: half of the regulars count their days; others are untrained or late."""
    plans = {0: (FLEX,), 2: (FLEX,), 4: (FLEX,), 7: (EARLY,), 8: (SPENT,), 9: (FLEX,)}
    old = Membership(FULL, ends=MORNING - timedelta(days=30))
    trained = () if number % 10 == 6 else (Training(SAFETY),)  # noqa: PLR2004 - of ten
    return Holder(
        _who(number),
        memberships=(old, *(Membership(plan) for plan in plans.get(number % 10, (FULL, EARLY)))),
        trainings=trained,
        roles=(StaffRole(HOST),) if number % 400 == 0 else (),
    )


def _asked(decisions: int, seed: int, now: datetime) -> Iterator[tuple[Reported, datetime]]:
    """In turn a badge that is let in and one that is refused."""
    draw = random.Random(seed)  # noqa: S311 - made-up walks
    free = _rooms()[BOOKED:]
    numbers: Counter[str] = Counter({f"front-{n}": PRESENT for n in (1, 2)})
    where: dict[int, str] = {}
    inside = _regulars()
    for number in range(decisions):
        now += PACE
        if number % 2 == 0:
            who = draw.choice(inside)
            at: str = draw.choice([room for room in free if room != where.get(who)])
            where[who] = at
        else:
            who, at = _refused(draw, where)
        numbers[at] += 1
        reading = CredentialPresented(_badge(who))
        yield Reported(DeviceId(at), now, reading, 1, numbers[at]), now


def _refused(draw: random.Random, where: dict[int, str]) -> tuple[int, str]:
    """Somebody and a reader that says no: by nearly every chapter of the rules."""
    some = 10 * draw.randrange(PRESENT, MEMBERS // 10)
    who = draw.choice(list(where))
    return draw.choice(
        (
            (MEMBERS, FRONT),  # unknown
            (some + 9, LASER),  # the plan has no machine
            (some + 7, LAB),  # outside hours
            (some + 8, LAB),  # used up
            (some + 6, LAB),  # untrained
            (some, _rooms()[0]),  # booked
            (some + 1, LASER),  # not in its room
            (who, where[who]),  # there already
            (some, BOOTH),  # full
        )
    )


def _bookings(room: int) -> Iterator[Booking]:
    """One today, long and by somebody else, in the first rooms; the rest on the days to come."""
    for number in range(BOOKINGS_PER_ROOM):
        starts = MORNING + timedelta(days=number, hours=0 if room < BOOKED else 10)
        who = _who(MEMBERS - 1 - room)
        yield Booking(f"{room}-{number}", starts, starts + timedelta(hours=9), holders=(who,))


def _regulars() -> list[int]:
    """Those who are inside: by their last digit they have a plan and a training."""
    return [n for n in range(MEMBERS) if n % 10 < 6][:PRESENT]  # noqa: PLR2004 - of ten


def _rooms() -> tuple[ZoneId, ...]:
    return tuple(ZoneId(f"room-{number}") for number in range(ROOMS))


def _who(number: int) -> HolderId:
    return HolderId(f"h{number:08x}")


def _badge(number: int) -> CredentialHash:
    return CredentialHash(f"{number:064x}")


def _text(word: str) -> Text:
    return Text(fr=word, en=word)
