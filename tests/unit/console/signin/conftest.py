"""A console with accounts for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sign_in_place import SignInPlace


@pytest.fixture
def place(tmp_path: Path) -> Iterator[SignInPlace]:
    """A console with accounts."""
    place = SignInPlace(tmp_path)
    yield place
    place.close()
