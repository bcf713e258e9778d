"""The random lives find what raises: a dose that finds nothing must be able to."""

import pytest

from benchmarks.sequences import measure
from gateway.core import engine
from gateway.core.access import doors


def test_a_bug_in_a_reading_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, told with its event, and the life goes on."""

    def raises(*_args: object, **_named: object) -> None:
        raise OverflowError("date value out of range")

    monkeypatch.setattr(doors, "opened", raises)
    found = measure(600, seed=3)
    assert found.steps == 600
    assert found.exceptions > 0
    assert found.first[0].startswith("Reported(")
    assert "date value out of range" in found.first[0]
    assert not found.is_good


def test_a_chapter_that_is_left_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine goes on without it, and the benchmark is not fooled."""

    def raises(*_args: object) -> None:
        raise RuntimeError("no")

    name, _ = engine._CONCLUSIONS[0]
    monkeypatch.setattr(engine, "_CONCLUSIONS", ((name, raises), *engine._CONCLUSIONS[1:]))
    assert measure(50).exceptions > 0


def test_the_same_seed_is_the_same_life() -> None:
    """A fault that was found can be looked at again."""
    one, other = measure(300, seed=5), measure(300, seed=5)
    assert one.granted + one.denied > 50
    assert (one.granted, one.denied, one.duplicates) == (
        other.granted,
        other.denied,
        other.duplicates,
    )
