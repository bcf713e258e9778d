"""Usage: seconds and entries a local day, for those whose plans have quotas."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import structs

from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.model.directory import DirectoryChange, HolderId, Membership
from gateway.core.model.names import PlanId
from gateway.core.model.plans import Quota
from gateway.core.requests import MarkLeft
from gateway.core.state import DayOfUse
from tests.world.engine import MONDAY, member
from tests.world.fablab import FABLAB, Fablab

QUIN = HolderId("quin")
DAY = MONDAY.date()
BOTH = (Membership(PlanId("full")), Membership(PlanId("carnet")))


def days(place: Fablab, name: str = "quin") -> tuple[DayOfUse, ...]:
    """What is kept of somebody."""
    return place.state.usage.get(HolderId(name), ())


def at(place: Fablab, time: datetime) -> Fablab:
    """The place at another time."""
    place.now = time
    place.after(0)
    return place


@pytest.fixture
def place() -> Fablab:
    """The fablab on a Monday."""
    return Fablab()


def test_a_stay_counts_its_seconds_and_an_entry_from_the_street(place: Fablab) -> None:
    """The seconds when it ends, the entry when it begins."""
    place.enter("quin")
    assert days(place) == (DayOfUse(DAY, 0.0, 1),)
    place.after(1800)
    place.leave("quin")
    assert days(place) == (DayOfUse(DAY, 1800.0, 1),)
    place.after(60)
    place.enter("quin")
    place.after(600)
    place.ask(MarkLeft(QUIN))
    assert days(place) == (DayOfUse(DAY, 2400.0, 2),)


def test_who_has_no_quota_is_not_kept(place: Fablab) -> None:
    """Nobody needs to know how long they were here."""
    place.enter("ada", "gil")
    place.after(60)
    place.leave("ada")
    assert not place.state.usage


def test_a_walk_from_room_to_room_is_one_stay(place: Fablab) -> None:
    """And one entry."""
    place.tell(DirectoryChanged(DirectoryChange(holders=(member("quin", *BOTH),))))
    place.enter("quin")
    place.after(100)
    place.badge("lab-in", "quin")
    place.contact("lab-contact", "open")
    place.after(10)
    place.contact("lab-contact", "closed")
    place.after(190)
    place.badge("lab-out", "quin")
    place.contact("lab-contact", "open")
    assert days(place) == (DayOfUse(DAY, 300.0, 1),)
    place.leave("quin")
    assert days(place) == (DayOfUse(DAY, 300.0, 1),)


@pytest.mark.parametrize(
    ("entered", "hours", "expected"),
    [
        pytest.param(
            datetime(2026, 11, 23, 21, 0, tzinfo=UTC),
            4,
            {date(2026, 11, 23): 2, date(2026, 11, 24): 2},
            id="past midnight in Paris",
        ),
        pytest.param(
            datetime(2026, 3, 28, 22, 0, tzinfo=UTC),
            24,
            {date(2026, 3, 28): 1, date(2026, 3, 29): 23},
            id="the day of 23 hours",
        ),
        pytest.param(
            datetime(2026, 10, 24, 22, 0, tzinfo=UTC),
            24,
            {date(2026, 10, 25): 24},
            id="the day of 25 hours",
        ),
        pytest.param(
            datetime(2026, 12, 31, 22, 30, tzinfo=UTC),
            1,
            {date(2026, 12, 31): 0.5, date(2027, 1, 1): 0.5},
            id="into the new year",
        ),
    ],
)
def test_a_stay_is_split_at_local_midnight(
    place: Fablab, entered: datetime, hours: float, expected: dict[date, float]
) -> None:
    """A day is as long as it is."""
    at(place, entered).enter("quin")
    place.contact("front-contact", "closed")
    at(place, entered + timedelta(hours=hours)).leave("quin")
    assert {one.day: one.seconds / 3600 for one in days(place)} == expected


def test_a_late_entry_counts_on_its_own_day(place: Fablab) -> None:
    """The reader was cut off over midnight."""
    at(place, datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    place.decided_alone("front-in", "quin", age_s=3600)
    place.leave("quin")
    assert days(place) == (DayOfUse(DAY, 1800.0, 1), DayOfUse(DAY + timedelta(1), 1800.0, 0))


@pytest.mark.parametrize(("per", "kept"), [("day", 1), ("week", 7), ("month", 31), ("year", 366)])
def test_days_are_kept_as_long_as_a_period_asks(place: Fablab, per: str, kept: int) -> None:
    """And no longer."""
    carnet = structs.replace(FABLAB.plans[1], quotas=(Quota("days", 400, per),))  # type: ignore[arg-type] # a table of texts
    place.tell(SpaceChanged(structs.replace(FABLAB, plans=(FABLAB.plans[0], carnet))))
    for day in range(kept + 3):
        at(place, MONDAY + timedelta(days=day)).decided_alone("front-in", "quin", 0)
        place.decided_alone("front-out", "quin", 0)
    assert len(days(place)) == kept
    assert days(place)[-1].day == DAY + timedelta(days=kept + 2)


def test_a_stay_without_an_end_is_a_forgotten_exit(place: Fablab) -> None:
    """Somebody did not badge out for two years: a day and a night of it count."""
    place.enter("quin")
    at(place, MONDAY + timedelta(days=730)).ask(MarkLeft(QUIN))
    tomorrow = DAY + timedelta(days=1)
    assert days(place) == (DayOfUse(DAY, 13 * 3600.0, 1), DayOfUse(tomorrow, 11 * 3600.0))


def test_who_is_erased_leaves_no_days(place: Fablab) -> None:
    """Nor any other trace."""
    place.enter("quin")
    place.leave("quin")
    place.enter("quin")
    place.tell(DirectoryChanged(DirectoryChange(removed_holders=(QUIN,))))
    state = place.state
    assert QUIN not in {*state.usage, *state.presence, *state.departed, *state.directory.holders}
