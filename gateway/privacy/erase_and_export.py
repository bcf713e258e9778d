"""The export and the erasure of a member's data (GDPR, articles 15 and 17).

`seuil privacy` and the console call the same two functions. An export contains no badge number
(none is stored), no hash of one, and no other member; an erasure removes the member at once and
leaves it to the gateway to overwrite their pseudonym in its journal, within seconds if it runs.
"""

from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.store import FILE as CONSOLE_FILE
from gateway.adapters.accounts.store import AccountStore, StoreError
from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.audit import AuditLog
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryError, DirectoryStore, Member
from gateway.adapters.journal import queries
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import opened
from gateway.core.model.directory import HolderId
from gateway.privacy.erased import FOLDER as ERASED
from gateway.privacy.erased import remember

_NUMBER = frozenset({"hash", "holder", "pin", "duress_pin", "reader_hash"})


class Passage(Struct, frozen=True):
    """One event that the journal keeps of a member, with its consequences for them."""

    n: int
    site: str
    kind: str
    at: datetime
    event: dict[str, Any]
    facts: tuple[dict[str, Any], ...]


class Look(Struct, frozen=True):
    """One access to the member's data: a view of their log, an export or a change."""

    at: datetime
    by: str
    action: str
    why: str
    outcome: str


class Export(Struct, frozen=True):
    """All data that is kept about one member, at one moment."""

    at: datetime
    ref: str
    holder: str
    name: str
    email: str | None
    kind: str
    groups: tuple[str, ...]
    memberships: tuple[dict[str, Any], ...]
    trainings: tuple[dict[str, Any], ...]
    roles: tuple[dict[str, Any], ...]
    credentials: tuple[dict[str, Any], ...]
    usage: dict[str, tuple[dict[str, Any], ...]]
    """By site: days of use that quotas count."""
    inside: dict[str, dict[str, Any]]
    """By site: where they are now."""
    passages: tuple[Passage, ...]
    looks: tuple[Look, ...]

    def as_json(self) -> bytes:
        """Return JSON with line breaks, for machines (GDPR, article 20)."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


class Erased(Struct, frozen=True):
    """The data that an erasure removed at once, and the entries that the gateway now overwrites."""

    ref: str
    holder: str
    credentials: int
    memberships: int
    trainings: int
    looks: int
    """Entries of the audit log that no longer identify the member."""
    journal_rows: int
    inside: tuple[str, ...]
    """Sites where they were inside: they are removed from the count there."""


def export_member(data_dir: Path, who: str, now: datetime) -> Export | None:
    """Return all data about the member with this reference or pseudonym; None: there is none.

    It reads the whole journal, some seconds for a million rows: do not call it on an event loop.

    Raises:
        DirectoryError, HistoryError, AuditError: a file cannot be read.
    """
    member = _find(data_dir, who)
    if member is None:
        return None
    holder = member.holder
    usage, inside = _now(data_dir, holder.id)
    return Export(
        at=now,
        ref=member.ref,
        holder=holder.id,
        name=member.name,
        email=member.email,
        kind=holder.kind,
        groups=holder.groups,
        memberships=_plain(holder.memberships),
        trainings=_plain(holder.trainings),
        roles=_plain(holder.roles),
        credentials=tuple(
            structs.asdict(tag) | {key: value for key, value in each.items() if key not in _NUMBER}
            for (tag, _), each in zip(
                member.tagged, _plain(tuple(one for _, one in member.tagged)), strict=True
            )
        ),
        usage=usage,
        inside=inside,
        passages=tuple(_passages(data_dir, holder.id)),
        looks=_looks(data_dir, holder.id),
    )


def erase_member(data_dir: Path, who: str, now: datetime) -> Erased | None:
    """Erase the member with this reference or pseudonym; None: there is none (any more).

    Their name, badges and memberships are gone when this returns. The running gateway takes them
    out of force within a second and then overwrites their pseudonym; a stopped one does so at its
    next start.

    Raises:
        DirectoryError, HistoryError, AuditError: a file cannot be read or written.
    """
    member = _find(data_dir, who)
    if member is None:
        return None
    holder = member.holder.id
    remember(data_dir / ERASED, holder, now)  # first: a backup that is restored must know it
    rows = Counter(row.kind for row in _passages(data_dir, holder))
    _, inside = _now(data_dir, holder)
    looks = 0
    if (data_dir / AUDIT_FILE).exists():
        with closing(AuditLog(data_dir / AUDIT_FILE)) as log:
            looks = log.about_nobody(holder)
    _forget_account(data_dir, member.holder.id)
    with closing(DirectoryStore(data_dir / MEMBERS_FILE)) as store:
        if store.erase(holder) is None:
            return None  # another process was first
    return Erased(
        ref=member.ref,
        holder=holder,
        credentials=len(member.credentials),
        memberships=len(member.holder.memberships),
        trainings=len(member.holder.trainings),
        looks=looks,
        journal_rows=rows.total(),
        inside=tuple(sorted(inside)),
    )


def _forget_account(data_dir: Path, holder: HolderId) -> None:
    """Delete their login, passkeys, sessions and tokens at the console."""
    if not (data_dir / CONSOLE_FILE).exists():
        return
    try:
        with closing(AccountStore(data_dir / CONSOLE_FILE)) as store, store.change() as connection:
            accounts.forget(connection, holder)
    except StoreError as wrong:
        raise DirectoryError(str(wrong)) from wrong


def _find(data_dir: Path, who: str) -> Member | None:
    file = data_dir / MEMBERS_FILE
    if not file.exists():
        return None
    with closing(DirectoryStore(file)) as store:
        return store.find(who)


def _plain(values: tuple[Any, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(msgspec.to_builtins(value) for value in values)


def _passages(data_dir: Path, holder: str) -> list[Passage]:
    journal, after, found = data_dir / JOURNAL_FILE, 0, list[Passage]()
    if not journal.exists():
        return found
    with opened(journal) as connection:
        while True:
            part = queries.export_rows(connection, holder, after=after)
            found += [
                Passage(row.n, row.site, row.kind, row.at, row.event, row.facts)
                for row in part.rows
            ]
            if part.after is None:
                return found
            after = part.after


def _now(
    data_dir: Path, holder: str
) -> tuple[dict[str, tuple[dict[str, Any], ...]], dict[str, dict[str, Any]]]:
    """Return the use that quotas count, and the current position, by site."""
    usage: dict[str, tuple[dict[str, Any], ...]] = {}
    inside: dict[str, dict[str, Any]] = {}
    journal, states = data_dir / JOURNAL_FILE, queries.PastState()
    if not journal.exists():
        return usage, inside
    with opened(journal) as connection:
        for site in queries.sites(connection):
            now = states.at(connection, site)
            if now is None:
                continue
            if days := now.state.usage.get(holder):  # type: ignore[call-overload]
                usage[site] = _plain(days)
            if where := now.state.presence.get(holder):  # type: ignore[call-overload]
                inside[site] = msgspec.to_builtins(where)
    return usage, inside


def _looks(data_dir: Path, holder: str) -> tuple[Look, ...]:
    file, before, found = data_dir / AUDIT_FILE, None, list[Look]()
    if not file.exists():
        return ()
    with closing(AuditLog(file)) as log:
        while True:
            page = log.search(subject=holder, before=before, limit=queries.LIMIT_MAX)
            for line in page.lines:
                one = line.entry
                found.append(Look(one.at, one.by, one.action, one.detail, one.outcome))
            if page.before is None:
                return tuple(found)
            before = page.before
