"""What other programs and older files rely on is as it was, whatever is renamed in the code."""

from collections.abc import Callable

import pytest

from tests.golden_files import FILES, FOLDER


@pytest.mark.parametrize(("name", "written"), FILES.items(), ids=FILES)
def test_it_is_as_it_was(name: str, written: Callable[[], str]) -> None:
    """A change that is meant: `.venv/bin/python -m tests.golden_files`."""
    assert written() == (FOLDER / name).read_text("utf-8")
