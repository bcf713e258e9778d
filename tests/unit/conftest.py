"""What every unit test leaves behind is let go of."""

from collections.abc import Iterator

import pytest

from tests.world.console import OPENED


@pytest.fixture(autouse=True)
def consoles_closed() -> Iterator[None]:
    """The files of each console that a test made are closed."""
    yield
    while OPENED:
        OPENED.pop().close()
