"""The access log, filtered by time, place, decision and person, one page at a time.

The filter stands in the address, with a person as their pseudonym; names are looked up for those
who may see them, at the moment that a line is shown.
"""

import re
import unicodedata
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from msgspec import Struct, structs

from gateway.adapters.journal.queries import DecisionLine, DecisionQuery, Page, decisions
from gateway.console.context import AppContext
from gateway.console.web.errors import Problem
from gateway.console.web.labels import (
    as_typed,
    button_door,
    buttons_at,
    place_of,
    point_name,
    points_at,
    typed_moment,
    way_of,
)
from gateway.core.access.reasons import EXIT_BUTTON, REASONS
from gateway.core.model.directory import PSEUDONYM, HolderId
from gateway.core.model.names import AccessPointId, Text
from gateway.core.model.site import Site
from gateway.csv_injection import escape_formula
from gateway.phrase import Phrase
from gateway.translation import LOCALES, Lang, in_lang

LINES: Final = 50
"""Lines per page: three screens of a desk."""
CHOICES_MAX: Final = 20
"""The most people to choose from, when several share a name."""
EXPORT_PAGE: Final = 1000
"""Lines read at once for a file; the connection is closed between two pages."""
EXPORT_MAX: Final = 100_000
"""Lines of a file: what a spreadsheet still opens. For more, export shorter periods."""
Decision = Literal["granted", "denied"]
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
"""Within what SQLite counts to."""
_SHOWN: Final = 8
"""Characters shown of a pseudonym whose name has been erased."""


class Wanted(Struct, frozen=True):
    """A filter of decisions. `where` is an access point, or `door:` and a door's id."""

    since: datetime | None = None
    until: datetime | None = None
    where: str = ""
    decision: Decision | None = None
    reason: str = ""
    holder: str = ""
    before: int | None = None

    @property
    def narrows(self) -> bool:
        """Return whether the filter leaves anything out."""
        return structs.replace(self, before=None) != Wanted()

    def query(self, site: Site, limit: int = LINES) -> DecisionQuery:
        """Return the query to the journal.

        Raises:
            Problem: It names an access point that is not there.
        """
        return DecisionQuery(
            site.id,
            access_points=points_at(site, self.where),
            buttons=buttons_at(site, self.where),
            holder=self.holder or None,
            decision=self.decision,
            reason=self.reason or None,
            since=self.since,
            until=self.until,
            before=self.before,
            limit=limit,
        )

    def address(self, site: Site, before: int | None = None) -> str:
        """Return the filter as the query of an address."""
        parts = {
            "since": as_typed(self.since, site),
            "until": as_typed(self.until, site),
            "where": self.where,
            "decision": self.decision or "",
            "reason": self.reason,
            "who": self.holder,
            "before": str(before or ""),
        }
        return urlencode({key: value for key, value in parts.items() if value})


class PassageLine(Struct, frozen=True):
    """A decision, ready to show in one language."""

    id: str
    at: str
    time: str
    decision: str
    word: str
    place: str
    way: str
    reason: str
    who: str
    holder: str
    note: str
    href: str


_WORDS: Final = {
    "granted": Phrase("Granted"),
    "denied": Phrase("Refused"),
}
_UNDELIVERED: Final = Phrase("answer not delivered")
_NOBODY: Final = Phrase("unknown badge")


def read_wanted(site: Site, parts: Mapping[str, str], holder: str) -> Wanted:
    """Read the filter from a form or an address.

    Raises:
        Problem: A time cannot be read.
    """
    decision, reason, before = parts["decision"], parts["reason"], parts["before"]
    return Wanted(
        since=typed_moment(parts["since"], site),
        until=typed_moment(parts["until"], site),
        where=parts["where"],
        decision=decision if decision in get_args(Decision) else None,  # type: ignore[arg-type]
        reason=reason if reason in REASONS else "",
        holder=holder,
        before=int(before) if _NUMBER.fullmatch(before) else None,
    )


async def people_called(console: AppContext, who: str) -> list[tuple[HolderId, str]]:
    """Return the people with this pseudonym, name, part of a name, or reference."""
    names = await console.stores.names()
    if HolderId(who) in names or PSEUDONYM.fullmatch(who):
        return [(HolderId(who), names.get(HolderId(who), who))]
    wanted = _plain(who)
    same = [each for each in names.items() if _plain(each[1]) == wanted]
    alike = [each for each in names.items() if all(w in _plain(each[1]) for w in wanted.split())]
    found = same or sorted(alike, key=lambda each: _plain(each[1]))[: CHOICES_MAX + 1]
    if found:
        return found
    member = await console.stores.members(lambda store: store.find(who))
    return [(member.holder.id, member.name)] if member is not None else []


async def page_of(console: AppContext, site: Site, wanted: Wanted) -> Page[DecisionLine]:
    """Return a page of the log."""
    query = wanted.query(site)
    return await console.stores.past(lambda journal: decisions(journal, query))


def shown(
    lines: Sequence[DecisionLine], site: Site, names: Mapping[HolderId, str], lang: Lang
) -> list[PassageLine]:
    """Return lines with their texts and names."""
    return [_shown(line, site, names, lang) for line in lines]


def name_of(holder: str | None, names: Mapping[HolderId, str], lang: Lang) -> str:
    """Return the holder's name; a holder who was erased keeps a pseudonym."""
    if holder is None:
        return in_lang(_NOBODY, lang)
    known = names.get(HolderId(holder))
    return known if known is not None else f"{holder[:_SHOWN]}…"


def sentence(reason: str) -> str:
    """Return what the member reads; a reason of another release keeps its code."""
    told = REASONS.get(reason)
    return told.sentence if told is not None else reason


def short(reason: str) -> str:
    """Return what is wrong, without advice."""
    told = REASONS.get(reason)
    return told.text if told is not None else reason


def advice(reason: str) -> str:
    """Return what to do next; empty where there is nothing to do."""
    told = REASONS.get(reason)
    return (told.advice or "") if told is not None else ""


async def csv_lines(
    console: AppContext, site: Site, wanted: Wanted, lang: Lang
) -> AsyncIterator[list[str]]:
    """Yield the log as rows of text for a file, newest first; no cell is a formula."""
    yield list(COLUMNS)
    names, told = await console.stores.names(), 0
    zone = ZoneInfo(site.timezone)
    while told < EXPORT_MAX:
        query = wanted.query(site, EXPORT_PAGE)
        page = await console.stores.past(lambda journal, query=query: decisions(journal, query))  # type: ignore[misc]
        for line in page.lines:
            yield [escape_formula(cell) for cell in _cells(line, site, names, lang, zone)]
        told += len(page.lines)
        if page.before is None:
            return
        wanted = structs.replace(wanted, before=page.before)
    more = Phrase("truncated: choose a shorter period")
    yield [in_lang(more, lang)]


COLUMNS: Final = (
    "time", "number", "access_point", "place", "direction", "decision", "reason", "message",
    "holder", "name", "reader", "late",
)  # fmt: skip


def _cells(
    line: DecisionLine, site: Site, names: Mapping[HolderId, str], lang: Lang, zone: ZoneInfo
) -> tuple[str, ...]:
    place, way = _where(line, site)
    return (
        line.at.astimezone(zone).isoformat(timespec="seconds"),
        str(line.n),
        line.access_point or "",
        in_lang(place, lang) if way else "",
        way,
        line.decision,
        line.reason,
        in_lang(sentence(line.reason), lang),
        line.holder or "",
        names.get(HolderId(line.holder), "") if line.holder else "",
        line.device,
        "yes" if line.late else "",
    )


def _shown(
    line: DecisionLine, site: Site, names: Mapping[HolderId, str], lang: Lang
) -> PassageLine:
    place, way = _where(line, site)
    local = line.at.astimezone(ZoneInfo(site.timezone))
    return PassageLine(
        id=str(line.n),
        at=line.at.isoformat(),
        time=format_datetime(local, "d MMM, HH:mm:ss", locale=LOCALES[lang]),
        decision=line.decision,
        word=in_lang(_WORDS.get(line.decision, line.decision), lang),
        place=in_lang(place, lang) or line.device,
        way=in_lang(way_of(way), lang) if way else "",
        reason=in_lang(short(line.reason), lang),
        who="" if line.reason == EXIT_BUTTON else name_of(line.holder, names, lang),
        holder=line.holder or "",
        note=in_lang(_UNDELIVERED, lang) if line.handover == "undelivered" else "",
        href=f"/sites/{site.id}/log/{line.n}",
    )


def _where(line: DecisionLine, site: Site) -> tuple[Text | str, str]:
    """Return the place and the direction; an exit button's is out, an unknown place has none."""
    point = site.access_point.get(AccessPointId(line.access_point or ""))
    if point is not None:
        return place_of(site, point), point.direction
    door = button_door(site, line.reason, line.device)
    return (door.name, "exit") if door else (point_name(site, line.access_point), "")


def _plain(name: str) -> str:
    """Return a name without accents and capitals, as it is typed in a hurry."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold().strip()


def no_such_decision() -> Problem:
    """Return the problem for a number that is no decision of this site."""
    return Problem(
        404,
        "no-such-decision",
        Phrase("Passage not found"),
        Phrase("It belongs to another site, or has been deleted after its retention period."),
    )
