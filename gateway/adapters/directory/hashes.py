"""What becomes of badge numbers and references: keyed hashes, of which no number can be read.

Two keys, so that a stolen reader gives nothing away of the service's files: the service's own, and
the readers', which is derived from it. `canonical` is always the form of `sensors.badges`.
"""

import hmac

from gateway.core.model.directory import CredentialHash, HolderId, pin_text


def credential_hash(key: bytes, canonical: str) -> CredentialHash:
    """A badge number's keyed hash: HMAC-SHA256 as hex."""
    return CredentialHash(hmac.digest(key, canonical.encode(), "sha256").hex())


def pin_hash(key: bytes, canonical: str, pin: str) -> CredentialHash:
    """The keyed hash of the PIN that goes with a badge, as the intake makes it of a typed one."""
    return credential_hash(key, pin_text(canonical, pin))


def reader_key(key: bytes) -> bytes:
    """The readers' key, from the service's `key`: who has it cannot find that one."""
    return hmac.digest(key, b"readers", "sha256")


def reader_hash(key: bytes, canonical: str) -> CredentialHash:
    """What a rights list calls a badge: its hash under the readers' key. `key` is the service's."""
    return credential_hash(reader_key(key), canonical)


def holder_of(key: bytes, ref: str) -> HolderId:
    """The pseudonym of a member, the same at each import."""
    return HolderId("h-" + hmac.digest(key, f"holder:{ref}".encode(), "sha256").hex()[:12])


def key_mark(key: bytes) -> str:
    """How a members' file remembers its key, without telling it."""
    return hmac.digest(key, b"mark", "sha256").hex()[:16]
