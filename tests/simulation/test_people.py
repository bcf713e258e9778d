"""Days of people in virtual time: repeatable, consistent, and with faults at about their rates."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from gateway.config import load_space
from gateway.core.model.names import DeviceId, MachineId, SiteId, Text
from gateway.core.model.site import Site
from gateway.wire.commands import AccessCommand, Ack, SafeStopCommand
from gateway.wire.message import Outgoing, encode
from gateway.wire.topics import Topics
from simulators.drive import drive
from simulators.faults import FaultRates
from simulators.machines import RUNS_DOWN_S
from simulators.outcomes import Bookkeeping, RunTally
from simulators.people import SimulatedPerson
from simulators.scenarios import SCENARIOS, Cast, ScenarioName
from simulators.truth import TrueCount
from simulators.world import PassageEvent, World
from tests.paths import ROOT

SPACE = ROOT / "gateway" / "examples" / "space.toml"
STARTS: dict[ScenarioName, datetime] = {
    "ordinary-day": datetime(2026, 11, 23, 7, 45, tzinfo=UTC),
    "open-house": datetime(2026, 11, 23, 17, 0, tzinfo=UTC),
}
LASTS: dict[ScenarioName, float] = {"ordinary-day": 15.0, "open-house": 5.0}


class Porter:
    """A gateway's part: acks everything, answers each badge once, lets in whose badge is good."""

    def __init__(self, people: Iterable[SimulatedPerson]) -> None:
        self._good = {one.badge: one for one in people if one.enrolled and one.trouble == "none"}
        self._topics = Topics()
        self._answered: set[tuple[str, int, int]] = set()

    def __call__(self, now: datetime, message: Outgoing | None) -> Iterator[Outgoing]:
        if message is None or not message.topic.endswith("/event"):
            return
        _, site, device, _ = message.topic.split("/")
        event = json.loads(message.payload)
        where = (SiteId(site), DeviceId(device))
        yield Outgoing(self._topics.ack(*where), encode(Ack(event["boot"], event["seq"])))
        key = (device, event["boot"], event["seq"])
        fresh = abs(now - datetime.fromisoformat(event["at"])) < timedelta(seconds=5)
        if event["type"] == "credential" and fresh and key not in self._answered:
            self._answered.add(key)
            granted = device.endswith("-out") or self._lets_in(device, event)
            yield Outgoing(
                self._topics.command(*where), encode(self._answer(event, now, granted=granted))
            )

    def _lets_in(self, device: str, event: dict[str, str]) -> bool:
        person = self._good.get(event["credential"])
        if person is None or (device == "laser-in" and event.get("pin", "none") != person.pin):
            return False
        return device != "laser-badge" or person.trained == "yes"

    def _answer(self, event: dict[str, int], now: datetime, *, granted: bool) -> AccessCommand:
        return AccessCommand(
            id=str(len(self._answered)),
            decision="granted" if granted else "denied",
            reason="plan" if granted else "credential-unknown",
            boot=event["boot"],
            seq=event["seq"],
            unlock_s=5.0 if granted else None,
            expires=now + timedelta(seconds=5),
            message=Text("", ""),
        )


class Day:
    """One day, lived."""

    def __init__(self, site: Site, name: ScenarioName, faults: FaultRates, seed: int) -> None:
        cast = Cast(site, SCENARIOS[name], seed)
        self.history: list[TrueCount] = []
        self.passed: list[PassageEvent] = []
        tally = Bookkeeping()
        self.world = World(
            cast,
            STARTS[name],
            boot=1,
            faults=faults,
            tally=tally,
            tell=self.history.append,
            watch=self.passed.append,
        )
        until = STARTS[name] + timedelta(hours=LASTS[name])
        self.messages = list(drive(self.world, until, Porter(self.world.people)))
        devices = self.world.equipment.native.values()
        self.tally: RunTally = tally.result(devices, {}, self.world.faults_seen)


Live = Callable[[ScenarioName, FaultRates, int], Day]


@pytest.fixture(scope="module")
def live() -> Live:
    """Lives a day of the example, once for all tests that ask for the same."""
    (site,) = load_space(SPACE)
    days: dict[tuple[ScenarioName, FaultRates, int], Day] = {}

    def lived(name: ScenarioName, faults: FaultRates, seed: int) -> Day:
        key = (name, faults, seed)
        if key not in days:
            days[key] = Day(site, name, faults, seed)
        return days[key]

    return lived


BOTH: tuple[ScenarioName, ...] = ("ordinary-day", "open-house")


def test_a_seed_gives_the_same_day(live: Live) -> None:
    """The same seed gives the same messages at the same times, byte for byte; another does not."""
    (site,) = load_space(SPACE)
    day = live("ordinary-day", FaultRates.ordinary(), 7)
    again = Day(site, "ordinary-day", FaultRates.ordinary(), 7)
    other = live("ordinary-day", FaultRates.ordinary(), 8)
    assert len(day.messages) > 1000
    assert again.messages == day.messages
    assert again.history == day.history
    assert other.messages != day.messages


@pytest.mark.parametrize("name", BOTH)
def test_truth_is_the_sum_of_moves(live: Live, name: ScenarioName) -> None:
    """A true count is who entered the zone less who left it, at every moment, never negative."""
    day = live(name, FaultRates.ordinary(), 7)
    inside = Counter(dict.fromkeys(day.world.truth.people, 0))
    told = iter([count for count in day.history if count.time > STARTS[name]])
    zones = day.world.site.zone
    for step in day.passed:
        left = set() if step.passage.origin is None else set(zones[step.passage.origin].lineage)
        entered = set() if step.passage.to is None else set(zones[step.passage.to].lineage)
        inside.update(entered - left)
        inside.subtract(left - entered)
        for _ in entered ^ left:
            count = next(told)
            assert (count.time, count.people) == (step.at, inside[count.zone])
            assert count.people >= 0
    assert next(told, None) is None


@pytest.mark.parametrize("name", BOTH)
def test_nobody_is_in_two_places(live: Live, name: ScenarioName) -> None:
    """A person leaves from where they came to, and takes a second at least from door to door."""
    steps: dict[str, list[PassageEvent]] = defaultdict(list)
    for passed in live(name, FaultRates.ordinary(), 7).passed:
        steps[passed.person].append(passed)
    assert len(steps) > 20
    for mine in steps.values():
        assert mine[0].passage.origin is None
        for before, after in pairwise(mine):
            assert before.passage.to == after.passage.origin
            assert after.at - before.at >= timedelta(seconds=1)


@pytest.mark.parametrize("name", BOTH)
def test_everybody_goes_home(live: Live, name: ScenarioName) -> None:
    """Without faults as many leave as enter, everybody is decided once, and no fault is seen."""
    day = live(name, FaultRates.none(), 7)
    assert not any(day.world.truth.people.values())
    entries = sum(step.passage.origin is None for step in day.passed)
    exits = sum(step.passage.to is None for step in day.passed)
    assert entries == exits > 20
    assert day.tally.ok
    assert day.tally.faults == {}
    assert not any(step.slipped_in for step in day.passed)


def test_counters_tell_the_truth_without_faults(live: Live) -> None:
    """Without faults the front counter's totals are those who came and went."""
    day = live("ordinary-day", FaultRates.none(), 7)
    (line,) = day.world.equipment.lines
    through = [step.passage for step in day.passed if step.passage.door == line.door]
    assert line.counter.entered == sum(passage.origin is None for passage in through)
    assert line.counter.left == sum(passage.to is None for passage in through)


def test_rooms_smell_of_their_people(live: Live) -> None:
    """The coworking room's CO2 rises with its people, and falls when they have left."""
    day = live("ordinary-day", FaultRates.none(), 7)
    events = [json.loads(one.payload) for one in _events(day) if "/coworking-co2/" in one.topic]
    ppm = [event["ppm"] for event in events if event["type"] == "co2"]
    assert max(ppm) > 600
    assert ppm[0] == pytest.approx(420, abs=30)
    assert ppm[-1] < 0.8 * max(ppm)


def test_denials_have_their_people(live: Live) -> None:
    """Unknown badges are shown, refused, and shown once more."""
    day = live("ordinary-day", FaultRates.none(), 7)
    refused = {one.ref for one in day.world.people if one.trouble == "unknown badge"}
    assert refused
    assert day.tally.denied >= 2
    assert not refused & {step.person for step in day.passed}


def test_faults_come_at_about_their_rates(live: Live) -> None:
    """Over six days each fault happens about as often as its rate says."""
    faults = FaultRates(
        tailgating=0.3,
        forgotten_exit=0.2,
        duplicate=0.05,
        missed_crossing=0.1,
        double_crossing=0.05,
    )
    seen: Counter[str] = Counter()
    occasions: Counter[str] = Counter()
    for seed in range(6):
        world = live("ordinary-day", faults, seed).world
        seen.update(world.faults_seen)
        occasions.update(world.occasions)
    assert seen["tailgating"] / occasions["tailgating"] == pytest.approx(0.3, abs=0.12)
    assert seen["forgotten_exit"] / occasions["forgotten_exit"] == pytest.approx(0.2, abs=0.05)
    sent = sum(len(_events(live("ordinary-day", faults, seed))) for seed in range(6))
    assert seen["duplicate"] / sent == pytest.approx(0.05, abs=0.01)


def test_offline_readers_keep_their_events(live: Live) -> None:
    """Readers that are away half of the time lose no event: each one is acknowledged in the end."""
    day = live("ordinary-day", FaultRates(offline_per_hour=60, offline_s=30), 7)
    assert day.tally.faults["offline"] > 1000
    assert day.tally.late > 0
    assert day.tally.refused == 0
    online = [one for one in day.world.equipment.native.values() if one.online]
    assert sum(one.unacknowledged for one in online) == 0
    for device, seqs in _seqs(day).items():
        native = day.world.equipment.native[DeviceId(device)]
        assert len(seqs) >= max(seqs) - native.unacknowledged


def test_clocks_are_wrong(live: Live) -> None:
    """Clocks are up to 2 s wrong, one sensor's by seven minutes, and no reader's."""
    day = live("ordinary-day", FaultRates.ordinary(), 7)
    skews = {one.device: one.skew.total_seconds() for one in day.world.equipment.native.values()}
    badly = [name for name, skew in skews.items() if abs(skew) > 2]
    assert len(badly) == 1
    assert day.world.site.device[badly[0]].role == "sensor"
    assert any(0.1 < abs(skew) <= 2 for skew in skews.values())


def test_an_open_house_draws_a_crowd(live: Live) -> None:
    """In an open house people slip in by the dozen, and more come than the largest room holds."""
    day = live("open-house", FaultRates.ordinary(), 7)
    assert sum(step.slipped_in for step in day.passed) > 12
    assert max(count.people for count in day.history if count.zone == "building") > 45


def test_speed_shortens_the_waiting_alone() -> None:
    """At twelve times the speed a day takes an hour and a half, and a door still 2.5 s."""
    (site,) = load_space(SPACE)
    cast = Cast(site, SCENARIOS["ordinary-day"], 7)
    start = STARTS["ordinary-day"]
    world = World(cast, start, boot=1, speed=12)
    doors: list[tuple[datetime, str]] = []
    for now, message in drive(world, start + timedelta(minutes=90), Porter(world.people)):
        if message.topic.endswith("/front-in/event"):
            event = json.loads(message.payload)
            if event["type"] == "door":
                doors.append((now, event["state"]))
    assert world.people_inside == 0
    pairs = list(zip(doors[::2], doors[1::2], strict=False))
    assert len(pairs) > 50
    assert {(opened[1], closed[1]) for opened, closed in pairs} == {("open", "closed")}
    assert {round((closed[0] - opened[0]).total_seconds(), 3) for opened, closed in pairs} == {2.5}


def _events(day: Day) -> list[Outgoing]:
    return [message for _, message in day.messages if message.topic.endswith("/event")]


def _seqs(day: Day) -> dict[str, set[int]]:
    seqs: dict[str, set[int]] = defaultdict(set)
    for message in _events(day):
        seqs[message.topic.split("/")[2]].add(json.loads(message.payload)["seq"])
    return seqs


def test_a_machine_in_use_stops_when_it_is_asked_to() -> None:
    """A moment later, as its meter tells; one that nobody uses has nothing to stop."""
    (site,) = load_space(SPACE)
    laser, now = MachineId("laser"), STARTS["ordinary-day"]
    world = World(Cast(site, SCENARIOS["ordinary-day"], 1), now, boot=1)
    command = Topics().command(site.id, DeviceId("laser-badge"))
    stop = encode(SafeStopCommand("1", laser, "alone", Text("", "")))
    now += timedelta(seconds=5)  # every device is online
    world.run(now)
    for in_use, states in ((False, []), (True, ["off"])):
        if in_use:
            world.workshop.take(laser)
        said = world.receive(command, stop, now)
        assert _by_the_meter(said) == []
        now += timedelta(seconds=RUNS_DOWN_S)
        assert _by_the_meter(world.run(now)) == states


def _by_the_meter(messages: list[Outgoing]) -> list[str]:
    meter = [message for message in messages if message.topic.endswith("/laser-meter/event")]
    return [json.loads(message.payload)["state"] for message in meter]
