"""The estimator: each kind of evidence, time, what is read, and what is kept."""

from datetime import UTC, datetime, timedelta
from math import log

import pytest
from msgspec import structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator import estimate as reading
from gateway.core.estimator import reorder_window, state
from gateway.core.estimator.estimate import HeadCount
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
from gateway.core.estimator.state import Estimate
from gateway.core.model.names import DeviceId, Text, ZoneId
from gateway.core.state import decode, encode
from gateway.translation import both
from gateway.wire.count_reasons import in_words

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
ROOM, HALL = ZoneId("room"), ZoneId("hall")
COUNTER, READER, PIR = DeviceId("counter"), DeviceId("reader"), DeviceId("pir")
RADAR, CAMERA, STAFF = DeviceId("radar"), DeviceId("camera"), DeviceId("staff")


class Place:
    """A room off a hall, and a clock that evidence moves."""

    def __init__(self, capacity: int | None = 30, *, lone: bool = True) -> None:
        zones = {ROOM: capacity} if lone else {ROOM: capacity, HALL: capacity}
        self.lone = lone
        self.now = START
        self.estimate = reorder_window.begun(zones, START)
        self.seq = 0
        self.entered = self.left = 0
        self.cross()

    def tell(self, evidence: Evidence) -> None:
        if evidence.seq is None:
            self.seq += 1
            evidence = structs.replace(evidence, boot=1, seq=self.seq)
        self.estimate = reorder_window.told(self.estimate, evidence, self.now)

    def after(self, seconds: float) -> "Place":
        self.now += timedelta(seconds=seconds)
        return self

    def cross(self, inward: int = 0, outward: int = 0) -> None:
        """So many pass the counter between the two zones (or the street)."""
        self.entered, self.left, self.seq = self.entered + inward, self.left + outward, self.seq + 1
        self.tell(
            TotalsTold(
                at=self.now,
                device=COUNTER,
                boot=1,
                seq=self.seq,
                inner=ROOM,
                outer=None if self.lone else HALL,
                in_total=self.entered,
                out_total=self.left,
                place="front",
            )
        )

    def badge(self, *, inward: bool = True, contact: bool = True) -> None:
        self.tell(
            BadgeTaken(
                at=self.now,
                device=READER,
                inner=ROOM,
                outer=None if self.lone else HALL,
                inward=inward,
                contact=contact,
                place="front",
            )
        )

    def motion(self, *, active: bool, device: DeviceId = PIR) -> None:
        self.tell(MotionSeen(at=self.now, device=device, zone=ROOM, active=active))

    def presence(self, *, active: bool) -> None:
        self.tell(PresenceSeen(at=self.now, device=RADAR, zone=ROOM, active=active))

    def set(self, people: int, zone: ZoneId = ROOM) -> None:
        self.tell(PeopleSet(at=self.now, device=STAFF, zone=zone, people=people))

    def judge(self, device: DeviceId, health: str) -> None:
        self.after(1).tell(DeviceJudged(at=self.now, device=device, health=health))  # type: ignore[arg-type]

    def read(self, zone: ZoneId = ROOM, known: int = 0) -> HeadCount:
        return reading.read([state.zone_at(self.estimate, zone, self.now)], 30, known)

    def mean(self, zone: ZoneId = ROOM) -> float:
        belief = state.zone_at(self.estimate, zone, self.now).belief
        return sum(n * chance for n, chance in enumerate(belief))

    def words(self, language: str = "en") -> list[str]:
        parts = [state.zone_at(self.estimate, ROOM, self.now)]
        named = {"front": Text("Entrée", "Entrance"), "room": Text("Salle", "Room")}
        return [
            getattr(both(in_words(each, lambda place: named[place], UTC)), language)
            for each in reading.contributors(parts, self.now)
        ]


@pytest.fixture
def place() -> Place:
    """A room with one counted door to the street, surely empty."""
    place = Place()
    place.after(1).set(0)
    return place.after(1)


def test_who_is_counted_in_is_there(place: Place) -> None:
    """Three in and one out are two, and the interval says how sure that is."""
    place.after(5).cross(inward=3)
    place.after(5).cross(outward=1)
    count = place.read()
    assert count.people == 2
    assert 1 <= count.low <= count.high <= 3
    assert count.p_vacant < 0.01


def test_an_exit_from_an_empty_room_makes_no_negative_room(place: Place) -> None:
    """Nobody can have left: somebody had come in unseen, or it was a ghost."""
    place.after(5).cross(outward=1)
    count = place.read()
    assert (count.people, count.low) == (0, 0)
    place.after(5).cross(inward=1)
    assert place.read().people == 1


def test_more_than_the_belief_can_say_is_as_many_as_it_can() -> None:
    """A room for thirty says forty-five at most, and comes down from there."""
    place = Place()
    for _ in range(4):
        place.after(60).cross(inward=50)
    assert place.read().people == 45
    place.after(60).cross(outward=40)
    assert place.read().people < 10


def test_silence_empties_and_motion_fills(place: Place) -> None:
    """A person missed by the counter is found by the PIR; one who left unseen is given up."""
    place.after(5).cross(inward=1)
    place.motion(active=True)
    place.after(60).motion(active=False)
    assert place.read().people == 1
    place.after(450)
    assert place.read().p_vacant < 0.5, "the longest silence of a PIR over a person is 7.5 min"
    place.after(900)
    assert place.read().p_vacant > 0.9
    for _ in range(3):
        place.after(300).motion(active=True)
        place.after(60).motion(active=False)
    assert place.read().people >= 1


def test_triggers_of_one_person_are_not_news_each(place: Place) -> None:
    """Ten triggers within five minutes tell what one does."""
    once, often = place, Place()
    often.set(0)
    once.after(5).motion(active=True)
    once.motion(active=False)
    for _ in range(10):
        often.after(0.5).motion(active=True)
        often.motion(active=False)
    assert often.read().p_vacant == pytest.approx(once.read().p_vacant, rel=0.02)


def test_a_ghost_in_an_empty_room_is_given_up_sooner_than_a_sitter(place: Place) -> None:
    """Who comes in walks, and is seen; so an entry that no PIR sees was rather a ghost."""
    place.after(5).motion(active=False)
    place.after(600).cross(inward=1)
    assert place.read().people == 1
    place.after(330)
    assert place.read().people == 0


def test_a_radar_sees_who_sits_still(place: Place) -> None:
    """While it is on, the PIR's silence does not empty the room."""
    place.after(5).cross(inward=1)
    place.motion(active=False)
    place.presence(active=True)
    place.after(400)
    assert place.read().people == 1
    place.presence(active=False)
    place.after(120)
    assert place.read().people == 0


def test_a_stuck_radar_loses_its_vote_until_it_drops(place: Place) -> None:
    """On for a quarter of an hour without another sign of life, it is believed no more."""
    place.motion(active=False)
    place.after(5).cross(inward=1)
    place.presence(active=True)
    place.after(60).cross(outward=1)
    place.after(1800)
    assert place.read().people == 0
    assert any("stuck" in word for word in place.words())
    place.presence(active=True)
    assert place.read().people == 0, "it has not dropped"
    place.presence(active=False)
    vacant = place.after(600).read().p_vacant
    place.presence(active=True)
    assert 1 - place.read().p_vacant > 20 * (1 - vacant), "it dropped, and has a vote again"


@pytest.mark.parametrize("health", ["stuck", "offline"])
def test_a_flagged_device_has_no_vote(place: Place, health: str) -> None:
    """The silence of a dead PIR empties nothing."""
    place.after(5).cross(inward=2)
    place.motion(active=True)
    place.motion(active=False)
    place.judge(PIR, health)
    place.after(3600)
    assert place.read().people == 2
    assert not place.read().stale
    place.judge(PIR, "well")
    place.after(3600)
    assert place.read().p_vacant > 0.9


def test_nothing_that_is_well_makes_it_stale(place: Place) -> None:
    """A zone whose last device is offline says so, and is fresh again when the device speaks."""
    place.judge(COUNTER, "offline")
    assert place.read().stale
    place.after(5).cross(inward=1)
    assert not place.read().stale


def test_a_camera_weighs_and_does_not_rule(place: Place) -> None:
    """Its number draws the estimate there; one absurd frame does not take it along."""
    place.set(10)
    place.after(5).tell(HeadsCounted(at=place.now, device=CAMERA, zone=ROOM, people=12))
    assert 10 <= place.read().people <= 12
    place.set(10)
    place.after(120).tell(HeadsCounted(at=place.now, device=CAMERA, zone=ROOM, people=40))
    assert place.read().people == 10


def test_a_camera_holds_what_it_said(place: Place) -> None:
    """It speaks when its number changes: until then it still means it."""
    place.tell(HeadsCounted(at=place.now, device=CAMERA, zone=ROOM, people=8))
    place.after(7200)
    assert 7 <= place.read().people <= 8


def test_vacancy_weighs_and_never_resets(place: Place) -> None:
    """An armed alarm empties a doubtful room; against motion it is only one voice."""
    told = {"device": DeviceId("alarm"), "zone": ROOM, "odds": 200.0, "why": "alarm armed"}
    place.after(5).cross(inward=1)
    place.after(5).tell(VacancyTold(at=place.now, **told))  # type: ignore[arg-type]
    assert place.read().people == 0
    assert any("declared empty (alarm armed)" in word for word in place.words())
    place.after(5).motion(active=True)
    assert 0.03 < place.read().p_vacant < 0.97, "neither is sure"


def test_an_operator_sets_the_number(place: Place) -> None:
    """And what passes afterwards counts from there."""
    place.after(5).set(17)
    assert (place.read().people, place.read().low, place.read().high) == (17, 17, 17)
    place.after(5).cross(inward=1)
    assert place.read().people == 18


def test_a_wrong_belief_comes_back(place: Place) -> None:
    """Surely empty, and yet eight leave: the filter cannot have been right, and learns."""
    for _ in range(3):
        place.after(20).cross(outward=1)
    place.motion(active=True)
    for _ in range(5):
        place.after(300).motion(active=True)
        place.motion(active=False)
    assert place.read().people >= 1


def test_badge_and_counter_at_one_door_are_one_person(place: Place) -> None:
    """Within five seconds the counter moves the count and the badge names who it was."""
    place.after(5).badge()
    place.after(2).cross(inward=1)
    assert place.read().people == 1
    place.after(60).cross(inward=1)
    place.after(3).badge()
    assert place.read().people == 2


def test_a_counter_sees_who_slips_in_behind_a_badge(place: Place) -> None:
    """One badge and two counted are two; apart in time, two badges are two as well."""
    place.after(5).badge()
    place.after(2).cross(inward=2)
    assert place.read().people == 2
    place.after(30).badge()
    place.after(8).badge()
    assert place.read().people == 4


def test_a_badge_the_counter_missed_counts(place: Place) -> None:
    """The door's contact saw it open: somebody is in."""
    place.after(5).badge()
    place.after(60)
    assert place.read().people == 1
    place.badge(inward=False)
    assert place.read().people == 0


def test_a_contact_makes_a_badge_surer(place: Place) -> None:
    """Without one, some think better of it."""
    other = Place()
    other.set(0)
    place.after(5).badge(contact=True)
    other.after(5).badge(contact=False)
    assert place.read().p_vacant < other.read().p_vacant


def test_a_flow_moves_people_and_makes_none() -> None:
    """Seven walk from the hall into the room and four back: ten they were, and ten they are."""
    place = Place(lone=False)
    place.set(10, HALL)
    place.set(0, ROOM)
    for _ in range(7):
        place.after(2).cross(inward=1)
    for _ in range(4):
        place.after(2).cross(outward=1)
    assert (place.read(ROOM).people, place.read(HALL).people) == (3, 7)
    assert place.mean(ROOM) + place.mean(HALL) == pytest.approx(10, abs=0.2)


def test_who_comes_out_of_an_empty_zone_is_believed_less() -> None:
    """A ghost at an inner door does not put somebody into the room out of an empty hall."""
    place = Place(lone=False)
    place.set(0, HALL)
    place.set(0, ROOM)
    place.after(2).cross(inward=1)
    assert place.read(ROOM).p_vacant > 0.3
    lone = Place()
    lone.set(0)
    lone.after(2).cross(inward=1)
    assert lone.read(ROOM).p_vacant < 0.05


def test_nobody_stays_for_ever(place: Place) -> None:
    """What a counter that misses exits leaves over is gone by the next morning."""
    for _ in range(40):
        place.after(300).cross(inward=2)
        place.after(300).cross(outward=1)
    assert place.read().people > 25
    place.after(14 * 3600)
    assert place.read().people == 0


def test_a_working_day_is_stayed_through(place: Place) -> None:
    """Five who came at nine and are not seen to leave are there at five, with a PIR that moves."""
    place.after(5).cross(inward=5)
    for _ in range(7 * 12):
        place.after(240).motion(active=True)
        place.after(60).motion(active=False)
    assert place.read().people >= 3


def test_without_counters_a_pir_still_tells_empty_from_not() -> None:
    """In a zone that nothing counts people come and go unseen, so one trigger is believed."""
    estimate = reorder_window.begun({ROOM: 30}, START)
    told = MotionSeen(at=START, device=PIR, zone=ROOM, active=True)
    estimate = reorder_window.told(estimate, told, START)
    off = MotionSeen(at=START + timedelta(minutes=5), device=PIR, zone=ROOM, active=False)
    estimate = reorder_window.told(estimate, off, off.at)
    there = state.zone_at(estimate, ROOM, off.at)
    gone = state.zone_at(estimate, ROOM, off.at + timedelta(minutes=20))
    assert reading.read([there], None, 0).people >= 1
    assert reading.read([gone], None, 0).people == 0


def test_full_is_a_chance(place: Place) -> None:
    """`p_full` is the chance that no more fit, not a comparison of two numbers."""
    place.set(29)
    assert place.read().p_full < 0.01
    place.after(5).cross(inward=1)
    assert 0.85 < place.read().p_full < 1


def test_a_sum_is_the_convolution_of_its_parts() -> None:
    """Two rooms with a fair coin each: nobody, one or two with a quarter, a half and a quarter."""
    coin = (0.5, 0.5)
    assert beliefs.convolve([coin, coin]) == pytest.approx((0.25, 0.5, 0.25))
    assert beliefs.convolve([(0.0, 0.0, 1.0), coin]) == pytest.approx((0, 0, 0.5, 0.5))
    assert beliefs.convolve([]) == (1.0,)


@pytest.mark.parametrize(
    ("people", "known", "hint"),
    [(5, 5, None), (5, 2, "tailgating"), (2, 5, "forgotten-exit"), (0, 0, None)],
)
def test_disagreement_with_the_badges_is_a_hint(
    place: Place, people: int, known: int, hint: str | None
) -> None:
    """More than badged in: somebody slipped in; fewer: somebody left without a badge."""
    place.set(people)
    assert place.read(known=known).hint == hint


def test_known_presence_fades_when_the_room_is_surely_empty(place: Place) -> None:
    """And not before, nor where nothing is there to be sure by."""
    assert place.read(known=2).fades
    assert not place.read(known=0).fades
    place.after(5).cross(inward=1)
    assert not place.read(known=2).fades
    place.set(0)
    place.judge(COUNTER, "offline")
    assert not place.read(known=2).fades


def test_reasons_are_plain_words_with_times(place: Place) -> None:
    """The strongest first, one device's passages in one line, in both languages."""
    place.after(60).cross(inward=1)
    place.after(60).cross(inward=1)
    place.motion(active=True)
    assert "Entrance counter +2, 08:02" in place.words()
    assert "compteur Entrée +2, 08:02" in place.words("fr")
    assert "Room motion, 08:02" in place.words()
    place.motion(active=False)
    place.after(1200)
    assert any(word.startswith("Room without motion since, 08:02") for word in place.words())
    assert len(place.words()) <= reading.TOP


def test_reasons_are_bounded(place: Place) -> None:
    """A day of events keeps a dozen."""
    for number in range(200):
        place.after(400).badge(inward=number % 2 == 0)
        place.motion(active=number % 2 == 0)
    zone = state.zone_at(place.estimate, ROOM, place.now)
    assert len(zone.reasons) <= 12
    assert len(place.estimate.waiting) <= reorder_window.WINDOW_MAX


def test_a_snapshot_is_the_estimate(place: Place) -> None:
    """Encoded and decoded it is equal, and goes on the same."""
    place.after(5).cross(inward=3)
    place.after(5).badge()
    place.motion(active=True)
    place.presence(active=True)
    place.judge(PIR, "stuck")
    again = decode(encode(place.estimate), Estimate)
    assert again == place.estimate
    assert encode(again) == encode(place.estimate)
    later = place.now + timedelta(hours=1)
    assert state.zone_at(again, ROOM, later) == state.zone_at(place.estimate, ROOM, later)


def test_the_future_is_now(place: Place) -> None:
    """A clock that is minutes ahead does not hold its device's evidence back."""
    ahead = TotalsTold(
        at=place.now + timedelta(minutes=7),
        device=COUNTER,
        boot=1,
        seq=99,
        inner=ROOM,
        outer=None,
        in_total=4,
        out_total=0,
    )
    place.tell(ahead)
    assert place.read().people == 4


def test_what_comes_too_late_is_not_lost(place: Place) -> None:
    """A badge of a reader that was cut off counts from the window's edge; old motion is no news."""
    place.after(600).cross()
    old = place.now - timedelta(minutes=5)
    place.tell(MotionSeen(at=old, device=PIR, zone=ROOM, active=True))
    assert place.read().people == 0
    late = BadgeTaken(
        at=old, device=READER, inner=ROOM, outer=None, inward=True, contact=True, place="side"
    )
    place.tell(late)
    assert place.read().people == 1
    place.after(30).tell(structs.replace(late, place="front"))
    assert place.read().people == 1, "the counter over that door has told it"


def test_a_flood_is_settled_early(place: Place) -> None:
    """More evidence than the window holds costs its order, and loses nothing."""
    for _ in range(reorder_window.WINDOW_MAX + 20):
        place.after(0.01).cross(inward=1)
    assert len(place.estimate.waiting) == reorder_window.WINDOW_MAX
    assert place.read().people == 45


@pytest.mark.parametrize(
    ("belief", "low", "high"),
    [
        ((0.85, 0.1, 0.05), 0, 0),
        ((0.1, 0.7, 0.2), 1, 2),
        ((0.3, 0.3, 0.3, 0.1), 0, 2),
        ((0.45, 0.0, 0.0, 0.1, 0.3, 0.15), 0, 4),
        ((0.0, 0.0, 1.0), 2, 2),
        ((0.2, 0.2, 0.2, 0.2, 0.2), 0, 3),
        ((0.05, 0.78, 0.17), 1, 1),
        ((0.1, 0.6, 0.3), 1, 2),
    ],
    ids=[
        "one number is enough",
        "two",
        "of three alike",
        "over a gap",
        "certain",
        "of all alike",
        "nearly",
        "far from it",
    ],
)
def test_the_interval_holds_its_share_as_nearly_as_whole_people_can(
    belief: tuple[float, ...], low: int, high: int
) -> None:
    """Around the likeliest number, as few as can be; too little is twice as bad as too much."""
    assert beliefs.highest_density_interval(belief, 0.8) == (low, high)
    assert low <= beliefs.quantile(belief, 0.5) <= high


def test_two_kinds_that_both_stay_on_vouch_for_each_other(place: Place) -> None:
    """Three people sit for an hour: neither the PIR nor the radar is stuck."""
    place.cross(inward=3)
    for _ in range(120):
        place.after(30).motion(active=True)
        place.presence(active=True)
    assert place.read().people == 3
    assert place.read().p_vacant < 0.01


def test_a_sensor_that_stays_on_tells_so_much_and_no_more(place: Place) -> None:
    """Whether it says "on" once or again and again: a PIR 10,000 s : 150 s, and 1 : 0.02."""
    place.cross(inward=3)
    for _ in range(400):
        place.after(30).motion(active=True)
    lent = state.zone_at(place.estimate, ROOM, place.now).sensors[PIR].lent
    assert lent == pytest.approx(log(10_000 / 150 / 0.02))


def _spread(place: Place) -> float:
    belief = state.zone_at(place.estimate, ROOM, place.now).belief
    return sum((n - place.mean()) ** 2 * chance for n, chance in enumerate(belief))


def test_a_door_that_two_watch_is_hardly_doubted() -> None:
    """Ten whom badge and counter told are ten more surely than ten whom the counter told alone."""
    alone, both = Place(), Place()
    for place in (alone, both):
        place.after(1).set(0)
        for way in [1, -1] * 20 + [1] * 10:
            place.after(20)
            if place is both:
                place.badge(inward=way > 0)
            place.after(2).cross(inward=int(way > 0), outward=int(way < 0))
    assert both.read().people == 10
    assert _spread(both) < _spread(alone) / 3


def test_silence_tells_that_few_are_left(place: Place) -> None:
    """Of six or so one was not seen to leave: a PIR that hardly sees anything speaks for few."""
    place.after(5).cross(inward=8)
    place.after(600).cross(outward=6)
    before = place.mean()
    for _ in range(4):
        place.after(240).motion(active=True)
        place.after(10).motion(active=False)
    assert place.mean() < before - 0.3
    assert place.read().p_vacant < 0.05


def test_silence_tells_no_number_for_ever(place: Place) -> None:
    """Twenty who sit where the PIR hardly looks are not one after two hours."""
    place.after(5).cross(inward=20)
    for _ in range(24):
        place.after(280).motion(active=True)
        place.after(20).motion(active=False)
    assert place.read().people >= 18


def test_totals_that_come_too_late_are_no_newer_than_they_must_be(place: Place) -> None:
    """They are taken behind all that waits, and as of the window's edge where nothing does."""
    place.after(600)
    edge = place.now - timedelta(seconds=reorder_window.LATENESS_S)
    for seq in (1, 2):
        place.tell(
            TotalsTold(
                at=place.now - timedelta(minutes=5),
                device=COUNTER,
                boot=1,
                seq=seq,
                inner=ROOM,
                outer=None,
                in_total=seq,
                out_total=0,
            )
        )
    first, second = (each.evidence.at for each in place.estimate.waiting)
    assert first == edge
    assert edge < second < edge + timedelta(seconds=1)
    assert place.read().people == 2
