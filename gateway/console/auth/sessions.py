"""Sessions: a browser in which a user signed in, from the password to the sign-out.

The cookie holds a secret, of which the database has the hash. A session ends when it was not used
for `IDLE`, when it is `LIFE` old, when it is ended by its owner or an administrator, or when its
holder is removed from the directory.
"""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from gateway.adapters.accounts.store import ends_seats
from gateway.adapters.accounts.tables import SESSION
from gateway.adapters.journal.rows import from_us, to_us
from gateway.console.auth.secrets import hash_of, new_key, new_secret
from gateway.core.model.directory import HolderId

How = Literal["password", "passkey", "oidc", "link", "demo"]
Stage = Literal["code", "in"]
"""`code`: the password was right, and the second factor is still due."""
IDLE: Final = timedelta(hours=12)
LIFE: Final = timedelta(days=7)
CODE_LIFE: Final = timedelta(minutes=5)
FRESH: Final = timedelta(minutes=5)
TOUCH: Final = timedelta(minutes=5)
"""A use is recorded at most this often."""
SESSIONS_MAX: Final = 20
"""Sessions of one person; the longest unused is dropped."""
_AGENT_LONGEST: Final = 200


class LoginSession(Struct, frozen=True):
    """A session as it is stored."""

    key: str
    holder: HolderId
    how: How
    stage: Stage
    made: datetime
    seen: datetime
    ends: datetime
    fresh: datetime
    address: str
    agent: str

    def is_over(self, now: datetime) -> bool:
        """Return whether it has expired."""
        return now >= self.ends or now >= self.seen + IDLE


def begin(
    connection: Connection,
    holder: HolderId,
    how: How,
    now: datetime,
    *,
    stage: Stage = "in",
    fresh: bool = True,
    address: str = "",
    agent: str = "",
) -> str:
    """Begin a session, and return the secret for its cookie."""
    _make_room(connection, holder, now)
    secret = new_secret()
    session = LoginSession(
        key=new_key(),
        holder=holder,
        how=how,
        stage=stage,
        made=now,
        seen=now,
        ends=now + (LIFE if stage == "in" else CODE_LIFE),
        fresh=now + FRESH if fresh and stage == "in" else now,
        address=address,
        agent=agent[:_AGENT_LONGEST],
    )
    connection.execute(insert(SESSION).values(hash=hash_of(secret), **_row(session)))
    return secret


def of_secret(connection: Connection, secret: str, now: datetime) -> LoginSession | None:
    """Return the session of a cookie, if it is still valid."""
    row = connection.execute(_SESSIONS.where(SESSION.c.hash == hash_of(secret))).one_or_none()
    session = None if row is None else _session(row)
    return None if session is None or session.is_over(now) else session


def of_holder(connection: Connection, holder: HolderId, now: datetime) -> tuple[LoginSession, ...]:
    """Return a member's valid sessions, the last used first."""
    query = _SESSIONS.where(SESSION.c.holder == holder, SESSION.c.stage == "in")
    rows = connection.execute(query.order_by(SESSION.c.seen.desc())).all()
    return tuple(session for row in rows if not (session := _session(row)).is_over(now))


def touch(connection: Connection, key: str, now: datetime) -> None:
    """Record a use of the session."""
    query = update(SESSION).where(SESSION.c.key == key)
    connection.execute(query.values(seen=to_us(now)))


def refresh(connection: Connection, key: str, now: datetime) -> None:
    """Record that its owner has just confirmed their identity."""
    query = update(SESSION).where(SESSION.c.key == key)
    connection.execute(query.values(fresh=to_us(now + FRESH)))


def end(connection: Connection, holder: HolderId, key: str | None = None, but: str = "") -> int:
    """End one session of a holder, or all `but` one, and return their number."""
    mine: list[ColumnElement[bool]] = [SESSION.c.holder == holder, SESSION.c.key != but]
    if key is not None:
        mine.append(SESSION.c.key == key)
    ended = connection.execute(delete(SESSION).where(and_(*mine))).rowcount
    if ended:
        ends_seats(connection)
    return ended


def _make_room(connection: Connection, holder: HolderId, now: datetime) -> None:
    """Remove expired and excess sessions."""
    over = or_(SESSION.c.ends <= to_us(now), SESSION.c.seen <= to_us(now - IDLE))
    connection.execute(delete(SESSION).where(over))
    mine = select(SESSION.c.hash).where(SESSION.c.holder == holder)
    kept = connection.scalars(mine.order_by(SESSION.c.seen.desc())).all()
    too_many = kept[SESSIONS_MAX - 1 :]
    if too_many:
        connection.execute(delete(SESSION).where(SESSION.c.hash.in_(too_many)))
        ends_seats(connection)


_FIELDS: Final = LoginSession.__struct_fields__
_MOMENTS: Final = ("made", "seen", "ends", "fresh")
_SESSIONS: Final = select(*(SESSION.c[name] for name in _FIELDS))


def _row(session: LoginSession) -> dict[str, object]:
    row = {name: getattr(session, name) for name in _FIELDS}
    return row | {name: to_us(row[name]) for name in _MOMENTS}


def _session(row: Any) -> LoginSession:  # noqa: ANN401 - a row of SQLAlchemy's
    values = row._asdict()
    return LoginSession(**values | {name: from_us(values[name]) for name in _MOMENTS})
