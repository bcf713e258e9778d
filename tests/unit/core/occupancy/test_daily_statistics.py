"""A zone's day: told once at its end, by the site's clock and opening hours."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import structs

from gateway.core.events import SpaceChanged
from gateway.core.facts import OccupancyDay
from gateway.core.model.places import Zone
from gateway.core.occupancy import daily_statistics
from gateway.core.occupancy.daily_statistics import Piece
from gateway.core.state import DaySum
from tests.world.engine import BOOTH, HALL, MONDAY, SITE, Place, of_kind

MIDNIGHT = datetime(2026, 11, 23, 23, tzinfo=UTC)
"""Of Paris, at the end of that Monday."""
OFFICE = structs.replace(SITE, opening_hours="Mo-Fr 08:00-18:00")


def minutes(place: Place, count: int) -> None:
    """Let minutes pass, each with its tick."""
    for _ in range(count):
        place.after(60)


def days(place: Place) -> dict[str, OccupancyDay]:
    """What was said of days, by zone."""
    return {
        f.zone: f for f in of_kind(tuple(place.said), OccupancyDay) if isinstance(f, OccupancyDay)
    }


def test_a_day_is_told_once_at_midnight() -> None:
    """Nobody for ten minutes, two for ten, and for the two in which the clock jumped and it ended.

    24 / 22 people in the mean; in use in 12 of 22, always open; its start is told in UTC.
    """
    place = Place()
    minutes(place, 10)
    place.enter("ada", "bob")
    minutes(place, 10)
    place.after((MIDNIGHT - place.now).total_seconds() - 1)
    assert not days(place)
    place.after(1)
    assert days(place)[HALL] == OccupancyDay(
        zone=HALL,
        day=date(2026, 11, 23),
        at=datetime(2026, 11, 22, 23, tzinfo=UTC),
        mean=1.0909,
        min=0,
        max=2,
        in_use=0.5455,
        minutes=22,
    )
    said = len(of_kind(tuple(place.said), OccupancyDay))
    minutes(place, 2)
    assert len(of_kind(tuple(place.said), OccupancyDay)) == said


def test_use_is_of_open_minutes_alone() -> None:
    """From nine to ten in the morning somebody is there; in the evening it is closed."""
    place = Place(OFFICE)
    minutes(place, 10)
    place.enter("ada")
    minutes(place, 30)
    so_far = place.state.days[HALL]
    assert (so_far.open_minutes, so_far.used) == (so_far.minutes, 30)
    place.after((datetime(2026, 11, 23, 17, 30, tzinfo=UTC) - place.now).total_seconds())
    before = place.state.days[HALL]
    minutes(place, 5)
    after = place.state.days[HALL]
    assert (after.open_minutes, after.used) == (before.open_minutes, before.used)
    assert after.minutes == before.minutes + 5


def test_a_day_without_open_minutes_has_no_use() -> None:
    """And neither is it zero."""
    told = daily_statistics.figures(
        OFFICE, HALL, daily_statistics.added(DaySum(date(2026, 11, 22)), PIECE, is_open=False)
    )
    assert (told.in_use, told.mean, told.max, told.minutes) == (None, 2.0, 3, 15)


PIECE = Piece(people=30.0, low=1, high=3, minutes=15, used=15)


def test_pieces_of_a_quarter_come_to_the_same_as_minutes() -> None:
    """The engine adds the ones, the journal's readers the others."""
    day = date(2026, 11, 23)
    minute = Piece(people=2.0, low=1, high=3, minutes=1, used=1)
    assert daily_statistics.whole(SITE, HALL, day, [(minute, True)] * 15) == daily_statistics.whole(
        SITE, HALL, day, [(PIECE, True)]
    )


@pytest.mark.parametrize(
    ("capacity", "people", "used"),
    [(12, 3.0, True), (12, 2.99, False), (None, 0.01, True), (None, 0.0, False)],
    ids=["a quarter full", "less", "without a capacity anybody", "nobody"],
)
def test_in_use_is_from_a_quarter_of_the_capacity(
    capacity: int | None, people: float, *, used: bool
) -> None:
    """The mean of a minute is compared."""
    zone = Zone(HALL, SITE.name, capacity=capacity)
    assert (people >= daily_statistics.in_use_from(zone)) is used


def test_open_is_asked_by_the_quarter_of_an_hour() -> None:
    """Hours until 18:10 count until 18:15: what holds at its start holds for a quarter."""
    at = datetime(2026, 11, 23, 17, 14, 59, tzinfo=UTC)
    assert daily_statistics.is_open(SITE, "Mo-Fr 08:00-18:10", at)
    assert not daily_statistics.is_open(SITE, "Mo-Fr 08:00-18:10", at + timedelta(seconds=1))


def test_the_long_night_is_one_day() -> None:
    """On 2026-10-25 clocks go back in Paris: 25 hours, and the next day begins at 23:00 UTC."""
    place = Place(now=datetime(2026, 10, 24, 21, 59, tzinfo=UTC))
    minutes(place, 25 * 60 + 2)
    told = [f for f in of_kind(tuple(place.said), OccupancyDay) if isinstance(f, OccupancyDay)]
    assert [(f.day, f.minutes) for f in told if f.zone == HALL] == [
        (date(2026, 10, 24), 1),
        (date(2026, 10, 25), 1500),
    ]


def test_a_zone_that_goes_takes_its_day_along() -> None:
    """The others' days go on over a new space file."""
    place = Place()
    minutes(place, 3)
    left = tuple(zone for zone in SITE.zones if zone.id != BOOTH)
    points = tuple(each for each in SITE.access_points if each.zone != BOOTH)
    doors = tuple(each for each in SITE.doors if BOOTH not in {each.zone, each.outside})
    smaller = structs.replace(SITE, zones=left, doors=doors, access_points=points, devices=())
    place.tell(SpaceChanged(smaller))
    assert BOOTH not in place.state.days
    assert place.state.days[HALL].minutes == 3
    assert place.now > MONDAY
