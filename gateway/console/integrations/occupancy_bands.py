"""Head counts for the public: never a number, always a band that several people may be in.

With an exact "1", a reader who knows who holds a key identifies a person. So the public sees bands
of at least `K` numbers each, in which no single arrival or departure can be followed. Up to 20
people a band is five wide; above, a fifth of the capacity, so that a larger hall has no more steps
than a small one.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from gateway.core.model.names import ZoneId
from gateway.core.model.site import Site
from gateway.phrase import Phrase

K: Final = 5
"""Numbers in the narrowest band: 0 to 4 is one, so that nobody is ever shown to be alone."""
STEPS: Final = 5
"""The most bands of a zone with a limit: a sixth would reveal more than "filling up"."""


def apart(site: Site, zones: Iterable[ZoneId]) -> tuple[ZoneId, ...]:
    """Return the zones without those that stand beside a zone inside them.

    The difference of a zone and of the rooms in it would tell of the few who are in none of these.
    """
    listed = tuple(zones)
    outer = {ancestor for zone in listed for ancestor in site.zone[zone].ancestors}
    return tuple(zone for zone in listed if zone not in outer)


class Band(Struct, frozen=True):
    """From `low` to `high` people, both included; `high` None: or more."""

    low: int
    high: int | None
    label: Phrase


def band(people: int, capacity: int | None = None) -> Band:
    """Return the band that a head count is in.

    `capacity` widens the bands of a large zone; a count above it is in the last, open band.
    """
    if capacity is None:
        low = _start(people, K)
        return Band(low, low + K - 1, _up_to(low, low + K - 1))
    width = max(K, -(-capacity // STEPS))
    last = _start(capacity + 1 - K, width)  # from here to the limit there are K numbers or more
    low = min(_start(people, width), last)
    if low == last:
        return Band(low, None, _or_more(low, capacity))
    return Band(low, low + width - 1, _up_to(low, low + width - 1))


def _start(people: int, width: int) -> int:
    return max(0, people) // width * width


def _up_to(low: int, high: int) -> Phrase:
    if low == 0:
        return Phrase("fewer than %(high)s people", high=high + 1)
    return Phrase("%(low)s to %(high)s people", low=low, high=high)


def _or_more(low: int, capacity: int) -> Phrase:
    if low == 0:  # such a small zone has one band: its count is not public at all
        return Phrase("up to %(capacity)s people", capacity=capacity)
    return Phrase("%(low)s people or more", low=low)
