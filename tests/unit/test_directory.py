"""The members on disk."""

import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from gateway.adapters.directory import (
    DirectoryError,
    DirectoryStore,
    Member,
    credential_hash,
    diff,
    holder_of,
)
from gateway.core.directory import Credential, Directory, Holder, Membership, changed
from gateway.core.site import PlanId, SiteId

KEY = b"k" * 32


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


def test_what_is_written_is_read_again(store: DirectoryStore) -> None:
    """Members come back equal, with names; the directory has none."""
    ada, bob = member("a", "01", "02", plans=("p", "q"), name="Ada"), member("b", plans=())
    store.apply([ada, bob])
    assert store.members() == (ada, bob)
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
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert stat.S_IMODE((tmp_path / "members.db").stat().st_mode) == 0o600


def test_names_are_in_one_table_only(store: DirectoryStore, tmp_path: Path) -> None:
    """Erasing the identity table erases every name, address and reference."""
    store.apply([member("ref-4711", "01", name="Ada Lovelace")])
    db = sqlite3.connect(tmp_path / "members.db")
    for table in ("holder", "credential", "membership", "about"):
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
