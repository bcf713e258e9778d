"""A person's way through a day: from stop to stop, door by door, one gesture after the other.

A life is a generator. It yields what the person waits for and is sent how that ended; the world
resumes it (`simulators.world`). A gesture takes as long as in life, at every speed: only the
waiting between stops is compressed.

    stand in line --turn--> badge --granted--> open --> walk --> close --> there
         |                    |--denied/silence--> once more --> refused: leave
         |                    `--what passes (`PASSES`)--> wait, and come back
         `--let in (somebody held the door)-------------------> there

    badge at a machine --granted--> on --done----------------> sign off, off
                            |         |--warned--> go on, or sign off, off
                            |         `--stopped: it stands by itself
                            `--refused: wait for company, or leave
"""

from collections.abc import Generator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from gateway.core.model.names import DeviceId, MachineId
from gateway.core.model.places import Door
from simulators.people import SimulatedPerson
from simulators.routes import Place, RouteStep

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.world import World

ANSWER_WITHIN_S = 3.0
"""The time that people wait at a reader: it may decide alone after two seconds."""
OPENS_AFTER_S = 0.6
"""From the answer until the door is open."""
WALKS_S = 1.0
"""From open to inside."""
CLOSES_S = 1.5
"""From inside to closed."""
TRIES = 2
RETRY_S = 2.0
COMES_BACK = 5
"""The number of returns to a silent reader, or after a refusal that passes with time."""
COMES_BACK_AFTER_S = 20.0
TYPES_S = 1.5
"""The time to type a PIN."""
FOCUSES_S = 3.0
"""From the grant at a machine until it is on."""
PASSES = frozenset(
    {
        "not-opened",
        "zone-full",
        "escort-missing",
        "alone",
        "role-absent",
        "booked",
        "interlock",
        "machine-in-use",
        "reader-decided",
    }
)
"""Refusals that pass with time: the person waits nearby and comes back."""
AT_ONCE = "interlock"
"""The one that passes in a moment."""
OBEYS_WARNING = 0.5
"""Of the people who are warned at a machine: those who sign off before it stops."""
SIGNS_OFF = 0.85
"""Of the people who have finished: those who sign off with their badge; others only switch off."""
STARTED_AGAIN = "plan"
"""The reason of a grant that was meant to sign off and switched the machine on again."""

Outcome = Literal[
    "", "granted", "denied", "silence", "turn", "let in", "gave up", "warned", "stopped"
]  # fmt: skip
Arrival = Literal["there", "refused", "silence"]


class Pause(Struct, frozen=True):
    """Wait for a while of the wire's time."""

    seconds: float


class Until(Struct, frozen=True):
    """Wait until a moment of the wire's time."""

    at: "datetime"


class Ask(Struct, frozen=True):
    """Hold a badge to a reader and wait: granted, denied or silence."""

    reader: DeviceId
    badge: str
    pin: str | None = None


class Stand(Struct, frozen=True):
    """Stand in the queue of a door, until it is our turn, we are let in, or give up.

    A person without a badge never has a turn.
    """

    person: SimulatedPerson
    passage: RouteStep
    has_badge: bool


class Work(Struct, frozen=True):
    """Use a machine until then; or until it has `warned` us, or `stopped`."""

    machine: MachineId
    until: "datetime"


Step = Pause | Until | Ask | Stand | Work
Life = Generator[Step, Outcome, None]
Walk = Generator[Step, Outcome, Arrival]


def life(world: "World", person: SimulatedPerson, first: date) -> Life:
    """Live day after day, forever."""
    on = first
    while True:
        stops = world.day(person, on)
        for stop, after in zip(stops, (*stops[1:], None), strict=False):
            yield Until(world.when(stop.at))
            due = None if after is None else world.when(after.at)
            if due is not None and due <= world.now:
                continue  # late: the next stop is due already
            arrival = yield from _arrive(world, person, stop.place, due)
            if arrival != "there" and person.zone is None and stop.place is not None:
                break  # turned away at the street: nothing to do here today
            if arrival == "there" and stop.machine is not None and after is not None and due:
                yield from _use(world, person, stop.machine, due)
                if after.place is not None and world.now < due:
                    yield from _arrive(world, person, after.place, due)
        yield from _go(world, person, None)
        on += timedelta(days=1)
        yield Until(world.midnight(on))


def _arrive(world: "World", person: SimulatedPerson, place: Place, due: "datetime | None") -> Walk:
    """Go to a place; retry after a while at a silent reader, or after a refusal that passes.

    `due` is the time at which the person has to be elsewhere.
    """
    arrival: Arrival = "silence"
    for _ in range(COMES_BACK):
        person.told = ""
        arrival = yield from _go(world, person, place)
        if arrival == "there" or (arrival == "refused" and person.told not in PASSES):
            break
        if _is_soon(world, due):
            break
        yield Pause(COMES_BACK_AFTER_S)
    return arrival


def _is_soon(world: "World", due: "datetime | None") -> bool:
    """Return whether there is no time to come back."""
    return due is not None and world.now + timedelta(seconds=COMES_BACK_AFTER_S) >= due


def _go(world: "World", person: SimulatedPerson, place: Place) -> Walk:
    for passage in world.way(person, place):
        yield Pause(round(world.walks.uniform(1.5, 5.0), 2))
        arrival = yield from _through(world, person, passage)
        if arrival != "there":
            return arrival
    return "there" if person.zone == place else "refused"


def _through(world: "World", person: SimulatedPerson, passage: RouteStep) -> Walk:
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


def _enter(world: "World", person: SimulatedPerson, passage: RouteStep, door: Door) -> Walk:
    reader = world.reader(door.id, "entry")
    if reader is not None:
        outcome = yield from _ask(world, reader, person)
        if outcome != "granted":
            return "silence" if outcome == "silence" else "refused"
    return (yield from _open_and_walk(world, person, passage))


def _leave(world: "World", person: SimulatedPerson, passage: RouteStep, door: Door) -> Walk:
    """Leave: the way out is never refused; if the reader does not open, the handle does."""
    reader = world.reader(door.id, "exit") if door.exit == "reader" else None
    if reader is not None:
        if world.mishap("forgotten_exit", world.faults.forgotten_exit):
            yield Pause(
                WALKS_S
            )  # through the door that somebody else holds: its contact reports nothing
            world.move(person, passage)
            return "there"
        yield from _ask(world, reader, person)
    elif door.exit == "button":
        world.press_exit(door.id)
    return (yield from _open_and_walk(world, person, passage))


def _open_and_walk(world: "World", person: SimulatedPerson, passage: RouteStep) -> Walk:
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


def _ask(
    world: "World", reader: DeviceId, person: SimulatedPerson
) -> Generator[Step, Outcome, Outcome]:
    """Badge, with a PIN if required, and once more after a failure."""
    outcome: Outcome = "denied"
    if person.badge is None:
        return outcome
    for tries_left in reversed(range(TRIES)):
        pin = _typed(world, reader, person)
        if pin is not None:
            yield Pause(TYPES_S)
        outcome = yield Ask(reader, person.badge, pin)
        if outcome == "granted" or (person.told in PASSES and person.told != AT_ONCE):
            break
        if tries_left:
            yield Pause(RETRY_S)
    return outcome


def _typed(world: "World", reader: DeviceId, person: SimulatedPerson) -> str | None:
    """Return the PIN as typed; None: none is required, or the person has none."""
    if person.pin is None or not world.asks_pin(reader):
        return None
    if world.mishap("mistyped_pin", world.faults.mistyped_pin):
        return person.pin[:-1] + str((int(person.pin[-1]) + 1) % 10)
    return person.pin


def _use(
    world: "World", person: SimulatedPerson, machine: MachineId, until: "datetime"
) -> Generator[Step, Outcome, None]:
    """Badge at a machine and use it; if refused, wait a while for company, or leave."""
    reader = world.machine_reader(machine)
    for _ in range(COMES_BACK if reader is not None else 0):
        assert reader is not None  # noqa: S101 - or there is nothing to try
        if world.workshop.free(machine):
            world.workshop.take(machine)
            outcome = yield from _ask(world, reader, person)
            if outcome == "granted":
                yield from _work(world, person, Work(machine, until), reader)
            world.workshop.give_back(machine)
            if outcome != "denied" or person.told not in PASSES:
                return
        if _is_soon(world, until):
            return
        yield Pause(COMES_BACK_AFTER_S)


def _work(
    world: "World", person: SimulatedPerson, work: Work, reader: DeviceId
) -> Generator[Step, Outcome, None]:
    """Use a machine to the end, or until there is a reason to stop."""
    yield Pause(FOCUSES_S)
    if world.workshop.has_stopped(work.machine):
        return
    world.workshop.switch(work.machine, "on")
    outcome = yield work
    while outcome == "warned" and world.walks.random() >= OBEYS_WARNING:
        outcome = yield work
    if outcome == "stopped":
        return
    if outcome == "warned" or world.walks.random() < SIGNS_OFF:
        signed_off = yield from _ask(world, reader, person)
        if signed_off == "granted" and person.told == STARTED_AGAIN:
            yield from _ask(world, reader, person)  # it had ended by itself a moment before
    world.workshop.switch(work.machine, "off")
