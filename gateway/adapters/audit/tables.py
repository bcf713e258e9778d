"""The audit log's schema, made by `migrations`. A moment is microseconds since 1970 UTC."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

METADATA: Final = MetaData()
REVISION: Final = "a1"
"""The newest step of `migrations`, which makes the table below."""
ENTRY: Final = Table(
    "entry",
    METADATA,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),  # an account of the console
    Column("action", Text, nullable=False),
    Column("site", Text),
    Column("subject", Text),  # whose data it was about: a pseudonym
    Column("detail", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Index("entry_at", "at"),
    Index("entry_subject", "subject"),
    sqlite_autoincrement=True,  # a number is never given twice, whatever was purged
)
