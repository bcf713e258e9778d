"""Numbering under any order, loss and repetition: once each, and no ack past what did not come."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.sequence import (
    BOOTS_MAX,
    GAP_WAIT,
    GAPS_MAX,
    NotAdmitted,
    acknowledged,
    admit,
)
from gateway.core.state import Boot, DeviceState, Gap

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
RESTARTED = DeviceState(last_seen=START, boots=(Boot(boot=1, high=9),))
"""A device of which we know the boot before: its numbers begin at 1."""

pauses = st.sampled_from([0, 1, 5, 29, 30, 31])


@st.composite
def arrivals(draw: st.DrawFn) -> list[int]:
    """1..n in any order, some of them several times."""
    count = draw(st.integers(1, 2 * GAPS_MAX))
    again = draw(st.lists(st.integers(1, count), max_size=20))
    return draw(st.permutations([*range(1, count + 1), *again]))


@given(came=arrivals())
def test_every_number_is_taken_exactly_once_in_any_order(came: list[int]) -> None:
    """And when all have come, nothing is missing and all may be forgotten."""
    state, taken = RESTARTED, []
    for seq in came:
        admitted = admit(state, 2, seq, START)
        if admitted is not None:
            state = admitted[0]
            taken.append(seq)
    assert taken == list(dict.fromkeys(came))
    assert (state.missing, state.boots[-1].gaps) == (0, ())
    assert acknowledged(state, 2, START) == max(came)


@given(
    came=st.lists(st.tuples(st.integers(1, 2 * GAPS_MAX), pauses), min_size=1, max_size=40),
    wait=pauses,
)
def test_the_ack_never_passes_a_number_that_may_still_come(
    came: list[tuple[int, int]], wait: int
) -> None:
    """It is exactly below the first number that is missing for less than GAP_WAIT."""
    state, now = RESTARTED, START
    seen: set[int] = set()
    missed_since: dict[int, datetime] = {}
    for seq, pause in came:
        now += timedelta(seconds=pause)
        admitted = admit(state, 2, seq, now)
        assert (admitted is None) == (seq in seen)
        state = admitted[0] if admitted else state
        seen.add(seq)
        for below in range(1, seq):
            missed_since.setdefault(below, now)
        _check_ack(state, seen, missed_since, now)
    _check_ack(state, seen, missed_since, now + timedelta(seconds=wait))
    assert state.missing == max(seen) - len(seen)


def _check_ack(
    state: DeviceState, seen: set[int], missed_since: dict[int, datetime], now: datetime
) -> None:
    waited_for = [
        seq for seq, since in missed_since.items() if seq not in seen and now - since < GAP_WAIT
    ]
    assert acknowledged(state, 2, now) == min(waited_for, default=max(seen) + 1) - 1


@given(
    came=st.lists(
        st.tuples(st.integers(1, BOOTS_MAX + 3), st.integers(1, 400), pauses),
        min_size=1,
        max_size=200,
    )
)
def test_nothing_is_taken_twice_and_nothing_grows_without_end(
    came: list[tuple[int, int, int]],
) -> None:
    """Over restarts, wild numbers and the limits: what cannot be judged is refused."""
    state, now = DeviceState(last_seen=START), START
    taken: set[tuple[int, int]] = set()
    for boot, seq, pause in came:
        now += timedelta(seconds=pause)
        with suppress(NotAdmitted):
            admitted = admit(state, boot, seq, now)
            if admitted is not None:
                assert (boot, seq) not in taken
                taken.add((boot, seq))
                state = admitted[0]
        assert len(state.boots) <= BOOTS_MAX
        assert [known.boot for known in state.boots] == sorted({one.boot for one in state.boots})
        for known in state.boots:
            assert len(known.gaps) <= GAPS_MAX
            _check_gaps(known, taken)


def _check_gaps(known: Boot, taken: set[tuple[int, int]]) -> None:
    """Ascending, apart, below the highest, and of numbers that did not come."""
    ends = [(gap.first, gap.last) for gap in known.gaps]
    assert all(first <= last < known.high for first, last in ends)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ends))
    assert not any((known.boot, seq) in taken for gap in known.gaps for seq in _numbers(gap))
    assert (known.boot, known.high) in taken


def _numbers(gap: Gap) -> range:
    return range(gap.first, gap.last + 1)
