"""Watches the space file while the gateway runs: applies all of a change, or nothing.

The files are checked twice per second (by size, time and inode) and at SIGHUP. They are read only
if they did not change between two checks: an editor may still be writing, and half a file can be
valid. Any fault in any of them leaves everything unchanged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from msgspec import Struct, structs

from gateway.config import ConfigError, ConfigFault, load_space
from gateway.config.calendars import CalendarFeed, load_calendars
from gateway.config.last_good import save_space, saved_space
from gateway.config.lines import with_line
from gateway.config.space import space_files
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site

log = logging.getLogger(__name__)

POLL_S: Final = 0.5

Stamp = tuple[tuple[str, int, int, int], ...]
"""Each file's name, time, size and inode."""


class Space(Struct, frozen=True):
    """The content of the space file or folder, and the stamp of its files when it was read."""

    sites: tuple[Site, ...]
    feeds: tuple[CalendarFeed, ...] = ()
    stamp: Stamp = ()


def read(path: Path) -> Space:
    """Read the space of a file or folder.

    Raises:
        ConfigError: It lists every fault.
    """
    stamp = _stamp(path)
    return Space(load_space(path), load_calendars(path), stamp)


def begin(path: Path, folder: Path) -> "SpaceWatcher":
    """Return the watcher of a space; where it is faulty, of the one that was last in force.

    Raises:
        ConfigError: It is faulty, and the data folder keeps none of before.
    """
    try:
        return SpaceWatcher(path, read(path), folder)
    except ConfigError as wrong:
        kept = saved_space(folder, path)
        if kept is None:
            raise
        try:
            before = read(kept)
        except ConfigError:  # of an older seuil, which accepted more
            raise wrong from None
        watcher = SpaceWatcher(path, structs.replace(before, stamp=_stamp(path)), folder)
        watcher.refuse(wrong)
        return watcher


class SpaceWatcher:
    """Watches the files of a space; `run` until cancelled."""

    def __init__(self, path: Path, in_force: Space, keep_in: Path | None = None) -> None:
        """Watch from a space that is in force; each later one is kept in the folder `keep_in`."""
        self.in_force = in_force
        self.faults: tuple[ConfigFault, ...] = ()
        """The faults of the files as they are now; the space in force is the one of before."""
        self._keep_in = keep_in
        self._path = path
        self._seen = in_force.stamp
        self._asked = asyncio.Event()
        self._waiting: frozenset[SiteId] = frozenset()
        """Sites that were added or removed, and wait for a restart."""

    @property
    def is_faulty(self) -> bool:
        """Return whether the files are faulty as they are now."""
        return bool(self.faults)

    def nudge(self) -> None:
        """Read the files now, even if they have not changed."""
        self._asked.set()

    async def run(
        self, use: Callable[[Space], Awaitable[None]], tell: Callable[[], Awaitable[None]]
    ) -> None:
        """Pass each new space to `use`; call `tell` at the start, and when `faults` have changed.

        `use` applies it, or raises ConfigError and changes nothing.
        """
        await self._keep()
        await tell()
        while True:
            self._seen = await self._until_changed()
            before = self.faults
            try:
                found = await asyncio.to_thread(read, self._path)
                if found.stamp != await self._look():
                    continue  # it was written while we read
                await self._take(found, use)
            except ConfigError as wrong:
                if self._seen != await self._look():
                    continue
                self.refuse(wrong)
            if before != self.faults:
                await tell()

    async def _take(self, found: Space, use: Callable[[Space], Awaitable[None]]) -> None:
        space, waiting = usable(self.in_force, found)
        await use(space)
        if waiting != self._waiting:
            names = ", ".join(sorted(waiting)) or "none"
            log.warning("sites that came or went, and wait for a restart: %s", names)
        self.in_force, self._waiting = space, waiting
        self.faults = ()
        await self._keep()

    async def _keep(self) -> None:
        """Keep the space in force for a start at which the files are faulty."""
        if self._keep_in is None or self.faults:
            return
        if self.in_force.stamp == await self._look() != ():
            files = space_files(self._path)
            await asyncio.to_thread(save_space, self._keep_in, self._path, files)

    def refuse(self, wrong: ConfigError) -> None:
        """Take note of the files' faults, and log each one once."""
        faults = tuple(with_line(fault) for fault in wrong.faults)
        for fault in faults:
            if fault not in self.faults:
                log.error("%s", fault)
        if not self.faults:
            log.error("%s is faulty: what it said before stays in force", self._path)
        self.faults = faults

    async def _until_changed(self) -> Stamp:
        """Wait for a new stamp of the files that is the same at two checks, and return it."""
        before: Stamp | None = None
        while True:
            now = await self._look()
            if self._asked.is_set() or (now != self._seen and now == before):
                self._asked.clear()
                return now
            before = now
            try:
                async with asyncio.timeout(POLL_S):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def _look(self) -> Stamp:
        return await asyncio.to_thread(_stamp, self._path)


def usable(in_force: Space, found: Space) -> tuple[Space, frozenset[SiteId]]:
    """Return the part of a new space that can be applied while we run, and the other sites.

    An added site needs a restart; a removed one is run until then.
    """
    running = {site.id: site for site in in_force.sites}
    coming = {site.id: site for site in found.sites}
    gone = running.keys() - coming.keys()
    sites = tuple(coming.get(id_, site) for id_, site in running.items())
    feeds = (
        *(feed for feed in found.feeds if feed.site in running),
        *(feed for feed in in_force.feeds if feed.site in gone),
    )
    return Space(sites, feeds, found.stamp), frozenset(gone | (coming.keys() - running.keys()))


def _stamp(path: Path) -> Stamp:
    """Return the stamp of the files; () if there are none."""
    try:
        looks = [(file, file.stat()) for file in space_files(path)]
    except (ConfigError, OSError):
        return ()
    return tuple((str(f), st.st_mtime_ns, st.st_size, st.st_ino) for f, st in looks)
