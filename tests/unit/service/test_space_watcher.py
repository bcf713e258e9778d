"""A space file that changes: all of it, or nothing, and each fault once."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.config import ConfigError, ConfigFault, load_space
from gateway.config.calendars import CalendarFeed
from gateway.config.last_good import FILE as LAST_GOOD
from gateway.config.last_good import save_space
from gateway.core.model.bookings import Target
from gateway.core.model.names import SiteId, Text
from gateway.core.model.site import Site
from gateway.service import space_watcher
from gateway.service.space_watcher import Space, SpaceWatcher, usable
from tests.servers import stops, until
from tests.world.gateway_process import HUB

OTHER = HUB.replace('"Hall"', '"Great hall"')
FAULTY = HUB.replace('zone = "hall"', 'zone = "hal"', 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A space file."""
    made = tmp_path / "hub.toml"
    made.write_text(HUB, encoding="utf-8")
    return made


class Used:
    """Who watches, and what was to be used."""

    def __init__(self, path: Path) -> None:
        self.watch = SpaceWatcher(path, space_watcher.read(path))
        self.spaces: list[Space] = []
        self.told = 0
        self.refusal: ConfigError | None = None

    async def use(self, space: Space) -> None:
        """Take it, unless there is a refusal."""
        await asyncio.sleep(0)
        if self.refusal is not None:
            raise self.refusal
        self.spaces.append(space)

    async def tell(self) -> None:
        """Count."""
        self.told += 1


@asynccontextmanager
async def watching(path: Path) -> AsyncIterator[Used]:
    """Watch until the block ends; it stops when it is cancelled."""
    used = Used(path)
    task = asyncio.create_task(used.watch.run(used.use, used.tell))
    try:
        yield used
        assert not task.done(), task.result()
    finally:
        await stops(task)


def write(file: Path, text: str) -> None:
    """As an editor does that writes in place."""
    file.write_text(text, encoding="utf-8")


def replace(file: Path, text: str) -> None:
    """As an editor does that writes beside and renames."""
    beside = file.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.rename(file)


@pytest.mark.parametrize("how", [write, replace])
async def test_a_change_is_used(file: Path, how: Callable[[Path, str], None]) -> None:
    """Once."""
    async with watching(file) as used:
        how(file, OTHER)
        await until(lambda: used.spaces, "it is used")
        await asyncio.sleep(1.2)
    (space,) = used.spaces
    assert space.sites[0].zones[0].name == Text("Great hall", "Great hall")
    assert used.watch.in_force == space
    assert (used.told, used.watch.is_faulty) == (1, False)


async def test_a_change_from_before_the_watch_is_used(file: Path) -> None:
    """What was read is compared with, not what lies there when watching begins."""
    used = Used(file)
    write(file, OTHER)
    task = asyncio.create_task(used.watch.run(used.use, used.tell))
    await until(lambda: used.spaces, "it is used")
    task.cancel()


async def test_what_is_not_changed_is_left_alone(file: Path) -> None:
    """Unless somebody asks."""
    async with watching(file) as used:
        await asyncio.sleep(1.2)
        assert used.spaces == []
        used.watch.nudge()
        await until(lambda: used.spaces, "it was asked for")


async def test_a_file_is_read_only_when_it_lies_still(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a file may be a valid one."""
    monkeypatch.setattr(space_watcher, "POLL_S", 0.2)
    async with watching(file) as used:
        for _ in range(12):
            write(file, HUB.partition("[[plans]]")[0] + "#" * len(used.spaces))
            os.utime(file)
            await asyncio.sleep(0.1)
        assert used.spaces == []
        write(file, OTHER)
        await until(lambda: used.spaces, "it is whole")
    assert used.spaces[0].sites[0].plans


async def test_a_fault_changes_nothing_and_is_told_once(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each, with its place; when it is mended, the change is used and told."""
    caplog.set_level(logging.INFO)
    async with watching(file) as used:
        write(file, FAULTY)
        await until(lambda: used.told == 2, "it is told")
        assert (used.spaces, used.watch.is_faulty) == ([], True)
        assert used.watch.in_force.sites[0].zones[0].name.en == "Hall"
        write(file, FAULTY.replace("Europe/Paris", "Europe/Pariss"))
        await until(lambda: "timezone" in caplog.text, "the new fault is told")
        write(file, OTHER)
        await until(lambda: used.spaces, "it is used")
        await until(lambda: used.told == 4, "that is told")
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "doors[0].zone" in line]) == 1
    assert '"hal" is not a zone; did you mean "hall"?' in caplog.text
    assert len([line for line in said if "what it said before stays in force" in line]) == 1
    assert not used.watch.is_faulty


async def test_a_file_that_vanishes_is_a_fault(file: Path) -> None:
    """Nothing changes."""
    async with watching(file) as used:
        os.unlink(file)  # noqa: PTH108 - a quick one
        await until(lambda: used.watch.is_faulty, "it is a fault")
        assert used.spaces == []
        write(file, HUB)
        await until(lambda: not used.watch.is_faulty, "it is back")


async def test_what_cannot_be_used_is_a_fault(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever uses it may refuse."""
    async with watching(file) as used:
        used.refusal = ConfigError([ConfigFault("space", "", "clash")])
        write(file, OTHER)
        await until(lambda: used.watch.is_faulty, "it is refused")
        assert "clash" in caplog.text
        assert used.watch.in_force.sites[0].zones[0].name.en == "Hall"
        used.refusal = None
        used.watch.nudge()
        await until(lambda: used.spaces, "it is used")


async def test_a_folder_is_one_space(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fault in one file holds back the others; a site that comes waits for a restart."""
    hub, annex = tmp_path / "hub.toml", tmp_path / "annex.toml"
    write(hub, HUB)
    write(annex, HUB.replace('"hub"', '"annex"'))
    async with watching(tmp_path) as used:
        write(hub, OTHER)
        write(annex, FAULTY.replace('"hub"', '"annex"'))
        await until(lambda: used.watch.is_faulty, "it is a fault")
        assert used.spaces == []
        write(annex, HUB.replace('"hub"', '"annex"'))
        await until(lambda: used.spaces, "all is right")
        write(tmp_path / "third.toml", HUB.replace('"hub"', '"third"'))
        await until(lambda: "wait for a restart: third" in caplog.text, "it is told")
    assert [site.id for site in used.spaces[-1].sites] == ["annex", "hub"]


def space(*sites: str, name: str = "", feeds: tuple[str, ...] = ()) -> Space:
    """Sites by id, and feeds by their sites."""
    return Space(
        tuple(Site(SiteId(site), Text(name, name), "Europe/Paris") for site in sites),
        tuple(CalendarFeed(SiteId(f), Target("zone:x"), Path(name), None, 300) for f in feeds),
    )


def test_sites_that_come_and_go() -> None:
    """The ones that run stay, changed where they are told of; the others are named."""
    before = space("a", "b", name="old", feeds=("a", "b"))
    usable_part, waiting = usable(before, space("c", "b", name="new", feeds=("b", "c")))
    assert [(site.id, site.name.en) for site in usable_part.sites] == [("a", "old"), ("b", "new")]
    assert [(feed.site, str(feed.file)) for feed in usable_part.feeds] == [
        ("b", "new"),
        ("a", "old"),
    ]
    assert waiting == {"a", "c"}


async def test_a_start_with_a_slip_takes_the_last_good_file(
    tmp_path: Path, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The doors go on; the line that is wrong is in the log; mended, it is in force."""
    data = tmp_path / "data"
    await asyncio.to_thread(data.mkdir)
    async with kept(space_watcher.begin(file, data)):
        await until((data / LAST_GOOD).exists, "it is kept")
    write(file, FAULTY)
    again = space_watcher.begin(file, data)
    assert again.is_faulty
    assert again.in_force.sites == load_space(data / LAST_GOOD)
    assert again.in_force.sites[0].zones[0].name.en == "Hall"
    line = FAULTY.splitlines().index('zone = "hal"') + 1
    assert f"{file}: doors[0].zone (line {line}): " in caplog.text
    spaces: list[Space] = []
    async with kept(again, spaces):
        await asyncio.sleep(1.2)
        assert spaces == []
        assert "Great hall" not in (data / LAST_GOOD).read_text("utf-8")
        write(file, OTHER)
        await until(lambda: spaces and not again.is_faulty, "it is mended")
        await until(lambda: "Great hall" in (data / LAST_GOOD).read_text("utf-8"), "it is kept")


async def test_a_space_file_that_is_gone_is_a_slip(tmp_path: Path, file: Path) -> None:
    """As with a folder that is not mounted yet."""
    data = tmp_path / "data"
    await asyncio.to_thread(data.mkdir)
    async with kept(space_watcher.begin(file, data)):
        await until((data / LAST_GOOD).exists, "it is kept")
    await asyncio.to_thread(file.unlink)
    assert space_watcher.begin(file, data).in_force.sites[0].id == "hub"


def test_a_first_start_with_a_faulty_file_is_refused(tmp_path: Path, file: Path) -> None:
    """There is nothing to take instead; nor is another place's file taken."""
    write(file, FAULTY)
    with pytest.raises(ConfigError):
        space_watcher.begin(file, tmp_path)
    other = tmp_path / "other.toml"
    write(other, HUB)
    save_space(tmp_path, other, [other])
    with pytest.raises(ConfigError):
        space_watcher.begin(file, tmp_path)


def test_a_kept_file_that_this_release_refuses_is_not_taken(tmp_path: Path, file: Path) -> None:
    """The faults that are told are those of the file as it is."""
    write(file, FAULTY)
    save_space(tmp_path, file, [file])
    with pytest.raises(ConfigError) as wrong:
        space_watcher.begin(file, tmp_path)
    assert wrong.value.faults[0].file == str(file)


@asynccontextmanager
async def kept(watch: SpaceWatcher, spaces: list[Space] | None = None) -> AsyncIterator[None]:
    """Watch until the block ends."""

    async def use(space: Space) -> None:
        if spaces is not None:
            spaces.append(space)

    async def tell() -> None:
        pass

    task = asyncio.create_task(watch.run(use, tell))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
