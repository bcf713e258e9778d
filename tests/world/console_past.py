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
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.core.events import DirectoryChanged
from gateway.core.facts import Decided
from gateway.core.model.directory import DirectoryChange, HolderId, Membership
from gateway.core.model.names import PlanId, SiteId
from tests.world.console import NOW, ConsolePlace
from tests.world.engine import SITE, Place, card, member
from tests.world.journal import journaled

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
        asyncio.run(journaled(folder / JOURNAL_FILE, self.morning.rows))
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
        for row in self.morning.rows:
            yield from ((row.n, fact) for fact in row.facts if isinstance(fact, Decided))
