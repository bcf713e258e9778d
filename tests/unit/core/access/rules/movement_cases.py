"""Cases of the rules about where people are: anti-passback, interlocks, room."""

from immutables import Map

from gateway.core.model.places import Interlock
from gateway.core.model.site import Site
from gateway.core.state import DoorState
from tests.world.engine import BOOTH, BOOTH_DOOR, FRONT, HALL, HOUSE, LAB, LAB_DOOR
from tests.world.makerspace import (
    BACK,
    MINUTE,
    YARD,
    Grant,
    Refusal,
    ask,
    at_site,
    let_in,
    with_zone,
)

MOMENT = MINUTE / 60_000_000
MANTRAP = at_site(interlocks=(Interlock((FRONT, BACK)), Interlock((BACK, LAB_DOOR))))
NINE = "2026-11-23T09:00:00+00:00"
"""An hour ago, when whoever is inside came."""


def hard(*zones: str) -> Site:
    """The site with zones that refuse who is in them."""
    site = with_zone(HALL)
    for zone in site.zones:
        if zone.id in zones:
            site = with_zone(zone.id, site, passback="hard")
    return site


def timed(zone: str, seconds: float) -> Site:
    """The site with a zone that refuses who came in of late."""
    (found,) = (each.id for each in hard().zones if each.id == zone)
    return with_zone(found, passback="timed", passback_s=seconds)


REFUSALS = {
    "in the hall already": Refusal(
        ask(site=hard(HALL), inside={"ada": HALL}),
        "passback_is_clear",
        "passback",
        {"zone": "hall", "inside": "hall", "since": NINE},
    ),
    "in a room of the laboratory already": Refusal(
        ask("lab-in", site=hard(LAB), inside={"ada": BOOTH}),
        "passback_is_clear",
        "passback",
        {"zone": "lab", "inside": "booth", "since": NINE},
    ),
    "in the house already, which one enters with the hall": Refusal(
        ask(site=hard(HOUSE), inside={"ada": LAB}),
        "passback_is_clear",
        "passback",
        {"zone": "house", "inside": "lab", "since": NINE},
    ),
    "a soft zone inside a hard one": Refusal(
        ask(site=with_zone(HALL, hard(HOUSE), passback="soft"), inside={"ada": HALL}),
        "passback_is_clear",
        "passback",
        {"zone": "house", "inside": "hall", "since": NINE},
    ),
    "came in a moment less than an hour ago": Refusal(
        ask(site=timed(HALL, 3600.000001), inside={"ada": HALL}),
        "passback_is_clear",
        "passback-timed",
        {"zone": "hall", "inside": "hall", "since": NINE},
    ),
    "let in at this door, which is not open yet": Refusal(
        ask(site=hard(HALL), doors=Map({FRONT: let_in("ada", HALL)})),
        "passback_is_clear",
        "already-released",
        {"zone": "hall"},
    ),
    "let in at the other door": Refusal(
        ask(site=timed(HOUSE, 9.0), doors=Map({FRONT: DoorState(), BACK: let_in("ada", HALL)})),
        "passback_is_clear",
        "already-released",
        {"zone": "house"},
    ),
    "in a yard whose door says nothing of the other side": Refusal(
        ask("desk", site=hard(YARD), inside={"ada": YARD}),
        "passback_is_clear",
        "passback",
        {"zone": "yard", "inside": "yard", "since": NINE},
    ),
    "the other door of the mantrap is released": Refusal(
        ask(site=MANTRAP, doors=Map({BACK: DoorState("unlocked")})),
        "interlock_is_clear",
        "interlock",
        {"door": "back", "status": "unlocked"},
    ),
    "the other door of the mantrap was forced": Refusal(
        ask("lab-in", site=MANTRAP, doors=Map({BACK: DoorState("forced")})),
        "interlock_is_clear",
        "interlock",
        {"door": "back", "status": "forced"},
    ),
    "the other door of a second mantrap is open": Refusal(
        ask("back-in", site=MANTRAP, doors=Map({LAB_DOOR: DoorState("open")})),
        "interlock_is_clear",
        "interlock",
        {"door": "lab-door", "status": "open"},
    ),
    "a zone at its capacity": Refusal(
        ask(strangers={HALL: 4}),
        "zone_has_room",
        "zone-full",
        {"zone": "hall", "people": 4, "capacity": 4},
    ),
    "a zone over its capacity": Refusal(
        ask(strangers={HALL: 5}),
        "zone_has_room",
        "zone-full",
        {"zone": "hall", "people": 5, "capacity": 4},
    ),
    "a zone with room in a house that has none": Refusal(
        ask(strangers={HALL: 1, LAB: 5}),
        "zone_has_room",
        "zone-full",
        {"zone": "house", "people": 6, "capacity": 6},
    ),
    "a zone without a capacity in a house that is full": Refusal(
        ask("lab-in", strangers={HALL: 6}),
        "zone_has_room",
        "zone-full",
        {"zone": "house", "people": 6, "capacity": 6},
    ),
    "a full booth, asked for from inside the laboratory": Refusal(
        ask("booth-in", inside={"ada": LAB}, strangers={BOOTH: 1}),
        "zone_has_room",
        "zone-full",
        {"zone": "booth", "people": 1, "capacity": 1},
    ),
    "the last place is for somebody who was let in": Refusal(
        ask(strangers={HALL: 3}, doors=Map({BACK: let_in("bob", HALL)})),
        "zone_has_room",
        "zone-full",
        {"zone": "hall", "people": 4, "capacity": 4},
    ),
    "the last place in the house is for somebody on the way to the booth": Refusal(
        ask(strangers={LAB: 5}, doors=Map({BOOTH_DOOR: let_in("bob", BOOTH)})),
        "zone_has_room",
        "zone-full",
        {"zone": "house", "people": 6, "capacity": 6},
    ),
}

GRANTS = {
    "a zone without anti-passback": Grant(ask(inside={"ada": HALL}), "passback_is_clear", {}),
    "nobody knows where Ada is": Grant(
        ask(site=hard(HALL, HOUSE), inside={"bob": HALL}), "passback_is_clear", {}
    ),
    "in the hall, and soft": Grant(
        ask(site=with_zone(HALL, passback="soft"), inside={"ada": HALL}),
        "passback_is_clear",
        {"noted": "passback", "inside": "hall", "since": NINE},
    ),
    "soft, and not inside": Grant(
        ask(site=with_zone(HALL, passback="soft"), inside={"ada": YARD}),
        "passback_is_clear",
        {},
    ),
    "in a soft zone inside a hard one that is not entered": Grant(
        ask(
            "lab-in",
            site=with_zone(LAB, hard(HOUSE), passback="soft"),
            inside={"ada": LAB},
        ),
        "passback_is_clear",
        {"noted": "passback", "inside": "lab", "since": NINE},
    ),
    "in a soft house, and entering a hard hall from the laboratory": Grant(
        ask(site=with_zone(HOUSE, hard(HALL), passback="soft"), inside={"ada": LAB}),
        "passback_is_clear",
        {"noted": "passback", "inside": "lab", "since": NINE},
    ),
    "from the hall to the laboratory one does not enter the house": Grant(
        ask("lab-in", site=hard(HOUSE, LAB), inside={"ada": HALL}), "passback_is_clear", {}
    ),
    "from the booth one does not enter the laboratory around it": Grant(
        ask("lab-from-booth", site=hard(LAB), inside={"ada": BOOTH}), "passback_is_clear", {}
    ),
    "came in just as long ago as asked": Grant(
        ask(site=timed(HALL, 3600.0), inside={"ada": HALL}),
        "passback_is_clear",
        {"noted": "passback", "inside": "hall", "since": NINE},
    ),
    "let in at this door, and soft": Grant(
        ask(site=with_zone(HALL, passback="soft"), doors=Map({FRONT: let_in("ada", HALL)})),
        "passback_is_clear",
        {},
    ),
    "let in at another door to another room": Grant(
        ask("lab-in", site=hard(LAB), doors=Map({FRONT: let_in("ada", HALL)})),
        "passback_is_clear",
        {},
    ),
    "let out to the street": Grant(
        ask(site=hard(HALL), doors=Map({FRONT: let_in("ada", None)})), "passback_is_clear", {}
    ),
    "somebody else was let in": Grant(
        ask(site=hard(HALL), doors=Map({FRONT: let_in("bob", HALL)})), "passback_is_clear", {}
    ),
    "all doors of the mantraps are locked": Grant(
        ask("back-in", site=MANTRAP, doors=Map({LAB_DOOR: DoorState()})), "interlock_is_clear", {}
    ),
    "this door itself is open": Grant(
        ask(site=MANTRAP, doors=Map({FRONT: DoorState("open")})), "interlock_is_clear", {}
    ),
    "a door of another mantrap is open": Grant(
        ask(site=MANTRAP, doors=Map({LAB_DOOR: DoorState("open")})), "interlock_is_clear", {}
    ),
    "an entry without a door": Grant(ask("desk"), "interlock_is_clear", {}),
    "the last place in the hall": Grant(
        ask(strangers={HALL: 3, LAB: 2}),
        "zone_has_room",
        {"zone": "house", "people": 5, "capacity": 6},
    ),
    "a zone without a capacity": Grant(ask("desk", strangers={YARD: 999}), "zone_has_room", {}),
    "a full house, for somebody who is in it": Grant(
        ask("booth-in", inside={"ada": LAB}, strangers={HALL: 5}),
        "zone_has_room",
        {"zone": "booth", "people": 0, "capacity": 1},
    ),
    "a full hall, for somebody who is known to be in it": Grant(
        ask(inside={"ada": HALL}, strangers={HALL: 5}), "zone_has_room", {}
    ),
    "the one who was let in is the one who asks": Grant(
        ask(strangers={HALL: 3}, doors=Map({FRONT: let_in("ada", HALL)})),
        "zone_has_room",
        {"zone": "house", "people": 3, "capacity": 6},
    ),
    "let in twice, one comes": Grant(
        ask(
            strangers={HALL: 2},
            doors=Map({FRONT: let_in("bob", HALL), BACK: let_in("bob", HALL)}),
        ),
        "zone_has_room",
        {"zone": "house", "people": 3, "capacity": 6},
    ),
    "somebody was let in who is inside already": Grant(
        ask(inside={"bob": HALL}, strangers={HALL: 2}, doors=Map({FRONT: let_in("bob", HALL)})),
        "zone_has_room",
        {"zone": "house", "people": 3, "capacity": 6},
    ),
    "somebody was let out": Grant(
        ask(strangers={HALL: 3}, doors=Map({FRONT: let_in("bob", None)})),
        "zone_has_room",
        {"zone": "house", "people": 3, "capacity": 6},
    ),
    "a machine needs no room": Grant(ask("laser-on", strangers={LAB: 6}), "zone_has_room", {}),
}
