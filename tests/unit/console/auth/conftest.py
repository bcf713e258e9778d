"""A console with accounts for each test, whose passwords take no time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from gateway.console.auth import passwords
from tests.world import signed_in
from tests.world.console_accounts import SignInPlace


@pytest.fixture(autouse=True, scope="session")
def _light_hashes() -> Iterator[None]:
    """The same function with a hundredth of the work: some ten hashes a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(1, 1024, 1))
        _forget()
        yield
    _forget()


def _forget() -> None:
    passwords._nobodys.cache_clear()
    signed_in._hashed.cache_clear()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[SignInPlace]:
    """A console with accounts."""
    place = SignInPlace(tmp_path)
    yield place
    place.close()
