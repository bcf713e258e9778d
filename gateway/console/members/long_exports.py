"""Exports that take long, each in a process of its own: no page and no door waits for them.

One member's export reads the whole journal (seconds for a million rows), a spreadsheet of 50,000
members is seconds of Python; in a thread, both would slow down every page through Python's lock.
Run as `python -m` with this module's name: the arguments are JSON, the file is on its output. One
runs at a time, at a low priority; it ends with the request that waits for it.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from gateway.adapters.directory import FILE, DirectoryStore
from gateway.console.members.search import folded, is_of_site, no_such_member
from gateway.console.web.errors import Problem
from gateway.core.model.names import SiteId
from gateway.members.export import exported
from gateway.members.french import Language
from gateway.phrase import Phrase
from gateway.privacy.erase_and_export import export_member

WITHIN_S: Final = 300.0
"""Seconds for one export; a member's takes 3 s for a million rows on an idle machine."""
_NICE: Final = 10
_NOBODY: Final = 3
"""The exit status for a member who does not exist (any more)."""
_one = asyncio.Semaphore(1)


class MemberExport(Struct, frozen=True, tag=True):
    """Everything that is stored about a member."""

    data_dir: str
    holder: str
    now: datetime


class ListExport(Struct, frozen=True, tag=True):
    """The members of a site, as a file of this suffix."""

    data_dir: str
    site: SiteId
    timezone: str
    suffix: str
    language: Language


LongExport = MemberExport | ListExport


async def long_export(wanted: LongExport) -> bytes:
    """Return the file.

    Raises:
        Problem: There is no such member, or it cannot be read in time.
    """
    command = (sys.executable, "-m", __name__, msgspec.json.encode(wanted).decode())
    async with _one:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,  # a trace would quote members
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is ours to handle
        )
        try:
            async with asyncio.timeout(WITHIN_S):
                content, _ = await process.communicate()
        except TimeoutError as late:
            raise _failed() from late
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == _NOBODY:
        raise no_such_member()
    if process.returncode:
        raise _failed()
    return content


def _failed() -> Problem:
    return Problem(
        503,
        "export-failed",
        Phrase("The export did not succeed"),
        Phrase("Try again; `seuil privacy export` and `seuil members export` say more."),
    )


def _content(wanted: LongExport) -> bytes | None:
    """Return the file, in the process of its own."""
    folder = Path(wanted.data_dir)
    if isinstance(wanted, MemberExport):
        told = export_member(folder, wanted.holder, wanted.now)
        return None if told is None else told.as_json()
    with closing(DirectoryStore(folder / FILE)) as store:
        members = sorted(
            (member for member in store.members() if is_of_site(member, wanted.site)),
            key=lambda member: folded(member.name),
        )
    return exported(members, ZoneInfo(wanted.timezone), wanted.suffix, wanted.language)


def main(argument: str) -> int:
    """Write the file to the output."""
    os.nice(_NICE)
    content = _content(msgspec.json.decode(argument, type=LongExport))
    if content is None:
        return _NOBODY
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
