"""Migrates an older `console.db` to the current schema, step by step, in one transaction."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from gateway.adapters.accounts.tables import REVISION
from gateway.adapters.sql.database import upgrade

REVISIONS: Final = (REVISION,)
"""Every step, in order."""


class StoreError(Exception):
    """The accounts on disk cannot be used: the message says why."""


def is_current(connection: Connection) -> bool:
    """Return whether the schema is up to date.

    Raises:
        StoreError: A newer seuil made these tables, or they are no accounts.
    """
    names = set(inspect(connection).get_table_names())
    if not names:
        return False
    if "alembic_version" not in names:
        raise StoreError("is a database, but not of accounts; take another folder")
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in REVISIONS:
        raise StoreError(
            f'was made by a newer seuil: its schema is "{found}", this one knows '
            f"{', '.join(REVISIONS)}; update seuil, or restore a backup from before"
        )
    return bool(found == REVISION)


def migrate(connection: Connection) -> None:
    """Run the missing steps in the current transaction of `connection`."""
    upgrade(connection, Path(__file__).with_name("migrations"))
