"""Who booked a zone or a machine, and when."""

from datetime import datetime
from typing import NewType

from msgspec import Struct

from gateway.core.model.directory import HolderId
from gateway.core.model.names import GroupId, MachineId, ZoneId

Target = NewType("Target", str)
"""What is booked: `zone:<id>` or `machine:<id>`."""


def zone_target(zone: ZoneId) -> Target:
    """A zone as what is booked."""
    return Target(f"zone:{zone}")


def machine_target(machine: MachineId) -> Target:
    """A machine as what is booked."""
    return Target(f"machine:{machine}")


class Booking(Struct, frozen=True):
    """One occurrence, from `starts` until `ends` (exclusive), for holders and for groups.

    `public`: an event to which everybody with a good credential may come.
    """

    id: str
    starts: datetime
    ends: datetime
    holders: tuple[HolderId, ...] = ()
    groups: tuple[GroupId, ...] = ()
    public: bool = False
