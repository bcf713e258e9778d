"""The rules: each by its reason, which one wins, and what a decision keeps of what it saw."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from immutables import Map
from msgspec import structs

from gateway.core import occupancy, rules
from gateway.core.directory import Credential, Holder, HolderId, Membership
from gateway.core.facts import Value
from gateway.core.question import Question
from gateway.core.reasons import REASONS
from gateway.core.rules import RULES, decide
from gateway.core.site import AccessPointId, DeviceId, PlanId, SiteId, ZoneId
from gateway.core.state import State, Whereabouts, ZoneState
from tests.unit.core.place import (
    BOOTH,
    HALL,
    HOUSE,
    LAB,
    MONDAY,
    OFFICE_HOURS,
    SITE,
    card,
    member,
)

FULL, DAY = PlanId("full"), PlanId("day")
HOUR = timedelta(hours=1)
SUNDAY = MONDAY - timedelta(days=1)


def people(**known: int) -> Map[ZoneId, ZoneState]:
    """The zones with so many people in them."""
    return Map(
        {zone.id: occupancy.opened(known.get(zone.id, 0), MONDAY) for zone in SITE.zones}
    )  # fmt: skip


def question(
    at: str | None = "front-in",
    *,
    who: Holder | None = None,
    badge: Credential | None = None,
    stranger: bool = False,
    now: datetime = MONDAY,
    age: timedelta = timedelta(),
    retained: bool = False,
    zones: Map[ZoneId, ZoneState] | None = None,
    inside: ZoneId | None = None,
) -> Question:
    """Ada with the full plan at the front door of an empty house, but for what is said."""
    holder = who or member("ada")
    known = {holder.id: Whereabouts(inside, now)} if inside else {}
    return Question(
        site=SITE,
        state=State(presence=Map(known), zones=zones or people()),
        device=DeviceId(at or "nowhere"),
        point=SITE.access_point[AccessPointId(at)] if at else None,
        credential=None if stranger else badge or card("ada"),
        holder=None if stranger else holder,
        at=now - age,
        now=now,
        retained=retained,
    )


def one(
    plan: PlanId = FULL,
    *,
    status: Literal["active", "suspended"] = "active",
    starts: datetime | None = None,
    ends: datetime | None = None,
    site: str | None = None,
) -> Membership:
    """A membership."""
    return Membership(plan, (SiteId(site),) if site else (), starts, ends, status)


def with_plan(*memberships: Membership) -> Holder:
    """Ada with these memberships; none at all when there are none."""
    return structs.replace(member("ada"), memberships=memberships)


REFUSALS = {
    "a read that the broker kept": (
        question(retained=True),
        "event_is_fresh",
        "retained",
        {"retained": True},
    ),
    "a read of 5.001 seconds ago": (
        question(age=timedelta(milliseconds=5001)),
        "event_is_fresh",
        "too-old",
        {"age_s": 5.001, "limit_s": 5.0},
    ),
    "a reader whose clock is 5.001 seconds ahead": (
        question(age=timedelta(milliseconds=-5001)),
        "event_is_fresh",
        "clock-ahead",
        {"age_s": -5.001, "limit_s": -5.0},
    ),
    "a reader that guards nothing": (
        question(None),
        "reader_guards_something",
        "point-unknown",
        {},
    ),
    "a badge that nobody enrolled": (
        question(stranger=True),
        "credential_is_good",
        "credential-unknown",
        {},
    ),
    "a badge whose holder is gone": (
        structs.replace(question(), holder=None),
        "credential_is_good",
        "credential-unknown",
        {},
    ),
    "a suspended badge": (
        question(badge=card("ada", "suspended")),
        "credential_is_good",
        "credential-suspended",
        {"holder": "ada"},
    ),
    "a lost badge": (
        question(badge=card("ada", "lost")),
        "credential_is_good",
        "credential-lost",
        {"holder": "ada"},
    ),
    "no membership": (
        question(who=with_plan()),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "a membership of another site": (
        question(who=with_plan(one(site="elsewhere"))),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "a membership that begins in a moment": (
        question(who=with_plan(one(starts=MONDAY + timedelta(microseconds=1)))),
        "membership_is_active",
        "membership-not-started",
        {"memberships": 1},
    ),
    "a membership that ends now": (
        question(who=with_plan(one(ends=MONDAY))),
        "membership_is_active",
        "membership-expired",
        {"memberships": 1},
    ),
    "a suspended membership": (
        question(who=with_plan(one(status="suspended"))),
        "membership_is_active",
        "membership-suspended",
        {"memberships": 1},
    ),
    "a plan that does not name the zone": (
        question("lab-in", who=with_plan(one(DAY))),
        "plan_gives_right",
        "no-right",
        {"zone": "lab"},
    ),
    "a plan that names a zone inside, not the one around it": (
        question("terrace-in", who=with_plan(one(DAY))),
        "plan_gives_right",
        "no-right",
        {"zone": "annex"},
    ),
    "a plan that the space file no longer has": (
        question(who=with_plan(one(PlanId("gone")))),
        "plan_gives_right",
        "no-right",
        {"zone": "hall"},
    ),
    "a plan without the machine, although it opens its zone": (
        question("laser-on", who=with_plan(one(DAY))),
        "plan_gives_right",
        "no-right",
        {"machine": "laser"},
    ),
    "a right of an expired membership beside a valid one without it": (
        question("lab-in", who=with_plan(one(ends=MONDAY), one(DAY))),
        "plan_gives_right",
        "no-right",
        {"zone": "lab"},
    ),
    "a day plan on a Sunday": (
        question(who=with_plan(one(DAY)), now=SUNDAY),
        "hours_are_open",
        "outside-hours",
        {"hours": OFFICE_HOURS, "timezone": "Europe/Paris"},
    ),
    "a day plan at 18 o'clock in Paris, which is 17 in UTC": (
        question(who=with_plan(one(DAY)), now=MONDAY.replace(hour=17)),
        "hours_are_open",
        "outside-hours",
        {"hours": OFFICE_HOURS},
    ),
    "a zone at its capacity": (
        question(zones=people(hall=3)),
        "zone_has_room",
        "zone-full",
        {"zone": "hall", "people": 3, "capacity": 3},
    ),
    "a zone with room in a house that has none": (
        question(zones=people(hall=1, house=4)),
        "zone_has_room",
        "zone-full",
        {"zone": "house", "people": 4, "capacity": 4},
    ),
    "a full booth, asked for from inside the lab": (
        question("booth-in", zones=people(booth=1, lab=2, house=2), inside=LAB),
        "zone_has_room",
        "zone-full",
        {"zone": "booth", "people": 1, "capacity": 1},
    ),
}

GRANTS = {
    "a member with a plan for the house, which is around the hall": (
        question(),
        "plan",
        {"zone": "hall"},
    ),
    "a read of 5 seconds ago": (question(age=timedelta(seconds=5)), "plan", {}),
    "a reader whose clock is 5 seconds ahead": (question(age=timedelta(seconds=-5)), "plan", {}),
    "a membership that begins now": (question(who=with_plan(one(starts=MONDAY))), "plan", {}),
    "a membership that ends in a moment": (
        question(who=with_plan(one(ends=MONDAY + timedelta(microseconds=1)))),
        "plan",
        {},
    ),
    "a membership of this site": (question(who=with_plan(one(site="hub"))), "plan", {}),
    "one valid membership among bad ones": (
        question(who=with_plan(one(status="suspended"), one(ends=MONDAY), one())),
        "plan",
        {},
    ),
    "a day plan at 8 o'clock in Paris, which is 7 in UTC": (
        question(who=with_plan(one(DAY)), now=MONDAY.replace(hour=7)),
        "plan",
        {},
    ),
    "a day plan on a Sunday, beside a plan without hours": (
        question(who=with_plan(one(DAY), one()), now=SUNDAY),
        "plan",
        {},
    ),
    "the last place in the hall": (question(zones=people(hall=2, house=3)), "plan", {}),
    "a full house, for somebody who is in it already": (
        question("lab-in", zones=people(hall=1, house=4), inside=HALL),
        "plan",
        {},
    ),
    "a full hall, for somebody who is known to be in it": (
        question(zones=people(hall=3, house=3), inside=HALL),
        "plan",
        {},
    ),
    "a machine that the plan names, in a full house": (
        question("laser-on", zones=people(house=4)),
        "plan",
        {"machine": "laser"},
    ),
}

WAYS_OUT = {
    "a member": question("front-out"),
    "a badge that nobody enrolled": question("front-out", stranger=True),
    "a lost badge": question("front-out", badge=card("ada", "lost")),
    "a suspended badge": question("front-out", badge=card("ada", "suspended")),
    "no membership": question("front-out", who=with_plan()),
    "an expired membership": question("front-out", who=with_plan(one(ends=MONDAY))),
    "a plan without a right": question("lab-out", who=with_plan(one(DAY))),
    "the middle of the night": question("front-out", who=with_plan(one(DAY)), now=SUNDAY),
    "an overfull house": question("front-out", zones=people(hall=9, house=9)),
    "a read of yesterday": question("front-out", age=24 * HOUR),
    "a read that the broker kept": question("front-out", retained=True),
    "a reader whose clock is a day ahead": question("front-out", age=-24 * HOUR),
}

FIRST_WINS = {
    "kept and unknown": (question(retained=True, stranger=True), "retained"),
    "kept and old": (question(retained=True, age=HOUR), "retained"),
    "old and no access point": (question(None, age=HOUR), "too-old"),
    "no access point and unknown": (question(None, stranger=True), "point-unknown"),
    "lost and no membership": (
        question(badge=card("ada", "lost"), who=with_plan()),
        "credential-lost",
    ),
    "expired and without a right": (
        question("lab-in", who=with_plan(one(DAY, ends=MONDAY))),
        "membership-expired",
    ),
    "suspended and expired": (
        question(who=with_plan(one(ends=MONDAY), one(status="suspended"))),
        "membership-suspended",
    ),
    "suspended, which hides that it is expired": (
        question(who=with_plan(one(ends=MONDAY, status="suspended"))),
        "membership-suspended",
    ),
    "expired and not started": (
        question(who=with_plan(one(starts=MONDAY + HOUR), one(ends=MONDAY))),
        "membership-expired",
    ),
    "no right, and the zone is full": (
        question("lab-in", who=with_plan(one(DAY)), zones=people(house=4)),
        "no-right",
    ),
    "outside hours, and the zone is full": (
        question(who=with_plan(one(DAY)), now=SUNDAY, zones=people(hall=3)),
        "outside-hours",
    ),
    "the hall is full, and so is the house": (
        question(zones=people(hall=3, house=4)),
        "zone-full",
    ),
}


@pytest.mark.parametrize(("asked", "rule", "reason", "saw"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_has_its_reason_and_the_values_that_were_seen(
    asked: Question, rule: str, reason: str, saw: dict[str, Value]
) -> None:
    """The rule that refuses is the last that was asked; those before it let it pass."""
    ruling = decide(asked)
    last = ruling.verdicts[-1]
    assert (ruling.granted, ruling.reason, last.rule) == (False, reason, rule)
    assert (last.outcome, last.reason) == ("deny", reason)
    assert saw.items() <= last.saw.items()
    assert [verdict.outcome for verdict in ruling.verdicts[:-1]] == ["pass"] * (
        len(ruling.verdicts) - 1
    )


@pytest.mark.parametrize(("asked", "reason", "saw"), GRANTS.values(), ids=GRANTS)
def test_a_grant_has_been_through_every_rule(
    asked: Question, reason: str, saw: dict[str, Value]
) -> None:
    """In their order, and the last one grants."""
    ruling = decide(asked)
    assert (ruling.granted, ruling.reason) == (True, reason)
    assert [verdict.rule for verdict in ruling.verdicts] == [rule.__name__ for rule in RULES]
    assert ruling.verdicts[-1].outcome == "grant"
    assert saw.items() <= ruling.verdicts[-1].saw.items()


@pytest.mark.parametrize("asked", WAYS_OUT.values(), ids=WAYS_OUT)
def test_the_way_out_is_never_refused(asked: Question) -> None:
    """Whatever else is wrong, and without asking any other rule."""
    ruling = decide(asked)
    assert (ruling.granted, ruling.reason) == (True, "exit-free")
    assert [verdict.rule for verdict in ruling.verdicts] == ["exit_is_free"]
    assert ruling.verdicts[0].saw == {"direction": "exit"}


@pytest.mark.parametrize(("asked", "reason"), FIRST_WINS.values(), ids=FIRST_WINS)
def test_where_two_rules_refuse_the_first_is_told(asked: Question, reason: str) -> None:
    """And the other is not asked: it says nothing in the verdicts."""
    ruling = decide(asked)
    assert (ruling.granted, ruling.reason) == (False, reason)
    assert sum(verdict.outcome == "deny" for verdict in ruling.verdicts) == 1


def test_rules_that_were_not_asked_are_absent() -> None:
    """A stranger's decision says nothing of memberships, plans and hours."""
    asked = [verdict.rule for verdict in decide(question(stranger=True)).verdicts]
    assert asked == [
        "exit_is_free",
        "muster_is_noted",
        "event_is_fresh",
        "reader_guards_something",
        "mode_allows_entry",
        "point_is_in_service",
        "credential_is_good",
    ]


def test_a_grant_keeps_the_head_count_that_it_saw() -> None:
    """So that `why` can tell how full it was."""
    ruling = decide(question(zones=people(hall=2, house=3)))
    (room,) = (verdict for verdict in ruling.verdicts if verdict.rule == "zone_has_room")
    assert room.saw == {"zone": "house", "people": 3, "capacity": 4}


def test_an_empty_policy_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody granted is a refusal, with a reason of its own."""
    monkeypatch.setattr(rules, "RULES", RULES[:-1])
    ruling = decide(question())
    assert (ruling.granted, ruling.reason) == (False, "no-access-rights")
    monkeypatch.setattr(rules, "RULES", ())
    assert decide(question()) == rules.Ruling(granted=False, reason="no-access-rights", verdicts=())


def test_every_reason_is_given_by_some_rule_and_every_one_given_has_a_sentence() -> None:
    """In both languages; only the end of an empty policy has no case of its own above."""
    given = {reason for _, _, reason, _ in REFUSALS.values()}
    given |= {reason for _, reason, _ in GRANTS.values()} | {"exit-free"}
    assert set(REASONS) >= given | {rules.NO_ACCESS_RIGHTS}


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_is_a_sentence_in_both_languages(code: str) -> None:
    """A whole one, and not the same words twice."""
    text = REASONS[code].text
    for sentence in (text.fr, text.en):
        assert len(sentence) > len("Hello")
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    assert text.fr != text.en
    is_grant = code in ("plan", "exit-free", "machine-off")
    others = ("DENIED_", "OUT_OF_SERVICE", "MUSTER", "NONE")
    assert REASONS[code].bacnet.startswith("GRANTED" if is_grant else others)


def test_hours_follow_the_clock_of_the_place_through_the_year() -> None:
    """8 o'clock in Paris is 6 UTC in summer and 7 in winter."""
    day = with_plan(one(DAY))
    summer = datetime(2026, 7, 6, 6, 0, tzinfo=UTC)
    assert decide(question(who=day, now=summer)).granted
    assert not decide(question(who=day, now=summer - timedelta(seconds=1))).granted
    assert not decide(question(who=day, now=MONDAY.replace(hour=6, minute=59))).granted


def test_a_place_inside_is_not_taken_twice() -> None:
    """Who moves from the booth to the lab needs room neither there nor in the house."""
    full = people(booth=1, lab=4, house=4)
    assert decide(question("lab-in", zones=full, inside=BOOTH)).granted
    assert not decide(question("lab-in", zones=full)).granted
    assert SITE.zone[HOUSE].capacity == 4


def test_somebody_elses_place_is_not_mine() -> None:
    """That Bob is inside makes no room for Ada."""
    asked = question(zones=people(hall=3, house=3))
    bob = Map({HolderId("bob"): Whereabouts(HALL, MONDAY)})
    assert (
        decide(structs.replace(asked, state=structs.replace(asked.state, presence=bob))).reason
        == "zone-full"
    )
