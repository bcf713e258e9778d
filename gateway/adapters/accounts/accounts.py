"""Accounts: a holder's ways to sign in. Their permissions are stored in the directory."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.adapters.accounts.store import ends_seats, perhaps_moment
from gateway.adapters.accounts.tables import ACCOUNT, LINK, OIDC, PASSKEY, RECOVERY, SESSION, TOKEN
from gateway.adapters.journal.rows import to_us
from gateway.core.model.directory import HolderId


class LoginTakenError(Exception):
    """Another account already uses this login."""


class Account(Struct, frozen=True):
    """A holder's account: login, password, second factor. `login` is lowercase."""

    holder: HolderId
    login: str
    password: str | None
    totp: str | None
    totp_new: str | None
    totp_step: int
    lang: str | None
    signed_in: datetime | None
    passkeys: int

    @property
    def has_second(self) -> bool:
        """Return whether signing in requires more than a password."""
        return self.totp is not None or self.passkeys > 0


def login_of(typed: str) -> str:
    """Return a login in the form in which it is stored and compared."""
    return typed.strip().lower()


def by_login(connection: Connection, login: str) -> Account | None:
    """Return the account with this login."""
    query = _ACCOUNTS.where(ACCOUNT.c.login == login_of(login))
    return _account(connection.execute(query).one_or_none())


def of_holder(connection: Connection, holder: HolderId) -> Account | None:
    """Return a holder's account."""
    return _account(connection.execute(_ACCOUNTS.where(ACCOUNT.c.holder == holder)).one_or_none())


def every(connection: Connection) -> tuple[Account, ...]:
    """Return all accounts, sorted by login."""
    rows = connection.execute(_ACCOUNTS.order_by(ACCOUNT.c.login)).all()
    return tuple(account for row in rows if (account := _account(row)) is not None)


def is_any(connection: Connection) -> bool:
    """Return whether at least one account can sign in."""
    return connection.scalar(select(ACCOUNT.c.holder).limit(1)) is not None


def make(connection: Connection, holder: HolderId, login: str, now: datetime) -> None:
    """Create the holder's account if there is none, and set its login.

    Raises:
        LoginTakenError: The name is another account's.
    """
    other = by_login(connection, login)
    if other is not None and other.holder != holder:
        raise LoginTakenError
    values = {"login": login_of(login)}
    changed = connection.execute(
        update(ACCOUNT).where(ACCOUNT.c.holder == holder).values(**values)
    ).rowcount
    if changed:
        return
    try:
        connection.execute(insert(ACCOUNT).values(holder=holder, made=to_us(now), **values))
    except IntegrityError as wrong:
        raise LoginTakenError from wrong


def change(connection: Connection, holder: HolderId, **values: object) -> None:
    """Set columns of a holder's account."""
    connection.execute(update(ACCOUNT).where(ACCOUNT.c.holder == holder).values(**values))


def forget(connection: Connection, holder: HolderId) -> None:
    """Delete a holder's account with all of its credentials (erasure)."""
    for table in (ACCOUNT, PASSKEY, RECOVERY, OIDC, SESSION, TOKEN, LINK):
        connection.execute(delete(table).where(table.c.holder == holder))
    connection.execute(delete(TOKEN).where(TOKEN.c.made_by == holder))
    ends_seats(connection)


def known_at(connection: Connection, issuer: str, subject: str) -> HolderId | None:
    """Return the holder linked to a subject of an OpenID Connect provider."""
    query = select(OIDC.c.holder).where(OIDC.c.issuer == issuer, OIDC.c.subject == subject)
    return connection.scalar(query)


def subject_of(connection: Connection, issuer: str, holder: HolderId) -> str | None:
    """Return the subject under which a provider knows a holder."""
    query = select(OIDC.c.subject).where(OIDC.c.issuer == issuer, OIDC.c.holder == holder)
    return connection.scalar(query)


def remember_at(connection: Connection, issuer: str, subject: str, holder: HolderId) -> None:
    """Link a holder to the provider's own subject identifier, instead of an e-mail address."""
    connection.execute(insert(OIDC).values(issuer=issuer, subject=subject, holder=holder))


_COLUMNS = ("holder", "login", "password", "totp", "totp_new", "totp_step", "lang", "signed_in")
_ACCOUNTS = select(
    *(ACCOUNT.c[name] for name in _COLUMNS),
    select(func.count())
    .where(PASSKEY.c.holder == ACCOUNT.c.holder)
    .scalar_subquery()
    .label("passkeys"),
)


def _account(row: Any) -> Account | None:  # noqa: ANN401 - a row of SQLAlchemy's
    if row is None:
        return None
    values = row._asdict()
    values["signed_in"] = perhaps_moment(values["signed_in"])
    return Account(**values)
