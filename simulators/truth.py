"""The true count of every zone, by which any estimate is judged."""

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from gateway.core.model.names import SiteId, ZoneId
from gateway.core.model.site import Site
from simulators.routes import Place

COLUMNS = ("time", "site", "zone", "people")


class TrueCount(Struct, frozen=True):
    """The true number of people in `zone` (with the zones inside it) from `time` on."""

    time: datetime
    site: SiteId
    zone: ZoneId
    people: int

    def row(self) -> tuple[str, str, str, int]:
        """Return a line of the truth file."""
        told = self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return (told, self.site, self.zone, self.people)


Tell = Callable[[TrueCount], object]
"""Called with each change of a true count."""


class Truth:
    """Counts one site's people as they move, and calls `tell` with each change.

    A zone counts those in the zones inside it. Every zone begins at zero, which is reported too.
    """

    def __init__(self, site: Site, start: datetime, tell: Tell) -> None:
        self._site = site
        self._tell = tell
        self.people = {zone.id: 0 for zone in site.zones}
        for zone in site.zones:
            tell(TrueCount(start, site.id, zone.id, 0))

    def move(self, origin: Place, to: Place, now: datetime) -> None:
        """Move one person from `origin` to `to`.

        Raises:
            ValueError: nobody was in `origin`.
        """
        left, entered = self._around(origin), self._around(to)
        for zone in left:
            if zone not in entered:
                self._count(zone, -1, now)
        for zone in entered:
            if zone not in left:
                self._count(zone, +1, now)

    def _around(self, place: Place) -> tuple[ZoneId, ...]:
        return () if place is None else self._site.zone[place].lineage

    def _count(self, zone: ZoneId, change: int, now: datetime) -> None:
        people = self.people[zone] + change
        if people < 0:
            raise ValueError(f"nobody is in {zone} who could leave it")
        self.people[zone] = people
        self._tell(TrueCount(now, self._site.id, zone, people))


def people_at(history: Iterable[TrueCount], site: SiteId, zone: ZoneId, at: datetime) -> int:
    """Return the true count of a zone at a moment; `history` is in order of time.

    Raises:
        LookupError: nothing is known of this zone at that time.
    """
    known = [
        count.people
        for count in history
        if count.site == site and count.zone == zone and count.time <= at
    ]
    if not known:
        raise LookupError(f"no true count of {site}/{zone} at {at}")
    return known[-1]
