"""What every store on SQLAlchemy has alike: one safe connection, brought up to date by Alembic."""

from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine

from gateway.adapters.sql import sqlite


def engine_of(place: Path | URL) -> Engine:
    """One connection, opened when it is first needed; messages never quote what was written.

    Raises:
        ImportError: The database's driver is not installed.
        sqlalchemy.exc.SQLAlchemyError: It is no address of a database.
    """
    url = place if isinstance(place, URL) else sqlite.url_of(place)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"timeout": sqlite.BUSY_S},
        )
        sqlite.listen(engine)
        return engine
    # A transaction sees one moment, as SQLite's do. The server may have been restarted since.
    return create_engine(
        url,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",
        pool_pre_ping=True,
    )


def upgrade(connection: Connection, migrations: Path) -> None:
    """Carry out the steps that are missing, in the transaction that `connection` is in."""
    # Imported here: most starts find a current file, and need not wait a quarter of a second.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
