"""The schema of `console.db`, in SQL common to SQLite and PostgreSQL; `migrations` creates it.

A moment is microseconds since 1970 UTC. Every secret (a session's cookie, a token, a link, a
recovery code) is stored as a hash only. `sites` and `scopes` are JSON arrays.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

METADATA: Final = MetaData()
REVISION: Final = "a1"
"""The newest step of `migrations`, which makes the tables below."""


def _text(name: str, **options: Any) -> Column[str]:  # noqa: ANN401 - SQLAlchemy's own
    return Column(name, Text, nullable=False, **options)


def _perhaps(name: str) -> Column[str]:
    return Column(name, Text)


def _moment(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _perhaps_moment(name: str) -> Column[int]:
    return Column(name, BigInteger)


ACCOUNT: Final = Table(  # a holder's way to sign in; their roles stay in the directory
    "account",
    METADATA,
    _text("holder", primary_key=True),
    _text("login", unique=True),  # lowercase
    _perhaps("password"),  # argon2id
    _perhaps("totp"),  # the secret, base32
    _perhaps("totp_new"),  # one that is not confirmed yet
    Column("totp_step", BigInteger, nullable=False, server_default="0"),  # the last one used
    _perhaps("lang"),
    _moment("made"),
    _perhaps_moment("signed_in"),
    sqlite_with_rowid=False,
)
PASSKEY: Final = Table(
    "passkey",
    METADATA,
    _text("id", primary_key=True),  # base64url, as the browser says it
    _text("holder"),
    _text("public_key"),  # base64url
    Column("sign_count", BigInteger, nullable=False),
    _text("name"),
    _moment("made"),
    _perhaps_moment("used"),
    Index("passkey_holder", "holder"),
    sqlite_with_rowid=False,
)
RECOVERY: Final = Table(
    "recovery",
    METADATA,
    _text("holder", primary_key=True),
    _text("hash", primary_key=True),
    sqlite_with_rowid=False,
)
OIDC: Final = Table(  # a holder's subject at a provider: their address there may change
    "oidc",
    METADATA,
    _text("issuer", primary_key=True),
    _text("subject", primary_key=True),
    _text("holder"),
    sqlite_with_rowid=False,
)
SESSION: Final = Table(
    "session",
    METADATA,
    _text("hash", primary_key=True),
    _text("key", unique=True),  # its name in lists and in the audit; opens nothing
    _text("holder"),
    _text("how"),  # password | passkey | oidc | link | demo
    _text("stage"),  # code: the second factor is still to come | in
    _moment("made"),
    _moment("seen"),
    _moment("ends"),
    _moment("fresh"),
    _text("address"),
    _text("agent"),
    Index("session_holder", "holder"),
    sqlite_with_rowid=False,
)
TOKEN: Final = Table(
    "api_token",
    METADATA,
    _text("hash", primary_key=True),
    _text("key", unique=True),
    _text("holder"),
    _text("name"),
    _text("scopes"),
    _text("sites"),
    _text("made_by"),
    _moment("made"),
    _moment("ends"),
    _perhaps_moment("used"),
    Index("api_token_holder", "holder"),
    sqlite_with_rowid=False,
)
LINK: Final = Table(  # one-time: the first administrator's (no holder), an invitation, a reset
    "link",
    METADATA,
    _text("hash", primary_key=True),
    _perhaps("holder"),
    _text("made_by"),
    _moment("ends"),
    sqlite_with_rowid=False,
)
ABOUT: Final = Table(  # version: grows when a seat may have ended or become another
    "about",
    METADATA,
    _text("word", primary_key=True),
    Column("value", Integer, nullable=False),
    sqlite_with_rowid=False,
)
