"""Passkeys: keys that stay in a telephone, a computer or a stick, and authenticate by a signature.

Always with user verification on the device (a finger, a PIN), so that a passkey alone is two
factors. A passkey belongs to a host name; an IP address cannot have one. `webauthn_ceremonies`
makes and checks them.
"""

import ipaddress
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from gateway.adapters.accounts.store import perhaps_moment
from gateway.adapters.accounts.tables import PASSKEY
from gateway.adapters.journal.rows import from_us, to_us
from gateway.core.model.directory import HolderId

PASSKEYS_MAX: Final = 10
"""Passkeys of one person."""
_NAME_LONGEST: Final = 60


class Passkey(Struct, frozen=True):
    """A passkey as it is stored; `id` and `public_key` in base64url."""

    id: str
    holder: HolderId
    public_key: str
    sign_count: int
    name: str
    made: datetime
    used: datetime | None


class RelyingParty(Struct, frozen=True):
    """The address at which the browser knows us, like `https://seuil.example.org`."""

    url: str

    @property
    def host(self) -> str:
        """Return the host's name, to which passkeys belong."""
        return urlsplit(self.url).hostname or ""

    @property
    def has_passkeys(self) -> bool:
        """Return whether browsers make passkeys for this address."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return self.url.startswith("https:") or self.host == "localhost"
        return False


class PasskeyError(Exception):
    """This is not a passkey that we asked for and know."""


def of_holder(connection: Connection, holder: HolderId) -> tuple[Passkey, ...]:
    """Return a member's passkeys, the oldest first."""
    query = _PASSKEYS.where(PASSKEY.c.holder == holder).order_by(PASSKEY.c.made)
    return tuple(_passkey(row) for row in connection.execute(query).all())


def remove(connection: Connection, holder: HolderId, id_: str | None = None) -> int:
    """Remove one passkey of a holder, or all, and return their number."""
    query = delete(PASSKEY).where(PASSKEY.c.holder == holder)
    return connection.execute(query if id_ is None else query.where(PASSKEY.c.id == id_)).rowcount


def find(connection: Connection, id_: str) -> Passkey | None:
    """Return the passkey of this id."""
    row = connection.execute(_PASSKEYS.where(PASSKEY.c.id == id_)).one_or_none()
    return None if row is None else _passkey(row)


def keep(connection: Connection, passkey: Passkey) -> None:
    """Store a new passkey.

    Raises:
        PasskeyError: It is known already, or the holder has too many.
    """
    mine = select(func.count()).select_from(PASSKEY).where(PASSKEY.c.holder == passkey.holder)
    if (connection.scalar(mine) or 0) >= PASSKEYS_MAX:
        raise PasskeyError(f"{PASSKEYS_MAX} passkeys are the most")
    if find(connection, passkey.id) is not None:
        raise PasskeyError("is known already")
    connection.execute(
        insert(PASSKEY).values(
            id=passkey.id,
            holder=passkey.holder,
            public_key=passkey.public_key,
            sign_count=passkey.sign_count,
            name=passkey.name.strip()[:_NAME_LONGEST] or "Passkey",
            made=to_us(passkey.made),
        )
    )


def used(connection: Connection, id_: str, sign_count: int, now: datetime) -> None:
    """Record a use of a passkey."""
    values = {"sign_count": sign_count, "used": to_us(now)}
    connection.execute(update(PASSKEY).where(PASSKEY.c.id == id_).values(**values))


_PASSKEYS: Final = select(*(PASSKEY.c[name] for name in Passkey.__struct_fields__))


def _passkey(row: Any) -> Passkey:  # noqa: ANN401 - a row of SQLAlchemy's
    values = row._asdict()
    moments = {"made": from_us(values["made"]), "used": perhaps_moment(values["used"])}
    return Passkey(**values | moments)
