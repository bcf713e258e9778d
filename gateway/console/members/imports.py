"""The import of members, first as a preview, then applied: exactly what was shown, or nothing.

The file itself is deleted once it is read: what is kept for a quarter of an hour is its changes, in
which there is no badge number. A file with open questions waits for their answers in memory. The
changes are applied only to the members from which they were computed.
"""

import asyncio
import secrets
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from gateway.adapters.audit import Note
from gateway.adapters.directory import DirectoryStore, Member
from gateway.config import ConfigError, known_credential_key
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.members.authorised_change import (
    check_staff,
    entry_of,
    keep_administrators,
    may_at,
    write,
)
from gateway.console.web.errors import Problem
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.members.diff import MembersDiff, change_of
from gateway.members.importer import all_faults, read_members
from gateway.members.known import ReferenceData, known_of
from gateway.members.questions import FILE, Answers, joined_answers, keep_answers, read_answers
from gateway.members.sheet_lines import LineFault
from gateway.members.together import Members
from gateway.phrase import Phrase

FILE_MAX: Final = 10 << 20
"""Bytes: 50,000 members."""
KEPT_FOR: Final = timedelta(minutes=15)
PREVIEWS_MAX: Final = 4
"""Each holds its members twice: 5,000 take some 20 MB."""
_CHUNK: Final = 1 << 16


class Preview(Struct, frozen=True, eq=False):
    """A file's changes to the members as of `version`, or what it leaves open."""

    id: str
    site: SiteId
    by: str
    until: datetime
    version: int
    prune: bool
    change: MembersDiff
    faults: tuple[LineFault, ...]
    read: Members
    answers: Answers
    """All answers that the file was read with; an import that is applied keeps them."""
    content: bytes = b""
    """The file, only while it has questions."""


class Imports:
    """Previews that can still be applied."""

    def __init__(self, console: AppContext) -> None:
        self._console = console
        self._known: dict[str, Preview] = {}
        self._one = asyncio.Semaphore(1)

    async def preview(
        self, seat: Principal, site: Site, file: IO[bytes], *, prune: bool
    ) -> Preview:
        """Return what importing the file would change.

        Raises:
            Problem: It cannot be read, or the seat may not import.
        """
        if not may_at(self._console, seat, ()):
            raise _for_all_sites()
        try:
            kept = await asyncio.to_thread(read_answers, self._console.settings.data_dir / FILE)
        except ConfigError as wrong:
            title = Phrase("The remembered answers of earlier lists cannot be read")
            raise Problem(503, "no-answers", title, str(wrong)) from wrong
        return await self._preview(seat, site, file, kept, prune=prune)

    async def answer(self, seat: Principal, site: Site, id_: str, given: Sequence[str]) -> Preview:
        """Read a file again with answers to its questions, in their order.

        Raises:
            Problem: There is no such preview, or an answer is none of its choices.
        """
        asked = self.get(seat, site.id, id_)
        questions = asked.read.questions
        if len(given) != len(questions) or any(
            value not in {choice.value for choice in question.choices}
            for value, question in zip(given, questions, strict=False)
        ):
            title = Phrase("An answer is none of the choices")
            raise Problem(422, "no-such-answer", title, Phrase("Upload the file again."))
        answers = asked.answers
        for value, question in zip(given, questions, strict=True):
            answers = joined_answers(answers, {question.group: {question.key: value}})
        content = BytesIO(asked.content)
        made = await self._preview(seat, site, content, answers, prune=asked.prune)
        self._known.pop(id_, None)
        return made

    async def _preview(
        self, seat: Principal, site: Site, file: IO[bytes], answers: Answers, *, prune: bool
    ) -> Preview:
        known = known_here(self._console, site)
        async with self._one:
            path = await asyncio.to_thread(_kept, file)
            try:
                read = await asyncio.to_thread(read_members, path, known, answers=answers)
                content = await asyncio.to_thread(path.read_bytes) if read.questions else b""
            finally:
                path.unlink(missing_ok=True)
            version, members = await self._console.stores.members(_everybody)
            change = await asyncio.to_thread(lambda: change_of(members, read, prune=prune))
        self._make_room()
        preview = Preview(
            id=secrets.token_urlsafe(12),
            site=site.id,
            by=seat.holder.id,
            until=self._console.clock.now() + KEPT_FOR,
            version=version,
            prune=prune,
            change=change,
            faults=all_faults(read, change),
            read=structs.replace(read, members={}),
            answers=joined_answers(answers, {"file": read.chosen} if read.chosen else {}),
            content=content,
        )
        self._known[preview.id] = preview
        return preview

    def get(self, seat: Principal, site: SiteId, id_: str) -> Preview:
        """Return a preview of the seat's own.

        Raises:
            Problem: There is none (any more).
        """
        self._forget_old()
        found = self._known.get(id_)
        if found is None or (found.site, found.by) != (site, seat.holder.id):
            title = Phrase("This preview has expired")
            again = Phrase("Upload the file again.")
            raise Problem(404, "no-such-preview", title, again)
        return found

    async def apply(self, seat: Principal, site: Site, id_: str) -> Preview:
        """Apply what was shown, once.

        Raises:
            Problem: Nothing was written, and why.
        """
        preview = self.get(seat, site.id, id_)
        if not may_at(self._console, seat, ()):
            raise _for_all_sites()
        if preview.faults or preview.read.questions:
            title = Phrase("The file has errors")
            mend = Phrase("Fix them and upload it again.")
            raise Problem(409, "file-has-faults", title, mend)
        change = preview.change

        def work(store: DirectoryStore, _note: Note) -> None:
            for member in (*(old for old, _ in change.changed), *change.removed):
                check_staff(self._console, seat, member)
            if change.entering or change.leaving:
                keep_administrators(self._console, store, change.leaving, change.entering)
                write(store, change.entering, change.leaving, preview.version)

        counts = f"{len(change.added)} added, {len(change.changed)} changed"
        detail = f"{counts}, {len(change.removed)} removed"
        entry = entry_of(self._console, seat, site.id, "import", detail=detail)
        await self._console.stores.change_members(entry, work)
        if preview.answers:
            folder = self._console.settings.data_dir
            await asyncio.to_thread(keep_answers, folder, preview.answers)
        self._known.pop(id_, None)
        return preview

    def _forget_old(self) -> None:
        now = self._console.clock.now()
        self._known = {key: one for key, one in self._known.items() if one.until > now}

    def _make_room(self) -> None:
        self._forget_old()
        while len(self._known) >= PREVIEWS_MAX:
            del self._known[min(self._known, key=lambda key: self._known[key].until)]


def known_here(console: AppContext, site: Site) -> ReferenceData:
    """Return the data against which cells are checked: all sites' plans, this one's clocks.

    Raises:
        Problem: There is no key yet.
    """
    key = known_credential_key(console.settings)
    if key is None:
        title = Phrase("The gateway has not started yet")
        right = Phrase("Run `seuil run` once.")
        raise Problem(503, "no-key", title, right)
    return known_of(key, ZoneInfo(site.timezone), tuple(console.sites.values()))


def _everybody(store: DirectoryStore) -> tuple[int, tuple[Member, ...]]:
    return store.version(), store.members()


def _kept(file: IO[bytes]) -> Path:
    """Store the upload as a file that only we may read, and return its path.

    Raises:
        Problem: It is too large.
    """
    with tempfile.NamedTemporaryFile(prefix="seuil-", delete=False) as kept:
        path, size = Path(kept.name), 0
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > FILE_MAX:
                path.unlink()
                raise too_large()
            kept.write(chunk)
    return path


def too_large() -> Problem:
    """Return the problem for a file that is no list of members."""
    title = Phrase("The file is too large")
    return Problem(413, "too-large", title, Phrase("Up to 10 MB."))


def _for_all_sites() -> Problem:
    return Problem(
        403,
        "other-sites-too",
        Phrase("This list covers all sites"),
        Phrase("Only an administrator of all sites can import it."),
    )
