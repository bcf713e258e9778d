"""Cases of the rules about what a zone or a machine asks beside a plan."""

from datetime import date

from immutables import Map

from gateway.core.model.directory import HolderId
from gateway.core.model.names import TrainingId
from gateway.core.state import MachineUse
from tests.world.engine import BOOTH, HALL, HOUSE, LAB, LASER, MONDAY
from tests.world.makerspace import (
    CREW,
    DAY,
    HOUR,
    KEYHOLDER,
    MINUTE,
    SAFETY,
    YARD,
    Grant,
    Parts,
    Refusal,
    Saw,
    ask,
    booked,
    booking,
    holder,
    keyholder,
    trained,
    with_demands,
    with_laser,
    with_zone,
)

MOMENT = MINUTE / 60_000_000
DANGEROUS = with_demands(LAB, trainings=(SAFETY,))
TWICE = with_laser(trainings=(SAFETY, TrainingId("laser")))
RESPECTED = with_demands(HALL, booking="respected")
REQUIRED = with_demands(HALL, booking="required")
LASER_REQUIRED = with_laser(booking="required")
MINDED = with_laser(check_in=True)
SHUT = with_zone(HALL, opened_by=KEYHOLDER)
ESCORTED = with_zone(LAB, escort=True)
NEVER_ALONE = with_laser(min_present=2)
SUPERVISED = with_laser(role_present=KEYHOLDER)
TODAY = date(2026, 11, 23)
VISITOR = holder(kind="visitor")
BY_BOB: Saw = {"target": "zone:hall", "booking": "of-bob", "until": "2026-11-23T11:00:00+00:00"}


def using(name: str) -> Parts:
    """The laser in somebody's use."""
    return {"machines": Map({LASER: MachineUse(HolderId(name), MONDAY)})}


MACHINE_REFUSALS = {
    "a machine that somebody else uses": Refusal(
        ask("laser-on", **using("bob")),
        "machine_is_free",
        "machine-in-use",
        {"machine": "laser", "user": "bob"},
    ),
    "a machine, by somebody outside": Refusal(
        ask("laser-on", site=MINDED),
        "user_is_here",
        "not-checked-in",
        {"zone": "lab", "inside": None},
    ),
    "a machine, by somebody in the room next to it": Refusal(
        ask("laser-on", site=MINDED, inside={"ada": HALL, "bob": LAB}),
        "user_is_here",
        "not-checked-in",
        {"zone": "lab", "inside": "hall"},
    ),
}
TRAINING_REFUSALS = {
    "no training": Refusal(
        ask("lab-in", site=DANGEROUS),
        "training_is_valid",
        "training-missing",
        {"training": "safety"},
    ),
    "another training": Refusal(
        ask("lab-in", site=DANGEROUS, who=trained(training=TrainingId("laser"))),
        "training_is_valid",
        "training-missing",
        {"training": "safety"},
    ),
    "a training that will be given in a moment": Refusal(
        ask("lab-in", site=DANGEROUS, who=trained(given=MONDAY + MOMENT)),
        "training_is_valid",
        "training-missing",
        {"training": "safety"},
    ),
    "one of two trainings": Refusal(
        ask("laser-on", site=TWICE, who=trained()),
        "training_is_valid",
        "training-missing",
        {"training": "laser"},
    ),
    "a training that ends now": Refusal(
        ask("lab-in", site=DANGEROUS, who=trained(ends=MONDAY)),
        "training_is_valid",
        "training-expired",
        {"training": "safety", "ends": "2026-11-23T10:00:00+00:00"},
    ),
    "trained twice, both long ago": Refusal(
        ask(
            "lab-in",
            site=DANGEROUS,
            who=holder(
                trainings=(
                    *trained(ends=MONDAY - DAY).trainings,
                    *trained(ends=MONDAY - 9 * DAY).trainings,
                )
            ),
        ),
        "training_is_valid",
        "training-expired",
        {"training": "safety", "ends": "2026-11-22T10:00:00+00:00"},
    ),
    "the training of a zone around, on the way in from the street": Refusal(
        ask(site=with_demands(HOUSE, trainings=(SAFETY,))),
        "training_is_valid",
        "training-missing",
        {"training": "safety"},
    ),
}
BOOKING_REFUSALS = {
    "a room that somebody else has booked": Refusal(
        ask(site=RESPECTED, bookings=booked(hall=booking("bob"))),
        "booking_allows",
        "booked",
        BY_BOB,
    ),
    "a room that somebody else has booked from now on": Refusal(
        ask(site=RESPECTED, bookings=booked(hall=booking("bob", starts=MONDAY))),
        "booking_allows",
        "booked",
        BY_BOB,
    ),
    "a room that somebody else has booked, a margin before one's own time": Refusal(
        ask(
            site=RESPECTED,
            bookings=booked(hall=(booking("bob"), booking(starts=MONDAY + MINUTE))),
        ),
        "booking_allows",
        "booked",
        BY_BOB,
    ),
    "a room that somebody else has booked, with one's own time just over": Refusal(
        ask(
            site=RESPECTED,
            bookings=booked(hall=(booking(ends=MONDAY), booking("bob"))),
        ),
        "booking_allows",
        "booked",
        BY_BOB,
    ),
    "a booked room, with a booking of the house around it": Refusal(
        ask(site=RESPECTED, bookings=booked(hall=booking("bob"), house=booking())),
        "booking_allows",
        "booked",
        BY_BOB,
    ),
    "a house that somebody else has booked": Refusal(
        ask(
            site=with_demands(HOUSE, booking="respected"),
            bookings=booked(house=booking("bob")),
        ),
        "booking_allows",
        "booked",
        {**BY_BOB, "target": "zone:house"},
    ),
    "a machine that somebody else has booked": Refusal(
        ask("laser-on", site=LASER_REQUIRED, bookings=booked(laser=booking("bob"))),
        "booking_allows",
        "booked",
        {**BY_BOB, "target": "machine:laser"},
    ),
    "a room that must be booked": Refusal(
        ask(site=REQUIRED), "booking_allows", "booking-required", {"target": "zone:hall"}
    ),
    "a room that must be booked, and somebody else's time is over": Refusal(
        ask(site=REQUIRED, bookings=booked(hall=booking("bob", ends=MONDAY))),
        "booking_allows",
        "booking-required",
        {"target": "zone:hall"},
    ),
    "a machine that must be booked, with a booking of its room": Refusal(
        ask("laser-on", site=LASER_REQUIRED, bookings=booked(lab=booking())),
        "booking_allows",
        "booking-required",
        {"target": "machine:laser"},
    ),
    "a machine that must be booked, a moment too early": Refusal(
        ask(
            "laser-on",
            site=LASER_REQUIRED,
            bookings=booked(laser=booking(starts=MONDAY + MOMENT)),
        ),
        "booking_allows",
        "booking-required",
        {"target": "machine:laser"},
    ),
    "a house that must be booked, around a hall that asks for something else": Refusal(
        ask(
            site=with_demands(HOUSE, with_demands(HALL, trainings=(SAFETY,)), booking="required"),
            who=trained(),
        ),
        "booking_allows",
        "booking-required",
        {"target": "zone:house"},
    ),
    "the second of two zones must be booked": Refusal(
        ask(site=with_demands(HOUSE, RESPECTED, booking="required")),
        "booking_allows",
        "booking-required",
        {"target": "zone:house"},
    ),
}
COMPANY_REFUSALS = {
    "a room that nobody has opened": Refusal(
        ask(site=SHUT), "zone_is_opened", "not-opened", {"zone": "hall", "role": "keyholder"}
    ),
    "a room that was opened yesterday": Refusal(
        ask(site=SHUT, opened=Map({HALL: TODAY - DAY})),
        "zone_is_opened",
        "not-opened",
        {"zone": "hall", "role": "keyholder"},
    ),
    "a key holder of another site": Refusal(
        ask(site=SHUT, who=keyholder("ada", "elsewhere")),
        "zone_is_opened",
        "not-opened",
        {"zone": "hall", "role": "keyholder"},
    ),
    "a house that nobody has opened": Refusal(
        ask(site=with_zone(HOUSE, opened_by=KEYHOLDER), opened=Map({HALL: TODAY})),
        "zone_is_opened",
        "not-opened",
        {"zone": "house", "role": "keyholder"},
    ),
    "a visitor, and nobody inside": Refusal(
        ask("lab-in", site=ESCORTED, who=VISITOR),
        "escort_is_here",
        "escort-missing",
        {"kind": "visitor", "zone": "lab"},
    ),
    "a visitor, and a member next door": Refusal(
        ask(
            "lab-in",
            site=ESCORTED,
            who=VISITOR,
            inside={"bob": HALL},
            others=(holder("bob"),),
        ),
        "escort_is_here",
        "escort-missing",
        {"kind": "visitor", "zone": "lab"},
    ),
    "a visitor, and another one inside": Refusal(
        ask(
            "lab-in",
            site=ESCORTED,
            who=VISITOR,
            inside={"bob": LAB},
            others=(holder("bob", kind="visitor"),),
        ),
        "escort_is_here",
        "escort-missing",
        {"kind": "visitor", "zone": "lab"},
    ),
    "a visitor, and somebody inside who is a member no more": Refusal(
        ask("lab-in", site=ESCORTED, who=VISITOR, inside={"bob": LAB}),
        "escort_is_here",
        "escort-missing",
        {"kind": "visitor", "zone": "lab"},
    ),
    "alone at a machine": Refusal(
        ask("laser-on", site=NEVER_ALONE, inside={"ada": LAB}),
        "company_is_here",
        "alone",
        {"zone": "lab", "people": 1, "needed": 2},
    ),
    "at a machine from outside its room, with one person in it": Refusal(
        ask("laser-on", site=NEVER_ALONE, inside={"bob": LAB}),
        "company_is_here",
        "alone",
        {"zone": "lab", "people": 1, "needed": 2},
    ),
    "alone in a room": Refusal(
        ask("lab-in", site=with_demands(LAB, min_present=2), inside={"ada": HALL, "bob": HALL}),
        "company_is_here",
        "alone",
        {"zone": "lab", "people": 1, "needed": 2},
    ),
    "in a room already, and alone": Refusal(
        ask("lab-in", site=with_demands(LAB, min_present=2), inside={"ada": BOOTH}),
        "company_is_here",
        "alone",
        {"zone": "lab", "people": 1, "needed": 2},
    ),
    "company counts in the hall": Refusal(
        ask(
            "lab-in",
            site=with_demands(LAB, min_present=3, present_in=HALL),
            strangers={LAB: 5, HALL: 1},
        ),
        "company_is_here",
        "alone",
        {"zone": "hall", "people": 2, "needed": 3},
    ),
    "nobody in charge": Refusal(
        ask("laser-on", site=SUPERVISED, inside={"ada": LAB, "bob": LAB}, others=(holder("bob"),)),
        "company_is_here",
        "role-absent",
        {"zone": "lab", "role": "keyholder"},
    ),
    "somebody in charge next door": Refusal(
        ask(
            "laser-on",
            site=SUPERVISED,
            inside={"ada": LAB, "bob": HALL},
            others=(keyholder("bob"),),
        ),
        "company_is_here",
        "role-absent",
        {"zone": "lab", "role": "keyholder"},
    ),
    "somebody in charge at home": Refusal(
        ask("laser-on", site=SUPERVISED, inside={"ada": LAB}, others=(keyholder("bob"),)),
        "company_is_here",
        "role-absent",
        {"zone": "lab", "role": "keyholder"},
    ),
    "somebody in charge of another site": Refusal(
        ask(
            "laser-on",
            site=SUPERVISED,
            inside={"bob": LAB},
            others=(keyholder("bob", "elsewhere"),),
        ),
        "company_is_here",
        "role-absent",
        {"zone": "lab", "role": "keyholder"},
    ),
    "who is in charge, at a machine from outside its room": Refusal(
        ask("laser-on", site=SUPERVISED, who=keyholder("ada"), inside={"ada": HALL}),
        "company_is_here",
        "role-absent",
        {"zone": "lab", "role": "keyholder"},
    ),
}
REFUSALS = MACHINE_REFUSALS | TRAINING_REFUSALS | BOOKING_REFUSALS | COMPANY_REFUSALS

GRANTS = {
    "a machine that nobody uses": Grant(ask("laser-on"), "machine_is_free", {"machine": "laser"}),
    "another machine's use says nothing of a door": Grant(
        ask(**using("bob")), "machine_is_free", {"machine": None}
    ),
    "who uses a machine signs off": Grant(
        ask("laser-on", who=holder(memberships=()), **using("ada")),
        "machine_is_free",
        {"machine": "laser"},
        "machine-off",
    ),
    "a machine that minds no presence": Grant(ask("laser-on"), "user_is_here", {}),
    "a machine, by somebody in its room": Grant(
        ask("laser-on", site=MINDED, inside={"ada": LAB}), "user_is_here", {"zone": "lab"}
    ),
    "a machine, by somebody in a room inside its room": Grant(
        ask("laser-on", site=MINDED, inside={"ada": BOOTH}), "user_is_here", {"zone": "lab"}
    ),
    "a door minds no machine": Grant(ask("lab-in", site=MINDED), "user_is_here", {}),
    "no training is asked for": Grant(ask(), "training_is_valid", {"trainings": ""}),
    "a training without dates": Grant(
        ask("lab-in", site=DANGEROUS, who=trained()), "training_is_valid", {"trainings": "safety"}
    ),
    "a training given now that ends in a moment": Grant(
        ask("lab-in", site=DANGEROUS, who=trained(given=MONDAY, ends=MONDAY + MOMENT)),
        "training_is_valid",
        {"trainings": "safety"},
    ),
    "two trainings, one of them renewed": Grant(
        ask(
            "laser-on",
            site=TWICE,
            who=holder(
                trainings=(
                    *trained(ends=MONDAY - DAY).trainings,
                    *trained().trainings,
                    *trained(training=TrainingId("laser")).trainings,
                )
            ),
        ),
        "training_is_valid",
        {"trainings": "safety, laser"},
    ),
    "the training of a zone that one is in already": Grant(
        ask("lab-in", site=with_demands(HOUSE, trainings=(SAFETY,))),
        "training_is_valid",
        {"trainings": ""},
    ),
    "a room that nobody has booked": Grant(ask(site=RESPECTED), "booking_allows", {}),
    "a booking of a room that takes no bookings": Grant(
        ask(
            site=with_demands(HALL, trainings=(SAFETY,)),
            who=trained(),
            bookings=booked(hall=booking("bob")),
        ),
        "booking_allows",
        {},
    ),
    "somebody else's time that is over, and one to come": Grant(
        ask(
            site=RESPECTED,
            bookings=booked(
                hall=(booking("bob", ends=MONDAY), booking("cyd", starts=MONDAY + MOMENT))
            ),
        ),
        "booking_allows",
        {},
    ),
    "one's own booking": Grant(
        ask(site=REQUIRED, bookings=booked(hall=booking())), "booking_allows", {}
    ),
    "one's own booking beside somebody else's": Grant(
        ask(site=RESPECTED, bookings=booked(hall=(booking("bob"), booking()))),
        "booking_allows",
        {},
    ),
    "one's group's booking": Grant(
        ask(
            site=RESPECTED,
            who=holder(groups=(CREW,)),
            bookings=booked(hall=booking("bob", groups=(CREW,))),
        ),
        "booking_allows",
        {},
    ),
    "a public event in a room that must be booked": Grant(
        ask(site=REQUIRED, bookings=booked(hall=booking("bob", public=True))),
        "booking_allows",
        {},
    ),
    "a room that must be booked, a margin early": Grant(
        ask(site=REQUIRED, bookings=booked(hall=booking(starts=MONDAY + 15 * MINUTE))),
        "booking_allows",
        {},
    ),
    "a room that must be booked, with a booking of the house": Grant(
        ask(site=REQUIRED, bookings=booked(house=booking())), "booking_allows", {}
    ),
    "a booked hall on the way to one's own booking": Grant(
        ask(site=RESPECTED, bookings=booked(hall=booking("bob"), booth=booking())),
        "booking_allows",
        {},
    ),
    "a booked house around one's own booking": Grant(
        ask(
            site=with_demands(HOUSE, booking="respected"),
            bookings=booked(house=booking("bob"), hall=booking()),
        ),
        "booking_allows",
        {},
    ),
    "a booked laboratory around the laser that one booked": Grant(
        ask(
            "lab-in",
            site=with_demands(LAB, booking="respected"),
            bookings=booked(lab=booking("bob"), laser=booking()),
        ),
        "booking_allows",
        {},
    ),
    "a machine that must be booked, and is": Grant(
        ask("laser-on", site=LASER_REQUIRED, bookings=booked(laser=booking(starts=MONDAY))),
        "booking_allows",
        {},
    ),
    "a room that was opened today": Grant(
        ask(site=SHUT, opened=Map({HALL: TODAY})), "zone_is_opened", {}
    ),
    "a key holder opens it": Grant(
        ask(site=SHUT, who=keyholder("ada", "elsewhere", "hub")), "zone_is_opened", {}
    ),
    "a room in a house that one is in already": Grant(
        ask("lab-in", site=with_zone(HOUSE, opened_by=KEYHOLDER)), "zone_is_opened", {}
    ),
    "a member needs no escort": Grant(
        ask("lab-in", site=ESCORTED), "escort_is_here", {"kind": "member"}
    ),
    "a visitor where none is needed": Grant(
        ask(site=ESCORTED, who=VISITOR), "escort_is_here", {"kind": "visitor"}
    ),
    "a visitor, and a member inside": Grant(
        ask(
            "lab-in",
            site=ESCORTED,
            who=VISITOR,
            inside={"cyd": HALL, "bob": LAB},
            others=(holder("bob"), holder("cyd", kind="visitor")),
        ),
        "escort_is_here",
        {"kind": "visitor"},
    ),
    "a visitor, and a member in a room inside it": Grant(
        ask(
            "lab-in",
            site=ESCORTED,
            who=VISITOR,
            inside={"bob": BOOTH},
            others=(holder("bob"),),
        ),
        "escort_is_here",
        {"kind": "visitor"},
    ),
    "no company is asked for": Grant(ask("laser-on"), "company_is_here", {}),
    "two at a machine": Grant(
        ask("laser-on", site=NEVER_ALONE, inside={"ada": LAB, "bob": BOOTH}), "company_is_here", {}
    ),
    "the second one comes in": Grant(
        ask("lab-in", site=with_demands(LAB, min_present=2), inside={"ada": HALL, "bob": LAB}),
        "company_is_here",
        {},
    ),
    "in the hall already, where company counts": Grant(
        ask(
            "lab-in",
            site=with_demands(LAB, min_present=2, present_in=HALL),
            inside={"ada": HALL, "bob": HALL},
        ),
        "company_is_here",
        {},
    ),
    "somebody in charge is there": Grant(
        ask(
            "laser-on",
            site=SUPERVISED,
            inside={"ada": LAB, "bob": BOOTH},
            others=(keyholder("bob"), keyholder("cyd")),
        ),
        "company_is_here",
        {},
    ),
    "somebody in charge of this site and no other": Grant(
        ask(
            "laser-on",
            site=SUPERVISED,
            inside={"ada": LAB, "bob": LAB},
            others=(keyholder("bob", "hub"),),
        ),
        "company_is_here",
        {},
    ),
    "who is in charge, beside the machine": Grant(
        ask("laser-on", site=SUPERVISED, who=keyholder("ada"), inside={"ada": LAB}),
        "company_is_here",
        {},
    ),
    "who is in charge comes in": Grant(
        ask("lab-in", site=with_demands(LAB, role_present=KEYHOLDER), who=keyholder("ada")),
        "company_is_here",
        {},
    ),
    "somebody in charge is in the yard, where that counts": Grant(
        ask(
            site=with_demands(HALL, role_present=KEYHOLDER, present_in=YARD),
            inside={"bob": YARD},
            others=(keyholder("bob"),),
        ),
        "company_is_here",
        {},
    ),
    "a training of an hour ago": Grant(
        ask("lab-in", site=DANGEROUS, who=trained(given=MONDAY - HOUR)),
        "training_is_valid",
        {"trainings": "safety"},
    ),
}
