"""Zones, doors, access points, and what zones ask of those who enter."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from gateway.config.schema.fields import (
    FlagOrId,
    Id,
    Ids,
    Name,
    Outline,
    Place,
    Seconds,
    SpaceTable,
    Words,
)


class DemandsTable(SpaceTable):
    """The demands on a person beside a plan's right."""

    trainings: Ids = ()
    """All of these, each given and not expired."""
    min_present: Annotated[int, Field(ge=1, le=100)] = 1
    """People who must be there, including the one who badges: 2 is "never alone"."""
    role_present: Id | None = None
    """Somebody with this role must be there; it may be the one who badges."""
    present_in: Id | None = None
    """Where "there" is, rooms inside it included; absent: the zone itself, or the machine's."""
    booking: Literal["ignored", "respected", "required"] = "ignored"
    """respected: while booked, only for its holder. required: never without a booking."""


class ZoneTable(SpaceTable):
    """A room, or an area that holds rooms."""

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"capacity": ["capacity_source"]}}
    )

    id: Id
    name: Name
    parent: Id | None = None
    """The zone that this one is inside of."""
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """People who may be inside at once; absent: no limit."""
    capacity_source: Words | None = None
    """Where that number comes from, such as "fire certificate 2024-03"."""
    demands: DemandsTable = DemandsTable()
    """What the zone asks of those who enter."""
    passback: Literal["off", "soft", "hard", "timed"] = "off"
    """Entry while inside already: soft notes it, hard refuses, timed refuses for `passback_s`."""
    passback_s: Seconds | None = None
    """Seconds after an entry in which `passback = "timed"` refuses another one."""
    opened_by: Id | None = None
    """Each day the zone is shut until somebody with this role has entered it."""
    escort: bool = False
    """A visitor may enter only while a member is inside."""
    outline: Outline | None = None
    """Its corners on the floor plan, each [x, y] in metres; y grows towards the reader."""


class DoorTable(SpaceTable):
    """A door and the side it protects."""

    id: Id
    name: Name
    zone: Id
    """The zone that one enters through it."""
    outside: Id | None = None
    """The zone on the other side; absent: the street."""
    contact: FlagOrId | None = None
    """The device that reports open and closed; true: any reader or lock of this door; absent: a
    sensor with `door`."""
    lock: Id | None = None
    """The lock or reader that releases it; absent: the reader that received the badge does so."""
    exit: Literal["handle", "button", "reader"] = "handle"
    """How people get out. Life safety: "reader" needs an exit access point with a reader."""
    exit_button: Id | None = None
    """The device that the exit button is wired to: a sensor with `door`, a reader or the lock."""
    unlock_s: Seconds = 5.0
    """Seconds that it stays released after a grant."""
    held_open_max_s: Seconds = 30.0
    """Seconds that it may stand open before the alarm."""
    rights_valid_s: Annotated[float, Field(ge=0, le=604_800)] = 86_400.0
    """Seconds for which a rights list lets its reader decide alone when it is cut off; 0: never."""
    fail_mode: Literal["safe", "secure"] = "safe"
    """In an evacuation: safe is released, secure stays locked from outside. Needs a handle."""
    at: Place | None = None
    """Where it is on the floor plan: [x, y] in metres, on a wall of a zone with an `outline`."""


class InterlockTable(SpaceTable):
    """Doors of which only one may be open at a time: an airlock."""

    doors: Ids


class AccessPointTable(SpaceTable):
    """One direction through a door, one machine, or a place where people gather."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["door", "direction"]},
                {"required": ["machine"]},
                {"required": ["muster"]},
                {"required": ["here"]},
            ]
        }
    )

    id: Id
    door: Id | None = None
    direction: Literal["entry", "exit"] | None = None
    machine: Id | None = None
    muster: Id | None = None
    """The zone whose people gather here in an evacuation."""
    here: Id | None = None
    """The zone in which it asks who is still here: a badge proves company, and opens nothing."""
    min_credential: Literal["pin", "number", "number-and-pin"] = "number"
    """The weakest that is accepted: a code alone, a badge, or a badge and its PIN."""
