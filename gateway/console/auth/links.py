"""One-time links: for the first administrator, an invitation, or a forgotten password."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from gateway.adapters.accounts.tables import LINK
from gateway.adapters.journal.rows import to_us
from gateway.console.auth.secrets import hash_of, new_secret
from gateway.core.model.directory import HolderId

LIFE: Final = timedelta(hours=1)
PATH: Final = "/set-up/"


class SetupLink(Struct, frozen=True):
    """The member whom a link lets set up a way to sign in; no holder: the first administrator."""

    holder: HolderId | None


def make(connection: Connection, holder: HolderId | None, by: str, now: datetime) -> str:
    """Return a new link's secret; the person's earlier link becomes invalid."""
    connection.execute(delete(LINK).where(LINK.c.ends <= to_us(now)))
    same = LINK.c.holder.is_(None) if holder is None else LINK.c.holder == holder
    connection.execute(delete(LINK).where(same))
    secret = new_secret()
    ends = to_us(now + LIFE)
    connection.execute(
        insert(LINK).values(hash=hash_of(secret), holder=holder, made_by=by, ends=ends)
    )
    return secret


def of_secret(connection: Connection, secret: str, now: datetime) -> SetupLink | None:
    """Return the link of a secret, if it is still valid."""
    query = select(LINK.c.holder).where(LINK.c.hash == hash_of(secret))
    row = connection.execute(query.where(LINK.c.ends > to_us(now))).one_or_none()
    return None if row is None else SetupLink(row[0])


def use(connection: Connection, secret: str, now: datetime) -> bool:
    """Use a link up, and return whether it was valid."""
    used = delete(LINK).where(LINK.c.hash == hash_of(secret), LINK.c.ends > to_us(now))
    return connection.execute(used).rowcount == 1
