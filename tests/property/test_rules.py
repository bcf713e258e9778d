"""The rules over made-up sites, people and states: more rights never open less.

Removing a right never turns a refusal into a grant, and adding one never turns a grant into a
refusal. Both are the same sentence: what is granted with fewer rights is granted with more.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from immutables import Map
from msgspec import structs

from gateway.core.access.reasons import REASONS
from gateway.core.access.request import AccessRequest
from gateway.core.access.rules import RULES, decide
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.directory import HolderId, Membership, StaffRole, Training
from gateway.core.model.names import (
    AccessPointId,
    DoorId,
    GroupId,
    PlanId,
    RoleId,
    SiteId,
    TrainingId,
)
from gateway.core.model.places import Demands
from gateway.core.model.plans import Plan, Quota, Right
from gateway.core.model.site import Site
from gateway.core.state import DayOfUse, DoorState
from tests.doses import examples
from tests.world.engine import LASER, MONDAY, text
from tests.world.makerspace import (
    FULL,
    POINTS,
    SITE,
    ask,
    booked,
    booking,
    holder,
    let_in,
    with_demands,
    with_plan,
    with_zone,
)

HOUR = timedelta(hours=1)
ZONES = tuple(SITE.zone)
PLANS = tuple(PlanId(name) for name in ("early", "office", "bare"))
EARLY = PLANS[0]
TRAININGS = (TrainingId("safety"), TrainingId("laser"))
ROLES = (RoleId("keyholder"), RoleId("host"))
GROUPS = (GroupId("crew"), GroupId("choir"))
HOURS = ("24/7", "24/7", "Mo-Fr 08:00-18:00", "Tu")
SITES = ((), (SiteId("hub"),), (SiteId("elsewhere"),))
TARGETS = tuple(Target(name) for name in ("zone:hall", "zone:hall", "zone:lab", f"machine:{LASER}"))
MOMENTS = tuple(MONDAY + hours * HOUR for hours in (-30, -1, 0, 1, 30))
ASKED_AT = [str(each.id) for each in POINTS if each.direction in ("entry", "machine")]
NAMES = ("ada", "bob", "cyd")
KINDS = ("membership", "training", "role", "group", "booking", "right")

Add = Callable[[AccessRequest], AccessRequest]


class Case(NamedTuple):
    """A question, and the same one with a right more."""

    fewer: AccessRequest
    more: AccessRequest


PLAIN = Demands()
TRAINED = tuple(Demands(trainings=TRAININGS[:count]) for count in (1, 2))
BOOKED = (Demands(booking="respected"), Demands(booking="required"))
STAFFED = (
    *(Demands(role_present=role) for role in ROLES),
    Demands(role_present=ROLES[0], min_present=2),
)
MATTERS_TO: dict[str, tuple[Demands, ...]] = {
    "membership": (PLAIN,),
    "right": (PLAIN,),
    "training": TRAINED,
    "role": STAFFED,
    "group": BOOKED,
    "booking": BOOKED,
}
"""What a place asks where a kind of right matters."""
GUARDS: tuple[dict[str, Any], ...] = (
    *({"capacity": 1}, {"capacity": 3}),
    *({"passback": "soft"}, {"passback": "hard"}, {"passback": "timed", "passback_s": 5400.0}),
    *({"opened_by": ROLES[0]}, {"opened_by": ROLES[1]}),
    {"escort": True},
)
DOORS: tuple[Map[DoorId, DoorState], ...] = (
    *(Map(),) * 4,
    Map({DoorId("back"): let_in("ada", ZONES[1])}),
    Map({DoorId("back"): DoorState("open")}),
)
QUOTAS = (
    (Quota("days", 1, "week"),),
    (Quota("entries", 30, "day"),),
    (Quota("half-days", 2, "month"), Quota("hours", 1, "day")),
    (Quota("entries", 2, "year"),),
    *((Quota("hours", 0, "day"),), (Quota("days", 0, "year"),)),
)

ends = st.sampled_from([None, *MOMENTS])
memberships = st.builds(
    Membership,
    st.sampled_from(PLANS),
    st.sampled_from(SITES),
    ends,
    ends,
    st.sampled_from(["active", "active", "active", "suspended", "unpaid"]),
)
trainings = st.builds(Training, st.sampled_from(TRAININGS), st.none(), ends, ends)
roles = st.builds(StaffRole, st.sampled_from(ROLES), st.sampled_from(SITES))
rights = st.builds(
    Right,
    st.sampled_from([ZONES[:1], ZONES[1:2], ZONES[2:4], ZONES, ZONES]),
    st.sampled_from([(), (LASER,)]),
    st.sampled_from(HOURS),
)
days = st.builds(
    DayOfUse,
    st.dates(date(2026, 11, 1), date(2026, 11, 23)),
    st.sampled_from([0.0, 1000.0, 20_000.0]),
    st.integers(0, 2),
)


@st.composite
def bookings(draw: st.DrawFn, own: bool = False) -> tuple[Target, Booking]:  # noqa: FBT001, FBT002 - hypothesis's style
    """Somebody's booking of something, or Ada's own."""
    starts = draw(st.sampled_from([*MOMENTS, MONDAY, MONDAY - HOUR / 2]))
    lasts = draw(st.sampled_from([HOUR, 2 * HOUR, 40 * HOUR]))
    name = "ada" if own else draw(st.sampled_from(["bob", "cyd"]))
    groups = () if own else draw(st.sampled_from([(), GROUPS[:1], GROUPS[:1], GROUPS]))
    booked = booking(name, starts, starts + lasts, groups=groups)
    return draw(st.sampled_from(TARGETS)), booked


@st.composite
def sites(draw: st.DrawFn, point: str, kind: str) -> Site:
    """The makerspace with other plans, and other demands and guards of what is asked about."""
    zones = st.sampled_from(SITE.entered.get(AccessPointId(point)) or ZONES)
    demands = st.sampled_from(MATTERS_TO[kind])
    asking = draw(st.dictionaries(zones, demands, min_size=1, max_size=2))
    guarded = draw(st.dictionaries(zones, st.sampled_from(GUARDS), max_size=1))
    changed = tuple(
        structs.replace(zone, demands=asking.get(zone.id, PLAIN), **guarded.get(zone.id, {}))
        for zone in SITE.zones
    )
    (laser,) = SITE.machines
    plans = (
        SITE.plan[FULL],
        *(
            Plan(
                plan,
                text(plan),
                tuple(draw(st.lists(rights, min_size=plan != EARLY, max_size=2))),
                draw(st.sampled_from(QUOTAS)),
            )
            for plan in PLANS
        ),
    )
    return structs.replace(
        SITE,
        zones=changed,
        machines=(structs.replace(laser, demands=draw(demands)),),
        plans=plans,
    )


@st.composite
def questions(draw: st.DrawFn, kind: str) -> AccessRequest:
    """Ada somewhere where this kind of right matters, with hardly a right yet."""
    bought = (Membership(EARLY),)  # what it opens is among the rights that are added
    ada = holder(kind=draw(st.sampled_from(["member", "member", "visitor"])), memberships=bought)
    bob = holder("bob", roles=(StaffRole(ROLES[0]),))
    where = [draw(st.sampled_from([None, *ZONES])) for _ in NAMES]
    used = draw(st.lists(days, max_size=3, unique_by=lambda used: used.day))
    point = draw(st.sampled_from([*ASKED_AT, "front-in", "front-in", "lab-in"]))
    asked = ask(
        point,
        site=draw(sites(point, kind)),
        who=ada,
        others=(bob, holder("cyd", kind="visitor")),
        inside={name: zone for name, zone in zip(NAMES, where, strict=True) if zone is not None},
        opened=Map({zone: date(2026, 11, 23) for zone in draw(st.sets(st.sampled_from(ZONES)))}),
        usage=Map({HolderId("ada"): tuple(sorted(used, key=lambda used: used.day))}),
        doors=draw(st.sampled_from(DOORS)),
    )
    for target, found in draw(st.lists(bookings(), max_size=2)):
        asked = with_booking(asked, target, found)
    return asked


def with_booking(asked: AccessRequest, target: Target, booked: Booking) -> AccessRequest:
    """The question at a place where this is booked too."""
    held = sorted([*asked.state.bookings.get(target, ()), booked], key=lambda entry: entry.starts)
    state = structs.replace(asked.state, bookings=asked.state.bookings.set(target, tuple(held)))
    return structs.replace(asked, state=state)


def with_field(asked: AccessRequest, field: str, entry: object) -> AccessRequest:
    """The question of a holder with one thing more; the directory knows it too."""
    who = structs.replace(asked.asker, **{field: (*getattr(asked.asker, field), entry)})
    directory = asked.state.directory
    directory = structs.replace(directory, holders=directory.holders.set(who.id, who))
    state = structs.replace(asked.state, directory=directory)
    return structs.replace(asked, holder=who, state=state)


def with_right(asked: AccessRequest, plan: PlanId, right: Right) -> AccessRequest:
    """The question at a site where a plan says more."""
    plans = tuple(
        structs.replace(each, rights=(*each.rights, right)) if each.id == plan else each
        for each in asked.site.plans
    )
    return structs.replace(asked, site=structs.replace(asked.site, plans=plans))


def of(field: str) -> Callable[[object], Add]:
    """Adds something to a field of the holder."""
    return lambda entry: lambda asked: with_field(asked, field, entry)


def plenty(field: str, *entries: object) -> Add:
    """All of these in one field of the holder."""

    def add(asked: AccessRequest) -> AccessRequest:
        for entry in entries:
            asked = with_field(asked, field, entry)
        return asked

    return add


ADDED: dict[str, st.SearchStrategy[Add]] = {
    "membership": memberships.map(of("memberships")),
    "training": trainings.map(of("trainings")),
    "role": roles.map(of("roles")),
    "group": st.sampled_from(GROUPS).map(of("groups")),
    "booking": bookings(own=True).map(lambda booked: lambda asked: with_booking(asked, *booked)),
    "right": rights.map(lambda right: lambda asked: with_right(asked, EARLY, right)),
}
"""One right more, of each kind."""
PLENTY: dict[str, Add] = {
    "membership": plenty("memberships", Membership(FULL)),
    "training": plenty("trainings", *(Training(each) for each in TRAININGS)),
    "role": plenty("roles", *(StaffRole(each) for each in ROLES)),
}
"""Enough of a kind for most doors, so that another kind is what matters."""


@st.composite
def cases(draw: st.DrawFn, kind: str) -> Case:
    """Ada with some rights of this kind and mostly plenty of others; and with one more of it."""
    fewer = draw(questions(kind))
    for other, add in PLENTY.items():
        if other != kind and draw(st.booleans()):
            fewer = add(fewer)
    for add in draw(st.lists(ADDED[kind], max_size=3)):
        fewer = add(fewer)
    return Case(fewer, draw(ADDED[kind])(fewer))


@pytest.mark.parametrize("kind", KINDS)
def test_more_rights_never_open_less(kind: str) -> None:
    """Whatever the right, the site and the hour."""

    @settings(
        max_examples=examples(1000), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(cases(kind))
    def holds(case: Case) -> None:
        fewer, more = decide(case.fewer), decide(case.more)
        assert more.granted or not fewer.granted, (fewer.reason, more.reason)

    holds()


CREW_S = booking("bob", groups=GROUPS[:1])
GUEST = holder(memberships=())
MATTERS: dict[str, tuple[AccessRequest, Add]] = {
    "membership": (ask(who=GUEST), of("memberships")(Membership(FULL))),
    "training": (
        ask(site=with_demands(ZONES[1], trainings=TRAININGS[:1])),
        of("trainings")(Training(TRAININGS[0])),
    ),
    "role": (ask(site=with_zone(ZONES[1], opened_by=ROLES[0])), of("roles")(StaffRole(ROLES[0]))),
    "group": (ask(who=GUEST, bookings=booked(hall=CREW_S)), of("groups")(GROUPS[0])),
    "booking": (
        ask(who=GUEST),
        lambda asked: with_booking(asked, Target("zone:hall"), booking()),
    ),
    "right": (ask(site=with_plan(rights=())), lambda asked: with_right(asked, FULL, Right(ZONES))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_right_opens_something(kind: str) -> None:
    """Else the property above would say nothing about it."""
    fewer, add = MATTERS[kind]
    assert not decide(fewer).granted
    assert decide(add(fewer)).granted


@settings(max_examples=examples(500), deadline=None)
@given(
    st.sampled_from(KINDS).flatmap(cases).map(lambda case: case.more),
    st.sampled_from([timedelta(), timedelta(hours=-2), timedelta(hours=2)]),
)
def test_whatever_is_asked_there_is_one_answer(asked: AccessRequest, age: timedelta) -> None:
    """The rules in their order, each once, all but the last of them passing; with a sentence."""
    moved: datetime = asked.now - age
    ruling = decide(structs.replace(asked, at=moved))
    names = [rule.__name__ for rule in RULES]
    assert [verdict.rule for verdict in ruling.verdicts] == names[: len(ruling.verdicts)]
    *before, last = ruling.verdicts
    assert all(verdict.outcome == "pass" for verdict in before)
    assert last.outcome == ("grant" if ruling.granted else "deny")
    assert last.reason == ruling.reason
    assert ruling.reason in REASONS
