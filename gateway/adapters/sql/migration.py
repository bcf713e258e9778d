"""Migrates an older database to the current schema, step by step, in one transaction.

Each store has its steps, Alembic's, in its folder `migrations`. A second process that starts
meanwhile finds the work done.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, inspect, text

VERSION_TABLE: Final = "alembic_version"


class Migrations(Struct, frozen=True):
    """The steps of one store, and how it refuses a database that is not its own."""

    folder: Path
    revisions: tuple[str, ...]
    """Every step, in order."""
    of: str
    """What the database holds, as a person says it: `members`."""
    error: type[Exception]
    unversioned: Collection[str] = ()
    """Tables of a release that wrote no version: a database with one of them is ours."""

    def is_current(self, connection: Connection) -> bool:
        """Return whether the schema is up to date.

        Raises:
            Exception: `error`: a newer seuil made these tables, or they are of something else.
        """
        names = set(inspect(connection).get_table_names())
        if VERSION_TABLE not in names:
            if names and not names & set(self.unversioned):
                raise self.error(f"is a database, but not of {self.of}; take another folder")
            return False
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        if found is not None and found not in self.revisions:
            raise self.error(
                f'was made by a newer seuil: its schema is "{found}", this one knows '
                f"{', '.join(self.revisions)}; update seuil, or restore a backup from before"
            )
        return found == self.revisions[-1]

    def migrate(self, connection: Connection) -> None:
        """Run the missing steps in the current transaction of `connection`."""
        # Imported here: most starts find a current file, and save a quarter of a second.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415

        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(self.folder))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "head")
