"""API tokens: a program's access, for one holder, never with more than the holder's own role.

A token's seat is the holder with fewer rights: the roles at the token's sites only, and of them no
more than its scopes allow. So every check of `seat.may(...)` is right without knowing of tokens,
and a role that is withdrawn from the holder is gone from the token at once. It has no more than
whoever made it, either, now and later: an administrator of one site gives nothing at another.
Whatever recovers an account revokes its tokens, and those that it made for others.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from gateway.adapters.accounts.store import ends_seats, perhaps_moment
from gateway.adapters.accounts.tables import TOKEN
from gateway.adapters.journal.rows import from_us, to_us
from gateway.console.auth.secrets import TOKEN_PREFIX, hash_of, new_secret
from gateway.console.identity import Scope
from gateway.core.model.directory import Holder, HolderId, StaffRole
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, VIEWER, RoleId, SiteId

SCOPES: Final[tuple[Scope, ...]] = ("read", "people", "operate", "administer")
DAYS_MAX: Final = 366
"""Even a service's token is reviewed once a year."""
TOKENS_MAX: Final = 20
"""Tokens of one holder."""
USED: Final = timedelta(minutes=1)
"""A use is recorded at most this often."""


class Token(Struct, frozen=True):
    """A token as it is stored. No `sites`: all of its holder's."""

    key: str
    holder: HolderId
    name: str
    scopes: frozenset[Scope]
    sites: tuple[SiteId, ...]
    made_by: HolderId
    made: datetime
    ends: datetime
    used: datetime | None = None


class TooManyTokensError(Exception):
    """A holder has as many tokens as allowed."""


def make(
    connection: Connection,
    holder: HolderId,
    name: str,
    *,
    key: str,
    scopes: Iterable[Scope],
    sites: Iterable[SiteId],
    by: HolderId,
    now: datetime,
    life: timedelta,
) -> tuple[str, Token]:
    """Make a token with the key `key`; the token itself is never shown again.

    Raises:
        TooManyTokensError: One has to be revoked first.
    """
    connection.execute(delete(TOKEN).where(TOKEN.c.ends <= to_us(now)))
    count = select(func.count()).select_from(TOKEN).where(TOKEN.c.holder == holder)
    if (connection.scalar(count) or 0) >= TOKENS_MAX:
        raise TooManyTokensError
    secret = TOKEN_PREFIX + new_secret()
    token = Token(key, holder, name, frozenset(scopes), tuple(sites), by, now, ends=now + life)
    connection.execute(
        insert(TOKEN).values(
            hash=hash_of(secret),
            key=token.key,
            holder=holder,
            name=name,
            scopes=_array(sorted(token.scopes)),
            sites=_array(token.sites),
            made_by=by,
            made=to_us(token.made),
            ends=to_us(token.ends),
        )
    )
    return secret, token


def of_secret(connection: Connection, secret: str, now: datetime) -> Token | None:
    """Return the token of a secret, if it is valid."""
    row = connection.execute(_TOKENS.where(TOKEN.c.hash == hash_of(secret))).one_or_none()
    token = None if row is None else _token(row)
    return None if token is None or now >= token.ends else token


def of_holder(connection: Connection, holder: HolderId | None = None) -> tuple[Token, ...]:
    """Return a member's tokens, or all; the newest first."""
    query = _TOKENS if holder is None else _TOKENS.where(TOKEN.c.holder == holder)
    return tuple(
        _token(row) for row in connection.execute(query.order_by(TOKEN.c.made.desc())).all()
    )


def use(connection: Connection, key: str, now: datetime) -> None:
    """Record a use of the token."""
    connection.execute(update(TOKEN).where(TOKEN.c.key == key).values(used=to_us(now)))


def revoke(connection: Connection, holder: HolderId, key: str) -> bool:
    """Revoke a token, and return whether it existed."""
    mine = delete(TOKEN).where(TOKEN.c.holder == holder, TOKEN.c.key == key)
    if not connection.execute(mine).rowcount:
        return False
    ends_seats(connection)
    return True


def revoke_all(connection: Connection, holder: HolderId) -> int:
    """Revoke every token of an account, and those that it made for others; return their number."""
    theirs = or_(TOKEN.c.holder == holder, TOKEN.c.made_by == holder)
    revoked = connection.execute(delete(TOKEN).where(theirs)).rowcount
    if revoked:
        ends_seats(connection)
    return revoked


def holder_with_less(holder: Holder, token: Token, maker: Holder) -> Holder:
    """Return the holder with the rights of the token only, and no more than its maker has."""
    roles = dict[StaffRole, None]()
    for entry in holder.roles:
        sites = _at_both(entry.sites, token.sites)
        role = _at_most(entry.role, token.scopes)
        if sites is not None and role is not None:
            roles |= dict.fromkeys(_shared(StaffRole(role, sites), maker))
    return structs.replace(holder, roles=tuple(roles))


def _shared(role: StaffRole, maker: Holder) -> Iterator[StaffRole]:
    """Yield the part of a role that the token's maker has as well."""
    for own in maker.roles:
        sites = _at_both(role.sites, own.sites)
        if own.role in _RANKS and sites is not None:
            yield StaffRole(max(role.role, own.role, key=_RANKS.index), sites)


_RANKS: Final = (ADMINISTRATOR, OPERATOR, VIEWER)
"""The console's roles, the highest first."""


def _at_both(role: tuple[SiteId, ...], token: tuple[SiteId, ...]) -> tuple[SiteId, ...] | None:
    """Return the sites that both cover; () is everywhere, None is nowhere."""
    if not role or not token:
        return role or token
    return tuple(site for site in role if site in token) or None


def _at_most(role: RoleId, scopes: frozenset[Scope]) -> RoleId | None:
    """Return the role within the scopes; a role of the space file gives no right here."""
    if role == ADMINISTRATOR and "administer" not in scopes:
        role = OPERATOR
    if role == OPERATOR and not scopes & {"people", "operate"}:
        role = VIEWER
    return role if role in (ADMINISTRATOR, OPERATOR, VIEWER) else None


_FIELDS: Final = Token.__struct_fields__
_TOKENS: Final = select(*(TOKEN.c[name] for name in _FIELDS))


def _array(words: Iterable[str]) -> str:
    return msgspec.json.encode(list(words)).decode()


def _token(row: Any) -> Token:  # noqa: ANN401 - a row of SQLAlchemy's
    values = row._asdict()
    return Token(
        **values
        | {
            "scopes": msgspec.json.decode(values["scopes"], type=frozenset[Scope]),
            "sites": msgspec.json.decode(values["sites"], type=tuple[SiteId, ...]),
            "made": from_us(values["made"]),
            "ends": from_us(values["ends"]),
            "used": perhaps_moment(values["used"]),
        }
    )
