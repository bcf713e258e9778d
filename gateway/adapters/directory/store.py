"""The members' store: reads everything as of one moment, and changes it in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from immutables import Map
from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Text,
    bindparam,
    cast,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from gateway.adapters.directory import rows
from gateway.adapters.directory.hashes import key_mark
from gateway.adapters.directory.member import DirectoryError, Member
from gateway.adapters.directory.tables import (
    ABOUT,
    CREDENTIAL,
    ERASURE,
    HOLDER,
    HOLDER_GROUP,
    IDENTITY,
    MEMBERSHIP,
    METADATA,
    REVISION,
    STAFF_ROLE,
    TRAINING,
)
from gateway.adapters.sql import sqlite
from gateway.adapters.sql.database import engine_of
from gateway.adapters.sql.migration import Migrations
from gateway.clock import Clock, SystemClock
from gateway.core.model.directory import Credential, Directory, HolderId

FILE: Final = "members.db"
MIGRATIONS: Final = Migrations(
    Path(__file__).with_name("migrations"),
    ("r1", "r2", "r3", REVISION),
    "members",
    DirectoryError,
    unversioned=tuple(METADATA.tables),  # the first release wrote no version
)
_CHANGED: Final = "nothing was changed: "
_VERSION: Final = "SELECT value FROM about WHERE word = 'version'"
_ONE_MORE: Final = (
    update(ABOUT)
    .where(ABOUT.c.word == "version")
    .values(value=cast(cast(ABOUT.c.value, BigInteger) + 1, Text))
)
_REMOVALS: Final = tuple(
    delete(column.table).where(column == bindparam("leaving"))
    for column in (
        HOLDER.c.id,
        *(
            table.c.holder
            for table in (IDENTITY, CREDENTIAL, MEMBERSHIP, TRAINING, STAFF_ROLE, HOLDER_GROUP)
        ),
    )
)

_COME_BACK: Final = delete(ERASURE).where(ERASURE.c.holder == bindparam("back"))


class DirectoryStore:
    """The members in a file, or in the database at a URL. One caller at a time; any thread.

    Raises:
        DirectoryError: The database cannot be opened, was made by a newer seuil, or has no members.
            Each method raises it, too, if the database is locked, damaged or unreachable.
    """

    def __init__(self, place: Path | URL, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._name = place.render_as_string() if isinstance(place, URL) else str(place)
        try:
            self._engine = engine_of(place)
        except (ImportError, SQLAlchemyError) as wrong:
            raise DirectoryError(f"{self._name}: {wrong}") from wrong
        self._writing = self._engine.execution_options(**{sqlite.WRITES: True})
        try:
            with self._told():
                if isinstance(place, Path):
                    sqlite.prepare(place)
                self._bring_up_to_date()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def version(self) -> int:
        """Return a number that grows with each change; fast, since it is polled each second."""
        with self._told():
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(_VERSION)
                row = cursor.fetchone()
            finally:
                connection.close()
        return 0 if row is None else int(row[0])

    def bind(self, key: bytes) -> None:
        """Check that the hashes on disk were made with `key`; remember the first key.

        Raises:
            DirectoryError: They were made with another key, so that no badge would be found.
        """
        mark = key_mark(key)
        with self._reading() as connection:
            known = _about(connection, "key_mark")
        if known is None:
            with self._changing() as connection:
                known = _about(connection, "key_mark")  # another process may have been first
                if known is None:
                    connection.execute(insert(ABOUT).values(word="key_mark", value=mark))
                    known = mark
        if known != mark:
            raise DirectoryError(
                f"{self._name}: the members were imported with another credential key, so no badge "
                "would be known: name theirs (SEUIL_CREDENTIAL_KEY, or SEUIL_SECRETS_DIR), or "
                "restore a backup; is this the installation that you mean (seuil --config FILE)?"
            )

    def has_key(self) -> bool:
        """Return whether the hashes on disk were made with some key."""
        with self._reading() as connection:
            return _about(connection, "key_mark") is not None

    def load(self) -> Directory:
        """Return every holder and credential, as of one moment."""
        with self._reading() as connection:
            return Directory(
                holders=Map({holder.id: holder for holder in rows.holders(connection)}),
                credentials=Map({each.hash: each for each in rows.credentials(connection)}),
            )

    def members(self) -> tuple[Member, ...]:
        """Return every member with their name, sorted by reference."""
        with self._reading() as connection:
            return _members(connection)

    def names(self) -> dict[HolderId, str]:
        """Return every member's name by pseudonym."""
        with self._reading() as connection:
            found = connection.execute(select(IDENTITY.c.holder, IDENTITY.c.name))
            return {HolderId(holder): name for holder, name in found}

    def holders_by_email(self) -> dict[str, HolderId]:
        """Return holders by lowercase e-mail address, without addresses that several share."""
        found: dict[str, HolderId] = {}
        shared: set[str] = set()
        addresses = select(IDENTITY.c.holder, IDENTITY.c.email).where(IDENTITY.c.email.is_not(None))
        with self._reading() as connection:
            for holder, email in connection.execute(addresses):
                address = email.strip().lower()
                if found.setdefault(address, HolderId(holder)) != holder:
                    shared.add(address)
        return {address: holder for address, holder in found.items() if address not in shared}

    def find(self, who: str) -> Member | None:
        """Return the member with this reference or pseudonym."""
        with self._reading() as connection:
            return _found(connection, who)

    def apply(
        self,
        members: Iterable[Member],
        removed: Iterable[HolderId] = (),
        *,
        since: int | None = None,
    ) -> None:
        """Remove holders, then store members (each replaces their old data), in one transaction.

        `since` is the version from which the members were computed: if it is given and another
        process has changed the members since then, nothing is overwritten.

        Raises:
            DirectoryError: Nothing was changed; the message says why.
        """
        entering = tuple(members)
        leaving = {*removed, *(member.holder.id for member in entering)}
        with self._changing() as connection:
            if since is not None and _about(connection, "version") != str(since):
                raise DirectoryError(
                    f"{self._name}: {_CHANGED}another command changed members meanwhile; run it "
                    "again"
                )
            kept = set(connection.scalars(select(HOLDER.c.id)))
            _replace(connection, leaving & kept, entering, self._clock.now())

    def revise(self, who: str, change: Callable[[Member], Member]) -> tuple[Member, Member] | None:
        """Change one member in one transaction; return them before and after, None if not found.

        An unchanged member is not written and does not count as a change.
        """
        with self._changing() as connection:
            before = _found(connection, who)
            if before is None:
                return None
            after = change(before)
            if after != before:
                _replace(connection, {before.holder.id}, (after,), self._clock.now())
                after = _found(connection, after.holder.id) or after  # new badges have their tags
            return before, after

    def erase(self, who: str) -> Member | None:
        """Remove a member and request that the gateway erase their pseudonym from the journal.

        Both are one transaction. Members whom they trained keep the training, without a trainer.
        Returns the member as they were; None if there is none (any more).
        """
        with self._changing() as connection:
            member = _found(connection, who)
            if member is None:
                return None
            id_ = member.holder.id
            connection.execute(
                update(TRAINING).where(TRAINING.c.given_by == id_).values(given_by=None)
            )
            known = connection.scalar(select(ERASURE.c.holder).where(ERASURE.c.holder == id_))
            if known is None:
                connection.execute(insert(ERASURE).values(holder=id_))
            _replace(connection, {id_}, (), self._clock.now())
        with self._told():
            sqlite.empty_wal(self._engine)
        return member

    def erasures(self) -> tuple[HolderId, ...]:
        """Return the pseudonyms that are still to be erased from the journal."""
        with self._reading() as connection:
            return tuple(HolderId(each) for each in connection.scalars(select(ERASURE.c.holder)))

    def erased(self, holder: HolderId) -> None:
        """Record that a pseudonym has been erased everywhere."""
        with self._changing() as connection:
            connection.execute(delete(ERASURE).where(ERASURE.c.holder == holder))
        with self._told():
            sqlite.empty_wal(self._engine)

    def _bring_up_to_date(self) -> None:
        with self._engine.connect() as connection:
            if self._asked(connection):
                return
        with self._writing.begin() as connection:
            MIGRATIONS.migrate(connection)  # nothing is left where another was first

    def _asked(self, connection: Connection) -> bool:
        try:
            return MIGRATIONS.is_current(connection)
        except DirectoryError as wrong:
            raise DirectoryError(f"{self._name} {wrong}") from None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with self._told(_CHANGED), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def _told(self, outcome: str = "") -> Iterator[None]:
        """Convert the database's errors to DirectoryError."""
        driver = self._engine.dialect.loaded_dbapi.Error
        try:
            yield
        except (OSError, SQLAlchemyError, driver) as wrong:
            # SQLite quotes text that it could not decode, which may be a name.
            reason = str(getattr(wrong, "orig", None) or wrong).partition(" with text ")[0]
            raise DirectoryError(f"{self._name}: {outcome}{reason}") from wrong
        except (TypeError, ValueError, OverflowError) as wrong:
            raise DirectoryError(f"{self._name}: {outcome}it is damaged: {wrong}") from wrong


def _about(connection: Connection, word: str) -> str | None:
    return connection.scalar(select(ABOUT.c.value).where(ABOUT.c.word == word))


def _members(connection: Connection, only: HolderId | None = None) -> tuple[Member, ...]:
    holders = {holder.id: holder for holder in rows.holders(connection, only)}
    credentials: dict[HolderId, list[Credential]] = {}
    for credential in rows.credentials(connection, only):
        credentials.setdefault(credential.holder, []).append(credential)
    tags = rows.tags(connection, only)
    query = select(IDENTITY.c.holder, IDENTITY.c.ref, IDENTITY.c.name, IDENTITY.c.email)
    if only is not None:
        query = query.where(IDENTITY.c.holder == only)
    return tuple(
        Member(
            ref,
            name,
            holders[id_],
            email,
            tuple(sorted(credentials.get(id_, ()), key=lambda one: tags[id_][one.hash].number)),
            tags.get(id_, {}),
        )
        for id_, ref, name, email in connection.execute(query.order_by(IDENTITY.c.ref))
    )


def _found(connection: Connection, who: str) -> Member | None:
    """Return a member by reference, or else by pseudonym."""
    query = select(IDENTITY.c.holder).where(or_(IDENTITY.c.ref == who, IDENTITY.c.holder == who))
    ids = connection.scalars(query.order_by(IDENTITY.c.ref != who)).all()
    return _members(connection, HolderId(ids[0]))[0] if ids else None


def _replace(
    connection: Connection,
    leaving: Iterable[HolderId],
    entering: tuple[Member, ...],
    now: datetime,
) -> None:
    tags = rows.tags(connection, entering[0].holder.id if len(entering) == 1 else None)
    entering = tuple(rows.tagged(each, tags.get(each.holder.id, {}), now) for each in entering)
    gone = [{"leaving": holder} for holder in leaving]
    if gone:
        for removal in _REMOVALS:
            connection.execute(removal, gone)
    if entering:  # a holder who is a member again must not be erased
        connection.execute(_COME_BACK, [{"back": member.holder.id} for member in entering])
    for table, new in rows.written(entering).items():
        connection.execute(insert(table), new)
    connection.execute(_ONE_MORE)
