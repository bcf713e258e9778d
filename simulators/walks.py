"""How a person gets through a day: from stop to stop, door by door, one gesture after the other.

A life is a generator. It yields what the person waits for and is sent how that ended; the world
resumes it (`simulators.world`). A gesture takes as long as in life, at every speed: only the
waiting between stops is compressed.

    stand in line --turn--> badge --granted--> open --> walk --> close --> there
         |                    |--denied/silence--> once more --> refused: leave
         `--let in (somebody held the door)-------------------> there
"""

from collections.abc import Generator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from gateway.core.site import DeviceId, Door, MachineId
from simulators.habits import Stop
from simulators.people import Person
from simulators.routes import Passage, Place

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.world import World

ANSWER_WITHIN_S = 2.0
"""People look at a reader for so long."""
OPENS_AFTER_S = 0.6
"""From the answer until the door is open."""
WALKS_S = 1.0
"""From open to inside."""
CLOSES_S = 1.5
"""From inside to closed."""
TRIES = 2
RETRY_S = 2.0
SILENT_TRIES = 5
"""Times that somebody comes back to a reader that says nothing at all; after that, another day."""
SILENT_RETRY_S = 20.0

Outcome = Literal["", "granted", "denied", "silence", "turn", "let in", "gave up"]
Arrival = Literal["there", "refused", "silence"]


class Pause(Struct, frozen=True):
    """Wait for a while of the wire's time."""

    seconds: float


class Until(Struct, frozen=True):
    """Wait until a moment of the wire's time."""

    at: "datetime"


class Ask(Struct, frozen=True):
    """Hold a badge to a reader and look at it: granted, denied or silence."""

    reader: DeviceId
    badge: str


class Stand(Struct, frozen=True):
    """Stand in line at a door: it is our turn, we are let in, or give up.

    Who has no badge never has a turn.
    """

    person: Person
    passage: Passage
    has_badge: bool


Step = Pause | Until | Ask | Stand
Life = Generator[Step, Outcome, None]
Walk = Generator[Step, Outcome, Arrival]


def life(world: "World", person: Person, first: date) -> Life:
    """Day after day, for ever."""
    on = first
    while True:
        stops = world.day(person, on)
        for stop, after in zip(stops, (*stops[1:], None), strict=False):
            yield Until(world.when(stop.at))
            if after is not None and world.when(after.at) <= world.now:
                continue  # late: the next stop is due already
            arrival = yield from _arrive(world, person, stop)
            if arrival != "there" and person.zone is None and stop.place is not None:
                break  # turned away at the street: nothing to do here today
            if arrival == "there" and stop.machine is not None and after is not None:
                yield from _use(world, person, stop.machine, until=world.when(after.at))
        yield from _go(world, person, None)
        on += timedelta(days=1)
        yield Until(world.midnight(on))


def _arrive(world: "World", person: Person, stop: Stop) -> Walk:
    """Go to a stop; a silent reader is tried again after a while."""
    arrival: Arrival = "silence"
    for _ in range(SILENT_TRIES):
        arrival = yield from _go(world, person, stop.place)
        if arrival != "silence":
            break
        yield Pause(SILENT_RETRY_S)
    return arrival


def _go(world: "World", person: Person, place: Place) -> Walk:
    for passage in world.way(person, place):
        yield Pause(round(world.walks.uniform(1.5, 5.0), 2))
        arrival = yield from _through(world, person, passage)
        if arrival != "there":
            return arrival
    return "there" if person.zone == place else "refused"


def _through(world: "World", person: Person, passage: Passage) -> Walk:
    """Pass one door, or walk where there is none."""
    if passage.door is None:
        world.move(person, passage)
        return "there"
    inward = world.enters(passage)
    free = not inward or world.reader(passage.door, "entry") is None
    outcome = yield Stand(person, passage, free or person.badge is not None)
    if outcome != "turn":
        return "there" if outcome == "let in" else "refused"
    door = world.site.door[passage.door]
    arrival = yield from (_enter if inward else _leave)(world, person, passage, door)
    world.step_aside(passage.door)
    return arrival


def _enter(world: "World", person: Person, passage: Passage, door: Door) -> Walk:
    reader = world.reader(door.id, "entry")
    if reader is not None:
        outcome = yield from _ask(reader, person)
        if outcome != "granted":
            return "silence" if outcome == "silence" else "refused"
    return (yield from _open_and_walk(world, person, passage))


def _leave(world: "World", person: Person, passage: Passage, door: Door) -> Walk:
    """The way out is never refused: when the reader does not let us, the handle does."""
    reader = world.reader(door.id, "exit") if door.exit == "reader" else None
    if reader is not None:
        if world.mishap("forgotten_exit", world.faults.forgotten_exit):
            yield Pause(
                WALKS_S
            )  # through the door that somebody else holds: its contact sees nothing
            world.move(person, passage)
            return "there"
        yield from _ask(reader, person)
    elif door.exit == "button":
        world.press_exit(door.id)
    return (yield from _open_and_walk(world, person, passage))


def _open_and_walk(world: "World", person: Person, passage: Passage) -> Walk:
    if passage.door is None:
        raise ValueError("there is no door to open")
    world.passing += 1
    yield Pause(OPENS_AFTER_S)
    world.contact(passage.door, "open")
    yield Pause(WALKS_S)
    world.move(person, passage)
    world.let_in(passage)
    yield Pause(CLOSES_S)
    world.contact(passage.door, "closed")
    world.passing -= 1
    return "there"


def _ask(reader: DeviceId, person: Person) -> Generator[Step, Outcome, Outcome]:
    """Badge, and once more when that was no good."""
    outcome: Outcome = "denied"
    if person.badge is None:
        return outcome
    for tries_left in reversed(range(TRIES)):
        outcome = yield Ask(reader, person.badge)
        if outcome == "granted":
            break
        if tries_left:
            yield Pause(RETRY_S)
    return outcome


def _use(
    world: "World", person: Person, machine: MachineId, until: "datetime"
) -> Generator[Step, Outcome, None]:
    """Badge at a machine, use it, and switch it off; who is refused does something else."""
    reader = world.machine_reader(machine)
    if reader is None or not world.free(machine):
        return
    world.take(machine)
    outcome = yield from _ask(reader, person)
    if outcome == "granted":
        world.switch(machine, "on")
        yield Until(until)
        world.switch(machine, "off")
    world.give_back(machine)
