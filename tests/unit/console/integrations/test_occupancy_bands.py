"""Public head counts: no number, and no band that one person fills."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.integrations.occupancy_bands import STEPS, K, band


@pytest.mark.parametrize(
    ("people", "capacity", "low", "high", "words"),
    [
        (0, None, 0, 4, "fewer than 5 people"),
        (4, None, 0, 4, "fewer than 5 people"),
        (5, None, 5, 9, "5 to 9 people"),
        (0, 60, 0, 11, "fewer than 12 people"),
        (13, 60, 12, 23, "12 to 23 people"),
        (47, 60, 36, 47, "36 to 47 people"),
        (60, 60, 48, None, "48 people or more"),
        (99, 60, 48, None, "48 people or more"),
        (3, 7, 0, None, "up to 7 people"),
        (-1, 20, 0, 4, "fewer than 5 people"),
    ],
)
def test_a_count_is_in_its_band(
    people: int, capacity: int | None, low: int, high: int | None, words: str
) -> None:
    """Nobody alone is told from nobody, and a full place from one that is nearly so."""
    found = band(people, capacity)
    assert (found.low, found.high, found.label) == (low, high, words)


@given(people=st.integers(0, 2000), capacity=st.none() | st.integers(1, 1000))
def test_every_band_may_hold_k_numbers(people: int, capacity: int | None) -> None:
    """Each band has K numbers or more, is one of few, and holds the count it was made of."""
    found = band(people, capacity)
    assert found.low <= people
    if found.high is not None:
        assert found.high >= people
        assert found.high - found.low + 1 >= K
    elif capacity is not None and capacity >= K:
        assert capacity - found.low + 1 >= K
    if capacity is not None:
        assert len({band(each, capacity) for each in range(capacity + 1)}) <= STEPS
