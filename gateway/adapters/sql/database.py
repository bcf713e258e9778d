"""One safe connection for the stores on SQLAlchemy."""

from pathlib import Path

from sqlalchemy import URL, Engine, create_engine

from gateway.adapters.sql import sqlite


def engine_of(place: Path | URL) -> Engine:
    """Return an engine with one lazy connection, whose messages never quote written values.

    Raises:
        ImportError: The database's driver is not installed.
        sqlalchemy.exc.SQLAlchemyError: It is not a valid database URL.
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
