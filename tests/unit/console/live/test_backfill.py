"""After a start the page shows the last passages, though no broker keeps them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs

from gateway.console.feed.site_state import SitePicture
from gateway.console.live.backfill import recall
from tests.world.console import ConsolePlace
from tests.world.console_desk import DeskPlace


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[DeskPlace]:
    """Two have come in."""
    place = DeskPlace(tmp_path, ("Ada", "Bob"))
    await place.open()
    await place.enters("Ada", "Bob")
    yield place
    await place.close()


async def test_a_started_console_shows_what_one_that_ran_shows(place: DeskPlace) -> None:
    """The same passages in the same order and words; only how quick they were is not kept."""
    site = place.site.id
    heard = [structs.replace(each, latency_ms=0.0) for each in site_of(place).decisions]
    assert len(heard) == 2
    place.console.picture.sites[site] = SitePicture()
    await recall(place.console)
    assert site_of(place).decisions == heard


async def test_what_came_meanwhile_is_not_there_twice(place: DeskPlace) -> None:
    """A passage that was heard before the journal was read stays on top, once."""
    before = [each.id for each in site_of(place).decisions]
    del site_of(place).decisions[1:]
    await recall(place.console)
    assert [each.id for each in site_of(place).decisions] == before


async def test_a_console_without_a_journal_starts(tmp_path: Path) -> None:
    """There is nothing to show, and nothing breaks."""
    place = ConsolePlace(tmp_path)
    await recall(place.console)
    assert all(not site.decisions for site in place.console.picture.sites.values())


def site_of(place: DeskPlace) -> SitePicture:
    """What the console shows of the house."""
    return place.console.picture.sites[place.site.id]
