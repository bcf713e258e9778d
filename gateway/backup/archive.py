"""An archive: a tar file, compressed, encrypted where there is a passphrase; its manifest is first.

The manifest names every other file with its size and checksum, so that an archive that was cut off
or changed is refused as a whole.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol

import msgspec
from msgspec import Struct

from gateway import __version__
from gateway.backup.age import MAGIC, AgeError, AgeReader, AgeWriter

FORMAT: Final = 1
SPACE: Final = "space"
"""The folder of the space files in an archive."""
_MANIFEST: Final = "manifest.json"
_MANIFEST_MAX: Final = 10_000_000
_GZIP: Final = b"\x1f\x8b"
_LEVEL: Final = 3
"""Of 9: JSON shrinks to a sixth, at three times the speed of the default."""
_PIECE: Final = 1 << 20


class BackupError(Exception):
    """A backup cannot be made or restored: the message says why."""


class Entry(Struct, frozen=True):
    """A file of an archive."""

    name: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True):
    """The contents of an archive. `at` is the time before the first file was read."""

    format: int
    seuil: str
    at: datetime
    instance: str
    files: tuple[Entry, ...]


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def manifest_of(files: Mapping[str, Path], at: datetime, instance: str) -> Manifest:
    """Return the manifest of these files, by their names in the archive."""
    entries = tuple(
        Entry(name, file.stat().st_size, _checksum(file)) for name, file in files.items()
    )
    return Manifest(FORMAT, __version__, at, instance, entries)


def pack(
    out: IO[bytes], manifest: Manifest, files: Mapping[str, Path], passphrase: str | None
) -> None:
    """Write an archive of the manifest's files."""
    encrypted = AgeWriter(out, passphrase) if passphrase else None
    with (
        gzip.GzipFile("", "wb", _LEVEL, encrypted or out, mtime=0) as zipped,  # type: ignore[arg-type]  # what writes is enough
        tarfile.open(mode="w|", fileobj=zipped, format=tarfile.PAX_FORMAT) as tar,
    ):
        said = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        tar.addfile(_header(_MANIFEST, len(said), manifest.at), io.BytesIO(said))
        for entry in manifest.files:
            with files[entry.name].open("rb") as file:
                tar.addfile(_header(entry.name, entry.size, manifest.at), file)
    if encrypted is not None:
        encrypted.close()


def is_encrypted(archive: Path) -> bool:
    """Return whether an archive needs a passphrase.

    Raises:
        BackupError: It is no archive, or cannot be read.
    """
    try:
        with archive.open("rb") as file:
            begin = file.read(len(MAGIC))
    except OSError as wrong:
        raise BackupError(f"{archive}: cannot be read: {wrong.strerror}") from wrong
    if begin != MAGIC and not begin.startswith(_GZIP):
        raise BackupError(f"{archive}: is no backup of seuil")
    return begin == MAGIC


def unpack(archive: Path, folder: Path, passphrase: str | None) -> Manifest:
    """Write the files of an archive into an empty folder, and check each against the manifest.

    Raises:
        BackupError: It is truncated, damaged, no backup, of a newer seuil, or has another
            passphrase. What is in the folder then is of no use.
        OSError: The folder cannot be written.
    """
    try:
        with _opened(archive, passphrase) as source:
            return _unpacked(source, folder)
    except AgeError as wrong:
        raise BackupError(f"{archive}: {wrong}") from None
    except (EOFError, zlib.error, tarfile.TarError, gzip.BadGzipFile, msgspec.MsgspecError):
        message = f"{archive}: is truncated or damaged: take another backup"
        raise BackupError(message) from None
    except _RefusedError as wrong:
        raise BackupError(f"{archive}: {wrong}") from None


class _RefusedError(Exception):
    pass


@contextmanager
def _opened(archive: Path, passphrase: str | None) -> Iterator[gzip.GzipFile]:
    encrypted = is_encrypted(archive)
    if encrypted and not passphrase:
        raise BackupError(f"{archive}: is encrypted: give its passphrase")
    with archive.open("rb") as file:
        source: _Source = AgeReader(file, passphrase or "") if encrypted else file
        with gzip.GzipFile("", "rb", fileobj=source) as zipped:  # type: ignore[call-overload]  # what reads is enough
            yield zipped


def _unpacked(source: gzip.GzipFile, folder: Path) -> Manifest:
    with tarfile.open(mode="r|", fileobj=source) as tar:
        first = tar.next()
        if first is None or first.name != _MANIFEST or first.size > _MANIFEST_MAX:
            raise _RefusedError("is no backup of seuil")
        said = tar.extractfile(first)
        assert said is not None  # noqa: S101 - a regular file
        manifest = _understood(said.read())
        for entry in manifest.files:
            found = tar.next()
            if found is None or (found.name, found.size) != (entry.name, entry.size):
                raise _RefusedError(f"is truncated or damaged: {entry.name} is missing")
            content = tar.extractfile(found)
            _write(folder / entry.name, content, entry)
    while source.read(_PIECE):  # to the end, where the checksum of the compression is
        pass
    return manifest


def _understood(said: bytes) -> Manifest:
    about = msgspec.json.decode(said, type=dict[str, object])
    form, version = about.get("format"), str(about.get("seuil"))
    if not isinstance(form, int) or form > FORMAT or _numbers(version) > _numbers(__version__):
        raise _RefusedError(
            f"was made by seuil {version}, this is {__version__}: update seuil first"
        )
    manifest = msgspec.json.decode(said, type=Manifest)
    for entry in manifest.files:
        *above, name = PurePosixPath(entry.name).parts or ("..",)
        if name == ".." or above not in ([], [SPACE]):
            raise _RefusedError(f"holds a file that no backup has: {entry.name!r}")
    return manifest


def _write(file: Path, content: IO[bytes] | None, entry: Entry) -> None:
    """Write a file of the archive, 0600, and check it."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    seen = hashlib.sha256()
    with file.open("xb") as out:
        file.chmod(0o600)
        while content is not None and (piece := content.read(_PIECE)):
            seen.update(piece)
            out.write(piece)
    if seen.hexdigest() != entry.sha256:
        raise _RefusedError(f"is damaged: {entry.name} has another checksum")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _checksum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _header(name: str, size: int, at: datetime) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, 0o600, int(at.timestamp())
    return header
