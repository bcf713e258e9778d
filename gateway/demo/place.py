"""The demo's place: its space files and its folder, which belongs to the demo alone."""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.demo.wishes import PORT, DemoError

_ID = re.compile(r'^id = "le-seuil"$', re.MULTILINE)
_NAME = re.compile(r'^name = \{ fr = "Le Seuil, [^}]*\}$', re.MULTILINE)
_TOPIC = re.compile(r'^topic = "([^"]+)"$', re.MULTILINE)


@contextmanager
def folder(wished: Path | None) -> Iterator[Path]:
    """Provide the data folder: a named one, which is kept, or a new one, which is removed.

    Raises:
        DemoError: it cannot be written, or holds something: it may be a real gateway's.
    """
    if wished is None:
        with TemporaryDirectory(prefix="seuil-demo-", ignore_cleanup_errors=True) as fresh:
            yield Path(fresh)
        return
    is_new = _claimed(wished)
    try:
        yield wished
    except DemoError:  # the demo did not begin: leave nothing behind
        _emptied(wished)
        if is_new:
            wished.rmdir()
        raise


def write_space(into: Path, sites: int) -> Path:
    """Write the space file of each site, and return their folder."""
    text = files("gateway").joinpath("demo/space.toml").read_text(encoding="utf-8")
    into.mkdir()
    if sites == 1:
        (into / "le-seuil.toml").write_text(text, encoding="utf-8")
        return into
    for number in range(1, sites + 1):
        (into / f"site-{number:03d}.toml").write_text(_copy(text, number), encoding="utf-8")
    return into


def page_port(wished: int | None) -> int:
    """Return the port for the live page.

    Raises:
        DemoError: the port that was asked for is taken.
    """
    if _is_free(wished or PORT):
        return wished or PORT
    if wished is not None:
        raise DemoError(
            f"port {wished} is in use by another program; without --port a free one is taken"
        )
    return free_port()


def _claimed(wished: Path) -> bool:
    """Return whether this call created the folder."""
    try:
        is_new = not wished.exists()
        wished.mkdir(parents=True, exist_ok=True)
        if any(wished.iterdir()):
            raise DemoError(f"{wished} is not empty; the demo wants a folder of its own")
        probe = wished / "probe"
        probe.touch()
        probe.unlink()
    except OSError as wrong:
        raise DemoError(f"{wished} cannot be written: {wrong.strerror}") from wrong
    return is_new


def _emptied(claimed: Path) -> None:
    for entry in claimed.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _copy(text: str, number: int) -> str:
    """Return the site's file with its own id, name and topics."""
    name = f"site-{number:03d}"
    told = f'name = {{ fr = "Le Seuil {number}", en = "Le Seuil {number}" }}'
    text = _ID.sub(f'id = "{name}"', text)
    return _TOPIC.sub(rf'topic = "\1-{name}"', _NAME.sub(told, text))


def _is_free(port: int) -> bool:
    try:
        with socket.create_server((LOOPBACK, port)):
            return True
    except OSError:
        return False
