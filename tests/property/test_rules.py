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

from gateway.core.bookings import Booking, Target
from gateway.core.directory import HolderId, Membership, StaffRole, Training
from gateway.core.question import Question
from gateway.core.reasons import REASONS
from gateway.core.rules import RULES, decide
from gateway.core.site import (
    Demands,
    DoorId,
    GroupId,
    Interlock,
    Plan,
    PlanId,
    Quota,
    Right,
    RoleId,
    Site,
    SiteId,
    TrainingId,
)
from gateway.core.state import DayOfUse, DoorState, ModeState
from tests.unit.core.rules.house import (
    FULL,
    LASER,
    MONDAY,
    POINTS,
    SITE,
    ask,
    booked,
    booking,
    holder,
    let_in,
    text,
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
TARGETS = (*(Target(f"zone:{zone}") for zone in ZONES), Target(f"machine:{LASER}"))
MOMENTS = tuple(MONDAY + hours * HOUR for hours in (-30, -1, 0, 1, 30))
NAMES = ("ada", "bob", "cyd")
KINDS = ("membership", "training", "role", "group", "booking", "right")
MODES = ("normal", "normal", "normal", "normal", "lockdown")

Add = Callable[[Question], Question]


class Case(NamedTuple):
    """A question, and the same one with a right more."""

    fewer: Question
    more: Question
    kind: str


PLAIN = Demands()
DEMANDS = (
    *(PLAIN,) * 8,
    *(Demands(trainings=TRAININGS[:1]), Demands(trainings=TRAININGS)) * 2,
    Demands(min_present=2),
    Demands(min_present=3, present_in=ZONES[0]),
    *(Demands(role_present=ROLES[0]), Demands(role_present=ROLES[1], present_in=ZONES[1])),
    Demands(booking="respected"),
    *(Demands(booking="required"),) * 2,
    Demands(check_in=True),
)
GUARDS: tuple[dict[str, Any], ...] = (
    *({},) * 8,
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
    *((),) * 3,
    (Quota("days", 1, "week"),),
    (Quota("half-days", 2, "month"), Quota("hours", 1, "day")),
    (Quota("entries", 2, "year"),),
    (Quota("hours", 0, "day"),),
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
    st.sampled_from([(), ZONES[:1], ZONES[1:2], ZONES[2:4], ZONES]),
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
    starts = draw(st.sampled_from(MOMENTS))
    lasts = draw(st.sampled_from([HOUR, HOUR / 60, 2 * HOUR, 40 * HOUR]))
    name = "ada" if own else draw(st.sampled_from(["bob", "cyd"]))
    groups = () if own else draw(st.sampled_from([(), (), GROUPS[:1], GROUPS]))
    booked = booking(name, starts, starts + lasts, groups=groups)
    return draw(st.sampled_from(TARGETS)), booked


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """The makerspace with other demands, plans and guards."""
    zones = tuple(
        structs.replace(
            zone,
            demands=draw(st.sampled_from(DEMANDS)),
            **draw(st.sampled_from(GUARDS)),
        )
        for zone in SITE.zones
    )
    (laser,) = SITE.machines
    plans = (
        SITE.plan[FULL],
        *(
            Plan(
                plan,
                text(plan),
                tuple(draw(st.lists(rights, max_size=2))),
                draw(st.sampled_from(QUOTAS)),
            )
            for plan in PLANS
        ),
    )
    return structs.replace(
        SITE,
        zones=zones,
        machines=(structs.replace(laser, demands=draw(st.sampled_from(DEMANDS))),),
        plans=plans,
        interlocks=draw(st.sampled_from([(), (Interlock(tuple(SITE.door)),)])),
    )


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Ada somewhere, with some rights and not others."""
    bought = (Membership(EARLY),)  # what it opens is among the rights
    ada = holder(kind=draw(st.sampled_from(["member", "member", "visitor"])), memberships=bought)
    bob = holder("bob", roles=(StaffRole(ROLES[0]),))
    where = [draw(st.sampled_from([None, *ZONES])) for _ in NAMES]
    used = draw(st.lists(days, max_size=3, unique_by=lambda used: used.day))
    asked = ask(
        draw(st.sampled_from([each.id for each in POINTS])),
        site=draw(sites()),
        who=ada,
        others=(bob, holder("cyd", kind="visitor")),
        inside={name: zone for name, zone in zip(NAMES, where, strict=True) if zone is not None},
        mode=ModeState(draw(st.sampled_from(MODES))),
        opened=Map({zone: date(2026, 11, 23) for zone in draw(st.sets(st.sampled_from(ZONES)))}),
        usage=Map({HolderId("ada"): tuple(sorted(used, key=lambda used: used.day))}),
        doors=draw(st.sampled_from(DOORS)),
    )
    for target, found in draw(st.lists(bookings(), max_size=2)):
        asked = with_booking(asked, target, found)
    return asked


def with_booking(asked: Question, target: Target, booked: Booking) -> Question:
    """The question at a place where this is booked too."""
    held = sorted([*asked.state.bookings.get(target, ()), booked], key=lambda entry: entry.starts)
    state = structs.replace(asked.state, bookings=asked.state.bookings.set(target, tuple(held)))
    return structs.replace(asked, state=state)


def with_field(asked: Question, field: str, entry: object) -> Question:
    """The question of a holder with one thing more; the directory knows it too."""
    who = structs.replace(asked.asker, **{field: (*getattr(asked.asker, field), entry)})
    directory = asked.state.directory
    directory = structs.replace(directory, holders=directory.holders.set(who.id, who))
    state = structs.replace(asked.state, directory=directory)
    return structs.replace(asked, holder=who, state=state)


def with_right(asked: Question, plan: PlanId, right: Right) -> Question:
    """The question at a site where a plan says more."""
    plans = tuple(
        structs.replace(each, rights=(*each.rights, right)) if each.id == plan else each
        for each in asked.site.plans
    )
    return structs.replace(asked, site=structs.replace(asked.site, plans=plans))


def of(field: str) -> Callable[[object], Add]:
    """Adds something to a field of the holder."""
    return lambda entry: lambda asked: with_field(asked, field, entry)


everything = st.tuples(
    st.just(("membership", of("memberships")(Membership(FULL)))),
    st.tuples(st.just("membership"), memberships.map(of("memberships"))),
    *(st.just(("training", of("trainings")(Training(each)))) for each in TRAININGS),
    st.tuples(st.just("training"), trainings.map(of("trainings"))),
    *(st.just(("role", of("roles")(StaffRole(each)))) for each in ROLES),
    st.tuples(st.just("role"), roles.map(of("roles"))),
    *(st.just(("group", of("groups")(each))) for each in GROUPS),
    *(
        st.tuples(
            st.just("booking"),
            bookings(own=True).map(lambda booked: lambda asked: with_booking(asked, *booked)),
        ),
    )
    * 2,
    *(
        st.tuples(
            st.just("right"),
            rights.map(lambda right: lambda asked: with_right(asked, EARLY, right)),
        ),
    )
    * 2,
)
"""All that Ada may have: what kind of right it is, and a way to add it."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Ada with every right but those of some kinds; and the same with one of these after all."""
    held: tuple[tuple[str, Add], ...] = draw(everything)
    kind = draw(st.sampled_from(KINDS))
    lost = {kind, *draw(st.sets(st.sampled_from(KINDS)))}
    (_, again) = draw(st.sampled_from([entry for entry in held if entry[0] == kind]))
    fewer = draw(questions())
    for other, add in held:
        fewer = fewer if other in lost else add(fewer)
    return Case(fewer, again(fewer), kind)


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_more_rights_never_open_less(case: Case) -> None:
    """Whatever the right, the site and the hour."""
    fewer, more = decide(case.fewer), decide(case.more)
    assert more.granted or not fewer.granted, (fewer.reason, case.kind, more.reason)


CREW_S = booking("bob", groups=GROUPS[:1])
GUEST = holder(memberships=())
MATTERS: dict[str, tuple[Question, Add]] = {
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


@settings(max_examples=500, deadline=None)
@given(
    cases().map(lambda case: case.more),
    st.sampled_from([timedelta(), timedelta(hours=-2), timedelta(hours=2)]),
)
def test_whatever_is_asked_there_is_one_answer(asked: Question, age: timedelta) -> None:
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
    if asked.here.direction in ("exit", "muster"):
        assert ruling.granted
