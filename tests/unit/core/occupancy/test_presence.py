"""Presence: who is where when passages are told late, in any order; who opens a zone; who goes."""

from datetime import datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.facts import (
    Decided,
    DoorChanged,
    EntryNotTaken,
    HolderMoved,
    Noticed,
    UnlockDoor,
)
from gateway.core.model.directory import DirectoryChange, HolderId
from gateway.core.occupancy.presence import MERGED_MAX
from gateway.core.state import Whereabouts
from tests.world.engine import (
    ANNEX,
    BOOTH,
    FRONT,
    HALL,
    LAB,
    MONDAY,
    card,
    decided,
    member,
    of_kind,
    staff,
)
from tests.world.fablab import FABLAB, MANAGER, Fablab

ADA = HolderId("ada")
SECOND = timedelta(seconds=1)


@pytest.fixture
def place() -> Fablab:
    """The fablab on a Monday."""
    return Fablab()


# -- what a reader decided alone


@pytest.mark.parametrize("did", ["granted", "denied"])
def test_what_a_reader_decided_alone_is_the_decision(
    place: Fablab, did: Literal["granted", "denied"]
) -> None:
    """Marked late, with what our rules say of that moment; nothing is sent or opened."""
    place.after(3600)
    facts = place.decided_alone("lab-in", "ada", age_s=1800, decided=did)
    said = decided(facts)
    assert (said.decision, said.reason, said.late) == (did, "reader-decided", True)
    assert (said.holder, said.expires, said.unlock_s) == ("ada", None, None)
    assert (said.verdicts[-1].rule, said.verdicts[-1].outcome) == ("plan_opens", "grant")
    assert of_kind(facts, UnlockDoor, DoorChanged) == []
    assert (place.where("ada") == LAB) == (did == "granted")


def test_it_is_judged_at_its_own_time(place: Fablab) -> None:
    """It was never too old for the reader that was asked."""
    place.after(3600)
    rules = [verdict.reason for verdict in _late(place, "lab-in", "nobody", 3000).verdicts]
    assert rules[-1] == "credential-unknown"
    assert "too-old" not in rules


def test_it_moves_its_holder_when_it_happened(place: Fablab) -> None:
    """The fact has the event's time."""
    place.after(3600)
    facts = place.decided_alone("front-in", "ada", age_s=1800)
    then = MONDAY + 1800 * SECOND
    assert of_kind(facts, HolderMoved) == [HolderMoved(ADA, None, HALL, then)]
    assert place.state.presence[ADA] == Whereabouts(HALL, then, then)


def test_it_is_late_also_when_it_comes_at_once(place: Fablab) -> None:
    """The reader has acted: nothing more may open."""
    facts = place.decided_alone("lab-in", "ada", age_s=0)
    assert (decided(facts).late, decided(facts).expires) == (True, None)
    assert of_kind(facts, UnlockDoor, DoorChanged) == []


def test_a_clock_that_is_ahead_does_not_put_anybody_into_the_future(place: Fablab) -> None:
    """Else no passage after it would count."""
    place.decided_alone("front-in", "ada", age_s=-3600)
    assert place.state.presence[ADA].since == MONDAY
    place.leave("ada")
    assert place.where("ada") is None


def test_what_the_broker_kept_moves_nobody(place: Fablab) -> None:
    """It may be of any day."""
    place.decided_alone("front-in", "ada", age_s=60, retained=True)
    place.enter("bob")
    place.badge("front-out", "bob", age_s=0, retained=True)
    assert (place.where("ada"), place.where("bob")) == (None, HALL)


def test_an_exit_that_is_told_late_is_one(place: Fablab) -> None:
    """An ordinary read that waited for the network: nothing opens, and somebody is gone."""
    place.enter("ada")
    place.after(60)
    facts = place.badge("front-out", "ada", age_s=30)
    assert of_kind(facts, HolderMoved) == [HolderMoved(ADA, HALL, None, MONDAY + 30 * SECOND)]
    assert of_kind(facts, UnlockDoor, DoorChanged) == []


def test_an_entry_that_asks_late_is_none(place: Fablab) -> None:
    """It was refused, so nobody went in."""
    assert decided(place.badge("front-in", "ada", age_s=30)).reason == "too-old"
    assert place.where("ada") is None


def test_an_old_exit_does_not_take_out_who_came_in_since(place: Fablab) -> None:
    """The newest is where they are."""
    place.after(60)
    place.enter("ada")
    place.badge("front-out", "ada", age_s=30)
    assert place.where("ada") == HALL


def test_an_old_entry_does_not_bring_back_who_left_since(place: Fablab) -> None:
    """However often the minute turned."""
    place.enter("ada")
    place.after(600)
    place.leave("ada")
    place.after(3600)
    place.decided_alone("front-in", "ada", age_s=3900)
    assert place.where("ada") is None
    place.decided_alone("booth-in", "ada", age_s=3500)
    assert place.where("ada") == BOOTH


def test_who_was_seen_again_in_the_same_zone_is_there_since(place: Fablab) -> None:
    """An exit of before does not count."""
    place.decided_alone("booth-in", "ada", age_s=0)
    place.after(100)
    place.badge("booth-in", "ada")
    assert place.state.presence[ADA] == Whereabouts(BOOTH, place.now, MONDAY)
    place.badge("booth-out", "ada", age_s=50)
    assert place.where("ada") == BOOTH


PASSAGES = st.lists(
    st.sampled_from(["front-in", "front-out", "lab-in", "lab-out", "booth-in", "booth-out"]),
    min_size=1,
    max_size=6,
)
BEYOND = {
    "front-in": HALL,
    "front-out": None,
    "lab-in": LAB,
    "lab-out": HALL,
    "booth-in": BOOTH,
    "booth-out": LAB,
}


@given(passages=PASSAGES, order=st.randoms(use_true_random=False))
def test_the_newest_passage_wins_in_whatever_order_they_are_told(
    passages: list[str], order: object
) -> None:
    """Readers that were cut off come back one by one."""
    place = Fablab()
    place.after(3600)
    told = list(enumerate(passages))
    order.shuffle(told)  # type: ignore[attr-defined] # Hypothesis' Random
    for number, reader in told:
        place.decided_alone(reader, "ada", age_s=3000 - 60 * number)
    assert place.where("ada") == BEYOND[passages[-1]]


def test_what_is_older_than_a_week_moves_nobody(place: Fablab) -> None:
    """And who left before that is remembered no longer: the memory is bounded."""
    week_s = MERGED_MAX.total_seconds()
    place.enter("ada")
    place.leave("ada")
    assert set(place.state.departed) == {ADA}
    place.now = MONDAY + timedelta(seconds=week_s)
    place.after(0)
    assert set(place.state.departed) == {ADA}
    place.after(3600)
    assert not place.state.departed
    place.decided_alone("front-in", "ada", age_s=week_s + 1)
    assert place.where("ada") is None
    place.decided_alone("front-in", "ada", age_s=week_s)
    assert place.where("ada") == HALL


# -- opening a zone


def test_who_has_the_role_opens_the_zone_for_the_local_day(place: Fablab) -> None:
    """When they enter, not when they ask; others open nothing."""
    place.badge("terrace-in", "max")
    assert not place.state.opened
    place.contact("terrace-contact", "open")
    assert dict(place.state.opened) == {ANNEX: MONDAY.date()}
    place.tell(DirectoryChanged(DirectoryChange(holders=(member("max"),))))
    place.now += timedelta(days=1)
    place.decided_alone("terrace-in", "max", age_s=0)
    assert place.state.opened[ANNEX] == MONDAY.date()


def test_it_is_the_local_day(place: Fablab) -> None:
    """At half past eleven in the evening, UTC, it is tomorrow in Paris."""
    place.now = datetime.combine(MONDAY, datetime.min.time(), MONDAY.tzinfo).replace(hour=23)
    place.decided_alone("terrace-in", "max", age_s=0)
    assert place.state.opened[ANNEX] == MONDAY.date() + timedelta(days=1)


def test_a_manager_who_never_badged_out_opens_it_the_next_day(place: Fablab) -> None:
    """They are known to be inside already; yesterday's news does not close it again."""
    place.decided_alone("terrace-in", "max", age_s=0)
    place.now += timedelta(days=1)
    place.decided_alone("terrace-in", "max", age_s=0)
    today = MONDAY.date() + timedelta(days=1)
    assert place.state.opened[ANNEX] == today
    place.tell(DirectoryChanged(DirectoryChange(holders=(staff("ada", MANAGER),))))
    place.decided_alone("terrace-in", "ada", age_s=86_400)
    assert place.state.opened[ANNEX] == today


# -- soft anti-passback


def test_who_enters_twice_where_it_is_soft_is_noticed(place: Fablab) -> None:
    """And let in."""
    place.to_the_lab("ada")
    facts = place.badge("lab-in", "ada")
    assert decided(facts).decision == "granted"
    assert of_kind(facts, Noticed) == [Noticed("passback", "lab-in", ADA, MONDAY)]


# -- who is erased


def test_who_is_erased_inside_leaves_the_counts(place: Fablab) -> None:
    """With a fact that says so."""
    place.enter("ada")
    facts = place.tell(DirectoryChanged(DirectoryChange(removed_holders=(ADA,))))
    assert facts[0] == HolderMoved(ADA, HALL, None, MONDAY)
    assert (place.people(HALL), place.where("ada")) == (0, None)


def test_who_is_erased_between_grant_and_door_does_not_come_in(place: Fablab) -> None:
    """It is told as an entry that was not taken."""
    place.badge("front-in", "ada")
    facts = place.tell(DirectoryChanged(DirectoryChange(removed_holders=(ADA,))))
    assert facts == (EntryNotTaken(ADA, FRONT, MONDAY),)
    place.contact("front-contact", "open")
    assert place.people(HALL) == 0


def test_a_badge_or_a_membership_that_ends_moves_nobody(place: Fablab) -> None:
    """They are inside all the same."""
    place.enter("ada")
    ended = structs.replace(member("ada"), memberships=())
    lost = DirectoryChange(holders=(ended,), removed_credentials=(card("ada").hash,))
    assert place.tell(DirectoryChanged(lost)) == ()
    assert place.where("ada") == HALL


def test_who_is_in_a_zone_that_vanishes_is_nowhere(place: Fablab) -> None:
    """With a fact, and their time here."""
    place.decided_alone("terrace-in", "quin", age_s=0)
    place.after(60)
    no_annex = structs.replace(
        FABLAB,
        zones=tuple(zone for zone in FABLAB.zones if zone.id != ANNEX),
        doors=tuple(door for door in FABLAB.doors if door.zone != ANNEX),
        access_points=tuple(one for one in FABLAB.access_points if one.zone != ANNEX),
        devices=tuple(
            one for one in FABLAB.devices if not one.id.startswith(("terrace", "keypad"))
        ),
    )
    facts = place.tell(SpaceChanged(no_annex))
    moved = HolderMoved(HolderId("quin"), ANNEX, None, place.now)
    assert of_kind(facts, HolderMoved) == [moved]
    assert [one.seconds for one in place.state.usage[HolderId("quin")]] == [60.0]


def _late(place: Fablab, at: str, name: str, age_s: float) -> Decided:
    return decided(place.decided_alone(at, name, age_s))
