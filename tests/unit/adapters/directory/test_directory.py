"""The members on disk."""

import hmac
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from msgspec import structs
from sqlalchemy import event, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from gateway.adapters.directory import (
    DirectoryError,
    DirectoryStore,
    Member,
    Tag,
    credential_hash,
    diff,
    holder_of,
    pin_hash,
    reader_hash,
    reader_key,
)
from gateway.adapters.directory.store import MIGRATIONS
from gateway.adapters.directory.tables import METADATA, REVISION
from gateway.adapters.sql import sqlite
from gateway.clock import ManualClock
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Directory,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
    changed,
)
from gateway.core.model.names import GroupId, PlanId, RoleId, SiteId, TrainingId
from gateway.members.edit import labelled, with_badge

KEY = b"k" * 32
POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]
FIRST_RELEASE = """
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
"""The SQL that the first release (0.1.0) made its file with, word for word."""


def member(ref: str, *badges: str, plans: tuple[str, ...] = ("p",), name: str = "N") -> Member:
    """A member with these badges and plans."""
    holder = holder_of(KEY, ref)
    memberships = tuple(
        Membership(
            PlanId(plan),
            (SiteId("s"),),
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2027, 1, 1, 12, 30, 15, 123456, tzinfo=UTC),
            "suspended",
        )
        for plan in plans
    )
    hashes = sorted(credential_hash(KEY, badge) for badge in badges)
    credentials = tuple(Credential(each, holder) for each in hashes)
    return Member(ref, name, Holder(holder, "visitor", memberships), "n@example.org", credentials)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DirectoryStore]:
    """An empty store."""
    opened = DirectoryStore(tmp_path / "members.db")
    yield opened
    opened.close()


def test_a_credential_hash_is_hmac_sha256() -> None:
    """RFC 4231, test case 2."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert credential_hash(b"Jefe", "what do ya want for nothing?") == expected


def test_a_pseudonym_is_stable_and_keyed() -> None:
    """The same member is the same holder at each import, and nobody else's under another key."""
    assert holder_of(KEY, "M-1") == holder_of(KEY, "M-1")
    assert holder_of(KEY, "M-1") != holder_of(b"x" * 32, "M-1")
    assert len(holder_of(KEY, "M-1")) == len("h-") + 12


def bare(member: Member) -> Member:
    """As it was before the store gave it its badges' numbers."""
    return structs.replace(member, tags={})


def test_what_is_written_is_read_again(store: DirectoryStore) -> None:
    """Members come back equal, with names; the directory has none."""
    ada, bob = member("a", "01", "02", plans=("p", "q"), name="Ada"), member("b", plans=())
    store.apply([ada, bob])
    assert tuple(bare(each) for each in store.members()) == (ada, bob)
    assert store.names() == {ada.holder.id: "Ada", bob.holder.id: "N"}
    directory = store.load()
    assert dict(directory.holders) == {m.holder.id: m.holder for m in (ada, bob)}
    assert set(directory.credentials.values()) == set(ada.credentials)
    assert "Ada" not in repr(directory)


def test_addresses_lead_to_holders(store: DirectoryStore) -> None:
    """In lowercase; one that two members share is nobody's, and no address is none."""
    members = {
        ref: structs.replace(member(ref), email=email)
        for ref, email in (("a", " Ada@X.fr"), ("b", "both@x.fr"), ("c", "BOTH@x.fr"), ("d", None))
    }
    store.apply(members.values())
    assert store.holders_by_email() == {"ada@x.fr": members["a"].holder.id}


def test_each_change_counts_the_version_up(store: DirectoryStore, tmp_path: Path) -> None:
    """Another connection, such as the service's, sees the number grow."""
    other = DirectoryStore(tmp_path / "members.db")
    assert other.version() == 0
    store.apply([member("a")])
    assert other.version() == 1
    store.apply([], removed=[holder_of(KEY, "a")])
    assert other.version() == 2
    assert other.load() == Directory()
    other.close()


def test_a_badge_moves_from_one_member_to_another_in_one_step(store: DirectoryStore) -> None:
    """It belongs to the new holder, and to nobody twice."""
    store.apply([member("a", "01"), member("b")])
    store.apply([member("b", "01"), member("a")])
    assert [c.holder for c in store.load().credentials.values()] == [holder_of(KEY, "b")]


def test_a_change_that_fails_changes_nothing(store: DirectoryStore) -> None:
    """One step: what cannot be written whole is not written."""
    store.apply([member("a", "01")])
    with pytest.raises(DirectoryError, match="nothing was changed"):
        store.apply([member("c"), member("b", "01")])
    assert [each.ref for each in store.members()] == ["a"]
    assert store.version() == 1
    store.apply([member("c")])
    assert store.version() == 2


def test_another_key_is_refused(store: DirectoryStore) -> None:
    """With another key no badge would be known: better to say so than to deny everybody."""
    store.bind(KEY)
    store.bind(KEY)
    with pytest.raises(DirectoryError, match="another credential key"):
        store.bind(b"x" * 32)


def test_the_file_is_safe(store: DirectoryStore, tmp_path: Path) -> None:
    """It survives a power cut (WAL, FULL), and only its owner may read names."""
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    with closing(sqlite3.connect(tmp_path / "members.db")) as careless:
        careless.execute("PRAGMA synchronous = OFF")  # as some builds begin
        sqlite._on_connect(careless, None)
        assert careless.execute("PRAGMA synchronous").fetchone() == (2,)
    assert stat.S_IMODE((tmp_path / "members.db").stat().st_mode) == 0o600


def test_names_are_in_one_table_only(store: DirectoryStore, tmp_path: Path) -> None:
    """Erasing the identity table erases every name, address and reference."""
    store.apply([member("ref-4711", "01", name="Ada Lovelace")])
    db = sqlite3.connect(tmp_path / "members.db")
    for table in set(METADATA.tables) - {"identity"}:
        query = f"SELECT * FROM {table}"  # noqa: S608 - our own words
        rows = repr(db.execute(query).fetchall())
        assert not any(word in rows for word in ("Ada", "example.org", "4711"))
    db.close()


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / "members.db").write_text("not a database, only some text " * 100)
    with pytest.raises(DirectoryError, match=r"members\.db"):
        DirectoryStore(tmp_path / "members.db")


def test_a_file_that_breaks_later_is_said_too(store: DirectoryStore, tmp_path: Path) -> None:
    """Whoever polls the version or loads gets the adapter's own error, never SQLite's."""
    db = sqlite3.connect(tmp_path / "members.db")
    db.executescript("DROP TABLE about; DROP TABLE holder;")
    db.close()
    for broken in (store.version, store.load, store.members):
        with pytest.raises(DirectoryError, match="no such table"):
            broken()


def test_equal_directories_do_not_differ() -> None:
    """Nothing to tell the engine."""
    assert diff(Directory(), Directory()) is None


def test_a_difference_is_only_what_differs(store: DirectoryStore) -> None:
    """Of two members the changed one is in it, and applying it gives the new directory."""
    store.apply([member("a", "01"), member("b", "02"), member("c", "03")])
    old = store.load()
    store.apply([member("a", "04"), member("b", "02", name="X")], [holder_of(KEY, "c")])
    new = store.load()
    change = diff(old, new)
    assert change is not None
    assert change.holders == ()
    assert change.removed_holders == (holder_of(KEY, "c"),)
    assert [c.hash for c in change.credentials] == [credential_hash(KEY, "04")]
    assert len(change.removed_credentials) == 2
    assert changed(old, change) == new


def old_file(file: Path) -> None:
    """A members' file as the first release made it, with a member who lost one of two badges."""
    db = sqlite3.connect(file)
    db.executescript(FIRST_RELEASE)
    db.executescript(
        """
        INSERT INTO identity VALUES ('h-1', 'M-1', 'Ada', 'ada@example.org');
        INSERT INTO holder VALUES ('h-1', 'member');
        INSERT INTO credential VALUES ('c1', 'h-1', 'active'), ('c2', 'h-1', 'lost');
        INSERT INTO membership VALUES ('h-1', 0, 'nomad', '["s"]', 1000000, NULL, 'suspended');
        UPDATE about SET value = '41' WHERE word = 'version';
        """
    )
    db.close()


def steps() -> list[Script]:
    """The steps of the schema, the first one first."""
    return [*ScriptDirectory(MIGRATIONS.folder).walk_revisions()][::-1]


class TestMigrations:
    """An older file becomes one of today."""

    def test_a_file_of_the_first_release_keeps_what_is_in_it(self, tmp_path: Path) -> None:
        """It knows nothing of Alembic; it is recognised, and everybody is still there."""
        old_file(tmp_path / "members.db")
        with closing(DirectoryStore(tmp_path / "members.db")) as store:
            assert store.version() == 41
            plan = Membership(
                PlanId("nomad"), (SiteId("s"),), datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), None
            )
            suspended = structs.replace(plan, status="suspended")
            id_ = HolderId("h-1")
            cards = (Credential(_hash("c1"), id_), Credential(_hash("c2"), id_, "lost"))
            ada = Member(
                "M-1", "Ada", Holder(id_, "member", (suspended,)), "ada@example.org", cards
            )
            (found,) = store.members()
            assert bare(found) == ada
            assert [(tag, one.hash) for tag, one in found.tagged] == [
                (Tag(1), "c1"),
                (Tag(2), "c2"),
            ]
            store.apply([ada])
            assert store.version() == 42
        with closing(DirectoryStore(tmp_path / "members.db")) as again:
            assert again.members() == (found,)

    def test_a_first_start_that_was_killed_is_finished(self, tmp_path: Path) -> None:
        """The first release made its tables one by one: what is missing is made."""
        db = sqlite3.connect(tmp_path / "members.db")
        db.executescript(FIRST_RELEASE.partition("CREATE TABLE IF NOT EXISTS credential")[0])
        db.close()
        with closing(DirectoryStore(tmp_path / "members.db")) as store:
            store.apply([member("a", "01")])
            assert (store.version(), len(store.load().credentials)) == (1, 1)

    @pytest.mark.parametrize("old", [True, False], ids=["of the first release", "new"])
    def test_the_steps_make_the_tables_that_are_declared(
        self, tmp_path: Path, *, old: bool
    ) -> None:
        """`tables` and the steps say the same, whichever file they begin with."""
        if old:
            old_file(tmp_path / "members.db")
        with closing(DirectoryStore(tmp_path / "members.db")) as store, store._engine.begin() as db:
            # an INTEGER of SQLite has eight bytes, whatever it is called
            opts = {"compare_server_default": True, "compare_type": not old}
            context = MigrationContext.configure(db, opts=opts)
            assert compare_metadata(context, METADATA) == []
            assert context.get_current_revision() == REVISION

    def test_every_step_is_known(self) -> None:
        """Else a file of today would be taken for one of tomorrow."""
        assert tuple(step.revision for step in steps()) == MIGRATIONS.revisions

    def test_a_newer_file_is_refused(self, tmp_path: Path) -> None:
        """With both schemas in the message, and nothing touched."""
        DirectoryStore(tmp_path / "members.db").close()
        db = sqlite3.connect(tmp_path / "members.db")
        db.execute("UPDATE alembic_version SET version_num = 'r9'")
        db.commit()
        with pytest.raises(
            DirectoryError, match=r'members\.db was made by a newer seuil.*"r9".*r2'
        ):
            DirectoryStore(tmp_path / "members.db")
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [("r9",)]
        db.close()

    def test_another_database_is_not_made_one_of_members(self, tmp_path: Path) -> None:
        """A journal, say: it keeps its tables and gets none of ours."""
        db = sqlite3.connect(tmp_path / "journal.db")
        db.execute("CREATE TABLE journal (n INTEGER)")
        with pytest.raises(DirectoryError, match="is a database, but not of members"):
            DirectoryStore(tmp_path / "journal.db")
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("journal",)]
        db.close()

    def test_a_step_that_fails_leaves_the_file_as_it_was(self, tmp_path: Path) -> None:
        """All steps are one transaction: there is no file between two releases."""
        old_file(tmp_path / "members.db")
        db = sqlite3.connect(tmp_path / "members.db")
        db.execute("CREATE TABLE holder_group (odd TEXT)")  # the last that is made
        db.commit()
        before = db.execute("SELECT name, sql FROM sqlite_master").fetchall()
        with pytest.raises(DirectoryError, match="holder_group already exists"):
            DirectoryStore(tmp_path / "members.db")
        assert db.execute("SELECT name, sql FROM sqlite_master").fetchall() == before
        db.close()

    def test_two_who_start_at_once_do_it_once(self, tmp_path: Path) -> None:
        """The gateway and a command meet an old file at the same moment."""
        old_file(tmp_path / "members.db")
        with ThreadPoolExecutor(4) as threads:
            stores = list(threads.map(DirectoryStore, [tmp_path / "members.db"] * 4))
        assert [store.version() for store in stores] == [41] * 4
        for store in stores:
            store.close()


class TestPostgres:
    """The same code, when the members move to PostgreSQL: every statement has its words there."""

    def test_the_tables(self) -> None:
        """Microseconds need eight bytes, and "group" its quotes."""
        told = {
            table.name: str(CreateTable(table).compile(dialect=POSTGRES))
            for table in METADATA.sorted_tables
        }
        assert "starts BIGINT" in told["membership"]
        assert '"group" TEXT NOT NULL' in told["holder_group"]
        assert "duress BOOLEAN DEFAULT false NOT NULL" in told["credential"]
        assert not any("WITHOUT ROWID" in text for text in told.values())

    def test_the_steps(self) -> None:
        """Alembic writes the SQL of all steps for PostgreSQL, without asking a database."""
        written = StringIO()
        context = MigrationContext.configure(
            dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written}
        )
        with Operations.context(context):
            for step in steps():
                if step.revision != "r1":  # which looks whether there is a version
                    step.module.upgrade()
        assert "ALTER TABLE credential ADD COLUMN duress BOOLEAN DEFAULT false NOT NULL" in (
            written.getvalue()
        )

    def test_the_statements(self, store: DirectoryStore) -> None:
        """Whatever the store said to SQLite can be said to PostgreSQL, but for SQLite's own words.

        What is written with `exec_driver_sql` goes past the compiler: only `BEGIN` and the pragmas
        may, and the version's query, which is plain SQL.
        """
        said: list[Any] = []
        raw: list[str] = []

        def listen(_connection: object, _cursor: object, text: str, *rest: Any) -> None:  # noqa: ANN401
            compiled = rest[1].compiled
            raw.append(text) if compiled is None else said.append(compiled.statement)

        event.listen(store._engine, "before_cursor_execute", listen)
        store.bind(KEY)
        store.apply([everything()])
        store.load()
        store.members()
        store.find("everything")
        store.revise("everything", lambda one: structs.replace(one, name="B"))
        store.apply([], [everything().holder.id], since=store.version())
        store.apply([everything()])
        store.erase("everything")
        store.erased(*store.erasures())
        assert {text.split()[0] for text in raw} == {"BEGIN"}
        texts = {str(each.compile(dialect=POSTGRES)) for each in said}
        verbs = Counter(text.split()[0] for text in texts)
        assert (verbs["DELETE"], verbs["INSERT"]) == (9, 9)
        assert any("CAST(CAST(about.value AS BIGINT) +" in text for text in texts)

    def test_a_url_is_enough(self, tmp_path: Path) -> None:
        """The engine comes from a URL, and no message tells its password."""
        url = make_url("sqlite+pysqlite://").set(database=str(tmp_path / "any.db"))
        with closing(DirectoryStore(url)) as store:
            store.apply([member("a")])
            assert store.version() == 1
        with pytest.raises(
            DirectoryError, match=r"u:\*\*\*@db\.example/seuil: No module named"
        ) as no:
            DirectoryStore(make_url("postgresql+psycopg://u:hunter2@db.example/seuil"))
        assert "hunter2" not in str(no.value)


class TestChanges:
    """One step at a time, and nobody's is lost."""

    def test_everything_of_a_member_comes_back(self, store: DirectoryStore) -> None:
        """Every field of every part, in order."""
        store.apply([everything()])
        (found,) = store.members()
        assert bare(found) == everything()
        assert store.find("everything") == store.find(everything().holder.id) == found
        assert store.find("nobody") is None

    def test_what_somebody_else_changed_is_not_overwritten(self, store: DirectoryStore) -> None:
        """An import that was worked out before a badge was revoked would bring it back."""
        store.apply([member("a", "01")])
        since = store.version()
        store.revise("a", lambda one: structs.replace(one, name="B"))
        with pytest.raises(DirectoryError, match="nothing was changed: another command"):
            store.apply([member("a", "01")], since=since)
        assert [each.name for each in store.members()] == ["B"]
        store.apply([member("a", "01")], since=store.version())

    def test_one_member_is_revised(self, store: DirectoryStore) -> None:
        """The others stay; what is left as it was is no change; nobody is None."""
        store.apply([member("a", "01"), member("b", "02")])
        revised = store.revise("a", lambda one: structs.replace(one, credentials=()))
        assert revised is not None
        before, after = revised
        assert (bare(before), after) == (member("a", "01"), member("a"))
        assert tuple(bare(each) for each in store.members()) == (after, member("b", "02"))
        store.revise("b", lambda one: one)
        assert store.revise("c", lambda one: one) is None
        assert store.version() == 2

    def test_a_badge_keeps_its_number_whatever_comes_and_goes(self, tmp_path: Path) -> None:
        """So a lost one is told from the others: by number, label, and day of enrolment."""
        clock = ManualClock(datetime(2026, 11, 3, 9, tzinfo=UTC))
        with closing(DirectoryStore(tmp_path / "members.db", clock)) as store:
            store.apply([member("a", "01", "02")])
            store.revise("a", lambda one: labelled(one, 2, "blue fob"))
            first, second = (each.hash for each in member("a", "01", "02").credentials)
            clock.advance(86_400)
            new = credential_hash(KEY, "03")
            store.revise("a", lambda one: with_badge(one, new, None))
            store.apply([member("a", "03", "02")])  # an import in another order, without the first
            (found,) = store.members()
        assert [(tag.number, tag.label, tag.enrolled, one.hash) for tag, one in found.tagged] == [
            (2, "blue fob", datetime(2026, 11, 3, 9, tzinfo=UTC), second),
            (3, "", clock.now(), new),
        ]
        assert first not in found.tags

    def test_an_error_quotes_nothing_that_was_written(self, store: DirectoryStore) -> None:
        """A message may end in a log: no name, address or hash is in it, or behind it."""
        with pytest.raises(DirectoryError) as wrong:
            store.apply([member("a", "01", name="Ada"), member("b", "01")])
        cause: BaseException | None = wrong.value
        while cause is not None:
            assert not any(word in str(cause) for word in ("Ada", "example.org", _of("01")))
            cause = cause.__cause__


class TestHashes:
    """What becomes of numbers."""

    def test_readers_have_a_key_of_their_own(self) -> None:
        """What a reader knows is HMAC-SHA256 under a key that is derived from ours."""
        derived = hmac.digest(KEY, b"readers", "sha256")
        assert reader_key(KEY) == derived != KEY
        expected = hmac.digest(derived, b"04a224b2", "sha256").hex()
        assert reader_hash(KEY, "04a224b2") == expected != credential_hash(KEY, "04a224b2")

    def test_a_pin_is_hashed_with_its_badge(self) -> None:
        """As the intake does with a PIN that was typed; two badges with one PIN differ."""
        assert pin_hash(KEY, "04a224b2", "0042") == credential_hash(KEY, "pin:04a224b2:0042")
        assert pin_hash(KEY, "04a224b2", "0042") != pin_hash(KEY, "04a224b3", "0042")


def everything() -> Member:
    """A member with something in every field."""
    id_, day = holder_of(KEY, "everything"), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    later = datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    holder = Holder(
        id_,
        "visitor",
        (
            Membership(PlanId("q"), (SiteId("s"), SiteId("t")), day, later, "unpaid"),
            Membership(PlanId("p")),
        ),
        (
            Training(TrainingId("laser"), HolderId("h-other"), day, later),
            Training(TrainingId("cnc")),
        ),
        (StaffRole(RoleId("operator")), StaffRole(RoleId("fab-manager"), (SiteId("s"),))),
        (GroupId("z"), GroupId("a")),
    )
    credentials = (
        Credential(_hash("1"), id_, "stolen", "badge", day, later, _hash("p"), _hash("d")),
        Credential(_hash("2"), id_, "active", "pin", duress=True),
        Credential(_hash("3"), id_, "active", "qr", reader_hash=_hash("r")),
    )
    return Member("everything", "Ada", holder, "a@example.org", credentials)


def _hash(text: str) -> CredentialHash:
    return CredentialHash(text)


def _of(badge: str) -> str:
    return credential_hash(KEY, badge)
