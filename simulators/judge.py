"""Expected answers that a simulation knows in advance.

The simulation does not know whether a room is full or a plan used up. But it knows who may never
pass, and that every exit is free: any other answer is a fault of the gateway, or of a reader that
decided alone.
"""

from typing import Literal

from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from simulators.people import SimulatedPerson

Must = Literal["granted", "denied"]
"""The required answer."""


def must_be(site: Site, person: SimulatedPerson, reader: DeviceId, pin: str | None) -> Must | None:
    """Return the required answer to a person's badge; None: it depends on more than we know."""
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
