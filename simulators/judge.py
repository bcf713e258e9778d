"""What a simulation knows of an answer before it comes.

Nobody knows here whether a room is full or a plan used up. But who may never pass is known, and
that the way out is free: an answer that says otherwise is a fault of the gateway, or of a reader
that decided alone.
"""

from typing import Literal

from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from simulators.people import SimulatedPerson

Must = Literal["granted", "denied"]
"""What an answer has to be."""


def must_be(site: Site, person: SimulatedPerson, reader: DeviceId, pin: str | None) -> Must | None:
    """What the answer to somebody's badge has to be; None: that depends on more than we know."""
    point = site.point_of(site.device[reader])
    if point is None:
        return None
    if point.direction == "exit":
        return "granted"
    if not person.enrolled or person.trouble != "none":
        return "denied"
    if point.min_credential == "number-and-pin" and (pin is None or pin != person.pin):
        return "denied"
    machine = site.machine[point.machine] if point.machine is not None else None
    if machine is not None and machine.demands.trainings and person.trained != "yes":
        return "denied"
    return None
