"""The people inside, and in an evacuation those safe: from journal, members and broker.

The lists come from the journal, so they are available when the gateway is away, as of its last
record. Estimates of how many people there are, with or without a badge, come from the broker.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from unicodedata import combining, normalize

from msgspec import Struct

from gateway.adapters.journal.queries import SiteNow
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.rows import from_us
from gateway.console.context import AppContext
from gateway.console.web.errors import Problem
from gateway.core.access.company import is_proven
from gateway.core.model.directory import HolderId
from gateway.core.model.names import Text, ZoneId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.requests import Mode
from gateway.core.state import Muster, State
from gateway.wire.states import OccupancyMessage


class PresentPerson(Struct, frozen=True):
    """A person who is inside or, in an evacuation, expected.

    `since` is when they entered the zone, `came` when they came in from the street; None: not known
    (any more). `safe` is since when they are safe, and `how`: seen at the muster point, or left.
    """

    holder: HolderId
    name: str
    zone: ZoneId
    plan: Text | None = None
    since: datetime | None = None
    came: datetime | None = None
    safe: datetime | None = None
    how: Literal["mustered", "left"] | None = None
    unsure: bool = False
    """They may have left unseen: no badge and no contact has shown them for a while."""


class RoomPresence(Struct, frozen=True):
    """A zone, and the people in it itself; its figures count the zones inside it too.

    `known` are the people known by badges, `count` the estimate from badges and sensors (None:
    nothing received yet). `unknown` are the people in this zone itself who are not known by a
    badge. In an evacuation `expected` are missing or safe, `seen` are safe.
    """

    id: ZoneId
    name: Text
    depth: int
    people: tuple[PresentPerson, ...]
    known: int
    count: OccupancyMessage | None
    unknown: int
    expected: int
    seen: int


class Inside(Struct, frozen=True):
    """A site's people as of `at`; `current` False: last known, the gateway is away.

    `mode` has begun at `since`, for the reason `why`.
    """

    mode: Mode
    since: datetime | None
    why: str
    at: datetime
    current: bool
    named: bool
    rooms: tuple[RoomPresence, ...]

    @property
    def people(self) -> tuple[PresentPerson, ...]:
        """Return all people, each once."""
        return tuple(person for room in self.rooms for person in room.people)

    @property
    def missing(self) -> int:
        """Return the number of people who are still missing."""
        return sum(person.safe is None for person in self.people)

    @property
    def unknown(self) -> int:
        """Return the number of people who are not known by a badge."""
        return sum(room.unknown for room in self.rooms)


async def inside(console: AppContext, site: Site) -> Inside:
    """Return the people inside now, or as of the gateway's last record.

    Raises:
        Problem: There is no journal that can be read.
    """
    heard = await console.stores.now(site.id)
    written = await console.stores.past(lambda asked: from_us(JournalFile(asked).last_received()))
    names, named = await names_or_none(console)
    current = console.viewer.gateway_is_up()
    state = heard.state if heard is not None else State()
    mode = state.mode
    return Inside(
        mode=mode.mode,
        since=mode.since,
        why=mode.why,
        at=console.clock.now() if current else written,
        current=current,
        named=named,
        rooms=_rooms(console, site, _people(heard, names, console.clock.now())),
    )


async def names_or_none(console: AppContext) -> tuple[dict[HolderId, str], bool]:
    """Return names, and whether there are any: a list of pseudonyms is better than none."""
    try:
        return await console.stores.names(), True
    except Problem:
        return {}, False


def _people(
    now: SiteNow | None, names: Mapping[HolderId, str], at: datetime
) -> list[PresentPerson]:
    if now is None:
        return []
    evacuated = now.state.mode.mode == "evacuation"
    known: Iterable[tuple[HolderId, Muster]] = now.state.muster.items()
    if not evacuated:
        known = ((who, Muster(where.zone)) for who, where in now.state.presence.items())
    people = [_person(now, holder, entry, names, at) for holder, entry in known]
    return sorted(people, key=lambda person: (_as_sorted(person.name), person.holder))


def _as_sorted(name: str) -> str:
    """Return a name without accents, so that É is sorted as E."""
    plain = normalize("NFD", name.casefold())
    return "".join(letter for letter in plain if not combining(letter))


def _person(
    now: SiteNow, holder: HolderId, entry: Muster, names: Mapping[HolderId, str], at: datetime
) -> PresentPerson:
    where = now.state.presence.get(holder)
    around = now.site.zone[where.zone].lineage[-1] if where else None
    return PresentPerson(
        holder=holder,
        name=names.get(holder, holder),
        zone=entry.zone,
        plan=_plan(now, holder),
        since=where.since if where else None,
        came=where.came if where else None,
        safe=entry.safe,
        how=entry.how,
        unsure=around is not None and not is_proven(now.site, now.state, holder, around, at),
    )


def _plan(now: SiteNow, holder: HolderId) -> Text | None:
    """Return the first of their plans that the space file knows."""
    known = now.state.directory.holders.get(holder)
    plans = (now.site.plan.get(one.plan) for one in (known.memberships if known else ()))
    return next((plan.name for plan in plans if plan is not None), None)


def _rooms(
    console: AppContext, site: Site, people: list[PresentPerson]
) -> tuple[RoomPresence, ...]:
    """Return the site's zones, outer before inner; people of a removed zone are in the first."""
    own: dict[ZoneId, list[PresentPerson]] = defaultdict(list)
    for person in people:
        zone = person.zone if person.zone in site.zone else site.zones[0].id
        own[zone].append(person)
    counts = {zone: now.count for zone, now in console.picture.sites[site.id].zones.items()}
    more = {zone: max(0, count.people - count.known) for zone, count in counts.items()}
    return tuple(_room(site, zone, own, counts.get(zone.id), more) for zone in nested(site))


def _room(
    site: Site,
    zone: Zone,
    own: Mapping[ZoneId, list[PresentPerson]],
    count: OccupancyMessage | None,
    more: Mapping[ZoneId, int],
) -> RoomPresence:
    within = [each for each in site.zones if zone.id in each.lineage]
    people = [person for each in within for person in own.get(each.id, ())]
    inner = [each for each in within if each.ancestors[:1] == (zone.id,)]
    return RoomPresence(
        id=zone.id,
        name=zone.name,
        depth=len(zone.ancestors),
        people=tuple(own.get(zone.id, ())),
        known=sum(person.safe is None for person in people),
        count=count,
        unknown=max(0, more.get(zone.id, 0) - sum(more.get(each.id, 0) for each in inner)),
        expected=len(people),
        seen=sum(person.safe is not None for person in people),
    )


def nested(site: Site) -> list[Zone]:
    """Return the zones, each followed by those inside it, in the space file's order."""
    order = {zone.id: place for place, zone in enumerate(site.zones)}
    return sorted(site.zones, key=lambda zone: [order[each] for each in reversed(zone.lineage)])
