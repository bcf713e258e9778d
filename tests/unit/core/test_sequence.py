"""Numbering: what is a duplicate, what is a gap, and what a device may forget."""

from datetime import timedelta

import pytest

from gateway.core.sequence import (
    BOOTS_MAX,
    FINGERPRINTS_MAX,
    GAP_WAIT,
    GAPS_MAX,
    MISSING_MAX,
    NotAdmitted,
    acknowledged,
    admit,
    admit_unnumbered,
)
from gateway.core.state import DeviceState, Gap
from tests.world.engine import MONDAY

NEW = DeviceState(last_seen=MONDAY)
MOMENT = timedelta(microseconds=1)


def after(*numbers: int, boot: int = 1, start: DeviceState = NEW) -> DeviceState:
    """A device whose numbers came in this order; duplicates change nothing."""
    state = start
    for seq in numbers:
        admitted = admit(state, boot, seq, MONDAY)
        state = admitted[0] if admitted else state
    return state


def is_duplicate(state: DeviceState, seq: int, boot: int = 1) -> bool:
    """Whether the number was seen."""
    return admit(state, boot, seq, MONDAY) is None


def ack(state: DeviceState, boot: int = 1, *, waited: timedelta = timedelta()) -> int | None:
    """What may be forgotten, some time later."""
    return acknowledged(state, boot, MONDAY + waited)


@pytest.mark.parametrize(
    ("came", "again"),
    [
        pytest.param([1], 1, id="the same twice"),
        pytest.param([1, 2, 3], 2, id="one from the middle"),
        pytest.param([1, 4, 2], 2, id="one that filled a gap"),
        pytest.param([1, 4], 4, id="one above a gap"),
    ],
)
def test_a_number_that_was_seen_is_a_duplicate(came: list[int], again: int) -> None:
    """However it came the first time."""
    assert is_duplicate(after(*came), again)


def test_what_was_sent_before_we_first_heard_of_a_device_is_waited_for() -> None:
    """Its first events may have been lost on their way: an ack must not cover them."""
    admitted = admit(NEW, 5, 400, MONDAY)
    assert admitted is not None
    assert admitted[1] == Gap(1, 399, MONDAY)
    assert ack(admitted[0], 5) == 0
    assert ack(admitted[0], 5, waited=GAP_WAIT) == 400
    assert not is_duplicate(after(7), 3)


def test_the_count_of_missing_events_has_an_end() -> None:
    """A device whose numbers run wild must not make a state that no snapshot can hold."""
    state = NEW
    for boot in range(1, 5):
        admitted = admit(state, boot, 2**53, MONDAY)
        assert admitted is not None
        state = admitted[0]
    assert state.missing == MISSING_MAX


def test_the_next_boot_starts_at_one() -> None:
    """Its first numbers can be missed, and that shows."""
    admitted = admit(after(1, boot=5), 6, 3, MONDAY)
    assert admitted is not None
    assert admitted[1] == Gap(1, 2, MONDAY)
    assert ack(admitted[0], 6) == 0
    assert admitted[0].missing == 2


def test_a_gap_is_told_once_and_filled_from_anywhere() -> None:
    """1, 6 leaves 2..5; 4 splits it, 2 and 5 cut its ends."""
    state = after(1)
    admitted = admit(state, 1, 6, MONDAY)
    assert admitted is not None
    state, gap, *_ = admitted
    assert gap == Gap(2, 5, MONDAY)
    for seq, left, missing in (
        (4, [(2, 3), (5, 5)], 3),
        (2, [(3, 3), (5, 5)], 2),
        (5, [(3, 3)], 1),
        (3, [], 0),
    ):
        filled = admit(state, 1, seq, MONDAY)
        assert filled is not None
        assert filled[1] is None
        state = filled[0]
        assert [(gap.first, gap.last) for gap in state.boots[0].gaps] == left
        assert state.missing == missing
    assert ack(state) == 6


def test_a_gap_holds_the_ack_back_and_is_given_up_after_a_while() -> None:
    """The device re-sends within some seconds, or has lost it."""
    state = after(1, 2, 5)
    assert ack(state) == 2
    assert ack(state, waited=GAP_WAIT - MOMENT) == 2
    assert ack(state, waited=GAP_WAIT) == 5


def test_each_gap_is_waited_for_by_its_own_time() -> None:
    """The older is given up, the younger still holds the ack."""
    state = after(1, 3)
    admitted = admit(state, 1, 6, MONDAY + timedelta(seconds=10))
    assert admitted is not None
    assert ack(admitted[0]) == 1
    assert ack(admitted[0], waited=GAP_WAIT) == 3
    assert ack(admitted[0], waited=GAP_WAIT + timedelta(seconds=10)) == 6


def test_a_gap_that_was_given_up_is_still_filled() -> None:
    """A late event is taken whenever it comes."""
    state = after(1, 3)
    late = admit(state, 1, 2, MONDAY + timedelta(days=1))
    assert late is not None
    assert late[0].missing == 0
    assert is_duplicate(late[0], 2)


def test_the_ack_of_a_boot_that_we_do_not_know_is_none() -> None:
    """Nothing may be forgotten."""
    assert ack(after(1, 2), boot=9) is None


def test_boots_are_numbered_each_for_itself() -> None:
    """An offline reader restarts, and re-sends what is left of the boot before."""
    state = after(1, 2, 4, boot=2, start=after(1, 2, boot=1))
    assert not is_duplicate(state, 3, boot=1)
    assert not is_duplicate(state, 3, boot=2)
    assert is_duplicate(state, 4, boot=2)
    assert (ack(state, 1), ack(state, 2)) == (2, 2)


def test_an_older_boot_is_taken_while_there_is_room() -> None:
    """And sorted in, so that the oldest goes first."""
    state = after(1, boot=3, start=after(1, boot=7))
    assert [known.boot for known in state.boots] == [3, 7]


def test_the_oldest_boot_is_forgotten_at_the_limit_and_not_admitted_again() -> None:
    """It could not be told from a duplicate."""
    state = NEW
    for boot in range(1, BOOTS_MAX + 2):
        state = after(1, boot=boot, start=state)
    assert [known.boot for known in state.boots] == list(range(2, BOOTS_MAX + 2))
    assert ack(state, 1) is None
    with pytest.raises(NotAdmitted, match="boot 1 is older"):
        admit(state, 1, 2, MONDAY)


def test_too_many_gaps_at_once_are_not_admitted() -> None:
    """A broken device or an attack; nothing changed, and the old ones can still be filled."""
    state = after(*range(1, 2 * GAPS_MAX + 2, 2))
    assert len(state.boots[0].gaps) == GAPS_MAX
    with pytest.raises(NotAdmitted, match="more than 64 gaps in boot 1"):
        admit(state, 1, 2 * GAPS_MAX + 3, MONDAY)
    assert admit(state, 1, 2 * GAPS_MAX + 2, MONDAY) is not None
    assert admit(state, 1, 2, MONDAY) is not None


def test_at_the_limit_the_oldest_gap_goes_once_it_was_given_up() -> None:
    """A device that loses events now and then, for months, is served on."""
    state = after(*range(1, 2 * GAPS_MAX + 2, 2))
    admitted = admit(state, 1, 2 * GAPS_MAX + 3, MONDAY + GAP_WAIT)
    assert admitted is not None
    gaps = admitted[0].boots[0].gaps
    assert (len(gaps), gaps[0].first) == (GAPS_MAX, 4)


def test_a_split_past_the_limit_is_not_admitted() -> None:
    """The bound holds whatever comes."""
    state = after(*range(1, 2 * GAPS_MAX, 2), 2 * GAPS_MAX + 3)
    assert len(state.boots[0].gaps) == GAPS_MAX
    assert admit(state, 1, 2 * GAPS_MAX, MONDAY) is not None, "an end of the last gap"
    with pytest.raises(NotAdmitted, match="more than 64 gaps"):
        admit(state, 1, 2 * GAPS_MAX + 1, MONDAY)


def test_an_unnumbered_message_is_a_duplicate_only_when_the_broker_says_so() -> None:
    """Two equal readings are two; a redelivered one is one."""
    state = admit_unnumbered(NEW, 42, redelivered=False)
    assert state is not None
    assert admit_unnumbered(state, 42, redelivered=False) is not None
    assert admit_unnumbered(state, 42, redelivered=True) is None
    assert admit_unnumbered(state, 43, redelivered=True) is not None


def test_a_message_that_cannot_be_redelivered_leaves_no_trace() -> None:
    """QoS 0 has no fingerprint."""
    assert admit_unnumbered(NEW, 0, redelivered=False) is NEW


def test_only_the_latest_unnumbered_messages_are_remembered() -> None:
    """As many as a broker may have in flight for one device."""
    state: DeviceState | None = NEW
    for fingerprint in range(1, FINGERPRINTS_MAX + 2):
        assert state is not None
        state = admit_unnumbered(state, fingerprint, redelivered=False)
    assert state is not None
    assert len(state.fingerprints) == FINGERPRINTS_MAX
    assert admit_unnumbered(state, 1, redelivered=True) is not None
    assert admit_unnumbered(state, 2, redelivered=True) is None
