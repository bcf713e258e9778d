"""Adds the pseudonyms erased from the members that are still to be erased from the journal."""

import sqlalchemy as sa
from alembic import op

revision = "r3"
down_revision = "r2"


def upgrade() -> None:
    """Create the table, which is empty at first."""
    op.create_table(
        "erasure",
        sa.Column("holder", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
