"""The audit as people read it: who did what, why, and with which outcome, in words and names.

Its lines are the gateway's requests from the journal and the console's own log, in one list
(`gateway.adapters.audit.merged`). Filters search them, newest first, and stop after `LOOKED_MAX`
lines with what they have found: the page then offers to continue.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from gateway.adapters.audit import Merged, MergedCursor, merged
from gateway.console.audit.texts import ACTIONS, ERASED, OUTCOMES, noted
from gateway.console.context import AppContext
from gateway.console.feed.page_snapshot import subject_name
from gateway.console.muster.presence_list import names_or_none
from gateway.core.model.directory import HolderId
from gateway.core.model.names import Text
from gateway.core.model.site import Site
from gateway.phrase import Phrase, joined
from gateway.wire.alarm_texts import alarm_words
from gateway.wire.texts import REFUSALS

LOOKED_MAX: Final = 5000
"""Lines that one page searches: a fraction of a second."""
CHUNK: Final = 250
_PLACE: Final = re.compile(r"c(\d{1,18})?g(\d{1,18})?")

LOOKED_AT: Final[Mapping[str, Phrase]] = {
    "here": Phrase("who is here"),
    "log": Phrase("passages"),
    "doors": Phrase("last passages at the doors"),
    "evacuation-list": Phrase("evacuation list"),
    "audit": Phrase("audit"),
    "what-if": Phrase("rules test"),
}
"""Screens whose viewing is recorded, where it concerns nobody in particular."""


class AuditQuery(Struct, frozen=True):
    """A filter of the audit's lines: `since` inclusive, `until` exclusive; None: any."""

    by: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, line: Merged) -> bool:
        """Return whether a line passes the filter (`since` is applied by the list itself)."""
        return (
            self.by in (None, line.by)
            and self.action in (None, line.action)
            and (self.until is None or line.at < self.until)
        )


class AuditRow(Struct, frozen=True):
    """One line with its names. `about` is the object or person; `outcome` None: it was done.

    `why` is the reason as it is stored, `reason` as it is shown.
    """

    at: datetime
    source: str
    by: str
    who: str
    action: str
    word: str
    about: Text | str
    why: str
    reason: str
    outcome: str | None
    refusal: Text | str | None


class AuditPage(Struct, frozen=True):
    """Lines, newest first, and the place of the next page; None: there are no more."""

    lines: tuple[AuditRow, ...]
    following: str | None


async def audited(
    console: AppContext, site: Site, query: AuditQuery, place: str | None = None, limit: int = 50
) -> AuditPage:
    """Return a page of the audit.

    Raises:
        Problem: A file cannot be read.
    """
    found: list[Merged] = []
    at, looked = _place_of(place), 0
    while len(found) < limit and looked < LOOKED_MAX:
        lines, following = await _some(console, site, query, at)
        looked += len(lines)
        wanted = [n for n, line in enumerate(lines, start=1) if query.matches(line)]
        taken = wanted[: limit - len(found)]
        found += [lines[n - 1] for n in taken]
        is_full = len(found) == limit and taken[-1] < len(lines)
        at = _behind(at, lines[: taken[-1]]) if is_full else following
        if at is None:
            break
    names, _ = await names_or_none(console)
    lines_read = tuple(_line(site, names, each) for each in found)
    return AuditPage(lines_read, _as_text(at) if at is not None else None)


async def _some(
    console: AppContext, site: Site, query: AuditQuery, place: MergedCursor | None
) -> tuple[tuple[Merged, ...], MergedCursor | None]:
    """Return the next lines of the merged list, unfiltered."""
    return await console.stores.audit_and_past(
        lambda log, journal: merged(
            log, journal, site.id, since=query.since, place=place, limit=CHUNK
        )
    )


def _behind(place: MergedCursor | None, lines: tuple[Merged, ...]) -> MergedCursor:
    """Return the place after these lines, which began at `place`."""
    ends = place or MergedCursor()
    console = min((one.n for one in lines if one.source == "console"), default=ends.console)
    gateway = min((one.n for one in lines if one.source == "gateway"), default=ends.gateway)
    return MergedCursor(console, gateway)


def _place_of(text: str | None) -> MergedCursor | None:
    """Return a place as it stands in an address; anything else is the beginning."""
    found = _PLACE.fullmatch(text or "")
    if found is None:
        return None
    console, gateway = (int(part) if part else None for part in found.groups())
    return MergedCursor(console, gateway)


def _as_text(place: MergedCursor) -> str:
    console, gateway = ("" if n is None else n for n in (place.console, place.gateway))
    return f"c{console}g{gateway}"


def _line(site: Site, names: Mapping[HolderId, str], line: Merged) -> AuditRow:
    done = line.outcome == "done"
    why = "" if line.detail in LOOKED_AT else line.detail
    return AuditRow(
        at=line.at,
        source=line.source,
        by=line.by,
        who=names.get(HolderId(line.by), line.by),
        action=line.action,
        word=ACTIONS.get(line.action, line.action),
        about=_about(site, names, line),
        why=why,
        reason=noted(line.action, why),
        outcome=None if done else line.outcome,
        refusal=None if done else _REFUSED.get(line.outcome, line.outcome),
    )


def _about(site: Site, names: Mapping[HolderId, str], line: Merged) -> Text | str:
    """Return the object of the action, in words."""
    order = line.order
    about: Text | str
    match line.action:
        case "mode":
            about = _MODES.get(order.get("mode", ""), "")
        case "open":
            about = site.name_of(order.get("door", ""))
        case "power-off":
            about = site.name_of(order.get("machine", ""))
        case "reset":
            device = order.get("device", "")
            about = device
        case "people" | "vacant":
            name, people = site.name_of(order.get("zone", "")), order.get("people")
            about = name if people is None else joined([name, people], " · ")
        case "service":
            about = _service(order.get("access_point", ""), is_on=order.get("in_service", True))
        case "acknowledge":
            kind, object_ = order.get("kind", ""), order.get("object", "")
            about = joined([alarm_words(kind).word, subject_name(site, kind, object_)], " · ")
        case _:
            about = _whom(names, line)
    return about


def _service(point: str, *, is_on: bool) -> Text | str:
    if is_on:
        return Phrase("%(point)s: in service", point=point)
    return Phrase("%(point)s: out of service", point=point)


def _whom(names: Mapping[HolderId, str], line: Merged) -> Text | str:
    """Return whose data or mark it was; for a look at nobody in particular, the screen."""
    if line.subject is None:
        return LOOKED_AT.get(line.detail, "")
    if line.subject == "nobody":  # an erasure does not record the erased name
        return ERASED
    who = names.get(HolderId(line.subject), line.subject)
    if line.action == "muster" and line.order.get("seen") is False:
        return Phrase("%(who)s: mark removed", who=who)
    return who


_REFUSED: Final[dict[str, Text | str]] = {**REFUSALS, **OUTCOMES}
_MODES: Final = {
    "normal": Phrase("normal"),
    "lockdown": Phrase("lockdown"),
    "evacuation": Phrase("evacuation"),
}
