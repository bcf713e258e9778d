"""The members' schema, in SQL common to SQLite and PostgreSQL; `migrations` creates it.

A moment is microseconds since 1970 UTC; `starts` is inclusive, `ends` exclusive, NULL no limit.
`sites` is a JSON array, where empty means every site. `place` is the order among a holder's rows.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, false

METADATA: Final = MetaData()
REVISION: Final = "r4"
"""The newest step of `migrations`, which makes the tables below."""


def _text(name: str, **options: Any) -> Column[str]:  # noqa: ANN401 - SQLAlchemy's own
    return Column(name, Text, nullable=False, **options)


def _perhaps(name: str) -> Column[str]:
    return Column(name, Text)


def _moment(name: str) -> Column[int]:
    return Column(name, BigInteger)


def _of_holder(name: str, *columns: Column[Any]) -> Table:
    """Return a table with several rows per holder, in order."""
    key = (
        Column("holder", Text, primary_key=True),
        Column("place", Integer, primary_key=True, autoincrement=False),
    )
    return Table(name, METADATA, *key, *columns, sqlite_with_rowid=False)


IDENTITY: Final = Table(  # the only place with names
    "identity",
    METADATA,
    _text("holder", primary_key=True),
    _text("ref", unique=True),  # the operator's own member number
    _text("name"),
    _perhaps("email"),
    sqlite_with_rowid=False,
)
HOLDER: Final = Table(
    "holder",
    METADATA,
    _text("id", primary_key=True),  # pseudonym
    _text("kind"),  # member | visitor
    sqlite_with_rowid=False,
)
CREDENTIAL: Final = Table(
    "credential",
    METADATA,
    _text("hash", primary_key=True),  # keyed; the number itself is nowhere
    _text("holder"),
    _text("status"),  # active | suspended | lost | stolen
    _text("kind", server_default="badge"),  # badge | pin | qr
    _moment("starts"),
    _moment("ends"),
    _perhaps("pin"),  # keyed hashes of the PINs that go with a badge
    _perhaps("duress_pin"),
    Column("duress", Boolean, nullable=False, server_default=false()),
    _perhaps("reader_hash"),  # the number under the readers' key
    Column("number", Integer, nullable=False, server_default="0"),  # among its holder's, from 1
    _perhaps("label"),  # the operator's words: "blue fob"
    _moment("enrolled"),  # NULL: before this was recorded
    Index("credential_holder", "holder"),
    sqlite_with_rowid=False,
)
MEMBERSHIP: Final = _of_holder(
    "membership",
    _text("plan"),
    _text("sites"),
    _moment("starts"),
    _moment("ends"),
    _text("status"),  # active | suspended | unpaid
)
TRAINING: Final = _of_holder(
    "training",
    _text("training"),
    _perhaps("given_by"),  # a holder's pseudonym
    _moment("given"),
    _moment("ends"),
)
STAFF_ROLE: Final = _of_holder("staff_role", _text("role"), _text("sites"))
HOLDER_GROUP: Final = _of_holder("holder_group", _text("group"))
ABOUT: Final = Table(  # version; key_mark
    "about",
    METADATA,
    _text("word", primary_key=True),
    _text("value"),
    sqlite_with_rowid=False,
)
ERASURE: Final = Table(  # pseudonyms that were erased here and still are to go from the journal
    "erasure",
    METADATA,
    _text("holder", primary_key=True),
    sqlite_with_rowid=False,
)
