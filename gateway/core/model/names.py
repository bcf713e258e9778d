"""Identifiers, names in both languages, and the roles of staff.

The terms are those of ONVIF PACS and BACnet: an *access point* is one direction through a door, or
one machine.
"""

from typing import NewType

from msgspec import Struct

SiteId = NewType("SiteId", str)
ZoneId = NewType("ZoneId", str)
DoorId = NewType("DoorId", str)
AccessPointId = NewType("AccessPointId", str)
DeviceId = NewType("DeviceId", str)
MachineId = NewType("MachineId", str)
PlanId = NewType("PlanId", str)
TrainingId = NewType("TrainingId", str)
RoleId = NewType("RoleId", str)
GroupId = NewType("GroupId", str)

OPERATOR = RoleId("operator")
"""The staff role that may request (open a door, change the mode, …)."""
VIEWER = RoleId("viewer")
"""May see the place: counts, doors, alarms; no member's name."""
ADMINISTRATOR = RoleId("administrator")
"""May do everything that an operator may."""


class Text(Struct, frozen=True):
    """One sentence or name in both languages."""

    fr: str
    en: str

    def __str__(self) -> str:
        """Return the English: a name among the values of a phrase is read so in logs."""
        return self.en


class Named(Struct, frozen=True):
    """A term of the space file with its display name: a training, a role, a group."""

    id: str
    name: Text
