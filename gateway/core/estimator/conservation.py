"""What a room's doors told too many or too few is made good in the zone that they lead to.

Doors move people from one zone to another and make none. A room that is surely empty has let out
as many as came in; when its doors say otherwise, somebody was missed, or seen twice, and the zone
outside is wrong by as many, the other way round: who left a meeting room unseen is missing in the
hall. That is known only now, and only where all of the room's doors lead to one zone.

A zone that was itself surely empty since, or counted by a person, has nothing to make good.
"""

from msgspec import structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator import miss_rate
from gateway.core.estimator.distribution import Kernel
from gateway.core.estimator.door_passages import thinned
from gateway.core.estimator.zone import EstimateReason, ZoneEstimate, because
from gateway.core.model.names import DeviceId

MADE_GOOD: Kernel = (0.1, 0.9, 0.0)
"""Each of them: the room may not be empty, or the other zone has made it good by itself."""
MOST = 2
"""More were not missed one by one: a counter was down, or a side door open."""
_DEVICE = DeviceId("room")
"""Who tells, among the devices."""


def made_good(room: ZoneEstimate, outside: ZoneEstimate) -> tuple[ZoneEstimate, ZoneEstimate]:
    """The room, and the zone that all of its doors lead to, with what the room's doors owe it."""
    over = room.tally.over
    if over is None:
        return room, outside
    room = structs.replace(room, tally=structs.replace(room.tally, over=None))
    began = outside.tally.since
    if began is None:  # the zone outside was found empty too, and owes it further on
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
