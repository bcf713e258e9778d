"""The rules: each by its reason and by what it saw, and which reason wins when several apply."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from immutables import Map
from msgspec import structs

from gateway.core.access import request as questions
from gateway.core.access import rules
from gateway.core.access.reasons import REASONS
from gateway.core.access.request import AccessRequest
from gateway.core.access.rules import RULES, Ruling
from gateway.core.access.rules import holder as holder_rules
from gateway.core.access.rules.descriptions import RULE_TITLES
from gateway.core.facts import RuleVerdict
from gateway.core.model.directory import CredentialHash, HolderId, Membership
from gateway.core.model.names import AccessPointId, DeviceId
from gateway.core.model.opening_hours import opening
from gateway.core.model.places import Demands, Interlock
from gateway.core.model.plans import Quota, Right
from gateway.core.model.site import Site
from gateway.core.state import Attempts, DoorState, MachineUse, ModeState, State
from gateway.translation import both
from tests.unit.core.access.rules import (
    credentials_cases,
    demands_cases,
    movement_cases,
    passage_cases,
    rights_cases,
)
from tests.world.engine import BOOTH, HALL, LAB, LASER, MONDAY
from tests.world.makerspace import (
    BACK,
    FULL,
    HOUR,
    KEYHOLDER,
    SAFETY,
    SITE,
    Grant,
    Parts,
    Refusal,
    Saw,
    ask,
    badge,
    booked,
    booking,
    holder,
    let_in,
    trained,
    with_demands,
    with_laser,
    with_plan,
    with_zone,
)


def decide(asked: AccessRequest) -> Ruling:
    """The ruling on a question that nobody has thought about: what it keeps for itself is new."""
    return rules.decide(structs.replace(asked))


ORDER = (
    "exit_is_free",
    "muster_is_noted",
    "event_is_fresh",
    "reader_enrols_no_badge",
    "reader_guards_something",
    "mode_allows_entry",
    "point_is_in_service",
    "attempts_are_left",
    "credential_is_known",
    "credential_is_good",
    "credential_is_strong",
    "pin_is_right",
    "machine_is_free",
    "membership_is_active",
    "plan_gives_right",
    "hours_are_open",
    "quota_is_left",
    "training_is_valid",
    "booking_allows",
    "user_is_here",
    "passback_is_clear",
    "interlock_is_clear",
    "zone_is_opened",
    "escort_is_here",
    "company_is_here",
    "zone_has_room",
    "plan_opens",
)
CHAPTERS = (passage_cases, credentials_cases, rights_cases, demands_cases, movement_cases)
REFUSALS = {name: case for chapter in CHAPTERS for name, case in chapter.REFUSALS.items()}
GRANTS = {name: case for chapter in CHAPTERS for name, case in chapter.GRANTS.items()}
ONLY_GRANT = {"exit_is_free", "muster_is_noted", "plan_opens"}
HOLIDAY, EXCEPTION = "PH off", "by exception"
"""Hours that the calendar of these tests shuts."""
BY_THE_CALENDAR = {
    "a public holiday": ((HOLIDAY,), "public-holiday"),
    "an exceptional day": ((EXCEPTION,), "exceptional-day"),
    "a public holiday, and another plan's hours": (("Tu", HOLIDAY), "public-holiday"),
    "an exceptional day that is a public holiday": (
        ("Tu", HOLIDAY, EXCEPTION),
        "exceptional-day",
    ),
}


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A calendar on which today is a holiday and an exception."""

    def shut(site: Site, hours: str, at: datetime) -> str:
        return {HOLIDAY: "holiday", EXCEPTION: "exceptional"}.get(hours) or opening(site, hours, at)

    monkeypatch.setattr(questions, "opening", shut)
    monkeypatch.setattr(holder_rules, "opening", shut)


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_has_its_reason_and_the_values_that_were_seen(case: Refusal) -> None:
    """The rule that refuses is the last that was asked; those before it let it pass."""
    ruling = decide(case.question)
    last = ruling.verdicts[-1]
    assert (ruling.granted, ruling.reason) == (False, case.reason)
    assert last == RuleVerdict(case.rule, "deny", case.reason, case.saw)
    assert [verdict.outcome for verdict in ruling.verdicts[:-1]] == ["pass"] * (
        len(ruling.verdicts) - 1
    )
    assert [verdict.rule for verdict in ruling.verdicts] == list(
        ORDER[: ORDER.index(case.rule) + 1]
    )


@pytest.mark.parametrize("case", GRANTS.values(), ids=GRANTS)
def test_a_grant_says_what_each_rule_saw(case: Grant) -> None:
    """A rule that might have refused says why it did not; the last one that was asked grants."""
    ruling = decide(case.question)
    said = {verdict.rule: verdict for verdict in ruling.verdicts}
    assert (ruling.granted, ruling.reason) == (True, case.reason)
    assert said[case.rule].saw == case.saw
    assert list(said) == list(ORDER[: len(said)])
    assert [verdict.outcome for verdict in ruling.verdicts[:-1]] == ["pass"] * (len(said) - 1)
    assert ruling.verdicts[-1].outcome == "grant"


@pytest.mark.parametrize("asked", passage_cases.WAYS_OUT.values(), ids=passage_cases.WAYS_OUT)
def test_the_way_out_is_never_refused(asked: AccessRequest) -> None:
    """Whatever else is wrong, and without asking any other rule."""
    free = RuleVerdict("exit_is_free", "grant", "exit-free", {"direction": "exit"})
    assert decide(asked) == Ruling(granted=True, reason="exit-free", verdicts=(free,))


@pytest.mark.usefixtures("calendar")
@pytest.mark.parametrize(("hours", "reason"), BY_THE_CALENDAR.values(), ids=BY_THE_CALENDAR)
def test_a_day_that_is_shut_by_the_calendar_is_told_as_such(
    hours: tuple[str, ...], reason: str
) -> None:
    """Of several rights that are shut, the one that holds on most other days."""
    site = with_plan(rights=tuple(Right((HALL,), hours=each) for each in hours))
    ruling = decide(ask(site=site))
    saw: Saw = {"hours": " || ".join(hours), "timezone": "Europe/Paris"}
    assert ruling.verdicts[-1] == RuleVerdict("hours_are_open", "deny", reason, saw)


@pytest.mark.usefixtures("calendar")
def test_a_booking_opens_on_a_day_that_the_calendar_shuts() -> None:
    """And the members come on their booking."""
    site = with_plan(rights=(Right((HALL,), hours=EXCEPTION),))
    assert decide(ask(site=site, bookings=booked(hall=booking()))).reason == "booking"


# -- the order


def test_the_order_is_the_policy() -> None:
    """Each rule in its place, and with a title in both languages."""
    assert tuple(rule.__name__ for rule in RULES) == ORDER
    assert tuple(RULE_TITLES) == ORDER
    for title in map(both, RULE_TITLES.values()):
        assert title.fr.endswith(".")
        assert title.en.endswith(".")
        assert title.fr != title.en


Mend = Callable[[AccessRequest], AccessRequest]


def of_question(**fields: object) -> Mend:
    """Another question."""
    return lambda asked: structs.replace(asked, **fields)


def of_state(**fields: object) -> Mend:
    """Another state of the place."""
    return lambda asked: structs.replace(asked, state=structs.replace(asked.state, **fields))


def of_who(**fields: object) -> Mend:
    """Another standing of who asks."""

    def mend(asked: AccessRequest) -> AccessRequest:
        who = structs.replace(asked.asker, **fields)
        return structs.replace(asked, holder=who)

    return mend


def of_zone(**fields: object) -> Mend:
    """Another laboratory."""
    return lambda asked: at_lab(asked, with_zone(LAB, asked.site, **fields))


def of_lab(**demands: object) -> Mend:
    """A laboratory that asks for less."""
    return lambda asked: at_lab(asked, with_demands(LAB, asked.site, **demands))


def of_laser(**demands: object) -> Mend:
    """A laser that asks for less."""
    return lambda asked: structs.replace(asked, site=with_laser(asked.site, **demands))


def of_plan(*quotas: Quota, hours: str = "24/7") -> Mend:
    """A plan that opens more."""
    named = (Right((LAB,), (LASER,), hours),)
    return lambda asked: structs.replace(
        asked, site=with_plan(*quotas, rights=named, site=asked.site)
    )


def at_lab(asked: AccessRequest, site: Site) -> AccessRequest:
    """The same question at another site."""
    return structs.replace(asked, site=site)


ATTEMPTS = Map({"hash-ada": Attempts((MONDAY,) * 5)})
FULLY_BOOKED = booked(lab=booking("bob"), laser=booking("bob"))
USED_UP = Quota("days", 0, "day")
EVERYTHING_WRONG: Parts = {
    "retained": True,
    "age": HOUR,
    "who": holder("ada", Membership(FULL, ends=MONDAY - 2 * HOUR), kind="visitor"),
    "credential": badge(status="lost", pin=CredentialHash("1234")),
    "mode": ModeState("lockdown"),
    "attempts": ATTEMPTS,
    "bookings": FULLY_BOOKED,
}
FIRST_STEPS: tuple[tuple[str, Mend], ...] = (
    ("retained", of_question(retained=False)),
    ("too-old", of_question(at=MONDAY)),
)
STEPS_OF_THE_BADGE: tuple[tuple[str, Mend], ...] = (
    ("lockdown", of_state(mode=ModeState())),
    ("out-of-service", of_state(out_of_service=Map())),
    ("too-many-attempts", of_state(attempts=Map())),
    ("credential-unknown", of_question(holder=EVERYTHING_WRONG["who"])),
    ("credential-lost", of_question(credential=badge(pin=CredentialHash("1234")))),
    ("credential-weak", of_question(pin=CredentialHash("0000"))),
    ("pin-wrong", of_question(pin=CredentialHash("1234"))),
)
STEPS_OF_THE_PLAN: tuple[tuple[str, Mend], ...] = (
    ("membership-expired", of_who(memberships=(Membership(FULL),))),
    ("no-right", of_plan(USED_UP, hours="Tu")),
    ("outside-hours", of_plan(USED_UP)),
    ("quota-used-up", of_plan()),
    ("training-missing", of_who(trainings=trained().trainings)),
    ("booked", of_state(bookings=booked(lab=booking(), laser=booking()))),
)


def everything_wrong(at: str, **more: Any) -> AccessRequest:  # noqa: ANN401 - as `ask` takes them
    """Nothing at all is right with this question."""
    strict = tuple(
        structs.replace(each, min_credential="number-and-pin") for each in SITE.access_points
    )
    site = structs.replace(SITE, access_points=strict, interlocks=(Interlock(tuple(SITE.door)),))
    site = with_plan(rights=(), site=site)
    demands = Demands((SAFETY,), min_present=3, booking="respected")
    site = with_zone(
        LAB, site, demands=demands, passback="hard", opened_by=KEYHOLDER, escort=True, capacity=1
    )
    site = with_laser(site, trainings=(SAFETY,), min_present=3, booking="respected", check_in=True)
    broken: Parts = {"out_of_service": Map({AccessPointId(at): "the hinge"})}
    asked = ask(at, **(EVERYTHING_WRONG | broken | {"site": site} | more))
    return structs.replace(asked, holder=None)


def test_at_a_door_the_reasons_are_told_in_the_order_of_the_rules() -> None:
    """Everything is wrong; each thing that is mended brings up the next reason, then it opens."""
    asked = structs.replace(
        everything_wrong(
            "lab-in",
            strangers={BOOTH: 1},
            doors=Map({BACK: let_in("ada", LAB)}),
        ),
        point=None,
    )
    steps = (
        *FIRST_STEPS,
        (
            "point-unknown",
            lambda asked: structs.replace(asked, point=asked.site.access_point["lab-in"]),
        ),
        *STEPS_OF_THE_BADGE,
        *STEPS_OF_THE_PLAN,
        ("already-released", of_state(doors=Map({BACK: DoorState("open")}))),
        ("interlock", of_state(doors=Map())),
        ("not-opened", of_zone(opened_by=None)),
        ("escort-missing", of_who(kind="member")),
        ("alone", of_lab(min_present=2)),
        ("zone-full", of_zone(capacity=2)),
    )
    assert told(asked, steps) == [*(reason for reason, _ in steps), "plan"]


def test_at_a_machine_the_reasons_are_told_in_the_order_of_the_rules() -> None:
    """Likewise."""
    asked = everything_wrong(
        "laser-on",
        machines=Map({LASER: MachineUse(HolderId("bob"), MONDAY)}),
        inside={"ada": HALL},
    )
    steps = (
        *FIRST_STEPS,
        *STEPS_OF_THE_BADGE,
        ("machine-in-use", of_state(machines=Map())),
        *STEPS_OF_THE_PLAN,
        ("not-checked-in", of_laser(check_in=False)),
        ("alone", of_laser(min_present=1)),
    )
    assert told(asked, steps) == [*(reason for reason, _ in steps), "plan"]


def told(asked: AccessRequest, steps: tuple[tuple[str, Mend], ...]) -> list[str]:
    """The reasons before each mending, and after the last."""
    reasons = [decide(asked).reason]
    for _, mend in steps:
        asked = mend(asked)
        reasons.append(decide(asked).reason)
    return reasons


STANDINGS = {
    "unpaid before suspended": (("suspended", "unpaid"), "membership-unpaid"),
    "suspended before expired": (("expired", "suspended"), "membership-suspended"),
    "expired before not started": (("not-started", "expired"), "membership-expired"),
    "unpaid of all": (("not-started", "expired", "suspended", "unpaid"), "membership-unpaid"),
    "suspended, which hides that it is over": (("suspended and expired",), "membership-suspended"),
}
MEMBERSHIPS = {
    "unpaid": Membership(FULL, status="unpaid"),
    "suspended": Membership(FULL, status="suspended"),
    "expired": Membership(FULL, ends=MONDAY),
    "not-started": Membership(FULL, starts=MONDAY + HOUR),
    "suspended and expired": Membership(FULL, ends=MONDAY, status="suspended"),
}


@pytest.mark.parametrize(("standings", "reason"), STANDINGS.values(), ids=STANDINGS)
def test_of_several_bad_memberships_the_easiest_to_mend_is_told(
    standings: tuple[str, ...], reason: str
) -> None:
    """In whatever order they were bought."""
    held = [MEMBERSHIPS[standing] for standing in standings]
    for bought in (held, held[::-1]):
        assert decide(ask(who=holder("ada", *bought))).reason == reason


def test_the_reason_is_that_of_the_rule_where_the_best_plan_ended() -> None:
    """At each access point, of the same two memberships."""
    site = with_plan(Quota("days", 0, "day"), rights=(Right((HALL,)), Right((LAB,), hours="Tu")))
    both = holder("ada", Membership(FULL), Membership(FULL, ends=MONDAY))
    assert decide(ask(site=site, who=both)).reason == "quota-used-up"
    assert decide(ask("lab-in", site=site, who=both)).reason == "outside-hours"
    assert decide(ask("desk", site=site, who=both)).reason == "no-right"


# -- notes, reasons, and the end of the list


def test_a_pin_typed_under_threat_is_noted_granted_or_not() -> None:
    """The ruling is that of the right PIN."""
    under_threat: Parts = {"credential": credentials_cases.WITH_PIN, "pin": "4321"}
    granted = decide(ask(**under_threat))
    refused = decide(ask(strangers={HALL: 4}, **under_threat))
    assert (granted.granted, granted.reason, granted.duress) == (True, "plan", True)
    assert (refused.granted, refused.reason, refused.duress) == (False, "zone-full", True)
    right = decide(ask(credential=credentials_cases.WITH_PIN, pin="1234"))
    assert (right.granted, right.duress) == (True, False)


def test_a_soft_passback_is_noted_where_it_is_granted() -> None:
    """And one that some other rule refuses is none."""
    soft = with_zone(HALL, passback="soft")
    granted = decide(ask(site=soft, inside={"ada": HALL}))
    assert (granted.granted, granted.passback) == (True, True)
    alone = with_demands(HALL, soft, min_present=9)
    refused = decide(ask(site=alone, inside={"ada": HALL}))
    assert (refused.reason, refused.passback) == ("alone", False)
    assert not decide(ask(site=soft)).passback


def test_rules_that_were_not_asked_are_absent() -> None:
    """A stranger's decision says nothing of memberships, plans and hours."""
    asked = [verdict.rule for verdict in decide(ask(stranger=True)).verdicts]
    assert asked == list(ORDER[: ORDER.index("credential_is_known") + 1])


def test_an_empty_policy_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody granted is a refusal, with a reason of its own."""
    monkeypatch.setattr(rules, "RULES", RULES[:-1])
    ruling = decide(ask())
    assert (ruling.granted, ruling.reason) == (False, "no-access-rights")
    assert [verdict.rule for verdict in ruling.verdicts] == list(ORDER[:-1])
    monkeypatch.setattr(rules, "RULES", ())
    assert decide(ask()) == Ruling(granted=False, reason="no-access-rights", verdicts=())


def test_every_rule_has_a_grant_and_a_refusal_in_these_tables() -> None:
    """But for those that only grant."""
    assert {case.rule for case in GRANTS.values()} == set(ORDER)
    assert {case.rule for case in REFUSALS.values()} == set(ORDER) - ONLY_GRANT


def test_every_reason_is_told_by_a_case_and_every_one_told_has_a_sentence() -> None:
    """But for the end of a policy, a bug, a button, and what a cut-off reader decided alone."""
    told_here = {case.reason for case in [*REFUSALS.values(), *GRANTS.values()]}
    told_here |= {reason for _, reason in BY_THE_CALENDAR.values()}
    assert set(REASONS) == told_here | {
        *(rules.NO_ACCESS_RIGHTS, "fault", "reader-decided", "claimed", "exit-button")
    }


def test_a_verdict_keeps_no_badge_number_and_no_pin() -> None:
    """Not even their hashes."""
    for case in [*REFUSALS.values(), *GRANTS.values()]:
        for verdict in decide(case.question).verdicts:
            seen = {str(value) for value in verdict.saw.values()}
            assert not seen & {"hash-ada", "hash-bob", "1234", "4321", "0000"}


def test_a_question_before_anybody_is_known_never_looks_for_them() -> None:
    """The properties for later rules say so, instead of giving somebody else."""
    nobody = AccessRequest(SITE, State(), DeviceId("x"), None, None, None, MONDAY, MONDAY)
    for name in ("here", "badge", "asker"):
        with pytest.raises(AssertionError):
            getattr(nobody, name)
