"""An older file of members becomes one of today, step by step, with what is in it.

The steps are Alembic's, in `migrations`. A file of the first release knows nothing of Alembic: it
is recognised by its tables, and the first step makes what is missing and leaves what is there. All
steps are one transaction, and whoever comes second finds the work done.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from gateway.adapters.directory.member import DirectoryError
from gateway.adapters.directory.tables import METADATA, REVISION
from gateway.adapters.sql.database import upgrade

REVISIONS: Final = ("r1", "r2", REVISION)
"""Every step, in order."""
_VERSION_TABLE: Final = "alembic_version"


def is_current(connection: Connection) -> bool:
    """Whether nothing has to be done.

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
    """Carry out the steps that are missing, in the transaction that `connection` is in."""
    upgrade(connection, Path(__file__).with_name("migrations"))
