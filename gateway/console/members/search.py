"""All members, kept in memory until a member changes: search and pages."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from gateway.adapters.directory import DirectoryStore, Member
from gateway.console.stores import Stores
from gateway.console.web.errors import Problem
from gateway.core.model.names import SiteId
from gateway.phrase import Phrase

PAGE: Final = 50
"""Members per page."""
PAGE_MAX: Final = 200


class _Entry(Struct, frozen=True):
    """A member, the text that is searched, and the member's sites (none: all)."""

    member: Member
    text: str
    sites: frozenset[SiteId]


class SearchResult(Struct, frozen=True):
    """A part of the members found: from `start` (0 is the first), of `total`."""

    members: tuple[Member, ...]
    start: int
    total: int


class Roster:
    """The members by name."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._kept: tuple[int, tuple[_Entry, ...]] = (-1, ())

    async def search(
        self,
        site: SiteId,
        words: str,
        start: int = 0,
        limit: int = PAGE,
        *,
        ref: str | None = None,
        email: str | None = None,
    ) -> SearchResult:
        """Return members of a site in whose name, reference or address each of the words occurs.

        `ref` and `email` select exactly, an address without regard to case.
        """
        wanted = folded(words).split()
        found = [
            entry.member
            for entry in await self._entries()
            if (not entry.sites or site in entry.sites)
            and all(w in entry.text for w in wanted)
            and ref in (None, entry.member.ref)
            and (email is None or email.casefold() == (entry.member.email or "").casefold())
        ]
        return SearchResult(tuple(found[start : start + limit]), start, len(found))

    async def member(self, site: SiteId, holder: str) -> Member:
        """Return a member of a site, by pseudonym.

        Raises:
            Problem: There is none.
        """
        for entry in await self._entries():
            if entry.member.holder.id == holder and (not entry.sites or site in entry.sites):
                return entry.member
        raise no_such_member()

    async def _entries(self) -> tuple[_Entry, ...]:
        def read(store: DirectoryStore) -> tuple[int, tuple[_Entry, ...]]:
            version = store.version()
            if version == self._kept[0]:
                return self._kept
            entries = (_entry(member) for member in store.members())
            return version, tuple(sorted(entries, key=lambda entry: entry.text))

        self._kept = await self._stores.members(read)
        return self._kept[1]


def no_such_member() -> Problem:
    """Return the problem for a member who does not exist, or whom the user may not know of."""
    title = Phrase("Unknown member")
    return Problem(404, "no-such-member", title)


def folded(text: str) -> str:
    """Return text as it is searched: without case and accents."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(each for each in parts if not unicodedata.combining(each)).casefold()


def is_of_site(member: Member, site: SiteId) -> bool:
    """Return whether a member is listed at a site."""
    sites = sites_of(member)
    return not sites or site in sites


def sites_of(member: Member) -> frozenset[SiteId]:
    """Return the sites that plans and roles name; none: a member of every site."""
    holder = member.holder
    limits: Iterable[tuple[SiteId, ...]] = [
        *(plan.sites for plan in holder.memberships),
        *(role.sites for role in holder.roles),
    ]
    found: set[SiteId] = set()
    for sites in limits:
        if not sites:
            return frozenset()
        found.update(sites)
    return frozenset(found)


def _entry(member: Member) -> _Entry:
    text = folded(" ".join(filter(None, (member.name, member.ref, member.email))))
    return _Entry(member, text, sites_of(member))
