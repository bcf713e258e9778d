"""Pseudonyms that were erased from the members and still are to go from the journal."""

import sqlalchemy as sa
from alembic import op

revision = "r3"
down_revision = "r2"


def upgrade() -> None:
    """Nobody was erased so far."""
    op.create_table(
        "erasure",
        sa.Column("holder", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
