"""A console over a journal in which something happened, and members with names, some of them evil.

past = ConsolePast(folder)   # ada and bob came in, a stranger was refused, eve's badge was late
past.sits(seat("operator"))
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from msgspec import structs

from gateway.adapters.directory import FILE, DirectoryStore, Member
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.rows import EventRow, decision_row, event_row, minute_row
from gateway.adapters.journal.writer import Batch
from gateway.core.engine import step
from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.facts import Decided, OccupancyMinute
from gateway.core.model.directory import DirectoryChange, HolderId, Membership
from gateway.core.model.names import PlanId, SiteId
from gateway.core.state import State
from tests.world.console import NOW, ConsolePlace
from tests.world.engine import SITE, Place, card, member

HOSTILE: Final = "<img src=x onerror=document.title='owned'>"
FORMULA: Final = '=HYPERLINK("http://evil.example","pay")'
NAMES: Final = {
    "ada": "Ada Lovelace",
    "bob": HOSTILE,
    "cyd": FORMULA,
    "dan": "Ada Byron",
    "eve": "Ève Lefèvre",
    "fay": "Fay Ended",
}
"""Everybody by pseudonym. Fay's membership has ended; Gus is one whom the journal does not know."""
ELSEWHERE: Final = SiteId("elsewhere")
"""A second site of the console, at which nothing happened."""
BEGAN: Final = NOW - timedelta(hours=3)
"""Seven in the morning in Paris, a Sunday."""


def a_morning() -> Place:
    """What happened: rows 1 to 3 are the site and its members."""
    place = Place(now=BEGAN)
    ended = Membership(PlanId("full"), ends=BEGAN - timedelta(days=1))
    place.tell(DirectoryChanged(DirectoryChange(holders=(member("fay", ended),))))
    place.enter("ada", "bob")
    place.after(60)
    place.badge("front-in", "fay")
    place.badge("front-in", "stranger")
    place.after(60)
    place.badge("front-in", "cyd")
    place.badge("front-out", "ada")
    place.badge("front-in", "eve", age_s=30)
    for _ in range(90):
        place.after(60)
    return place


class ConsolePast(ConsolePlace):
    """The console of that morning, two hours later."""

    def __init__(self, folder: Path, morning: Place | None = None) -> None:
        super().__init__(folder, (SITE, structs.replace(SITE, id=ELSEWHERE)))
        self.morning = morning or a_morning()
        self.rows = rows_of(self.morning)
        asyncio.run(stored(folder / JOURNAL_FILE, self.rows))
        store = DirectoryStore(folder / FILE)
        holders = self.morning.state.directory.holders
        store.apply([Member("M-new", "Gus Newly", member("gus"), credentials=(card("gus"),))])
        store.apply(
            Member(
                ref=f"M-{id_}", name=name, holder=holders[HolderId(id_)], credentials=(card(id_),)
            )
            for id_, name in NAMES.items()
        )
        store.close()

    def number(self, reason: str) -> int:
        """The newest decision with this reason."""
        return max(n for n, decided in self._decided() if decided.reason == reason)

    def _decided(self) -> Iterator[tuple[int, Decided]]:
        for row in self.rows:
            yield from ((row.n, fact) for fact in row.facts if isinstance(fact, Decided))


async def stored(path: Path, rows: list[EventRow]) -> None:
    """Put rows into a journal, as the service does."""
    batch = Batch(events=rows)
    for row in rows:
        for fact in row.facts:
            if isinstance(fact, Decided):
                batch.decisions.append(decision_row(row, fact))
            if isinstance(fact, OccupancyMinute):
                batch.minutes.append(minute_row(row.site, fact))
    journal = Journal(path)
    await journal.open()
    await journal.commit(batch)
    await journal.close()


def rows_of(place: Place) -> list[EventRow]:
    """What was told of a place, as its journal's rows."""
    return list(_rows(place))


def _rows(place: Place) -> Iterator[EventRow]:
    site, state = place.site, State()
    for n, (event, now) in enumerate(place.told, start=1):
        site = event.site if isinstance(event, SpaceChanged) else site
        after = step(site, state, event, now)
        state = after.state
        yield event_row(n, site.id, event, after.facts, now)
