"""Days of people under the real rules, in virtual time: refused, warned, decided alone."""

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gateway.adapters.directory import credential_hash
from gateway.config import load_space
from gateway.core.events import DecidedMeanwhile
from gateway.core.facts import MachineEnded, MachineStarted, StopMachine, WarnMachine
from gateway.core.model.directory import Credential, DirectoryChange
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented
from gateway.wire.message import Outgoing
from simulators.devices import SimulatedReader
from simulators.drive import drive
from simulators.faults import FaultRates
from simulators.outcomes import READER_DECIDED, Bookkeeping, RunTally
from simulators.people import SimulatedPerson
from simulators.scenarios import SCENARIOS, Cast
from simulators.world import World
from tests.paths import ROOT
from tests.world.virtual_gateway import (
    KEY,
    READERS_KEY,
    Answered,
    VirtualGateway,
    badge_of,
    enrolled,
    reasons,
)

TUESDAY = datetime(2026, 11, 24, 7, 45, tzinfo=UTC)
"""A quarter to nine in Paris, on a day on which the fablab of the example is open."""
SETTLES = timedelta(seconds=10)


class Place:
    """A place with its people and its gateway, not lived in yet."""

    def __init__(
        self,
        folder: Path,
        cast: Cast,
        faults: FaultRates,
        *,
        start: datetime = TUESDAY,
        speed: float = 1.0,
    ) -> None:
        tally = Bookkeeping()
        self.start = start
        self.world = World(
            cast,
            start,
            boot=1,
            faults=faults,
            speed=speed,
            tally=tally,
            readers_key=READERS_KEY,
        )
        self.members = enrolled(cast.site, self.world.people, start, folder)
        self.gateway = VirtualGateway(cast.site, self.members, start)
        self.messages: list[tuple[datetime, Outgoing]] = []
        self._tally = tally
        ends = start + timedelta(days=2)
        self._driven = drive(self.world, ends, self.gateway, lambda: self.gateway.wakes)

    def live(self, hours: float) -> None:
        """Let so much time pass."""
        until = self.world.now + timedelta(hours=hours)
        for now, message in self._driven:
            self.messages.append((now, message))
            if now >= until:
                return

    def end(self) -> RunTally:
        """Nobody badges any more, and every device comes back and is heard; the figures."""
        self.world.close()
        self._hear(self.world.mend(self.world.now))
        self.live(SETTLES / timedelta(hours=1))
        last_at, last = self.messages[-1]  # said when the time was over: it is heard, too
        for answer in self.gateway(last_at, last):
            self.world.receive(answer.topic, answer.payload, last_at)
        devices = self.world.equipment.native.values()
        return self._tally.result(devices, {}, self.world.faults_seen)

    def start_again(self) -> None:
        """The gateway is back, and hears what the broker has kept for it."""
        now = self.world.now
        for answer in list(self.gateway.start(now)):
            self._hear(self.world.receive(answer.topic, answer.payload, now))

    def _hear(self, said: list[Outgoing]) -> None:
        """What devices say now, and what they say upon the answers."""
        now = self.world.now
        while said:
            message = said.pop(0)
            self.messages.append((now, message))
            for answer in list(self.gateway(now, message)):
                said += self.world.receive(answer.topic, answer.payload, now)

    @property
    def alone(self) -> list[Answered]:
        """What readers decided alone, as the gateway took it."""
        return [one for one in self.gateway.answers if one.decided.late]


def _site(name: str) -> Site:
    return load_space(ROOT / "gateway" / name / "space.toml")[0]


def _example(folder: Path, faults: FaultRates, seed: int) -> Place:
    return Place(folder, Cast(_site("examples"), SCENARIOS["ordinary-day"], seed), faults)


def _demo(folder: Path, faults: FaultRates, seed: int) -> Place:
    """As `seuil demo` has it: a minute of the day in a second."""
    cast = Cast(
        _site("demo"),
        SCENARIOS["ordinary-day"],
        seed,
        members=64,
        opens=time(10, 20),
        night_haste=20.0,
    )
    return Place(folder, cast, faults, start=TUESDAY, speed=60.0)


SEEDS = range(1, 6)


@pytest.fixture(scope="module")
def rough_days(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Place, RunTally]]:
    """Whole days of the example on a bad day of the network, by seed."""
    folder = tmp_path_factory.mktemp("rough")
    days: dict[int, tuple[Place, RunTally]] = {}
    for seed in SEEDS:
        place = _example(folder, FaultRates.rough(), seed)
        place.live(15)
        days[seed] = (place, place.end())
    return days


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_with_faults_keeps_every_checker_happy(
    rough_days: dict[int, tuple[Place, RunTally]], seed: int
) -> None:
    """Cut-off readers too: each badge has one decision, and none is one that must not be."""
    place, tally = rough_days[seed]
    assert tally.ok, tally
    assert tally.decided_alone == len(place.alone) > 5
    assert tally.credentials == len(place.gateway.answers)
    assert tally.late == 0


def test_a_seed_gives_the_same_day(tmp_path: Path) -> None:
    """The same messages and decisions, to the millisecond; another seed gives others."""
    days = [_example(tmp_path, FaultRates.rough(), seed) for seed in (4, 4, 5)]
    for day in days:
        day.live(8)
    assert len(days[0].messages) > 1000
    assert days[0].messages == days[1].messages
    assert days[0].gateway.answers == days[1].gateway.answers
    assert days[0].messages != days[2].messages


@pytest.mark.long
def test_days_of_the_example_tell_every_story(tmp_path: Path) -> None:
    """Over eight days of the example each of its rules says no to somebody."""
    met: set[str] = set()
    facts: set[str] = set()
    for seed in range(1, 9):
        place = _example(tmp_path, FaultRates.ordinary(), seed)
        place.live(15)
        met |= reasons(place.gateway.answers)
        facts |= _stories(place)
    assert met >= {
        "plan",
        "exit-free",
        "machine-off",
        "alone",
        "training-missing",
        "training-expired",
        "not-opened",
        "interlock",
        "pin-wrong",
        "zone-full",
        "no-right",
        "outside-hours",
        "credential-unknown",
        "credential-lost",
        "membership-expired",
        "membership-suspended",
        "membership-unpaid",
    }
    assert facts == {
        "started",
        "warned",
        "asked to stop",
        "signed-off",
        "switched-off",
        "safe-stop",
    }


def test_the_demo_tells_its_story(tmp_path: Path) -> None:
    """A quarter of an hour of it: the laser, the manager, visitors, tickets and PINs."""
    met: set[str] = set()
    facts: set[str] = set()
    for seed in range(1, 4):
        place = _demo(tmp_path, FaultRates.ordinary(), seed)
        place.live(0.25)
        met |= reasons(place.gateway.answers)
        facts |= _stories(place)
        assert place.end().ok
    assert met >= {
        "alone",
        "training-missing",
        "training-expired",
        "not-opened",
        "escort-missing",
        "quota-used-up",
        "pin-wrong",
        "zone-full",
        "credential-lost",
        "membership-unpaid",
    }
    assert facts >= {"started", "warned", "signed-off"}


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_first_half_minute_of_the_demo(tmp_path: Path, seed: int) -> None:
    """Whoever looks only for a moment sees people refused for several reasons."""
    place = _demo(tmp_path, FaultRates.ordinary(), seed)
    place.live(30 / 3600)
    refused = {
        one.decided.reason for one in place.gateway.answers if one.decided.decision == "denied"
    }
    assert len(refused) >= 4


def _stories(place: Place) -> set[str]:
    """What became of machines."""
    said: set[str] = set()
    for _, fact in place.gateway.facts:
        match fact:
            case MachineStarted():
                said.add("started")
            case WarnMachine():
                said.add("warned")
            case StopMachine():
                said.add("asked to stop")
            case MachineEnded():
                said.add(fact.why)
            case _:
                pass
    return said


def test_nobody_uses_the_laser_alone_or_untrained(
    rough_days: dict[int, tuple[Place, RunTally]],
) -> None:
    """Whoever it was granted to was trained, and somebody else was known to be there."""
    uses = 0
    for place, _ in rough_days.values():
        trained = {
            credential_hash(KEY, one.badge)
            for one in place.world.people
            if one.badge and one.trained == "yes"
        }
        for one in place.gateway.answers:
            if (one.event.device, one.decided.reason) == ("laser-badge", "plan"):
                assert isinstance(one.event.reading, CredentialPresented)
                assert one.event.reading.credential in trained
                company = [said for said in one.decided.verdicts if said.rule == "company_is_here"]
                assert [said.outcome for said in company] == ["pass"]
                uses += 1
    assert uses > 10


class TestCutOff:
    """Readers that decide alone on a bad day of the network."""

    def test_each_is_told_once_and_late(
        self, rough_days: dict[int, tuple[Place, RunTally]]
    ) -> None:
        """What a reader decided is the gateway's decision, word for word; nothing actuates."""
        place, _ = rough_days[3]
        said: dict[tuple[str, int, int], str] = {}
        for _, message in place.messages:
            event = _credential(message)
            if event is not None and "decided" in event:
                device = message.topic.split("/")[2]
                said[device, event["boot"], event["seq"]] = event["decided"]
        told = [((one.event.device, *one.number), one.decided) for one in place.alone]
        assert {name: decided.decision for name, decided in told} == said
        assert len(told) == len(said)
        assert {decided.decision for _, decided in told} == {"granted", "denied"}
        assert {(decided.reason, decided.expires) for _, decided in told} == {
            (READER_DECIDED, None)
        }

    def test_a_machine_is_never_released_alone(
        self, rough_days: dict[int, tuple[Place, RunTally]]
    ) -> None:
        """Nor a door that asks for a PIN."""
        decided = set()
        for place, _ in rough_days.values():
            decided |= {(one.event.device, one.decided.decision) for one in place.alone}
        assert ("laser-badge", "denied") in decided
        assert {device for device, what in decided if what == "granted"}.isdisjoint(
            {"laser-badge", "laser-in"}
        )

    def test_without_the_readers_key_nothing_is_decided_alone(self, tmp_path: Path) -> None:
        """Events are kept, and are too late for an answer."""
        place = _example(tmp_path, FaultRates.rough(), 3)
        for device in place.world.equipment.native.values():
            if isinstance(device, SimulatedReader):
                device.rights = None
        place.live(8)
        tally = place.end()
        assert place.alone == []
        assert tally.late > 5

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_revoked_badge_is_refused_once_that_is_confirmed(
        self, tmp_path: Path, seed: int
    ) -> None:
        """Half of the members lose their badges at noon, and none of these lets anybody in then.

        A reader that is cut off learns of it when it is back, and lets nobody in from then on.
        """
        place = _example(tmp_path, FaultRates.rough(), seed)
        place.live(3.25)
        lost = [one for one in place.world.people if one.enrolled][::2]
        noon = place.world.now
        place.gateway.tell(noon, DirectoryChange(credentials=_lost(place, lost)))
        listing = dict(place.gateway.lists)
        confirmed: dict[str, datetime] = {}
        before = len(place.messages)
        place.live(10)
        tries, let_in = 0, []
        badges = {one.badge for one in lost}
        assert listing != place.gateway.lists
        for now, message in place.messages[before:]:
            if not message.topic.startswith("seuil/"):
                continue
            _, _, device, kind = message.topic.split("/")
            version = _version(message) if kind == "status" else None
            old = listing.get(DeviceId(device))
            if version is not None and old is not None and version != old.head.version:
                confirmed.setdefault(device, now)
            event = _credential(message)
            if event is None or event["credential"] not in badges or device.endswith("-out"):
                continue
            tries += 1
            at = datetime.fromisoformat(event["at"])
            if event.get("decided") == "granted" and confirmed.get(device, at) < at:
                let_in.append((device, at))
        place.end()
        assert tries > 5
        assert let_in == []
        for reader in place.world.equipment.native.values():
            at_a_door = place.world.site.device[reader.device].door is not None
            if at_a_door and isinstance(reader, SimulatedReader) and reader.rights is not None:
                assert reader.rights.version == place.gateway.lists[reader.device].head.version
        assert confirmed
        for one in place.gateway.answers:
            is_lost = getattr(one.event.reading, "credential", "") in {
                badge_of(place.members, person).hash for person in lost
            }
            if is_lost and one.event.at >= noon and not one.event.device.endswith("-out"):
                assert one.decided.decision == "denied" or one.decided.late


class TestDeadGateway:
    """Everything is connected, and nobody answers."""

    @pytest.mark.parametrize("seed", SEEDS)
    def test_people_get_in_and_are_known_to_be_there(self, tmp_path: Path, seed: int) -> None:
        """After two seconds a reader decides by its list; all of it is believed when it is told.

        Each is one event, that was asked first and decided alone then.
        """
        place = _example(tmp_path, FaultRates.none(), seed)
        place.live(0.25)
        place.gateway.stop(place.world.now)
        place.live(0.5)
        place.start_again()
        place.live(0.25)
        tally = place.end()
        assert tally.ok, tally
        assert tally.decided_alone == len(place.alone) > 5
        assert {one.decided.reason for one in place.alone} == {READER_DECIDED}
        assert {one.decided.decision for one in place.alone} >= {"granted"}
        assert all(isinstance(one.event, DecidedMeanwhile) for one in place.alone)
        assert not any(kind == "unproven-claim" for kind, _ in place.gateway.state.alarms)

    def test_without_a_list_nobody_does(self, tmp_path: Path) -> None:
        """They wait, and go away."""
        place = _example(tmp_path, FaultRates.none(), 3)
        for device in place.world.equipment.native.values():
            if isinstance(device, SimulatedReader):
                device.rights = None
        place.live(0.25)
        place.gateway.stop(place.world.now)
        place.live(0.5)
        place.start_again()
        place.end()
        assert place.alone == []


def _lost(place: Place, people: list[SimulatedPerson]) -> tuple[Credential, ...]:
    badges = (badge_of(place.members, person) for person in people)
    return tuple(structs.replace(badge, status="lost") for badge in badges)


def _credential(message: Outgoing) -> dict[str, Any] | None:
    if not message.topic.endswith("/event"):
        return None
    event: dict[str, Any] = json.loads(message.payload)
    return event if event["type"] == "credential" else None


def _version(message: Outgoing) -> str | None:
    version: str | None = json.loads(message.payload).get("rights")
    return version
