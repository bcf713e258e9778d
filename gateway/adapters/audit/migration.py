"""Migrates an older log to the current schema; the steps are Alembic's, in `migrations`."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from gateway.adapters.audit.tables import REVISION
from gateway.adapters.sql.database import upgrade

REVISIONS: Final = (REVISION,)
"""Every step, in order."""


class NewerSchemaError(OSError):
    """A newer seuil made this file."""


def is_current(connection: Connection) -> bool:
    """Return whether the schema is up to date.

    Raises:
        NewerSchemaError: A newer seuil made this file.
    """
    if "alembic_version" not in inspect(connection).get_table_names():
        return False
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in REVISIONS:
        raise NewerSchemaError(
            f'its schema is "{found}", this seuil knows {", ".join(REVISIONS)}; update seuil'
        )
    return found == REVISION


def migrate(connection: Connection) -> None:
    """Run the missing steps in the current transaction of `connection`."""
    upgrade(connection, Path(__file__).with_name("migrations"))
