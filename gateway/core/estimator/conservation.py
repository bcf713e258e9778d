"""Conservation of people: an error of a room's doors is corrected in the zone they lead to.

Doors move people from one zone to another and create none. As many people have left a room that is
surely empty as had entered it; if its doors reported otherwise, people were missed or counted
twice, and the zone outside is wrong by the same number with the opposite sign: a person who left a
meeting room unseen is missing in the hall. This is known only once the room is empty, and only if
all of its doors lead to one zone.

A zone that was itself surely empty since, or counted by an operator, needs no correction.
"""

from msgspec import structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator import miss_rate
from gateway.core.estimator.distribution import Kernel
from gateway.core.estimator.door_passages import thinned
from gateway.core.estimator.zone import EstimateReason, ZoneEstimate, because
from gateway.core.model.names import DeviceId

MADE_GOOD: Kernel = (0.1, 0.9, 0.0)
"""For each person: the room may not be empty, or the other zone was corrected already."""
MOST = 2
"""Larger errors are not single misses: a counter was down, or a side door open."""
_DEVICE = DeviceId("room")
"""The device that is named as the source."""


def made_good(room: ZoneEstimate, outside: ZoneEstimate) -> tuple[ZoneEstimate, ZoneEstimate]:
    """Return the room, and the zone outside corrected by the error of the room's doors."""
    over = room.tally.over
    if over is None:
        return room, outside
    room = structs.replace(room, tally=structs.replace(room.tally, over=None))
    began = outside.tally.since
    if began is None:  # the zone outside was found empty too, and passes the error on
        tally = miss_rate.owing(outside.tally, over.net, over.since)
        return room, structs.replace(outside, tally=tally)
    if began > over.since or abs(over.net) > MOST:
        return room, outside
    people = abs(over.net)
    if over.net > 0:
        belief = beliefs.entered(outside.belief, people, MADE_GOOD)
        stays = (*outside.stays[:-1], outside.stays[-1] + people)
    else:
        belief = beliefs.left(outside.belief, people, MADE_GOOD)
        stays = thinned(outside.stays, people, beliefs.likeliest(outside.belief))
    reason = EstimateReason(outside.at, "room", _DEVICE, room.id, over.net, float(people))
    return room, structs.replace(
        outside,
        belief=belief,
        stays=stays,
        tally=structs.replace(outside.tally, net=outside.tally.net + over.net),
        reasons=because(outside, reason),
    )
