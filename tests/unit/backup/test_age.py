"""Encryption in the form of age: what another program wrote is read, and no change goes unseen."""

import io
from base64 import b64decode

import pytest

from gateway.backup.age import AgeError, AgeReader, AgeWriter

OF_RAGE = b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCB5ZEM2Wk9maTVwa0NFU3NTZEg1RjZ3IDE4CmtpTkg5RVdaalpL"
    "OUthUlZtU2NuYjI5ZEZMRi9UalMwVysvSmh5NTJWSVUKLS0tIDBRdXZ2VTEyMzd4VW5uUzB2NFA1RFlncnkxRzhpS1kx"
    "Qm1ITlVHTmdZUGcKe3F8+TSPO0AnVkAcfI9oiHtRp8b+ct9z0zpPU4AdWijCXGtOUHN6fe1x0IEaoZk="
)
"""By the Rust implementation (pyrage 1), which also read what AgeWriter wrote."""
CHUNK = 64 * 1024
PASSPHRASE = "correct horse"  # noqa: S105 - a test's


def encrypted(content: bytes) -> bytes:
    """A file of ours, written in pieces that fit no chunk."""
    out = io.BytesIO()
    writer = AgeWriter(out, PASSPHRASE)
    for begin in range(0, len(content), 10_007):
        writer.write(content[begin : begin + 10_007])
    writer.close()
    return out.getvalue()


def decrypted(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    """What the reader says, to its end."""
    reader = AgeReader(io.BytesIO(data), passphrase)
    return b"".join(iter(lambda: reader.read(50_000), b""))


def test_another_programs_file_is_read() -> None:
    """So ours is the form that it names itself."""
    assert decrypted(OF_RAGE) == b"hello from rage"


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
def test_what_is_written_is_read(size: int) -> None:
    """At each edge of a chunk."""
    content = bytes(number % 251 for number in range(size))
    assert decrypted(encrypted(content)) == content


def test_another_passphrase_is_told() -> None:
    """Not as damage."""
    with pytest.raises(AgeError, match="has another passphrase"):
        decrypted(encrypted(b"x"), "wrong horse")


WHOLE = encrypted(bytes(2 * CHUNK + 10))


@pytest.mark.parametrize("cut", [1, 26, CHUNK, CHUNK + 16, CHUNK + 42, len(WHOLE) - 190])
def test_what_was_cut_off_is_refused(cut: int) -> None:
    """Also between two chunks, where every chunk that is left is whole."""
    with pytest.raises(AgeError, match="truncated"):
        decrypted(WHOLE[:-cut])


@pytest.mark.parametrize("place", [30, 60, 120, 160, 190, 5000, len(WHOLE) - 1])
def test_what_was_changed_is_refused(place: int) -> None:
    """Wherever it was: in the header, the nonce, or a chunk."""
    with pytest.raises(AgeError):
        decrypted(WHOLE[:place] + bytes([WHOLE[place] ^ 1]) + WHOLE[place + 1 :])


def test_a_file_that_demands_too_much_memory_is_refused() -> None:
    """Its header is another's word."""
    with pytest.raises(AgeError):
        decrypted(WHOLE.replace(b" 15\n", b" 30\n", 1))
