"""Two-factor sign-in (2FA) with a typed code: of an app (TOTP, RFC 6238), or a recovery code.

Each code is valid once: the step of the last one is stored, and a recovery code is removed.
"""

import hmac
import io
import secrets
from datetime import datetime
from typing import Final

import pyotp
from sqlalchemy import Connection, delete, insert, update

from gateway.adapters.accounts.tables import ACCOUNT, RECOVERY
from gateway.console.auth.secrets import hash_of
from gateway.core.model.directory import HolderId

STEP_S: Final = 30
_SLACK: Final = 1
"""Steps before and after: telephones' clocks are off, and people type slowly."""
RECOVERY_CODES: Final = 10
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that look alike."""
_GROUPS: Final = 4
_GROUP: Final = 4
"""Four groups of four letters: 79 bits, too many to find from a hash."""


def new_totp() -> str:
    """Return a new secret, base32."""
    return pyotp.random_base32()


def step_of(totp: str, typed: str, now: datetime) -> int | None:
    """Return the step whose code was typed; None: it is no current code."""
    code = "".join(typed.split())
    generator = pyotp.TOTP(totp, interval=STEP_S)
    today = int(now.timestamp()) // STEP_S
    for step in range(today - _SLACK, today + _SLACK + 1):
        right = generator.at(step * STEP_S)
        if hmac.compare_digest(right.encode(), code.encode()):
            return step
    return None


def use_step(connection: Connection, holder: HolderId, step: int) -> bool:
    """Record that this step's code was used; return False where another request was first."""
    later = update(ACCOUNT).where(ACCOUNT.c.holder == holder, ACCOUNT.c.totp_step < step)
    return connection.execute(later.values(totp_step=step)).rowcount == 1


def use_recovery(connection: Connection, holder: HolderId, typed: str) -> bool:
    """Return whether this was one of the holder's recovery codes, and remove it."""
    kept = _kept(holder, typed)
    mine = delete(RECOVERY).where(RECOVERY.c.holder == holder, RECOVERY.c.hash == kept)
    return connection.execute(mine).rowcount == 1


def new_recovery_codes(connection: Connection, holder: HolderId) -> tuple[str, ...]:
    """Return ten new codes, to be shown once; the old ones become invalid."""
    connection.execute(delete(RECOVERY).where(RECOVERY.c.holder == holder))
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    rows = [{"holder": holder, "hash": _kept(holder, code)} for code in codes]
    connection.execute(insert(RECOVERY), rows)
    return codes


def remove(connection: Connection, holder: HolderId) -> None:
    """Remove the app and the recovery codes."""
    connection.execute(delete(RECOVERY).where(RECOVERY.c.holder == holder))
    mine = update(ACCOUNT).where(ACCOUNT.c.holder == holder)
    connection.execute(mine.values(totp=None, totp_new=None))


def qr(totp: str, login: str) -> bytes:
    """Return the QR code for the app's camera, as SVG."""
    import segno  # noqa: PLC0415 - for who sets up an app, once

    address = pyotp.TOTP(totp, interval=STEP_S).provisioning_uri(name=login, issuer_name="Seuil")
    drawn = io.BytesIO()
    segno.make_qr(address, error="m").save(drawn, kind="svg", scale=4, dark="#000", light="#fff")
    return drawn.getvalue()


def _recovery_code() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _kept(holder: HolderId, code: str) -> str:
    """Return a recovery code as it is stored, whatever the spaces, dashes and capitals."""
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return hash_of(f"{holder}:{letters}")
