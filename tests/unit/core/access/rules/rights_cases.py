"""Cases of the rules about memberships, rights, hours and quotas, and bookings in their stead."""

from datetime import timedelta

from immutables import Map
from msgspec import structs

from gateway.core.model.directory import HolderId, Membership
from gateway.core.model.names import GroupId, PlanId, SiteId, ZoneId
from gateway.core.model.plans import Quota, Right
from gateway.core.model.site import Site
from gateway.core.state import DayOfUse
from tests.world.engine import HALL, LAB, LASER, MONDAY, OFFICE_HOURS
from tests.world.makerspace import (
    BARE,
    CREW,
    DAY,
    FULL,
    HOUR,
    MINUTE,
    OFFICE,
    Grant,
    Parts,
    Refusal,
    Saw,
    ask,
    at_site,
    booked,
    booking,
    holder,
    with_plan,
)

MOMENT = timedelta(microseconds=1)
SUNDAY = MONDAY - DAY
ELSEWHERE = (SiteId("elsewhere"),)
GUEST = holder("ada", Membership(FULL, ELSEWHERE))
"""Somebody without a membership here."""
IN_OFFICE = Membership(OFFICE)
ALWAYS_LAB = Right((LAB,))
MARGIN = timedelta(minutes=15)
TEN_DAYS = Quota("days", 2, "month")
WHOLE, HALF, VISIT = 18_000.0, 900.0, 899.0
"""Seconds of presence that count as a day, a half, and as nothing."""


def lacks(plan: PlanId = FULL, starts: str | None = None, ends: str | None = None) -> Saw:
    """What is told of a membership."""
    return {"plan": plan, "starts": starts, "ends": ends}


def used(*days: DayOfUse, name: str = "ada") -> Parts:
    """Somebody's days at the site."""
    return {"usage": Map({HolderId(name): days})}


def day(ago: int, seconds: float = WHOLE, entries: int = 1) -> DayOfUse:
    """A local day of use, so many days ago."""
    return DayOfUse((MONDAY - ago * DAY).date(), seconds, entries)


def spent(kind: str, per: str, used: float, amount: float) -> Saw:
    """What is told of a quota."""
    return {"plan": "full", "quota": kind, "per": per, "used": used, "amount": amount}


def with_office(quota: Quota) -> Site:
    """The site where the full plan has three days a month, and the office plan this."""
    full, office, bare = with_plan(Quota("days", 3, "month")).plans
    return at_site(plans=(full, structs.replace(office, quotas=(quota,)), bare))


TWO_QUOTAS = with_office(Quota("days", 2, "week"))
EQUAL_QUOTAS = with_office(Quota("days", 3, "week"))
OF_THE_HALL: Saw = {"booking": "of-ada", "booked": "zone:hall"}
OF_THE_LASER: Saw = {"booking": "of-ada", "booked": "machine:laser"}

MEMBERSHIP_REFUSALS = {
    "no membership": Refusal(
        ask(who=holder(memberships=())), "membership_is_active", "membership-none", {}
    ),
    "a membership of another site": Refusal(
        ask(who=GUEST), "membership_is_active", "membership-none", {}
    ),
    "a membership that begins in a moment": Refusal(
        ask(who=holder("ada", Membership(FULL, starts=MONDAY + MOMENT))),
        "membership_is_active",
        "membership-not-started",
        lacks(starts="2026-11-23T10:00:00.000001+00:00"),
    ),
    "two to come: the one that begins first is told": Refusal(
        ask(
            who=holder(
                "ada",
                Membership(OFFICE, starts=MONDAY + 2 * DAY),
                Membership(FULL, starts=MONDAY + DAY),
                Membership(BARE, starts=MONDAY + 3 * DAY),
            )
        ),
        "membership_is_active",
        "membership-not-started",
        lacks(FULL, starts="2026-11-24T10:00:00+00:00"),
    ),
    "a membership that ends now": Refusal(
        ask(who=holder("ada", Membership(FULL, ends=MONDAY))),
        "membership_is_active",
        "membership-expired",
        lacks(ends="2026-11-23T10:00:00+00:00"),
    ),
    "two that are over: the one that ended last is told": Refusal(
        ask(
            who=holder(
                "ada",
                Membership(OFFICE, ends=MONDAY - 2 * DAY),
                Membership(FULL, starts=MONDAY - 9 * DAY, ends=MONDAY - DAY),
                Membership(BARE, ends=MONDAY - 3 * DAY),
            )
        ),
        "membership_is_active",
        "membership-expired",
        lacks(FULL, "2026-11-14T10:00:00+00:00", "2026-11-22T10:00:00+00:00"),
    ),
    "a suspended membership": Refusal(
        ask(who=holder("ada", Membership(FULL, status="suspended"))),
        "membership_is_active",
        "membership-suspended",
        lacks(),
    ),
    "an unpaid membership": Refusal(
        ask(who=holder("ada", Membership(FULL, status="unpaid"))),
        "membership_is_active",
        "membership-unpaid",
        lacks(),
    ),
    "no membership, and a booking that ended a margin ago": Refusal(
        ask(who=GUEST, bookings=booked(hall=booking(ends=MONDAY - MARGIN))),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "no membership, and a booking that begins more than a margin from now": Refusal(
        ask(who=GUEST, bookings=booked(hall=booking(starts=MONDAY + MARGIN + MOMENT))),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "no membership, and somebody else's booking": Refusal(
        ask(who=GUEST, bookings=booked(hall=booking("bob"))),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "no membership, and a booking of another group": Refusal(
        ask(who=GUEST, bookings=booked(hall=booking("bob", groups=(CREW,)))),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "no membership, and a booking of the hall at the laboratory": Refusal(
        ask("lab-in", who=GUEST, bookings=booked(hall=booking())),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "no membership, and a booking of the laboratory at the laser": Refusal(
        ask("laser-on", who=GUEST, bookings=booked(lab=booking())),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "no membership, and a booking of the laser a moment too early": Refusal(
        ask("laser-on", who=GUEST, bookings=booked(laser=booking(starts=MONDAY + MOMENT))),
        "membership_is_active",
        "membership-none",
        {},
    ),
    "no membership, and a booking of the laser at the booth behind its room": Refusal(
        ask("booth-in", who=GUEST, bookings=booked(laser=booking())),
        "membership_is_active",
        "membership-none",
        {},
    ),
}
RIGHT_REFUSALS = {
    "a plan that does not name the zone": Refusal(
        ask("lab-in", who=holder("ada", IN_OFFICE)), "plan_gives_right", "no-right", {"zone": "lab"}
    ),
    "a plan that names a zone inside, not the one around it": Refusal(
        ask("lab-in", site=with_plan(rights=(Right((ZoneId("booth"),)),))),
        "plan_gives_right",
        "no-right",
        {"zone": "lab"},
    ),
    "a plan that the space file no longer has": Refusal(
        ask(who=holder("ada", Membership(PlanId("gone")))),
        "plan_gives_right",
        "no-right",
        {"zone": "hall"},
    ),
    "a plan without a right": Refusal(
        ask(who=holder("ada", Membership(BARE))), "plan_gives_right", "no-right", {"zone": "hall"}
    ),
    "a plan without the machine, although it opens its zone": Refusal(
        ask("laser-on", site=with_plan(rights=(ALWAYS_LAB,))),
        "plan_gives_right",
        "no-right",
        {"machine": "laser"},
    ),
    "a plan with the machine, at the door of its zone": Refusal(
        ask("lab-in", site=with_plan(rights=(Right((), (LASER,)),))),
        "plan_gives_right",
        "no-right",
        {"zone": "lab"},
    ),
    "a right of an expired membership beside a valid one without it": Refusal(
        ask("lab-in", who=holder("ada", Membership(FULL, ends=MONDAY), IN_OFFICE)),
        "plan_gives_right",
        "no-right",
        {"zone": "lab"},
    ),
}
HOURS_REFUSALS = {
    "an office plan on a Sunday": Refusal(
        ask(who=holder("ada", IN_OFFICE), now=SUNDAY),
        "hours_are_open",
        "outside-hours",
        {"hours": OFFICE_HOURS, "timezone": "Europe/Paris"},
    ),
    "an office plan at 18 o'clock in Paris, which is 17 in UTC": Refusal(
        ask(who=holder("ada", IN_OFFICE), now=MONDAY.replace(hour=17)),
        "hours_are_open",
        "outside-hours",
        {"hours": OFFICE_HOURS, "timezone": "Europe/Paris"},
    ),
    "several rights, all of them shut": Refusal(
        ask(
            site=with_plan(rights=(Right((HALL,), hours="Tu"), Right((HALL,), hours="We"))),
            who=holder("ada", Membership(FULL), Membership(FULL)),
        ),
        "hours_are_open",
        "outside-hours",
        {"hours": "Tu || We", "timezone": "Europe/Paris"},
    ),
}
QUOTA_REFUSALS = {
    "all days of the month": Refusal(
        ask(site=with_plan(TEN_DAYS), **used(day(3), day(2))),
        "quota_is_left",
        "quota-used-up",
        spent("days", "month", 2.0, 2),
    ),
    "a day and two halves": Refusal(
        ask(site=with_plan(TEN_DAYS), **used(day(4), day(3, HALF), day(2, WHOLE - 1))),
        "quota_is_left",
        "quota-used-up",
        spent("days", "month", 2.0, 2),
    ),
    "all half-days of the week": Refusal(
        ask(
            now=MONDAY + 2 * DAY,
            site=with_plan(Quota("half-days", 3, "week")),
            **used(day(0), day(-1, HALF)),
        ),
        "quota_is_left",
        "quota-used-up",
        spent("half-days", "week", 3, 3),
    ),
    "a second half-day on the same day": Refusal(
        ask(site=with_plan(Quota("half-days", 1, "day")), **used(day(0))),
        "quota_is_left",
        "quota-used-up",
        spent("half-days", "day", 1, 1),
    ),
    "all hours of the year": Refusal(
        ask(site=with_plan(Quota("hours", 10, "year")), **used(day(300), day(0))),
        "quota_is_left",
        "quota-used-up",
        spent("hours", "year", 10.0, 10),
    ),
    "all hours, with the stay that is running": Refusal(
        ask("lab-in", site=with_plan(Quota("hours", 1, "day")), inside={"ada": HALL}),
        "quota_is_left",
        "quota-used-up",
        spent("hours", "day", 1.0, 1),
    ),
    "all hours, the running stay and an earlier one of today": Refusal(
        ask(
            "lab-in",
            site=with_plan(Quota("hours", 2.5, "day")),
            inside={"ada": HALL},
            **used(day(1), day(0, 5400.0)),
        ),
        "quota_is_left",
        "quota-used-up",
        spent("hours", "day", 2.5, 2.5),
    ),
    "all entries of the week": Refusal(
        ask(
            now=MONDAY + DAY,
            site=with_plan(Quota("entries", 3, "week")),
            **used(day(1, entries=9), day(0, entries=3)),
        ),
        "quota_is_left",
        "quota-used-up",
        spent("entries", "week", 3, 3),
    ),
    "one of two quotas is used up, and that one is told": Refusal(
        ask(
            site=with_plan(
                Quota("days", 9, "month"), Quota("entries", 1, "day"), Quota("hours", 90, "year")
            ),
            **used(day(0, entries=1)),
        ),
        "quota_is_left",
        "quota-used-up",
        spent("entries", "day", 1, 1),
    ),
    "a quota beside one that is used up more": Refusal(
        ask(
            site=with_plan(Quota("entries", 2, "day"), Quota("entries", 1, "month")),
            **used(day(0, entries=4)),
        ),
        "quota_is_left",
        "quota-used-up",
        spent("entries", "month", 4, 1),
    ),
    "entries are used up, though a machine without its user inside costs none": Refusal(
        ask(
            "laser-on",
            site=with_plan(Quota("entries", 1, "day"), Quota("hours", 5, "day")),
            **used(day(0, entries=3)),
        ),
        "quota_is_left",
        "quota-used-up",
        spent("hours", "day", 5.0, 5),
    ),
}
REFUSALS = MEMBERSHIP_REFUSALS | RIGHT_REFUSALS | HOURS_REFUSALS | QUOTA_REFUSALS

MEMBERSHIP_GRANTS = {
    "a membership without dates": Grant(ask(), "membership_is_active", {"memberships": 1}),
    "a membership that begins now and ends in a moment": Grant(
        ask(who=holder("ada", Membership(FULL, starts=MONDAY, ends=MONDAY + MOMENT))),
        "membership_is_active",
        {"memberships": 1},
    ),
    "a membership of this site": Grant(
        ask(who=holder("ada", Membership(FULL, (*ELSEWHERE, SiteId("hub"))))),
        "membership_is_active",
        {"memberships": 1},
    ),
    "one valid membership among bad ones": Grant(
        ask(
            who=holder(
                "ada",
                Membership(FULL, status="suspended"),
                Membership(FULL, status="unpaid"),
                Membership(FULL, ends=MONDAY),
                Membership(FULL),
                Membership(FULL, ELSEWHERE),
            )
        ),
        "membership_is_active",
        {"memberships": 4},
    ),
    "a booking of the hall stands in for a membership": Grant(
        ask(who=GUEST, bookings=booked(hall=booking())),
        "membership_is_active",
        OF_THE_HALL,
        "booking",
    ),
    "a booking that begins in a margin": Grant(
        ask(who=GUEST, bookings=booked(hall=booking(starts=MONDAY + MARGIN))),
        "membership_is_active",
        OF_THE_HALL,
        "booking",
    ),
    "a booking that ended less than a margin ago": Grant(
        ask(who=GUEST, bookings=booked(hall=booking(ends=MONDAY - MARGIN + MOMENT))),
        "membership_is_active",
        OF_THE_HALL,
        "booking",
    ),
    "a booking of a group": Grant(
        ask(
            who=holder("ada", Membership(FULL, ELSEWHERE), groups=(GroupId("choir"), CREW)),
            bookings=booked(hall=booking("bob", groups=(CREW,))),
        ),
        "membership_is_active",
        {"booking": "of-bob", "booked": "zone:hall"},
        "booking",
    ),
    "a public event": Grant(
        ask(who=GUEST, bookings=booked(hall=booking("bob", public=True))),
        "membership_is_active",
        {"booking": "of-bob", "booked": "zone:hall"},
        "booking",
    ),
    "a booking after somebody else's of the same room": Grant(
        ask(
            who=GUEST,
            bookings=booked(hall=(booking("bob", ends=MONDAY - 1 * MINUTE), booking())),
        ),
        "membership_is_active",
        OF_THE_HALL,
        "booking",
    ),
    "a booking of the booth opens the doors on the way": Grant(
        ask(who=GUEST, bookings=booked(booth=booking())),
        "membership_is_active",
        {"booking": "of-ada", "booked": "zone:booth"},
        "booking",
    ),
    "a booking of the house opens the rooms in it": Grant(
        ask("booth-in", who=GUEST, bookings=booked(house=booking())),
        "membership_is_active",
        {"booking": "of-ada", "booked": "zone:house"},
        "booking",
    ),
    "a booking of the laser opens its room, early": Grant(
        ask("lab-in", who=GUEST, bookings=booked(laser=booking(starts=MONDAY + MARGIN))),
        "membership_is_active",
        OF_THE_LASER,
        "booking",
    ),
    "a booking of the laser opens the doors on the way": Grant(
        ask(who=GUEST, bookings=booked(laser=booking())),
        "membership_is_active",
        OF_THE_LASER,
        "booking",
    ),
    "a booking of the laser, that begins now": Grant(
        ask("laser-on", who=GUEST, bookings=booked(laser=booking(starts=MONDAY))),
        "membership_is_active",
        OF_THE_LASER,
        "booking",
    ),
    "another margin": Grant(
        ask(
            who=GUEST,
            site=at_site(booking_margin_s=7200.0),
            bookings=booked(hall=booking(starts=MONDAY + 2 * HOUR)),
        ),
        "membership_is_active",
        OF_THE_HALL,
        "booking",
    ),
}
RIGHT_GRANTS = {
    "a plan that names the zone": Grant(
        ask(who=holder("ada", IN_OFFICE)), "plan_gives_right", {"rights": 1, "zone": "hall"}
    ),
    "a plan that names a zone around it": Grant(
        ask("booth-in"), "plan_gives_right", {"rights": 1, "zone": "booth"}
    ),
    "a plan that names the machine": Grant(
        ask("laser-on"), "plan_gives_right", {"rights": 1, "machine": "laser"}
    ),
    "two plans": Grant(
        ask(who=holder("ada", Membership(FULL), IN_OFFICE)),
        "plan_gives_right",
        {"rights": 2, "zone": "hall"},
    ),
    "a plan without a right, and a booking": Grant(
        ask(who=holder("ada", Membership(BARE)), bookings=booked(hall=booking())),
        "plan_gives_right",
        OF_THE_HALL,
        "booking",
    ),
}
HOURS_GRANTS = {
    "an office plan at 8 o'clock in Paris, which is 7 in UTC": Grant(
        ask(who=holder("ada", IN_OFFICE), now=MONDAY.replace(hour=7)),
        "hours_are_open",
        {"hours": OFFICE_HOURS},
    ),
    "an office plan on a Sunday, beside a plan without hours": Grant(
        ask(who=holder("ada", IN_OFFICE, Membership(FULL)), now=SUNDAY),
        "hours_are_open",
        {"hours": "24/7"},
    ),
    "an office plan on a Sunday, and a booking": Grant(
        ask(
            who=holder("ada", IN_OFFICE),
            now=SUNDAY,
            bookings=booked(hall=booking(starts=SUNDAY - HOUR)),
        ),
        "hours_are_open",
        OF_THE_HALL,
        "booking",
    ),
}
QUOTA_GRANTS = {
    "a plan without a quota": Grant(ask(), "quota_is_left", {"plan": "full"}),
    "a plan that was never used": Grant(
        ask(site=with_plan(TEN_DAYS)), "quota_is_left", spent("days", "month", 0.0, 2)
    ),
    "somebody else's days": Grant(
        ask(site=with_plan(TEN_DAYS), **used(day(3), day(2), name="bob")),
        "quota_is_left",
        spent("days", "month", 0.0, 2),
    ),
    "a day, and a half less a second": Grant(
        ask(site=with_plan(TEN_DAYS), **used(day(4), day(3, VISIT), day(2, HALF))),
        "quota_is_left",
        spent("days", "month", 1.5, 2),
    ),
    "a last day that was begun already": Grant(
        ask(site=with_plan(TEN_DAYS), **used(day(3), day(0))),
        "quota_is_left",
        spent("days", "month", 1.0, 2),
    ),
    "days of the month before": Grant(
        ask(site=with_plan(TEN_DAYS), **used(day(25), day(24), day(23), day(3))),
        "quota_is_left",
        spent("days", "month", 1.0, 2),
    ),
    "a half-day that was begun already": Grant(
        ask(site=with_plan(Quota("half-days", 1, "day")), **used(day(0, HALF))),
        "quota_is_left",
        spent("half-days", "day", 0, 1),
    ),
    "an entry into a room by somebody who is inside already": Grant(
        ask(
            "lab-in",
            site=with_plan(Quota("entries", 1, "day")),
            inside={"ada": HALL},
            **used(day(0, entries=1)),
        ),
        "quota_is_left",
        {"plan": "full"},
    ),
    "a machine costs no entry": Grant(
        ask("laser-on", site=with_plan(Quota("entries", 1, "day")), **used(day(0, entries=1))),
        "quota_is_left",
        {"plan": "full"},
    ),
    "hours, rounded to be read": Grant(
        ask(site=with_plan(Quota("hours", 2, "day")), **used(day(0, 1000.0))),
        "quota_is_left",
        spent("hours", "day", 0.278, 2),
    ),
    "of two quotas the scarcer is told": Grant(
        ask(
            site=with_plan(
                Quota("days", 9, "month"), Quota("entries", 3, "day"), Quota("hours", 90, "year")
            ),
            **used(day(0, 0.0, entries=1)),
        ),
        "quota_is_left",
        spent("entries", "day", 1, 3),
    ),
    "of two quotas with as much left the first is told": Grant(
        ask(site=with_plan(Quota("days", 3, "month"), Quota("entries", 3, "day"))),
        "quota_is_left",
        spent("days", "month", 0.0, 3),
    ),
    "of two plans the one with most left is told": Grant(
        ask(site=TWO_QUOTAS, who=holder("ada", IN_OFFICE, Membership(FULL))),
        "quota_is_left",
        spent("days", "month", 0.0, 3),
    ),
    "of two plans with as much left the first is told": Grant(
        ask(site=EQUAL_QUOTAS, who=holder("ada", IN_OFFICE, Membership(FULL))),
        "quota_is_left",
        {**spent("days", "week", 0.0, 3), "plan": "office"},
    ),
    "of two plans the one that comes later may have most left": Grant(
        ask(site=TWO_QUOTAS, who=holder("ada", Membership(FULL), IN_OFFICE)),
        "quota_is_left",
        spent("days", "month", 0.0, 3),
    ),
    "a used up quota, and another plan without one": Grant(
        ask(
            site=with_plan(Quota("days", 0, "day")),
            who=holder("ada", Membership(FULL), IN_OFFICE),
        ),
        "quota_is_left",
        {"plan": "office"},
    ),
    "a used up quota, and a booking": Grant(
        ask(site=with_plan(Quota("days", 0, "day")), bookings=booked(hall=booking())),
        "quota_is_left",
        OF_THE_HALL,
        "booking",
    ),
}
PLAN_GRANTS = {
    "a plan opens a door": Grant(ask(), "plan_opens", {"plan": "full", "zone": "hall"}),
    "a plan starts a machine": Grant(
        ask("laser-on"), "plan_opens", {"plan": "full", "machine": "laser"}
    ),
    "a plan and a booking: the plan is told": Grant(
        ask(bookings=booked(hall=booking())), "plan_opens", {"plan": "full", "zone": "hall"}
    ),
    "a booking starts a machine": Grant(
        ask("laser-on", who=GUEST, bookings=booked(laser=booking())),
        "plan_opens",
        {**OF_THE_LASER, "machine": "laser"},
        "booking",
    ),
}
GRANTS = MEMBERSHIP_GRANTS | RIGHT_GRANTS | HOURS_GRANTS | QUOTA_GRANTS | PLAN_GRANTS
