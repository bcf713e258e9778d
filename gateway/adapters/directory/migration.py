"""Migrates an older file of members to the current schema, step by step, and keeps its data.

The steps are Alembic's, in `migrations`. A file of the first release has no Alembic version: it is
recognised by its tables, and the first step creates only the missing ones. All steps are one
transaction; a second process that starts meanwhile finds the work done.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from gateway.adapters.directory.member import DirectoryError
from gateway.adapters.directory.tables import METADATA, REVISION
from gateway.adapters.sql.database import upgrade

REVISIONS: Final = ("r1", "r2", "r3", REVISION)
"""Every step, in order."""
_VERSION_TABLE: Final = "alembic_version"


def is_current(connection: Connection) -> bool:
    """Return whether the schema is up to date.

    Raises:
        DirectoryError: A newer seuil made these tables, or they are no members.
    """
    names = set(inspect(connection).get_table_names())
    if names and not names & {_VERSION_TABLE, *METADATA.tables}:
        raise DirectoryError("is a database, but not of members; take another folder")
    if _VERSION_TABLE not in names:
        return False
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 - ours
    if found is not None and found not in REVISIONS:
        raise DirectoryError(
            f'was made by a newer seuil: its schema is "{found}", this one knows '
            f"{', '.join(REVISIONS)}; update seuil, or restore a backup from before"
        )
    return found == REVISION


def migrate(connection: Connection) -> None:
    """Run the missing steps in the current transaction of `connection`."""
    upgrade(connection, Path(__file__).with_name("migrations"))
