"""The tables of the first release, which created them without Alembic.

So all of them may exist already, or some of them if the first start was killed.
"""

import sqlalchemy as sa
from alembic import op

revision = "r1"
down_revision = None


def upgrade() -> None:
    """Create the missing tables."""
    for name, columns in _TABLES.items():
        op.create_table(name, *columns(), if_not_exists=True, sqlite_with_rowid=False)
    op.create_index("credential_holder", "credential", ["holder"], if_not_exists=True)
    about = sa.table("about", sa.column("word", sa.Text), sa.column("value", sa.Text))
    known = sa.select(about.c.value).where(about.c.word == "version")
    if op.get_bind().scalar(known) is None:
        op.execute(sa.insert(about).values(word="version", value="0"))


def _identity() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("holder", sa.Text, primary_key=True),
        sa.Column("ref", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
    )


def _holder() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
    )


def _credential() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
    )


def _membership() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("holder", sa.Text, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("sites", sa.Text, nullable=False),
        sa.Column("starts", sa.BigInteger),
        sa.Column("ends", sa.BigInteger),
        sa.Column("status", sa.Text, nullable=False),
    )


def _about() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("word", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


_TABLES = {
    "identity": _identity,
    "holder": _holder,
    "credential": _credential,
    "membership": _membership,
    "about": _about,
}
