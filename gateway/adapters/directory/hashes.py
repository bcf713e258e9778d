"""Keyed hashes of badge numbers and references: the number cannot be recovered from them.

There are two keys, the service's own and the readers', which is derived from it, so that a stolen
reader reveals nothing of the service's files. `canonical` is always the form of `sensors.badges`.
"""

import hmac

from gateway.core.model.directory import CredentialHash, HolderId, pin_text


def credential_hash(key: bytes, canonical: str) -> CredentialHash:
    """Return a badge number's keyed hash: HMAC-SHA256 as hex."""
    return CredentialHash(hmac.digest(key, canonical.encode(), "sha256").hex())


def pin_hash(key: bytes, canonical: str, pin: str) -> CredentialHash:
    """Return the keyed hash of a badge's PIN, computed as the intake does for a typed PIN."""
    return credential_hash(key, pin_text(canonical, pin))


def reader_key(key: bytes) -> bytes:
    """Derive the readers' key from the service's `key`, which cannot be recovered from it."""
    return hmac.digest(key, b"readers", "sha256")


def reader_hash(key: bytes, canonical: str) -> CredentialHash:
    """Return a badge's hash under the readers' key, for rights lists. `key` is the service's."""
    return credential_hash(reader_key(key), canonical)


def holder_of(key: bytes, ref: str) -> HolderId:
    """Return the pseudonym of a member, the same at each import."""
    return HolderId("h-" + hmac.digest(key, f"holder:{ref}".encode(), "sha256").hex()[:12])


def key_mark(key: bytes) -> str:
    """Return a mark that identifies the key of a members' file without revealing it."""
    return hmac.digest(key, b"mark", "sha256").hex()[:16]
