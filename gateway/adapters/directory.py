"""The members on disk: who holds which badge and bought what, with names in one table only.

SQLite, beside the journal. `identity` is the only place that knows a name; everything else knows a
holder's pseudonym, which is derived from the member's reference under the service's key, so that
the same member is the same holder after every import. Each change is one transaction that also
counts `version` up; the service polls that number.
"""

import hmac
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
from immutables import Map
from msgspec import Struct

from gateway.core.directory import (
    Credential,
    CredentialHash,
    Directory,
    DirectoryChange,
    Holder,
    HolderId,
    Membership,
)
from gateway.core.site import PlanId, SiteId

FILE = "members.db"
_BUSY_S = 5.0
"""Seconds to wait for another process's import; its transaction takes far less."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (     -- the only place with names
    holder TEXT PRIMARY KEY,
    ref    TEXT NOT NULL UNIQUE,          -- the operator's own member number
    name   TEXT NOT NULL,
    email  TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holder (
    id   TEXT PRIMARY KEY,                -- pseudonym
    kind TEXT NOT NULL                    -- member | visitor
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS credential (
    hash   TEXT PRIMARY KEY,              -- keyed; the number itself is nowhere
    holder TEXT NOT NULL,
    status TEXT NOT NULL                  -- active | suspended | lost
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS credential_holder ON credential (holder);
CREATE TABLE IF NOT EXISTS membership (
    holder TEXT    NOT NULL,
    place  INTEGER NOT NULL,              -- order among the holder's memberships
    plan   TEXT    NOT NULL,
    sites  TEXT    NOT NULL,              -- JSON array; empty: every site
    starts INTEGER,                       -- microseconds since 1970 UTC, inclusive
    ends   INTEGER,                       -- exclusive
    status TEXT    NOT NULL,              -- active | suspended
    PRIMARY KEY (holder, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (        -- version; key_mark
    word  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO about VALUES ('version', '0');
"""


class Member(Struct, frozen=True):
    """A member or visitor with everything that is kept of them."""

    ref: str
    name: str
    holder: Holder
    email: str | None = None
    credentials: tuple[Credential, ...] = ()


class DirectoryError(Exception):
    """The members on disk cannot be used: the message says why."""


def credential_hash(key: bytes, canonical: str) -> CredentialHash:
    """A badge number's keyed hash: HMAC-SHA256 as hex. `canonical` is `sensors.badges`'s form."""
    return CredentialHash(hmac.digest(key, canonical.encode(), "sha256").hex())


def holder_of(key: bytes, ref: str) -> HolderId:
    """The pseudonym of a member, the same at each import."""
    return HolderId("h-" + hmac.digest(key, f"holder:{ref}".encode(), "sha256").hex()[:12])


def key_mark(key: bytes) -> str:
    """How a members' file remembers its key, without telling it."""
    return hmac.digest(key, b"mark", "sha256").hex()[:16]


def diff(old: Directory, new: Directory) -> DirectoryChange | None:
    """What turns `old` into `new`; None where they are equal."""
    change = DirectoryChange(
        holders=tuple(h for h in new.holders.values() if old.holders.get(h.id) != h),
        credentials=tuple(c for c in new.credentials.values() if old.credentials.get(c.hash) != c),
        removed_holders=tuple(id_ for id_ in old.holders if id_ not in new.holders),
        removed_credentials=tuple(h for h in old.credentials if h not in new.credentials),
    )
    return None if change == DirectoryChange() else change


class DirectoryStore:
    """The members' file. One caller at a time; any thread.

    Raises:
        DirectoryError: The file cannot be opened, or is not a members' file. So does each method
            that finds it locked, damaged or out of reach.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)  # names are for nobody else; -wal and -shm take the same mode
            self._db = sqlite3.connect(
                file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as wrong:
            raise DirectoryError(f"{file}: {wrong}") from wrong
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as wrong:
            self._db.close()
            raise DirectoryError(f"{file}: {wrong}") from wrong

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def version(self) -> int:
        """A number that grows with each change; some microseconds."""
        return int(self._about("version") or 0)

    def bind(self, key: bytes) -> None:
        """Make sure that the hashes on disk were made with `key`; the first key is remembered.

        Raises:
            DirectoryError: They were made with another one, so that no badge would be found.
        """
        mark = key_mark(key)
        known = self._about("key_mark")
        if known is None:
            with self._transaction("BEGIN IMMEDIATE"):
                self._db.execute("INSERT OR IGNORE INTO about VALUES ('key_mark', ?)", (mark,))
            known = self._about("key_mark")
        if known != mark:
            raise DirectoryError(
                "the members were imported with another credential key: restore the old key, or "
                f"remove {FILE} and import the members again"
            )

    def load(self) -> Directory:
        """Every holder and credential, as of one moment."""
        with self._transaction("BEGIN"):
            return Directory(
                holders=Map({holder.id: holder for holder in self._holders()}),
                credentials=Map({each.hash: each for each in self._credentials()}),
            )

    def members(self) -> tuple[Member, ...]:
        """Every member with their name, by reference."""
        with self._transaction("BEGIN"):
            holders = {holder.id: holder for holder in self._holders()}
            credentials: dict[HolderId, list[Credential]] = {}
            for credential in self._credentials():
                credentials.setdefault(credential.holder, []).append(credential)
            rows = self._db.execute("SELECT holder, ref, name, email FROM identity ORDER BY ref")
            return tuple(
                Member(ref, name, holders[id_], email, tuple(credentials.get(id_, ())))
                for id_, ref, name, email in rows
            )

    def holders_by_email(self) -> dict[str, HolderId]:
        """Whose e-mail address is whose, in lowercase; one that several share is nobody's."""
        found: dict[str, HolderId] = {}
        shared: set[str] = set()
        with self._transaction("BEGIN"):
            for holder, email in self._db.execute(
                "SELECT holder, email FROM identity WHERE email IS NOT NULL"
            ):
                address = str(email).strip().lower()
                if found.setdefault(address, holder) != holder:
                    shared.add(address)
        return {address: holder for address, holder in found.items() if address not in shared}

    def apply(self, members: Iterable[Member], removed: Iterable[HolderId] = ()) -> None:
        """Take holders out, then put members in (each replaces what was kept of them), as one step.

        Raises:
            DirectoryError: Nothing was changed, and why.
        """
        entering = tuple(members)
        leaving = {*removed, *(member.holder.id for member in entering)}
        with self._transaction("BEGIN IMMEDIATE"):
            self._remove(leaving)
            self._insert(entering)
            self._db.execute("UPDATE about SET value = value + 1 WHERE word = 'version'")

    @contextmanager
    def _transaction(self, begin: Literal["BEGIN", "BEGIN IMMEDIATE"]) -> Iterator[None]:
        try:
            self._db.execute(begin)
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as wrong:
            outcome = "nothing was changed: " if begin == "BEGIN IMMEDIATE" else ""
            raise DirectoryError(f"{self._file}: {outcome}{wrong}") from wrong
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _about(self, word: str) -> str | None:
        try:
            row = self._db.execute("SELECT value FROM about WHERE word = ?", (word,)).fetchone()
        except sqlite3.Error as wrong:
            raise DirectoryError(f"{self._file}: {wrong}") from wrong
        return None if row is None else str(row[0])

    def _holders(self) -> Iterator[Holder]:
        memberships: dict[HolderId, list[Membership]] = {}
        columns = "holder, plan, sites, starts, ends, status"
        for holder, plan, sites, starts, ends, status in self._db.execute(
            f"SELECT {columns} FROM membership ORDER BY holder, place"  # noqa: S608 - our own words
        ):
            membership = Membership(
                PlanId(plan),
                tuple(SiteId(site) for site in msgspec.json.decode(sites, type=tuple[str, ...])),
                _moment(starts),
                _moment(ends),
                status,
            )
            memberships.setdefault(holder, []).append(membership)
        for id_, kind in self._db.execute("SELECT id, kind FROM holder ORDER BY id"):
            yield Holder(id_, kind, tuple(memberships.get(id_, ())))

    def _credentials(self) -> Iterator[Credential]:
        for row in self._db.execute("SELECT hash, holder, status FROM credential ORDER BY hash"):
            yield Credential(*row)

    def _remove(self, holders: Iterable[HolderId]) -> None:
        ids = [(holder,) for holder in holders]
        self._db.executemany("DELETE FROM identity WHERE holder = ?", ids)
        self._db.executemany("DELETE FROM credential WHERE holder = ?", ids)
        self._db.executemany("DELETE FROM membership WHERE holder = ?", ids)
        self._db.executemany("DELETE FROM holder WHERE id = ?", ids)

    def _insert(self, members: Iterable[Member]) -> None:
        run = self._db.executemany
        run("INSERT INTO holder VALUES (?, ?)", ((m.holder.id, m.holder.kind) for m in members))
        run(
            "INSERT INTO identity VALUES (?, ?, ?, ?)",
            ((m.holder.id, m.ref, m.name, m.email) for m in members),
        )
        run(
            "INSERT INTO credential VALUES (?, ?, ?)",
            ((c.hash, c.holder, c.status) for m in members for c in m.credentials),
        )
        run(
            "INSERT INTO membership VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (m.holder.id, place, *_columns(membership))
                for m in members
                for place, membership in enumerate(m.holder.memberships)
            ),
        )


def _columns(membership: Membership) -> tuple[str, str, int | None, int | None, str]:
    return (
        membership.plan,
        msgspec.json.encode(membership.sites).decode(),
        _microseconds(membership.starts),
        _microseconds(membership.ends),
        membership.status,
    )


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + microseconds * _MICROSECOND
