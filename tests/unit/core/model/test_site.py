"""What a site says of its access points at once: zones entered, demands, rights, ways."""

from msgspec import structs

from gateway.core.model.directory import Directory, Holder, HolderId, StaffRole
from gateway.core.model.names import AccessPointId
from gateway.core.model.places import AccessDemands, Demands, Interlock
from gateway.core.model.plans import PlanRight, Right
from tests.world.engine import BOOTH, BOOTH_DOOR, FRONT, HALL, HOUSE, LAB, LAB_DOOR, LASER
from tests.world.makerspace import (
    BACK,
    FULL,
    KEYHOLDER,
    OFFICE,
    SAFETY,
    SITE,
    YARD,
    at_site,
    keyholder,
    with_demands,
    with_laser,
    with_zone,
)


def at(point: str) -> AccessPointId:
    """An access point of the makerspace."""
    return AccessPointId(point)


def test_an_entry_enters_the_zones_that_its_other_side_is_not_in() -> None:
    """From the street the house and its hall; from the hall the laboratory alone."""
    assert SITE.entered == {
        "front-in": (HALL, HOUSE),
        "back-in": (HALL, HOUSE),
        "lab-in": (LAB,),
        "booth-in": (BOOTH,),
        "lab-from-booth": (),
        "desk": (YARD,),
    }


def test_a_door_asks_for_the_zones_that_it_leads_into_and_a_machine_for_itself() -> None:
    """What asks for nothing is not asked."""
    trained = Demands(trainings=(SAFETY,))
    site = with_laser(with_demands(HOUSE, with_demands(LAB, trainings=(SAFETY,)), min_present=2))
    site = with_laser(site, check_in=True)
    assert site.asked[at("front-in")] == (AccessDemands(Demands(min_present=2), HOUSE),)
    assert site.asked[at("lab-in")] == (AccessDemands(trained, LAB),)
    assert site.asked[at("laser-on")] == (AccessDemands(Demands(check_in=True), LAB, LASER),)
    assert (
        site.asked[at("front-out")]
        == site.asked[at("booth-in")]
        == site.asked[at("assembly")]
        == ()
    )


def test_a_right_names_the_zones_inside_its_zone_and_the_machines_by_name() -> None:
    """And a plan may say several things of one access point, or nothing."""
    full, office, bare = SITE.plans
    again = Right((HALL,))
    site = at_site(plans=(structs.replace(full, rights=(*full.rights, again)), office, bare))
    of_full = [PlanRight(site.plans[0], right) for right in (*full.rights, again)]
    assert site.rights[at("front-in")][FULL] == tuple(of_full)
    assert site.rights[at("booth-in")][FULL] == tuple(of_full[:1])
    assert site.rights[at("laser-on")][FULL] == tuple(of_full[:1])
    assert site.rights[at("front-in")][OFFICE] == (PlanRight(office, office.rights[0]),)
    assert site.rights[at("lab-in")][OFFICE] == site.rights[at("laser-on")][OFFICE] == ()


def test_an_interlock_names_the_other_doors() -> None:
    """A door may be in several."""
    site = at_site(interlocks=(Interlock((FRONT, BACK)), Interlock((BACK, LAB_DOOR, BOOTH_DOOR))))
    assert site.interlocked[FRONT] == (BACK,)
    assert site.interlocked[BACK] == (FRONT, LAB_DOOR, BOOTH_DOOR)
    assert site.interlocked[BOOTH_DOOR] == (BACK, LAB_DOOR)
    assert SITE.interlocked[FRONT] == ()


def test_what_lies_beyond_a_zone_is_reached_through_it() -> None:
    """A zone lies beyond itself, and so do those around it, which one books to have all of it."""
    assert SITE.zones_beyond == {
        HOUSE: (HOUSE,),
        HALL: (HOUSE, HALL, LAB, BOOTH),
        LAB: (HOUSE, LAB, BOOTH),
        BOOTH: (HOUSE, LAB, BOOTH),
        YARD: (YARD,),
    }
    assert SITE.machines_beyond == {HOUSE: (), HALL: (LASER,), LAB: (LASER,), BOOTH: (), YARD: ()}


def test_guarded_are_the_entered_zones_with_an_anti_passback() -> None:
    """Whichever it is."""
    site = with_zone(HOUSE, with_zone(HALL, passback="soft"), passback="timed")
    assert [zone.id for zone in site.guarded[at("front-in")]] == [HALL, HOUSE]
    assert (
        site.guarded[at("lab-in")]
        == site.guarded[at("front-out")]
        == site.guarded[at("laser-on")]
        == ()
    )


def test_staff_are_those_with_a_role() -> None:
    """At whatever site."""
    ada, bob = keyholder("ada"), keyholder("bob", "elsewhere")
    everybody = Directory().holders.update({each.id: each for each in (ada, bob)})
    everybody = everybody.set(HolderId("cyd"), Holder(HolderId("cyd")))
    staff = Directory(holders=everybody).staff
    assert sorted(each.id for each in staff) == ["ada", "bob"]
    assert ada.roles == (StaffRole(KEYHOLDER),)
