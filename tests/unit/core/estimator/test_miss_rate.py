"""How many a counter misses is learned wherever a sensor sees that the room is empty again."""

from datetime import datetime, timedelta

import pytest

from gateway.core.estimator import miss_rate, reorder_window, state
from gateway.core.estimator.evidence import MotionSeen, PeopleSet, TotalsTold
from gateway.core.estimator.miss_rate import PassageTally
from gateway.core.estimator.zone import ZoneEstimate
from gateway.core.model.names import DeviceId, ZoneId
from tests.unit.core.estimator.test_estimate import START

ROOM = ZoneId("room")
ONE = miss_rate.ONE_LOOK


class Room:
    """A room with a counter, and maybe a PIR: a class comes, and leaves."""

    def __init__(self, *, pir: bool = True) -> None:
        self.now: datetime = START
        self._estimate = reorder_window.begun({ROOM: 60}, START)
        self._in = self._out = 0
        self._pir = pir
        self._report()

    @property
    def zone(self) -> ZoneEstimate:
        """As it is now."""
        return state.zone_at(self._estimate, ROOM, self.now)

    def passes(self, inward: int = 0, outward: int = 0) -> None:
        """One after the other, ten seconds apart."""
        for way in [1] * inward + [-1] * outward:
            self._in, self._out = self._in + (way > 0), self._out + (way < 0)
            self._after(10)
            self._report()

    def lesson(self, came: int, left: int) -> None:
        """So many are counted in, move for an hour, and so many are counted out; silence."""
        self.passes(inward=came)
        for _ in range(12):
            self._moves()
            self._after(300)
        self.passes(outward=left)
        self._moves()
        for _ in range(90):
            self._after(60)

    def is_set(self, people: int) -> None:
        """An operator counts."""
        told = PeopleSet(at=self.now, device=DeviceId("staff"), zone=ROOM, people=people)
        self._estimate = reorder_window.told(self._estimate, told, self.now)

    def _moves(self) -> None:
        if not self._pir:
            return
        for active in (True, False):
            self._after(5)
            seen = MotionSeen(at=self.now, device=DeviceId("pir"), zone=ROOM, active=active)
            self._estimate = reorder_window.told(self._estimate, seen, self.now)

    def _after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self._estimate = reorder_window.settled(self._estimate, self.now)

    def _report(self) -> None:
        told = TotalsTold(
            at=self.now,
            device=DeviceId("counter"),
            inner=ROOM,
            outer=None,
            in_total=self._in,
            out_total=self._out,
        )
        self._estimate = reorder_window.told(self._estimate, told, self.now)


def test_what_nobody_has_learned_is_the_usual() -> None:
    """One in twenty, and the kernel that the model begins with."""
    assert miss_rate.missed(PassageTally()) == miss_rate.USUAL
    assert miss_rate.kernel(PassageTally()) == pytest.approx((0.015, 0.92, 0.065))


def test_a_counter_that_sees_everybody_is_trusted_more() -> None:
    """Lessons that come to zero: a passage is one person more surely than at first."""
    room = Room()
    for _ in range(4):
        room.lesson(25, 25)
    assert room.zone.belief[0] > 0.99
    assert miss_rate.missed(room.zone.tally) == pytest.approx(2 / (40 + 4 * 50 * ONE / (ONE + 50)))
    assert room.zone.tally.net == 0


def test_a_counter_that_misses_many_widens_the_number() -> None:
    """Three are missed each time: the same thirty count for more, and less surely."""
    fresh, room = Room(), Room()
    for _ in range(3):
        room.lesson(27, 30)
    assert miss_rate.missed(room.zone.tally) == pytest.approx(
        (2 + 3 * 9 * ONE / (ONE + 57)) / (40 + 3 * 57 * ONE / (ONE + 57))
    )
    assert miss_rate.kernel(room.zone.tally)[2] > 0.09
    fresh.passes(inward=30)
    room.passes(inward=30)

    def spread(of: Room) -> float:
        mean = sum(n * p for n, p in enumerate(of.zone.belief))
        return sum((n - mean) ** 2 * p for n, p in enumerate(of.zone.belief))

    assert spread(room) > spread(fresh)


def test_a_day_is_one_look_at_a_counter() -> None:
    """However many passed on it: one day that came to zero by luck proves little."""
    many = miss_rate.emptied(
        miss_rate.told(miss_rate.told(PassageTally(), 500, START), -500, START)
    )
    assert miss_rate.missed(many) > 0.8 * miss_rate.USUAL


def test_a_door_alone_teaches_nothing() -> None:
    """Nobody sees when the room is empty, so the usual share stands."""
    room = Room(pir=False)
    room.lesson(24, 30)
    assert miss_rate.missed(room.zone.tally) == miss_rate.USUAL


def test_whom_an_operator_counted_need_not_have_passed() -> None:
    """Ten were there before the counter was: that they leave is no error of it."""
    room = Room()
    room.is_set(10)
    room.lesson(0, 10)
    assert miss_rate.missed(room.zone.tally) < miss_rate.USUAL


def test_no_counter_is_thought_worse_than_the_worst() -> None:
    """Half of the visitors take another door: more is not learned from that."""
    assert miss_rate.missed(PassageTally(squares=1e6, passages=100)) == miss_rate.MOST


def test_what_was_long_ago_fades() -> None:
    """A counter that was mended is believed again."""
    tally = miss_rate.emptied(PassageTally(net=40, passed=80))
    worst = miss_rate.missed(tally)
    for _ in range(100):
        tally = miss_rate.emptied(miss_rate.told(miss_rate.told(tally, 50, START), -50, START))
    assert miss_rate.missed(tally) < miss_rate.USUAL < worst
    assert tally.passages <= miss_rate.REMEMBERED


def test_silence_without_passages_teaches_nothing() -> None:
    """An empty room stays what it is."""
    assert miss_rate.emptied(PassageTally(net=3)) == PassageTally()
