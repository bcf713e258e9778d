"""Checks a whole journal for damaged pages; run as `python -m` with this module's name.

It is a separate process at the lowest priority: it takes some seconds for 1 GB without delaying
doors, it can be ended at any moment, and a page that crashes SQLite crashes nothing else. It only
reads.
"""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

FOUND_MAX: Final = 3
"""Damaged places that are reported; one is enough to act."""
_CORRUPT: Final = frozenset({11, 26})
"""SQLITE_CORRUPT and SQLITE_NOTADB."""
_KIND: Final = 0xFF
"""The bits of an extended result code that say which primary one it belongs to."""
_CRASHES: Final = frozenset({-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT})


def is_damage(error: BaseException) -> bool:
    """Return whether an SQLite error is about damaged content rather than about disk access."""
    return error_kind(error) in _CORRUPT


def error_kind(error: BaseException) -> int:
    """Return an SQLite error's primary result code: SQLite names, say, three kinds of BUSY."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _KIND


async def look_through(journal: Path, within_s: float) -> str | None:
    """Return the damage of a journal, empty if there is none; None: the check did not end."""
    process = await asyncio.create_subprocess_exec(
        *_command(journal), stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(within_s):
            said, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return _told(process.returncode, said)


def look_through_now(journal: Path, within_s: float) -> str | None:
    """Return the same as `look_through`, blocking, for a command."""
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            _command(journal), capture_output=True, timeout=within_s, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return _told(done.returncode, done.stdout)


def damage_of(db: sqlite3.Connection) -> str:
    """Return the first damaged places that SQLite finds; empty if there are none."""
    try:
        found = [str(said) for (said,) in db.execute(f"PRAGMA quick_check({FOUND_MAX})")]
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return str(error)
    return "" if found == ["ok"] else "; ".join(" ".join(said.split()) for said in found)


def _command(journal: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "gateway.adapters.journal.integrity", str(journal))


def _told(status: int | None, said: bytes) -> str | None:
    if status in _CRASHES:
        return "a page of it crashes SQLite"
    return None if status else said.decode(errors="replace").strip()


def main(arguments: list[str]) -> int:
    """Print the damage, or nothing if all is well."""
    os.nice(19)
    file = Path(arguments[0]).absolute()
    # If no process has it open, the check must not create a -wal and a -shm.
    alone = "" if file.with_name(f"{file.name}-wal").exists() else "&immutable=1"
    address = f"{file.as_uri()}?mode=ro{alone}"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=5)) as db:
        sys.stdout.write(damage_of(db))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
