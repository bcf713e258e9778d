"""A site as the estimator sees it: the zones with an estimate, and the evidence in a reading.

A zone has an estimate of its own (an *area*) when a door touches it or a sensor watches it. An
area's people are those in the zone but in none of its inner areas. A zone's head count is the sum
over the areas inside it, itself included; a zone that is no area and holds none belongs to the
nearest one around it.
"""

from datetime import datetime
from functools import cached_property

from msgspec import Struct

from gateway.core.estimator.evidence import (
    Evidence,
    HeadsCounted,
    MotionSeen,
    PresenceSeen,
    TotalsTold,
)
from gateway.core.model.equipment import Device
from gateway.core.model.names import DoorId, ZoneId
from gateway.core.model.places import Door
from gateway.core.model.site import Site
from gateway.core.readings import Counted, Crossed, Motion, Presence, Reading


class Layout(Struct, frozen=True, dict=True):
    """The areas of a site."""

    site: Site
    areas: frozenset[ZoneId] | None = None
    """The zones that have an estimate; None: each one that a door touches or a sensor watches."""

    @cached_property
    def capacities(self) -> dict[ZoneId, int | None]:
        """Return the areas, each with its capacity, in the site's order."""
        if self.areas is not None:
            return {zone.id: zone.capacity for zone in self.site.zones if zone.id in self.areas}
        doors = {side for door in self.site.doors for side in (door.zone, door.outside)}
        watched = {device.zone for device in self.site.devices if device.role == "sensor"}
        touched = doors | watched
        return {zone.id: zone.capacity for zone in self.site.zones if zone.id in touched}

    @cached_property
    def parts(self) -> dict[ZoneId, tuple[ZoneId, ...]]:
        """Return, for each zone, the areas whose people its head count sums."""
        return {
            zone.id: tuple(
                each for each in self.capacities if zone.id in self.site.zone[each].lineage
            )
            for zone in self.site.zones
        }

    @cached_property
    def rooms(self) -> dict[ZoneId, tuple[ZoneId, ...]]:
        """Return, for each area, the rooms whose doors all lead to it, or to such rooms of it."""
        beyond: dict[ZoneId, set[ZoneId | None]] = {}
        for door in self.site.doors:
            inner, outer = self.sides(door)
            for here, there in ((inner, outer), (outer, inner)):
                if here is not None and here != there:
                    beyond.setdefault(here, set()).add(there)
        found: dict[ZoneId, list[ZoneId]] = {}
        for room in self.capacities:
            ways = beyond.get(room, set())
            onward = {way for way in ways if way is None or beyond[way] != {room}}
            if len(onward) == 1 and (zone := onward.pop()) is not None:
                found.setdefault(zone, []).append(room)
        return {zone: tuple(rooms) for zone, rooms in found.items()}

    def area(self, zone: ZoneId | None) -> ZoneId | None:
        """Return the area that a zone belongs to; None: the street, or an uncounted place."""
        if zone is None:
            return None
        return next(
            (each for each in self.site.zone[zone].lineage if each in self.capacities), None
        )

    def sides(self, door: Door) -> tuple[ZoneId | None, ZoneId | None]:
        """Return the areas inside and outside of a door."""
        return self.area(door.zone), self.area(door.outside)

    def door_of(self, counter: Device) -> Door | None:
        """Return the door that a counter hangs over.

        It is the one that the device names; otherwise, since a counter names the zone that is
        entered past it, the door into that zone. Of several, the first.
        """
        if counter.door is not None:
            return self.site.door[counter.door]
        if counter.zone is None:
            return None
        into = [door for door in self.site.doors if self._leads_into(door, counter.zone)]
        return into[0] if into else None

    def evidence(
        self,
        device: Device,
        reading: Reading,
        at: datetime,
        boot: int | None = None,
        seq: int | None = None,
        *,
        generation: int = 0,
    ) -> Evidence | None:
        """Return the evidence in a reading; None: it is not about people (such as CO2)."""
        zone = self.area(device.zone)
        if isinstance(reading, Crossed):
            inner, outer, place = self._passage(device)
            return TotalsTold(
                at=at,
                device=device.id,
                boot=boot,
                seq=seq,
                inner=inner,
                outer=outer,
                in_total=reading.in_total,
                out_total=reading.out_total,
                place=place,
                generation=generation,
            )
        if zone is None:
            return None
        if isinstance(reading, Motion):
            return MotionSeen(
                at=at, device=device.id, boot=boot, seq=seq, zone=zone, active=reading.active
            )
        if isinstance(reading, Presence):
            return PresenceSeen(
                at=at, device=device.id, boot=boot, seq=seq, zone=zone, active=reading.active
            )
        if isinstance(reading, Counted):
            return HeadsCounted(
                at=at, device=device.id, boot=boot, seq=seq, zone=zone, people=reading.people
            )
        return None

    def _passage(self, counter: Device) -> tuple[ZoneId | None, ZoneId | None, DoorId | str]:
        door = self.door_of(counter)
        if door is None:
            return self.area(counter.zone), None, counter.zone or ""
        return (*self.sides(door), door.id)

    def _leads_into(self, door: Door, zone: ZoneId) -> bool:
        outside = () if door.outside is None else self.site.zone[door.outside].lineage
        return zone in self.site.zone[door.zone].lineage and zone not in outside
