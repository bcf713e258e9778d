"""Accounts, sessions, tokens and links."""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade() -> None:
    """Create every table; the version begins at 0."""
    for name, columns in _TABLES.items():
        op.create_table(name, *columns, sqlite_with_rowid=False)
    for table in ("passkey", "session", "api_token"):
        op.create_index(f"{table}_holder", table, ["holder"])
    about = sa.table("about", sa.column("word", sa.Text), sa.column("value", sa.Integer))
    op.execute(sa.insert(about).values(word="version", value=0))


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str, *, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, unique=unique)


def _moment(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


_TABLES: dict[str, tuple[sa.Column[str] | sa.Column[int], ...]] = {
    "account": (
        _key("holder"),
        _text("login", unique=True),
        sa.Column("password", sa.Text),
        sa.Column("totp", sa.Text),
        sa.Column("totp_new", sa.Text),
        sa.Column("totp_step", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("lang", sa.Text),
        _moment("made"),
        sa.Column("signed_in", sa.BigInteger),
    ),
    "passkey": (
        _key("id"),
        _text("holder"),
        _text("public_key"),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        _text("name"),
        _moment("made"),
        sa.Column("used", sa.BigInteger),
    ),
    "recovery": (_key("holder"), _key("hash")),
    "oidc": (_key("issuer"), _key("subject"), _text("holder")),
    "session": (
        _key("hash"),
        _text("key", unique=True),
        _text("holder"),
        _text("how"),
        _text("stage"),
        _moment("made"),
        _moment("seen"),
        _moment("ends"),
        _moment("fresh"),
        _text("address"),
        _text("agent"),
    ),
    "api_token": (
        _key("hash"),
        _text("key", unique=True),
        _text("holder"),
        _text("name"),
        _text("scopes"),
        _text("sites"),
        _text("made_by"),
        _moment("made"),
        _moment("ends"),
        sa.Column("used", sa.BigInteger),
    ),
    "link": (_key("hash"), sa.Column("holder", sa.Text), _text("made_by"), _moment("ends")),
    "about": (_key("word"), sa.Column("value", sa.Integer, nullable=False)),
}
