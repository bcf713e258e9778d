"""Days unlike others, from a badge to its reason: holidays, clock changes, the new year."""

from datetime import UTC, date, datetime

import pytest
from msgspec import structs

from gateway.core.model.names import PlanId, Text
from gateway.core.model.plans import ExceptionalDay, Plan, Right
from gateway.core.model.site import Site
from tests.world.engine import ANNEX, HOUSE, SITE, Place, decided


def with_hours(hours: str, *days: ExceptionalDay) -> Site:
    """The place in France, its full plan in these hours."""
    plan = Plan(PlanId("full"), Text("f", "f"), (Right(zones=(HOUSE, ANNEX), hours=hours),))
    return structs.replace(
        SITE, plans=(plan,), country="FR", school_zone="C", exceptional_days=days
    )  # fmt: skip


CLOSING_EARLY = ExceptionalDay(date(2026, 12, 24), Text("Noël", "Christmas"), "08:00-14:00")
CASES = {
    "the eleventh of November": ("Mo-Su 08:00-20:00; PH off", (2026, 11, 11, 10), "public-holiday"),
    "the day after it": ("Mo-Su 08:00-20:00; PH off", (2026, 11, 12, 10), "plan"),
    "a holiday that the hours do not name": ("Mo-Su 08:00-20:00", (2026, 11, 11, 10), "plan"),
    "24/7 knows no holiday": ("24/7", (2026, 11, 11, 10), "plan"),
    "in the school holidays of zone C": ("SH 08:00-20:00", (2026, 10, 20, 10), "plan"),
    "after them": ("SH 08:00-20:00", (2026, 11, 5, 10), "outside-hours"),
    "Christmas Eve before its hours end": ("24/7", (2026, 12, 24, 12), "plan"),
    "Christmas Eve after they ended": ("24/7", (2026, 12, 24, 14), "exceptional-day"),
    "2 o'clock that is 3 in March": ("03:00-04:00", (2026, 3, 29, 1, 30), "plan"),
    "an hour earlier it was not yet": ("03:00-04:00", (2026, 3, 29, 0, 30), "outside-hours"),
    "the first half past two in October": ("02:00-03:00", (2026, 10, 25, 0, 30), "plan"),
    "the second half past two in October": ("02:00-03:00", (2026, 10, 25, 1, 30), "plan"),
    "past three it is over": ("02:00-03:00", (2026, 10, 25, 2, 30), "outside-hours"),
    "into the new year": ("Th 20:00-02:00", (2026, 12, 31, 23, 30), "plan"),
    "the new year at half past two": ("Th 20:00-02:00", (2027, 1, 1, 1, 30), "outside-hours"),
    "leap day": ("Feb 29 08:00-20:00", (2028, 2, 29, 10), "plan"),
    "the day after leap day": ("Feb 29 08:00-20:00", (2028, 3, 1, 10), "outside-hours"),
}


@pytest.mark.parametrize(("hours", "when", "reason"), CASES.values(), ids=CASES)
def test_a_badge_gets_the_reason_of_the_day(hours: str, when: tuple[int, ...], reason: str) -> None:
    """At the front door; the moment is in UTC, the hours are Paris's."""
    year, month, day, hour, *rest = when
    minute = rest[0] if rest else 0
    now = datetime(year, month, day, hour, minute, tzinfo=UTC)
    place = Place(with_hours(hours, CLOSING_EARLY), now)
    assert decided(place.badge("front-in", "ada")).reason == reason
