"""Adds trainings, staff roles and groups, and PINs, codes and QR codes beside badges."""

import sqlalchemy as sa
from alembic import op

revision = "r2"
down_revision = "r1"


def upgrade() -> None:
    """Keep all data: existing rows become badges without a PIN, of holders without a training."""
    for column in (
        sa.Column("kind", sa.Text, nullable=False, server_default="badge"),
        sa.Column("starts", sa.BigInteger),
        sa.Column("ends", sa.BigInteger),
        sa.Column("pin", sa.Text),
        sa.Column("duress_pin", sa.Text),
        sa.Column("duress", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("reader_hash", sa.Text),
    ):
        op.add_column("credential", column)
    _of_holder(
        "training",
        sa.Column("training", sa.Text, nullable=False),
        sa.Column("given_by", sa.Text),
        sa.Column("given", sa.BigInteger),
        sa.Column("ends", sa.BigInteger),
    )
    _of_holder(
        "staff_role",
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("sites", sa.Text, nullable=False),
    )
    _of_holder("holder_group", sa.Column("group", sa.Text, nullable=False))


def _of_holder(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("holder", sa.Text, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        *columns,
        sqlite_with_rowid=False,
    )
