"""Passkeys: a key that stays in a telephone, a computer or a stick, and signs to show itself.

Always with the device's own check of its user (a finger, a PIN), so that a passkey alone is two
factors. A passkey belongs to a host name; an IP address cannot have one.
"""

import ipaddress
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import webauthn
from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.console.signin.store import microseconds, moment, perhaps_moment
from gateway.console.signin.tables import PASSKEY
from gateway.core.directory import HolderId

PASSKEYS_MAX: Final = 10
"""A person's."""
_NAME_LONGEST: Final = 60


class Passkey(Struct, frozen=True):
    """A passkey as it is kept; `id` and `public_key` in base64url."""

    id: str
    holder: HolderId
    public_key: str
    sign_count: int
    name: str
    made: datetime
    used: datetime | None


class Origin(Struct, frozen=True):
    """Under which address the browser knows us, like `https://seuil.example.org`."""

    url: str

    @property
    def host(self) -> str:
        """The host's name, to which passkeys belong."""
        return urlsplit(self.url).hostname or ""

    @property
    def has_passkeys(self) -> bool:
        """Whether the browser makes passkeys for this address."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return self.url.startswith("https:") or self.host == "localhost"
        return False


class PasskeyError(Exception):
    """This is not a passkey that we asked for and know."""


def of_holder(connection: Connection, holder: HolderId) -> tuple[Passkey, ...]:
    """Somebody's passkeys, the oldest first."""
    query = _PASSKEYS.where(PASSKEY.c.holder == holder).order_by(PASSKEY.c.made)
    return tuple(_passkey(row) for row in connection.execute(query).all())


def remove(connection: Connection, holder: HolderId, id_: str | None = None) -> int:
    """Take away one passkey of a holder, or all; how many."""
    query = delete(PASSKEY).where(PASSKEY.c.holder == holder)
    return connection.execute(query if id_ is None else query.where(PASSKEY.c.id == id_)).rowcount


def to_make(
    origin: Origin, holder: HolderId, login: str, name: str, known: tuple[Passkey, ...]
) -> tuple[str, bytes]:
    """What the browser needs to make a passkey, as JSON; and the challenge."""
    options = webauthn.generate_registration_options(
        rp_id=origin.host,
        rp_name="Seuil",
        user_id=holder.encode(),
        user_name=login,
        user_display_name=name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(known),
    )
    return webauthn.options_to_json(options), options.challenge


def made(
    connection: Connection,
    origin: Origin,
    holder: HolderId,
    *,
    credential: dict[str, Any],
    challenge: bytes,
    name: str,
    now: datetime,
) -> None:
    """Keep a passkey that the browser has made.

    Raises:
        PasskeyError: It is not the one that was asked for, or the holder has too many.
    """
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=origin.host,
            expected_origin=origin.url,
            require_user_verification=True,
        )
    except WebAuthnException as wrong:
        raise PasskeyError(str(wrong)) from wrong
    id_ = bytes_to_base64url(verified.credential_id)
    mine = select(func.count()).select_from(PASSKEY).where(PASSKEY.c.holder == holder)
    if (connection.scalar(mine) or 0) >= PASSKEYS_MAX:
        raise PasskeyError(f"{PASSKEYS_MAX} passkeys are the most")
    if connection.scalar(select(PASSKEY.c.id).where(PASSKEY.c.id == id_)) is not None:
        raise PasskeyError("is known already")
    connection.execute(
        insert(PASSKEY).values(
            id=id_,
            holder=holder,
            public_key=bytes_to_base64url(verified.credential_public_key),
            sign_count=verified.sign_count,
            name=name.strip()[:_NAME_LONGEST] or "Passkey",
            made=microseconds(now),
        )
    )


def to_show(origin: Origin, known: tuple[Passkey, ...] = ()) -> tuple[str, bytes]:
    """What the browser needs to show a passkey (one of `known`, or any), and the challenge."""
    options = webauthn.generate_authentication_options(
        rp_id=origin.host,
        allow_credentials=_described(known) or None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options), options.challenge


def shown(
    connection: Connection,
    origin: Origin,
    *,
    credential: dict[str, Any],
    challenge: bytes,
    now: datetime,
    holder: HolderId | None = None,
) -> HolderId:
    """Whose passkey was shown; with `holder`, it must be theirs.

    Raises:
        PasskeyError: It is nobody's, somebody else's, or does not answer the challenge.
    """
    query = _PASSKEYS.where(PASSKEY.c.id == str(credential.get("id", "")))
    row = connection.execute(query).one_or_none()
    known = None if row is None else _passkey(row)
    if known is None or (holder is not None and known.holder != holder):
        raise PasskeyError("is not known here")
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=origin.host,
            expected_origin=origin.url,
            credential_public_key=webauthn.base64url_to_bytes(known.public_key),
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except WebAuthnException as wrong:
        raise PasskeyError(str(wrong)) from wrong
    values = {"sign_count": verified.new_sign_count, "used": microseconds(now)}
    connection.execute(update(PASSKEY).where(PASSKEY.c.id == known.id).values(**values))
    return known.holder


_PASSKEYS: Final = select(*(PASSKEY.c[name] for name in Passkey.__struct_fields__))


def _described(known: tuple[Passkey, ...]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(each.id)) for each in known
    ]


def _passkey(row: Any) -> Passkey:  # noqa: ANN401 - a row of SQLAlchemy's
    values = row._asdict()
    moments = {"made": moment(values["made"]), "used": perhaps_moment(values["used"])}
    return Passkey(**values | moments)
