"""The fablab behind a front door with a handle: one may leave without a badge."""

from msgspec import structs

from gateway.core.model.names import AccessPointId
from gateway.core.model.places import AccessPoint, Demands
from gateway.core.model.site import Site
from tests.world.engine import FRONT, HALL, HOUSE, LAB, reader, sensor
from tests.world.fablab import FABLAB

TRUST_S = 1800.0


def handles(*, contact: bool) -> Site:
    """The fablab, whose front door has a handle; its laser wants company in the house."""
    front = structs.replace(
        FABLAB.door[FRONT], exit="handle", contact=contact, contacts=FABLAB.door[FRONT].contacts
    )
    demands = Demands(min_present=2, present_in=HOUSE, grace_s=60)
    return structs.replace(
        FABLAB,
        company_trust_s=TRUST_S,
        zones=tuple(structs.replace(zone, passback="off") for zone in FABLAB.zones),
        doors=tuple(front if door.id == FRONT else door for door in FABLAB.doors),
        machines=(structs.replace(FABLAB.machines[0], demands=demands), *FABLAB.machines[1:]),
        access_points=(*FABLAB.access_points, AccessPoint(AccessPointId("still"), "here", LAB)),
        devices=(*FABLAB.devices, reader("still"), sensor("camera", zone=HALL)),
    )
