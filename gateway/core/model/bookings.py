"""Bookings of a zone or a machine, with their holders and times."""

from datetime import datetime
from typing import NewType

from msgspec import Struct

from gateway.core.model.directory import HolderId
from gateway.core.model.names import GroupId, MachineId, ZoneId

Target = NewType("Target", str)
"""The object of a booking: `zone:<id>` or `machine:<id>`."""


def zone_target(zone: ZoneId) -> Target:
    """Return a zone as the target of a booking."""
    return Target(f"zone:{zone}")


def machine_target(machine: MachineId) -> Target:
    """Return a machine as the target of a booking."""
    return Target(f"machine:{machine}")


class Booking(Struct, frozen=True):
    """One occurrence, from `starts` until `ends` (exclusive), for holders and for groups.

    `public`: an event that every holder of a valid credential may attend.
    """

    id: str
    starts: datetime
    ends: datetime
    holders: tuple[HolderId, ...] = ()
    groups: tuple[GroupId, ...] = ()
    public: bool = False
