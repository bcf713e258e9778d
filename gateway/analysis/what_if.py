"""The what-if analysis: past decisions judged again by another space file.

People and doors move as they really did: the state follows the site as it was in force. Only each
credential event is put to the new site as well. So the answer is "this person, at this moment, in
this room as it was", and not a guess at people's later behaviour.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from immutables import Map
from msgspec import Struct, structs

from gateway.adapters.journal.reader import JournalFile, ToldEvent
from gateway.core.access.request import asked
from gateway.core.access.rules import decide
from gateway.core.engine import step
from gateway.core.events import Reported, SpaceChanged
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.occupancy import occupancy, presence
from gateway.core.readings import CredentialPresented
from gateway.core.state import State

TELLING_PERCENT: Final = 5
TELLING_S: Final = 2.0
"""A trial has a reliable pace after this share and this many seconds."""


class Reached(Struct, frozen=True):
    """The progress of a trial: `done` of `of` rows, after so many seconds."""

    done: int
    of: int
    seconds: float

    @property
    def percent(self) -> int:
        """In whole percent."""
        return min(100, self.done * 100 // max(1, self.of))

    @property
    def left_s(self) -> int | None:
        """The remaining seconds at this pace; None: not known yet."""
        if self.percent < TELLING_PERCENT or self.seconds < TELLING_S:
            return None
        return round(self.seconds * max(0, self.of - self.done) / self.done)


class ReevaluatedDecision(Struct, frozen=True):
    """One decision, as it was and as it would be."""

    n: int
    site: SiteId
    at: datetime
    reader: str
    access_point: str | None
    holder: str | None
    was: str
    was_reason: str
    would_be: str
    reason: str

    @property
    def differs(self) -> bool:
        """True if the door would have acted differently, or given another reason."""
        return (self.was, self.was_reason) != (self.would_be, self.reason)


def what_if(
    file: JournalFile,
    new: Site,
    since: datetime,
    until: datetime,
    on_row: Callable[[int], None] = lambda _n: None,
) -> Iterator[ReevaluatedDecision]:
    """Judge each decision that we made for a site between `since` and `until` again.

    What a cut-off reader decided alone is left out. `on_row` hears each row's number.

    Raises:
        ValueError: the journal's first row of the site does not say what the site is.
    """
    start = _start(file, new.id, since)
    site, state = start.site, start.state
    view: _View | None = None
    for told in file.told_after(start.n, new.id):
        if told.received >= until:
            return
        on_row(told.n)
        event = told.event
        if isinstance(event, SpaceChanged):
            site, view = event.site, None
        if site is None:
            raise ValueError(f"row {told.n} of {new.id} comes before its space file")
        if told.received >= since and _is_ours(told):
            view = view or _View(site, new)
            yield _judged(told, new, view.of(state, told.received))
        state = step(site, state, event, told.received).state


def speaks_since(file: JournalFile, site: SiteId, since: datetime) -> datetime | None:
    """Return the start of the available answers, if later than `since`: earlier rows were purged.

    None: the whole requested time can be judged.
    """
    if file.snapshot_before(site, since) is not None:
        return None
    begins = file.begins(site)
    if begins is None:
        return file.purged().received
    return file.received_at(begins) if begins else None


def rows_of(file: JournalFile, site: SiteId, since: datetime) -> range:
    """Return the numbers of the rows to read, including those of other sites."""
    before = _before(file, site, since)
    last = file.last_n()
    return range(last if before is None else before, last)


class _Start(Struct, frozen=True):
    n: int
    site: Site | None
    state: State


def _start(file: JournalFile, site: SiteId, since: datetime) -> _Start:
    """Return the last snapshot before `since`, or the beginning of the remaining journal."""
    before = _before(file, site, since)
    if not before:  # None: the site was purged, and nothing of it can be judged
        return _Start(file.last_n() if before is None else 0, None, State())
    restored = file.restore(site, before)
    return _Start(restored.n, file.space_in_force(site, restored.n), restored.state)


def _before(file: JournalFile, site: SiteId, since: datetime) -> int | None:
    return file.snapshot_before(site, since) or file.begins(site)


def _is_ours(told: ToldEvent) -> bool:
    event = told.event
    return (
        told.decision is not None
        and isinstance(event, Reported)
        and isinstance(event.reading, CredentialPresented)
        and event.reading.decided is None
    )


def _judged(told: ToldEvent, new: Site, state: State) -> ReevaluatedDecision:
    assert isinstance(told.event, Reported)  # noqa: S101 - see _is_ours
    question = asked(new, state, told.event, told.received)
    ruling = decide(question)
    return ReevaluatedDecision(
        n=told.n,
        site=new.id,
        at=told.event.at,
        reader=told.event.device,
        access_point=question.point.id if question.point else None,
        holder=question.holder.id if question.holder else None,
        was=told.decision or "",
        was_reason=told.reason or "",
        would_be="granted" if ruling.granted else "denied",
        reason=ruling.reason,
    )


class _View:
    """The old site's state as the new site sees it: its own zones, with the people as they were.

    If the zones are the same, it is the state itself.
    """

    def __init__(self, old: Site, new: Site) -> None:
        self._new = new
        self._same = {zone.id: zone.ancestors for zone in old.zones} == {
            zone.id: zone.ancestors for zone in new.zones
        }

    def of(self, state: State, now: datetime) -> State:
        if self._same:
            return state
        zone = self._new.zone
        still = {who: entry for who, entry in state.presence.items() if entry.zone in zone}
        inside = presence.inside(self._new, still.values())
        zones = {id_: occupancy.opened(inside[id_], now) for id_ in zone}
        return structs.replace(state, presence=Map(still), zones=Map(zones))
