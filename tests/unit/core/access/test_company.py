"""Company is proven: by a badge that is fresh, by contacts that nobody left by, by a count."""

import pytest
from msgspec import structs

from gateway.core.access.company import is_proven
from gateway.core.events import SpaceChanged
from gateway.core.facts import AlarmRaised, Decided, WarnMachine
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DoorId
from gateway.core.model.places import Door
from gateway.core.readings import Availability, Counted
from tests.world.engine import FRONT, HALL, HOUSE, LAB, LASER, decided, of_kind
from tests.world.fablab import FABLAB, Fablab
from tests.world.handles import TRUST_S, handles

ADA, BOB = HolderId("ada"), HolderId("bob")
SEEN = {"zone": HOUSE, "people": 1, "needed": 2, "known": 2, "not_counted": 1, "door": FRONT}


def two_are_in(*, contact: bool) -> Fablab:
    """Bob came, then Ada; each through the front door."""
    place = Fablab()
    place.tell(SpaceChanged(handles(contact=contact)))
    place.says("front-contact", Availability("online"))
    for name in ("bob", "ada"):
        place.badge("front-in", name)
        if contact:
            place.contact("front-contact", "open")
            place.contact("front-contact", "closed")
        place.after(1)
    return place


def refused(place: Fablab) -> Decided:
    """Ada is refused the laser, for want of company."""
    said = decided(place.badge("laser-on", "ada"))
    assert (said.decision, said.reason) == ("denied", "alone")
    return said


def granted(place: Fablab) -> bool:
    """Whether Ada gets the laser; she signs off at once."""
    said = decided(place.badge("laser-on", "ada"))
    if said.decision == "granted":
        place.badge("laser-on", "ada")
    return said.decision == "granted"


@pytest.mark.parametrize("hours", [2, 5, 9, 15])
def test_who_may_have_gone_home_is_no_company(hours: int) -> None:
    """Behind a handle without a contact a badge is believed for a while; the refusal says why."""
    place = two_are_in(contact=False)
    assert granted(place)
    place.after(3600 * hours)
    said = refused(place)
    saw = {**SEEN, "last_shown_s": 3600 * hours + 2}
    assert said.verdicts[-1].saw == saw


def test_the_age_is_that_of_the_last_badge_in_the_room() -> None:
    """Bob badges at the reader that asks who is still here, or at a machine, granted or not."""
    for at in ("still", "saw-on"):
        place = two_are_in(contact=False)
        place.after(2 * TRUST_S)
        refused(place)
        place.badge(at, "bob")
        assert granted(place), at
        place.after(TRUST_S - 1)
        place.badge(at, "bob")
        place.after(2)
        assert granted(place), at
        place.after(TRUST_S + 1)
        refused(place)


def test_a_reader_that_asks_who_is_still_here_opens_nothing() -> None:
    """It takes any good badge, and puts its holder into the room; a lost one proves nothing."""
    place = two_are_in(contact=False)
    said = decided(place.badge("still", "cyd"))
    assert (said.reason, said.unlock_s) == ("still-here", None)
    assert place.where("cyd") == LAB
    assert decided(place.badge("still", "nobody")).reason == "credential-unknown"


def test_a_contact_that_reports_that_nobody_left_proves_it_for_longer() -> None:
    """Nine hours later they are both there, since the door stayed shut."""
    place = two_are_in(contact=True)
    place.after(9 * 3600)
    assert granted(place)
    place.says("front-contact", Availability("offline"))
    refused(place)


def test_an_opening_without_a_grant_may_have_been_anybody() -> None:
    """A minute after they came: who badges again is there."""
    place = two_are_in(contact=True)
    place.after(60)
    place.contact("front-contact", "open")
    place.contact("front-contact", "closed")
    refused(place)
    assert not is_proven(place.site, place.state, BOB, HOUSE, place.now)
    place.after(1)
    place.badge("still", "bob")
    assert granted(place)


def test_a_door_that_stands_open_lets_anybody_go() -> None:
    """It was opened by a badge, and nobody shut it."""
    place = two_are_in(contact=True)
    place.badge("front-in", "cyd")
    place.contact("front-contact", "open")
    place.after(place.site.door[FRONT].held_open_max_s)
    place.contact("front-contact", "closed")
    refused(place)


def test_a_sensor_that_counts_two_proves_two() -> None:
    """For two minutes."""
    place = two_are_in(contact=False)
    place.after(3600)
    place.says("camera", Counted(2))
    assert granted(place)
    place.after(121)
    refused(place)


def test_company_that_ages_while_a_machine_runs_warns_first() -> None:
    """As when somebody leaves; a colleague's badge ends the warning."""
    place = two_are_in(contact=False)
    place.badge("laser-on", "ada")
    place.meter("on")
    place.after(TRUST_S - 60)
    assert not place.is_on("lone-worker", LASER)
    place.after(120)
    assert place.is_on("lone-worker", LASER)
    assert not place.state.machines[LASER].stopped
    assert of_kind(tuple(place.said), WarnMachine)
    place.badge("still", "bob")
    assert not place.is_on("lone-worker", LASER)
    assert len(of_kind(tuple(place.said), AlarmRaised)) == 1


def test_behind_a_door_that_one_leaves_by_badge_presence_is_its_own_proof() -> None:
    """The fablab's front has a reader inside, and no handle."""
    place = Fablab()
    site = handles(contact=True)
    place.tell(SpaceChanged(structs.replace(site, doors=FABLAB.doors)))
    place.enter("bob", "ada")
    place.after(9 * 3600)
    assert granted(place)


def test_a_role_is_proven_as_well() -> None:
    """The manager who badged in nine hours ago may have gone home."""
    place = Fablab()
    place.tell(SpaceChanged(handles(contact=False)))
    place.badge("front-in", "max")
    place.badge("front-in", "ada")
    assert decided(place.badge("saw-on", "ada")).decision == "granted"
    place.badge("saw-on", "ada")
    place.after(9 * 3600)
    assert decided(place.badge("saw-on", "ada")).reason == "role-absent"
    assert decided(place.badge("saw-on", "max")).reason == "plan", "a keyholder at the machine"


def test_a_journal_of_old_is_judged_as_of_old() -> None:
    """Without `company_trust_s` a badge is believed for ever."""
    place = Fablab()
    site = structs.replace(handles(contact=False), company_trust_s=None)
    place.tell(SpaceChanged(site))
    for name in ("bob", "ada"):
        place.badge("front-in", name)
    place.after(15 * 3600)
    assert granted(place)
    assert (dict(place.state.proofs), dict(place.state.unseen)) == ({}, {})


def test_a_side_door_without_a_reader_is_a_way_out_as_well() -> None:
    """Every door that one may leave by counts, inner ones that lead on by badge do not."""
    site = handles(contact=True)
    fire = Door(DoorId("fire"), site.doors[0].name, HALL, exit="handle")
    with_fire = structs.replace(site, doors=(*site.doors, fire))
    ways = {zone: [door.id for door in doors] for zone, doors in with_fire.left_unseen.items()}
    assert ways[HOUSE] == ["front", "fire"]
    assert ways[LAB] == ["lab-door"]
