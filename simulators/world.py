"""One site, simulated event by event: people walk, devices send, faults happen.

Nothing here waits, reads a clock or uses a network. The owner of a world reads `next_at`, calls
`run(now)` then, sends its messages, and passes incoming ones to `receive`. In a test that is a loop
over virtual time (`simulators.drive`); in operation it is `simulators.run`.

Two clocks: `now` is the wire's time and always real. Habits have their own, which begins when the
scenario opens and runs `speed` times as fast.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.core.model.names import DeviceId, DoorId, MachineId, ZoneId
from gateway.core.readings import DoorReported, ExitRequested
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from simulators.clockwork import Clockwork
from simulators.equipment import Direction, Equipment
from simulators.faults import FaultRates, happens
from simulators.habits import Agenda, Stop
from simulators.lines import Lines
from simulators.lives import Lives
from simulators.outcomes import Bookkeeping
from simulators.people import SimulatedPerson, makers
from simulators.person_routine import Stand, life
from simulators.rhythms import awake
from simulators.routes import Place, RouteStep
from simulators.scenarios import Cast
from simulators.seeds import branch
from simulators.truth import Tell, Truth
from simulators.wiring import Wiring
from simulators.workshop import Workshop

LET_IN_AFTER_S = 0.4


class PassageEvent(Struct, frozen=True):
    """One person's passage; `slipped_in` behind another person, or not."""

    person: str
    passage: RouteStep
    at: datetime
    slipped_in: bool = False


class World:
    """One site from `start` on.

    `tell` hears every change of the true counts, `watch` everybody who passes. With the
    `readers_key` readers use their rights lists while they are cut off.
    """

    def __init__(
        self,
        cast: Cast,
        start: datetime,
        *,
        boot: int,
        faults: FaultRates | None = None,
        speed: float = 1.0,
        topics: Topics | None = None,
        tally: Bookkeeping | None = None,
        tell: Tell = lambda _: None,
        watch: Callable[[PassageEvent], object] = lambda _: None,
        readers_key: bytes | None = None,
    ) -> None:
        topics, tally = topics or Topics(), tally or Bookkeeping()
        self.site = cast.site
        self.faults = cast.scenario.faults(faults or FaultRates.none())
        self.happened: Counter[str] = Counter()
        self.occasions: Counter[str] = Counter()
        self.passing = 0
        """People who were let through a door that has not closed behind them yet."""
        self.people = cast.scenario.people(cast.site, cast.seed, cast.members)
        self.walks = branch(cast.seed, cast.site.id, "walks")
        self.truth = Truth(cast.site, start, tell)
        self.equipment = Equipment(
            cast.site, cast.seed, self.faults, boot, topics, readers_key=readers_key
        )
        self._cast, self._watch = cast, watch
        self._start, self._speed = start, speed
        self._agenda = Agenda(cast.site, cast.seed, makers(cast.site, self.people))
        self._mishaps = branch(cast.seed, cast.site.id, "mishaps")
        self._clockwork = Clockwork(start)
        self._wiring = Wiring(
            self.equipment,
            self._clockwork,
            self.faults,
            cast.seed,
            topics=topics,
            tally=tally,
        )
        self._lines = Lines()
        self._lives = Lives(
            cast.site,
            self._clockwork,
            self._wiring,
            self._lines,
            lambda person, work: self.workshop.work(person, work),  # noqa: PLW0108 - made below
        )
        self.workshop = Workshop(self.equipment, self._wiring, self._clockwork, tally, self._lives)
        self._inside: Counter[Place] = Counter()
        self._opens = self._begin()

    @property
    def now(self) -> datetime:
        """The wire's time."""
        return self._clockwork.now

    @property
    def next_at(self) -> datetime | None:
        """The next time at which `run` has something to do."""
        return self._clockwork.next_at

    @property
    def people_inside(self) -> int:
        """The true count of everybody who is not in the street."""
        return sum(person.zone is not None for person in self.people)

    @property
    def faults_seen(self) -> dict[str, int]:
        """The faults that happened, by name."""
        return dict(self.happened + self._wiring.happened)

    def run(self, now: datetime) -> list[Outgoing]:
        """Run every action that is due by `now`, and return the devices' messages."""
        self._clockwork.run(now)
        return self._wiring.take()

    def receive(self, topic: str, payload: bytes, now: datetime) -> list[Outgoing]:
        """Take a message of the gateway, and return the devices' responses."""
        self._clockwork.run(now)
        self._wiring.receive(topic, payload)
        self._clockwork.run(now)
        return self._wiring.take()

    def connection_lost(self) -> None:
        """Take all devices offline: their events are kept, other messages are lost."""
        self._wiring.go_offline()
        self._wiring.take()

    def connection_back(self, now: datetime) -> list[Outgoing]:
        """Reconnect, and return the devices' messages."""
        self._clockwork.run(now)
        self._wiring.reconnect()
        return self._wiring.take()

    def close(self) -> None:
        """Stop the presentation of badges; pending events come to their end."""
        self._lives.close()

    def mend(self, now: datetime) -> list[Outgoing]:
        """Reconnect readers that are cut off, so that all of their events are stored at the end."""
        self._clockwork.run(now)
        self._wiring.mend()
        return self._wiring.take()

    def farewell(self) -> list[Outgoing]:
        """Return the devices' messages at the end of the simulation."""
        self._wiring.go_offline(only_farewell=True)
        return self._wiring.take()

    # Questions of people to the world, in `simulators.person_routine`.

    def when(self, habit: datetime) -> datetime:
        """Return the wire's time of a moment in the habits' day."""
        haste = self._cast.night_haste
        return self._start + (awake(habit, haste) - awake(self._opens, haste)) / self._speed

    def midnight(self, on: date) -> datetime:
        """Return the wire's time at which that day of the habits begins."""
        return self.when(datetime.combine(on, time()))

    def day(self, person: SimulatedPerson, on: date) -> tuple[Stop, ...]:
        """Return a person's stops on a day."""
        return self._cast.scenario.day(self._agenda, self._cast.seed, person, on)

    def way(self, person: SimulatedPerson, place: Place) -> tuple[RouteStep, ...]:
        """Return the passages from a person's position."""
        return self._agenda.routes.way(person.zone, place)

    def enters(self, passage: RouteStep) -> bool:
        """Return whether a passage goes towards the side that its door protects."""
        return self._agenda.routes.enters(passage)

    def reader(self, door: DoorId, direction: Direction) -> DeviceId | None:
        """Return the reader at this side of a door."""
        return self.equipment.reader(door, direction)

    def machine_reader(self, machine: MachineId) -> DeviceId | None:
        """Return the reader that switches a machine on."""
        return self.equipment.machine_reader(machine)

    def asks_pin(self, reader: DeviceId) -> bool:
        """Return whether a reader requires a PIN beside the badge."""
        point = self.site.device[reader].access_point
        return point is not None and (
            self.site.access_point[point].min_credential == "number-and-pin"
        )

    def mishap(self, name: str, rate: float) -> bool:
        """Return whether a fault happens on this occasion, and count both."""
        self.occasions[name] += 1
        if not happens(rate, self._mishaps):
            return False
        self.happened[name] += 1
        return True

    def contact(self, door: DoorId, state: Literal["open", "closed"]) -> None:
        """Report that a door opens or closes."""
        for device in self.equipment.contacts(self.site.door[door]):
            self._wiring.report(device, DoorReported(state))

    def press_exit(self, door: DoorId) -> None:
        """Press the exit button."""
        for device in self.equipment.exit_buttons(self.site.door[door]):
            self._wiring.report(device, ExitRequested())

    def move(
        self, person: SimulatedPerson, passage: RouteStep, *, slipped_in: bool = False
    ) -> None:
        """Move a person to the other side."""
        self.truth.move(passage.origin, passage.to, self.now)
        self._inside[passage.origin] -= 1
        self._inside[passage.to] += 1
        person.zone = passage.to
        self._watch(PassageEvent(person.ref, passage, self.now, slipped_in))
        self._cross(passage)
        for zone in (passage.origin, passage.to):
            self._wiring.stir(zone, self._inside[zone])

    def let_in(self, passage: RouteStep) -> None:
        """Let some of the people behind slip in through the open door, without their own badge."""
        if not self.enters(passage):
            return
        for stand in self._lines.behind(passage, self._cast.scenario.followers):
            if self.mishap("tailgating", self.faults.tailgating):
                self._lines.leave(stand)
                self._clockwork.after(LET_IN_AFTER_S, partial(self._slip_in, stand))

    def step_aside(self, door: DoorId) -> None:
        """Free the door for the next in the queue."""
        stand = self._lines.next_turn(door)
        if stand is not None:
            self._lives.resume_soon(stand.person, "turn")

    # The progress of lives.

    def _begin(self) -> datetime:
        zone = ZoneInfo(self.site.timezone)
        today = self._start.astimezone(zone).date()
        opens = datetime.combine(today, self._cast.opens or self._cast.scenario.opens)
        self._wiring.begin(
            self._lives.on_answer,
            self.workshop.on_order,
            lambda zone: self._inside[zone] if zone else 0,
        )
        for person in self.people:
            self._lives.begin(person, life(self, person, today), 2 * LET_IN_AFTER_S)
        return opens

    def _slip_in(self, stand: Stand) -> None:
        self.move(stand.person, stand.passage, slipped_in=True)
        self._lives.resume(stand.person, "let in")

    def _cross(self, passage: RouteStep) -> None:
        """Have counters count the people who pass under them, with errors."""
        around, before = self._around(passage.to), self._around(passage.origin)
        for line in self.equipment.lines:
            if line.sees(passage, around, before):
                said = line.counter.passed(inward=line.zone in around)
                if said is not None:
                    self._wiring.report(line.device, said)

    def _around(self, place: Place) -> frozenset[ZoneId]:
        return frozenset() if place is None else frozenset(self.site.zone[place].lineage)
