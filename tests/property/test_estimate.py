"""The estimator under any evidence, in any order: a distribution, and always the same one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.estimator import estimate as reading
from gateway.core.estimator import reorder_window, state
from gateway.core.estimator.evidence import (
    BadgeTaken,
    DeviceJudged,
    Evidence,
    HeadsCounted,
    MotionSeen,
    PeopleSet,
    PresenceSeen,
    TotalsTold,
    VacancyTold,
)
from gateway.core.model.names import DeviceId, ZoneId
from tests.doses import examples

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
ROOM, HALL = ZoneId("room"), ZoneId("hall")
ZONES = st.sampled_from([ROOM, HALL])
CAPACITIES = {ROOM: 12, HALL: None}
ROOMS = {HALL: (ROOM,)}

_common = {"device": st.sampled_from([DeviceId(f"d{n}") for n in range(4)])}
_pieces = st.one_of(
    st.builds(MotionSeen, at=st.none(), zone=ZONES, active=st.booleans(), **_common),
    st.builds(PresenceSeen, at=st.none(), zone=ZONES, active=st.booleans(), **_common),
    st.builds(HeadsCounted, at=st.none(), zone=ZONES, people=st.integers(0, 500), **_common),
    st.builds(PeopleSet, at=st.none(), zone=ZONES, people=st.integers(0, 500), **_common),
    st.builds(
        VacancyTold,
        at=st.none(),
        zone=ZONES,
        odds=st.floats(0, 1e9, allow_nan=False),
        why=st.just("alarm armed"),
        **_common,
    ),
    st.builds(
        BadgeTaken,
        at=st.none(),
        inner=st.sampled_from([ROOM, None]),
        outer=st.sampled_from([HALL, None]),
        inward=st.booleans(),
        contact=st.booleans(),
        place=st.just("door"),
        **_common,
    ),
    st.builds(
        TotalsTold,
        at=st.none(),
        inner=st.sampled_from([ROOM, None]),
        outer=st.sampled_from([HALL, None]),
        in_total=st.integers(0, 2**53) | st.integers(0, 40),
        out_total=st.integers(0, 2**53) | st.integers(0, 40),
        boot=st.integers(1, 2),
        place=st.just("door"),
        **_common,
    ),
    st.builds(
        DeviceJudged,
        at=st.none(),
        health=st.sampled_from(["well", "stuck", "offline"]),
        **_common,
    ),
)


@st.composite
def stories(draw: st.DrawFn, within_s: float) -> list[Evidence]:
    """Evidence of so many seconds, in order, each piece with a number of its own."""
    import msgspec.structs  # noqa: PLC0415 - here alone

    pieces = draw(st.lists(_pieces, min_size=1, max_size=25))
    moments = sorted(
        draw(
            st.lists(
                st.floats(0, within_s, allow_nan=False),
                min_size=len(pieces),
                max_size=len(pieces),
            )
        )
    )
    return [
        msgspec.structs.replace(piece, at=START + timedelta(seconds=round(moment, 3)), seq=number)
        for number, (piece, moment) in enumerate(zip(pieces, moments, strict=True), start=1)
    ]


@settings(max_examples=examples(150), deadline=None)
@given(stories(within_s=100_000))
def test_a_belief_is_a_distribution(story: list[Evidence]) -> None:
    """It sums to one, is never negative, and its reading is in order and in range."""
    estimate = reorder_window.begun(CAPACITIES, START, ROOMS)
    for piece in story:
        estimate = reorder_window.told(estimate, piece, piece.at)
        for zone, capacity in CAPACITIES.items():
            there = state.zone_at(estimate, zone, piece.at + timedelta(seconds=30))
            assert abs(sum(there.belief) - 1) < 1e-9
            assert min(there.belief) > 0
            count = reading.read([there], capacity, 3)
            assert 0 <= count.low <= count.people <= count.high < len(there.belief)
            assert 0 <= count.p_vacant <= 1
            assert 0 <= count.p_full <= 1


@settings(max_examples=examples(150), deadline=None)
@given(stories(within_s=reorder_window.LATENESS_S - 1), st.data())
def test_any_order_within_the_lateness_ends_in_the_same_estimate(
    story: list[Evidence], data: st.DataObject
) -> None:
    """Shuffled, delayed and doubled evidence settles bit by bit as if it had come in order."""
    end = START + timedelta(seconds=reorder_window.LATENESS_S - 1)
    in_order = reorder_window.begun(CAPACITIES, START, ROOMS)
    for piece in story:
        in_order = reorder_window.told(in_order, piece, end)
    doubled = story + data.draw(st.lists(st.sampled_from(story), max_size=8))
    shuffled = reorder_window.begun(CAPACITIES, START, ROOMS)
    for piece in data.draw(st.permutations(doubled)):
        shuffled = reorder_window.told(shuffled, piece, end)
    assert shuffled == in_order
    later = end + timedelta(minutes=5)
    assert reorder_window.settled(shuffled, later) == reorder_window.settled(in_order, later)


@settings(max_examples=examples(60), deadline=None)
@given(stories(within_s=600), st.data())
def test_a_delay_on_the_way_changes_nothing(story: list[Evidence], data: st.DataObject) -> None:
    """Each piece arrives when it will, at most the lateness after its time: settled, it is one."""
    delays = data.draw(
        st.lists(
            st.floats(0, reorder_window.LATENESS_S - 0.01, allow_nan=False),
            min_size=len(story),
            max_size=len(story),
        )
    )
    arrivals = sorted(
        (piece.at + timedelta(seconds=delay), number, piece)
        for number, (piece, delay) in enumerate(zip(story, delays, strict=True))
    )
    on_time, late = (reorder_window.begun(CAPACITIES, START, ROOMS) for _ in range(2))
    for piece in story:
        on_time = reorder_window.told(on_time, piece, piece.at)
    for now, _, piece in arrivals:
        late = reorder_window.told(late, piece, now)
    later = START + timedelta(hours=1)
    assert reorder_window.settled(late, later) == reorder_window.settled(on_time, later)


@settings(max_examples=examples(60), deadline=None)
@given(
    stories(within_s=5_000),
    st.lists(st.floats(0, 10_000, allow_nan=False).map(lambda each: round(each, 3)), max_size=6),
)
def test_a_quiet_zone_is_taken_along_without_a_trace(
    story: list[Evidence], looks: list[float]
) -> None:
    """However often it is settled on the way, the estimate ends the same, bit by bit."""
    often = seldom = reorder_window.begun(CAPACITIES, START, ROOMS)
    moments = [(piece.at, piece) for piece in story]
    between = [(START + timedelta(seconds=each), None) for each in looks]
    for now, piece in sorted([*moments, *between], key=lambda each: each[0]):
        if piece is None:
            often = reorder_window.settled(often, now)
        else:
            often, seldom = (
                reorder_window.told(often, piece, now),
                reorder_window.told(seldom, piece, now),
            )
    later = START + timedelta(hours=4)
    assert reorder_window.settled(often, later) == reorder_window.settled(seldom, later)


@settings(max_examples=examples(100), deadline=None)
@given(
    st.integers(0, 12),
    st.integers(0, 12),
    st.lists(st.booleans(), max_size=30),
)
def test_a_flow_between_two_zones_keeps_their_sum(
    inside: int, outside: int, ways: list[bool]
) -> None:
    """People who walk between two rooms are as many afterwards as before, but for the doubt.

    Thirty passages that created each somebody would make thirty; what is left is that a passage out
    of a room that was perhaps empty is a reason to think that it was not.
    """
    estimate = reorder_window.begun({ROOM: 30, HALL: 30}, START)
    for zone, people in ((ROOM, inside), (HALL, outside)):
        told = PeopleSet(at=START, device=DeviceId("staff"), zone=zone, people=people)
        estimate = reorder_window.told(estimate, told, START)
    now, totals, true = START, [0, 0], {ROOM: inside, HALL: outside}
    for seq, inward in enumerate([None, *ways], start=1):
        now += timedelta(seconds=11)
        if inward is not None:
            origin, to = (HALL, ROOM) if inward else (ROOM, HALL)
            if not true[origin]:
                continue
            true[origin], true[to] = true[origin] - 1, true[to] + 1
            totals[not inward] += 1
        flow = TotalsTold(
            at=now,
            device=DeviceId("counter"),
            boot=1,
            seq=seq,
            inner=ROOM,
            outer=HALL,
            in_total=totals[0],
            out_total=totals[1],
            place="door",
        )
        estimate = reorder_window.told(estimate, flow, now)
    means = 0.0
    for zone in (ROOM, HALL):
        belief = state.zone_at(estimate, zone, now).belief
        means += sum(n * chance for n, chance in enumerate(belief))
    assert abs(means - inside - outside) < 1.5
