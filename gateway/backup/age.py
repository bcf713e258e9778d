"""Encryption with a passphrase in the form of age (age-encryption.org/v1), as a stream.

So an archive can be opened without Seuil: `age -d FILE | tar xz`. The header wraps a random file
key with the passphrase (scrypt). The payload is cut into chunks of 64 KiB, each one authenticated
(ChaCha20-Poly1305), and the last one is marked: what was cut off or changed is not decrypted.
"""

import secrets
from base64 import b64decode, b64encode
from hmac import compare_digest, digest
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC: Final = b"age-encryption.org/v1\n"
WORK: Final = 15
"""The cost of one try as a power of two: 32 MB and a tenth of a second, for small computers too."""
WORK_MAX: Final = 20
"""The most that a file may demand: 1 GB of memory."""
_CHUNK: Final = 64 * 1024
_TAG: Final = 16
_KEY: Final = 16
_NONCE: Final = 16
_LINE_MAX: Final = 1000
_NO_NONCE: Final = bytes(12)
"""The wrapping key is used once."""


class AgeError(Exception):
    """The file cannot be decrypted: the message says why."""


class AgeWriter:
    """Encrypts what is written to `out`; `close` writes the end, and leaves `out` open."""

    def __init__(self, out: IO[bytes], passphrase: str) -> None:
        self._out = out
        key, salt, nonce = (secrets.token_bytes(size) for size in (_KEY, 16, _NONCE))
        wrapped = ChaCha20Poly1305(_wrapping_key(passphrase, salt, WORK)).encrypt(
            _NO_NONCE, key, None
        )
        header = MAGIC + b"-> scrypt %b %d\n%b\n---" % (_text(salt), WORK, _text(wrapped))
        out.write(header + b" " + _text(_mac(key, header)) + b"\n" + nonce)
        self._cipher = _Chunks(key, nonce)
        self._waiting = bytearray()

    def write(self, data: bytes, /) -> int:
        """Encrypt each chunk that is certainly not the last one."""
        self._waiting += data
        while len(self._waiting) > _CHUNK:
            self._out.write(self._cipher.encrypt(bytes(self._waiting[:_CHUNK]), is_last=False))
            del self._waiting[:_CHUNK]
        return len(data)

    def close(self) -> None:
        """Write the last chunk."""
        self._out.write(self._cipher.encrypt(bytes(self._waiting), is_last=True))


class AgeReader:
    """Decrypts `source`.

    Raises:
        AgeError: It is no such file, the passphrase is another one, or a part of it was changed or
            cut off; from `read`, too.
    """

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        self._source = source
        key = _file_key(source, passphrase)
        self._cipher = _Chunks(key, _exactly(source, _NONCE))
        self._next = source.read(_CHUNK + _TAG)
        self._ready = b""
        self._is_over = False

    def read(self, size: int = _CHUNK) -> bytes:
        """Return at most `size` decrypted bytes; none only at the end."""
        while not self._ready and not self._is_over:
            self._decrypt()
        part, self._ready = self._ready[:size], self._ready[size:]
        return part

    def _decrypt(self) -> None:
        chunk, self._next = self._next, self._source.read(_CHUNK + _TAG)
        self._is_over = not self._next
        try:
            self._ready = self._cipher.decrypt(chunk, is_last=self._is_over)
        except InvalidTag:
            raise AgeError("is truncated or damaged") from None


class _Chunks:
    """The cipher of the payload: each chunk has its number, and the last one its mark."""

    def __init__(self, file_key: bytes, nonce: bytes) -> None:
        self._cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
        self._number = 0

    def encrypt(self, chunk: bytes, *, is_last: bool) -> bytes:
        """Return the next chunk, encrypted."""
        return self._cipher.encrypt(self._nonce(is_last=is_last), chunk, None)

    def decrypt(self, chunk: bytes, *, is_last: bool) -> bytes:
        """Return the next chunk, decrypted."""
        return self._cipher.decrypt(self._nonce(is_last=is_last), chunk, None)

    def _nonce(self, *, is_last: bool) -> bytes:
        number, self._number = self._number, self._number + 1
        return number.to_bytes(11, "big") + bytes([is_last])


def _file_key(source: IO[bytes], passphrase: str) -> bytes:
    lines = [source.readline(_LINE_MAX) for _ in range(4)]
    try:
        arrow, kind, salt, work = lines[1].split()
        end, mac = lines[3].split()
        cost = int(work)
        parts = [
            b64decode(part + b"=" * (-len(part) % 4)) for part in (salt, lines[2].strip(), mac)
        ]
    except ValueError:
        raise AgeError("is not encrypted with a passphrase, or its beginning is damaged") from None
    if lines[0] != MAGIC or (arrow, kind, end) != (b"->", b"scrypt", b"---") or cost > WORK_MAX:
        raise AgeError("is not encrypted with a passphrase, or its beginning is damaged")
    try:
        cipher = ChaCha20Poly1305(_wrapping_key(passphrase, parts[0], cost))
        key = cipher.decrypt(_NO_NONCE, parts[1], None)
    except InvalidTag:
        raise AgeError("has another passphrase") from None
    if not compare_digest(_mac(key, b"".join(lines[:3]) + b"---"), parts[2]):
        raise AgeError("is damaged at its beginning")
    return key


def _wrapping_key(passphrase: str, salt: bytes, work: int) -> bytes:
    salt = b"age-encryption.org/v1/scrypt" + salt
    return Scrypt(salt=salt, length=32, n=1 << work, r=8, p=1).derive(passphrase.encode())


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)


def _mac(key: bytes, header: bytes) -> bytes:
    return digest(_derived(key, b"", b"header"), header, "sha256")


def _text(data: bytes) -> bytes:
    """Return base64 without padding, as age wants it."""
    return b64encode(data).rstrip(b"=")


def _exactly(source: IO[bytes], size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise AgeError("is truncated")
    return data
