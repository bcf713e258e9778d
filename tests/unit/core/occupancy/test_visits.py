"""A day's visits: counted from the street to the street, told at midnight, and never of a few."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.core.events import DirectoryChanged
from gateway.core.facts import VisitsDay
from gateway.core.model.directory import DirectoryChange, HolderId
from gateway.core.occupancy.visits import FEW, STAY_MAX
from tests.world.engine import MEMBERS, Place, of_kind

MIDNIGHT = datetime(2026, 11, 23, 23, tzinfo=UTC)
"""Of Paris, at the end of that Monday."""
SIX = MEMBERS
assert len(SIX) == FEW + 1


def leave(place: Place, *names: str) -> None:
    """Each walks out by the front door."""
    for name in names:
        place.badge("front-out", name)
        place.contact("front-contact", "open")
        place.contact("front-contact", "closed")


def visit(place: Place, name: str, hours: float) -> None:
    """Somebody comes, and leaves so many hours later."""
    place.enter(name)
    place.after(3600 * hours)
    leave(place, name)


def midnight(place: Place) -> VisitsDay:
    """The day's one fact."""
    place.said.clear()
    place.after((MIDNIGHT - place.now).total_seconds() + 60)
    (told,) = of_kind(tuple(place.said), VisitsDay)
    assert isinstance(told, VisitsDay)
    return told


def test_a_day_is_told_at_midnight() -> None:
    """Six people, one of them twice; the median of seven stays of an hour or two."""
    place = Place()
    for name in SIX:
        visit(place, name, 1)
    visit(place, SIX[0], 2)
    told = midnight(place)
    assert told == VisitsDay(
        day=date(2026, 11, 23),
        at=datetime(2026, 11, 22, 23, tzinfo=UTC),
        visits=7,
        visitors=6,
        stay_s=3600.0,
    )


def test_fewer_than_five_are_not_told() -> None:
    """Neither how many they were nor how long they stayed."""
    place = Place()
    for name in SIX[: FEW - 1]:
        visit(place, name, 1)
    told = midnight(place)
    assert (told.visits, told.visitors, told.stay_s) == (None, None, None)


def test_stays_of_a_few_are_not_told() -> None:
    """Five came and one of them left: their number is told, that one's stay is not."""
    place = Place()
    visit(place, SIX[0], 1)
    place.enter(*SIX[1:4])
    leave(place, *SIX[1:4])
    visit(place, SIX[4], 1)
    told = midnight(place)
    assert (told.visitors, told.stay_s) == (5, None)


def test_a_walk_through_the_house_is_one_visit() -> None:
    """From room to room is no way in from the street, and the stay goes on."""
    place = Place()
    for name in SIX:
        place.enter(name)
        place.after(1800)
        place.badge("lab-in", name)
        place.contact("lab-contact", "open")
        place.contact("lab-contact", "closed")
        place.after(1800)
        place.badge("lab-out", name)
        place.contact("lab-contact", "open")
        place.contact("lab-contact", "closed")
        leave(place, name)
    told = midnight(place)
    assert (told.visits, told.stay_s) == (6, 3600.0)


def test_a_stay_past_midnight_belongs_to_the_day_it_ends_on() -> None:
    """And its visit to the day it began on."""
    place = Place()
    place.enter(*SIX[:3])
    first = midnight(place)
    assert first.visitors is None
    leave(place, *SIX[:3])
    assert place.state.visits.day == date(2026, 11, 24)
    assert not place.state.visits.visitors
    assert len(place.state.visits.stays) == 3


def test_a_forgotten_way_out_is_no_stay() -> None:
    """More than 16 hours say that somebody went home without a badge."""
    place = Place()
    place.enter("ada")
    place.after((STAY_MAX + timedelta(minutes=1)).total_seconds())
    leave(place, "ada")
    assert not place.state.visits.stays


def test_a_quiet_day_is_told_as_well() -> None:
    """So that a gap in the record is a gap in the gateway's life, not in people's."""
    told = midnight(Place())
    assert (told.day, told.visitors) == (date(2026, 11, 23), None)


def test_days_without_a_gateway_are_not_made_up() -> None:
    """Three days later the one day that was begun is told, and no other."""
    place = Place()
    place.enter(*SIX)
    place.said.clear()
    place.after(3 * 86_400)
    told = of_kind(tuple(place.said), VisitsDay)
    assert [one.day for one in told if isinstance(one, VisitsDay)] == [date(2026, 11, 23)]


@pytest.mark.parametrize("left", [True, False], ids=["gone home", "still inside"])
def test_who_is_erased_is_in_no_figure(left: bool) -> None:  # noqa: FBT001 - a case
    """Their visits and stays go with them."""
    place = Place()
    place.enter("ada")
    if left:
        place.after(60)
        leave(place, "ada")
    place.tell(DirectoryChanged(DirectoryChange(removed_holders=(HolderId("ada"),))))
    assert not place.state.visits.visitors
    assert not place.state.visits.stays


def test_the_clocks_day_has_25_hours_in_october() -> None:
    """The fact's time is the local midnight, whatever the offset."""
    place = Place(now=datetime(2026, 10, 25, 10, tzinfo=UTC))
    place.said.clear()
    place.now = datetime(2026, 10, 25, 23, 1, tzinfo=UTC)
    place.after(0)
    (told,) = of_kind(tuple(place.said), VisitsDay)
    assert isinstance(told, VisitsDay)
    assert told.at == datetime(2026, 10, 24, 22, tzinfo=UTC)
