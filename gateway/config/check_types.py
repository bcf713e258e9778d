"""The parts that claims about a draft share; `checks` lists the modules that hold the claims.

A claim takes a draft, in which any table may be missing, and yields a fault for each place where
the claim does not hold.
"""

from collections.abc import Callable, Iterator, Mapping

from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault
from gateway.config.schema.fields import SpaceTable
from gateway.config.schema.places import AccessPointTable

Claim = Callable[[Draft], Iterator[ConfigFault]]


def tables(draft: Draft, kind: str) -> Mapping[int, SpaceTable]:
    """Return the tables of one kind, by their place in the file."""
    found: Mapping[int, SpaceTable] = getattr(draft, kind)
    return found


def value(table: SpaceTable, key: str) -> object:
    """Return a table's value."""
    found: object = getattr(table, key)
    return found


def singular(kind: str) -> str:
    """Return the singular of a kind of table, in words.

    >>> singular("access_points")
    'access point'
    """
    return kind.removesuffix("s").replace("_", " ")


def with_reader(draft: Draft) -> Iterator[AccessPointTable]:
    """Return the access points that have a reader."""
    served = {reader.access_point for reader in draft.readers.values()}
    return (point for point in draft.access_points.values() if point.id in served)


def doors_with_reader(draft: Draft, direction: str) -> frozenset[str]:
    """Return the doors with a reader for the given direction."""
    return frozenset(
        point.door for point in with_reader(draft) if point.door and point.direction == direction
    )


def zones_badged_into(draft: Draft) -> frozenset[str]:
    """Return the zones whose entries are known, by a reader into them or into a room inside."""
    badged = doors_with_reader(draft, "entry")
    parents = parents_of(draft)
    return frozenset(
        zone
        for door in draft.doors.values()
        if door.id in badged
        for zone in chain(door.zone, parents)
    )


def parents_of(draft: Draft) -> dict[str, str | None]:
    """Return the parent of each zone."""
    return {zone.id: zone.parent for zone in draft.zones.values()}


def chain(zone: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return a zone and the zones around it, nearest first; stop before one would repeat."""
    found = [zone]
    while (above := parents.get(found[-1])) is not None:
        found.append(above)
        if above in found[:-1]:
            break
    return found
