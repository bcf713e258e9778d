"""Gives each badge and code a number of its own, a label, and the time of its enrolment.

Until now they were counted by their hashes: one more badge renumbered the others. The existing ones
keep the numbers that they had; nobody knows when they were enrolled.
"""

import sqlalchemy as sa
from alembic import op

revision = "r4"
down_revision = "r3"


def upgrade() -> None:
    """Add the columns, and number what is there."""
    op.add_column("credential", sa.Column("number", sa.Integer, nullable=False, server_default="0"))
    op.add_column("credential", sa.Column("label", sa.Text))
    op.add_column("credential", sa.Column("enrolled", sa.BigInteger))
    op.execute(
        "UPDATE credential SET number = (SELECT count(*) FROM credential AS other "
        "WHERE other.holder = credential.holder AND other.hash <= credential.hash)"
    )
