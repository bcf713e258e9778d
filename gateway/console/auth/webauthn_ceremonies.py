"""The WebAuthn ceremonies: the options to make and show a passkey, and the check of the answers.

Imported when it is needed: the library and its cryptography take 14 MB, and most consoles see no
passkey for hours after their start.
"""

from datetime import datetime
from typing import Any

import webauthn
from sqlalchemy import Connection
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.console.auth.passkeys import Passkey, PasskeyError, RelyingParty, find, keep, used
from gateway.core.model.directory import HolderId


def to_make(
    origin: RelyingParty, holder: HolderId, login: str, name: str, known: tuple[Passkey, ...]
) -> tuple[str, bytes]:
    """Return the browser's options to make a passkey, as JSON; and the challenge."""
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
    origin: RelyingParty,
    holder: HolderId,
    *,
    credential: dict[str, Any],
    challenge: bytes,
    name: str,
    now: datetime,
) -> None:
    """Store a passkey that the browser has made.

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
    keep(
        connection,
        Passkey(
            id=bytes_to_base64url(verified.credential_id),
            holder=holder,
            public_key=bytes_to_base64url(verified.credential_public_key),
            sign_count=verified.sign_count,
            name=name,
            made=now,
            used=None,
        ),
    )


def to_show(origin: RelyingParty, known: tuple[Passkey, ...] = ()) -> tuple[str, bytes]:
    """Return the options to show a passkey (one of `known`, or any), and the challenge."""
    options = webauthn.generate_authentication_options(
        rp_id=origin.host,
        allow_credentials=_described(known) or None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options), options.challenge


def shown(
    connection: Connection,
    origin: RelyingParty,
    *,
    credential: dict[str, Any],
    challenge: bytes,
    now: datetime,
    holder: HolderId | None = None,
) -> HolderId:
    """Return the holder of the passkey that was shown; with `holder`, it must be theirs.

    Raises:
        PasskeyError: It is unknown, another member's, or does not answer the challenge.
    """
    known = find(connection, str(credential.get("id", "")))
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
    used(connection, known.id, verified.new_sign_count, now)
    return known.holder


def _described(known: tuple[Passkey, ...]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(each.id)) for each in known
    ]
