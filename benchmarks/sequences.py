"""`seuil bench sequences`: random lives of a place through the engine; nothing may raise.

Each life is one of the shipped space files, with members, and then any event after any other:
readings of every type from every device, readers' own decisions, numbers that begin again or run
wild, requests of anybody, changes of members, bookings and space file, clocks anywhere between the
years 1 and 9999, pauses and steps back of our own clock. Device claims are bounded as by the intake
(`gateway.core.device_limits`), and as by the service, the engine is called again when one of its
timers is due.

Beside exceptions it checks the invariants: a fresh badge at a way out is never refused, each step
can be journaled, and a snapshot gives the same state back.
"""

import random
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from typing import get_args

from msgspec import Struct, structs

from benchmarks.random_values import Drawn, Names
from gateway.adapters.journal.rows import encoded_row, event_row
from gateway.config import load_space
from gateway.core import device_limits
from gateway.core.access.late_events import LATE
from gateway.core.engine import Step, step
from gateway.core.events import (
    BookingsChanged,
    ConditionReported,
    DirectoryChanged,
    Event,
    GatewayHealth,
    Misunderstood,
    Reported,
    Requested,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import AlarmKind, Decided
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Directory,
    DirectoryChange,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.names import DeviceId, RoleId, TrainingId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented, Reading
from gateway.core.requests import Request, SetMode
from gateway.core.sequence import NotAdmitted
from gateway.core.state import NEVER, State, decode, encode

_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
"""A life begins at any minute of it: the same seed is the same life."""
LIFE = 2_000
"""Events per life: long enough for a room to fill, a booking to begin, and an alarm to be over."""
SNAPSHOT_EVERY = 500
GOOD = 6
"""Members who have every right at first."""
_MAY_ASK = (RoleId("operator"), RoleId("administrator"))
HOLDERS = tuple(HolderId(f"h{number:08x}") for number in range(12))
BADGES = tuple(CredentialHash(f"{number:064x}") for number in range(16))
STRANGER = CredentialHash("f" * 64)
PAUSES_S = (0.0, 0.0, 0.05, 0.2, 0.2, 1.0, 2.9, 5.0, 21.0, 31.0, 60.0, 95.0, 1800.0, 7200.0)
STEPS_BACK_S = (0.5, 70.0, 3600.0)
TOLD_MAX = 5
"""Exceptions whose traceback is kept: the first matters most."""
DUE_MAX = 50
"""The most timers in a row that may be due at one moment; more is a loop."""


class SequencesResult(Struct):
    """The result that `--json` prints."""

    steps: int
    exceptions: int
    """Steps, or rows, that raised; parts of the engine that were left out of a step."""
    refused_exits: int
    differs: int
    """Snapshots that gave another state back, and timers that were due forever."""
    duplicates: int
    refused_numbers: int
    granted: int
    denied: int
    reasons: int
    """The number of different reasons: a small number is too easy a test."""
    facts: int
    """The number of kinds of facts."""
    first: list[str]
    seconds: float

    @property
    def is_good(self) -> bool:
        """True if nothing raised, nobody was locked in, and the state can be stored."""
        return not (self.exceptions or self.refused_exits or self.differs)


def measure(
    steps: int, seed: int = 0, on_step: Callable[[int], None] = lambda _n: None
) -> SequencesResult:
    """Run as many lives as so many steps take."""
    started, tally, life = time.monotonic(), _Tally(), 0
    while tally.steps < steps:
        lived = _Life(random.Random(f"{seed}/{life}"), tally)  # noqa: S311 - repeatable, no secret
        for _ in range(min(LIFE, steps - tally.steps)):
            lived.go_on()
        on_step(tally.steps)
        life += 1
    return tally.result(time.monotonic() - started)


class _Tally:
    def __init__(self) -> None:
        self.steps = 0
        self.exceptions = 0
        self.refused_exits = 0
        self.differs = 0
        self.refused_numbers = 0
        self.first: list[str] = []
        self.facts: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def raised(self, event: Event, error: Exception) -> None:
        self.exceptions += 1
        if len(self.first) < TOLD_MAX:
            told = "".join(traceback.format_exception(error))
            self.first.append(f"{event!r}\n{told}")

    def say(self, after: Step) -> None:
        for fact in after.facts:
            self.facts[type(fact).__name__] += 1
            if isinstance(fact, Decided):
                self.decisions[fact.decision] += 1
                self.reasons[fact.reason] += 1

    def result(self, seconds: float) -> SequencesResult:
        return SequencesResult(
            steps=self.steps,
            exceptions=self.exceptions,
            refused_exits=self.refused_exits,
            differs=self.differs,
            duplicates=self.facts["DuplicateDropped"],
            refused_numbers=self.refused_numbers,
            granted=self.decisions["granted"],
            denied=self.decisions["denied"],
            reasons=len(self.reasons),
            facts=len(self.facts),
            first=self.first,
            seconds=round(seconds, 1),
        )


class _Life:
    """A place, its state, and its events."""

    def __init__(self, draw: random.Random, tally: _Tally) -> None:
        self._draw = draw
        self._tally = tally
        self._site = draw.choice(_sites())
        self._state = State()
        self._now = _YEAR + timedelta(minutes=draw.randrange(365 * 24 * 60))
        self._drawn = Drawn(draw, _names(self._site), self._now)
        self._seq: Counter[DeviceId] = Counter()
        self._sent: list[Event] = []
        self._happenings: tuple[Callable[[], Event | None], ...] = (
            *(self._reported, self._again, self._tick, self._requested),
            *(self._members_changed, self._booked, self._condition, self._space_changed),
        )
        for event in (SpaceChanged(self._site), DirectoryChanged(self._members())):
            self._take(event)
        self._tally.steps -= 2  # fixed values

    def go_on(self) -> None:
        """Advance time, and create an event."""
        self._now += timedelta(seconds=self._draw.choice(PAUSES_S))
        if self._draw.random() < 0.01:  # noqa: PLR2004 - rarely, a clock is put right
            self._now -= timedelta(seconds=self._draw.choice(STEPS_BACK_S))
        self._drawn.now = self._now
        self._until_nothing_is_due()
        event = self._draw.choices(self._happenings, _WEIGHTS)[0]()
        if event is not None:
            self._take(event)
            self._sent = [*self._sent[-20:], event]
        if self._tally.steps % SNAPSHOT_EVERY == 0:
            self._look_at_the_snapshot()

    def _until_nothing_is_due(self) -> None:
        for _ in range(DUE_MAX):
            if self._state.wake_at > self._now or self._state.wake_at == NEVER:
                return
            if not self._step(Tick()):
                return
        self._tally.differs += 1

    def _take(self, event: Event) -> None:
        self._tally.steps += 1
        if not self._step(event) and isinstance(event, Reported):
            self._step(structs.replace(event, quarantined=True))

    def _step(self, event: Event) -> bool:
        """Run one event; return False if it raised."""
        try:
            after = step(self._site, self._state, event, self._now)
            encoded_row(event_row(1, self._site.id, event, after.facts, self._now))
        except NotAdmitted:
            self._tally.refused_numbers += 1
            return True
        except Exception as error:  # noqa: BLE001 - what is looked for
            self._tally.raised(event, error)
            return False
        for bug in after.bugs:
            self._tally.raised(event, bug.error)
        self._tally.say(after)
        self._tally.refused_exits += self._is_locked_in(event, after)
        self._state = after.state
        if isinstance(event, SpaceChanged):
            self._site = event.site
        return True

    def _is_locked_in(self, event: Event, after: Step) -> bool:
        """Return whether a fresh badge at the reader of a way out was refused."""
        if not isinstance(event, Reported) or event.retained:
            return False
        if not isinstance(event.reading, CredentialPresented) or event.reading.decided is not None:
            return False
        if abs(self._now - event.at) > LATE:
            return False
        point = self._site.point_of(self._site.device[event.device])
        if point is None or point.direction != "exit":
            return False
        return any(isinstance(fact, Decided) and fact.decision == "denied" for fact in after.facts)

    def _look_at_the_snapshot(self) -> None:
        kept = structs.replace(self._state, directory=Directory())
        self._tally.differs += decode(encode(kept), State) != kept

    # The possible events; None: nothing that reaches the engine.

    def _reported(self) -> Event | None:
        device = self._draw.choice(self._site.devices).id
        reading = self._drawn.struct(self._draw.choice(get_args(Reading)))
        if isinstance(reading, CredentialPresented) or self._draw.random() < 0.4:  # noqa: PLR2004
            device = self._draw.choice(_readers(self._site))
            reading = self._badge()
        is_now = self._draw.random() < 0.7  # noqa: PLR2004 - most clocks are right
        event = self._drawn.struct(
            Reported,
            device=device,
            reading=reading,
            at=self._now if is_now else self._drawn.moment(),
            retained=self._draw.random() < 0.05,  # noqa: PLR2004 - rarely
            quarantined=False,
        )
        return self._bounded(self._numbered(event))

    def _badge(self) -> CredentialPresented:
        return CredentialPresented(
            self._draw.choice((*BADGES, STRANGER)),
            pin=self._draw.choice((None,) * 6 + BADGES[:1]),
            decided=self._draw.choice((None,) * 10 + ("granted", "denied")),
        )

    def _numbered(self, event: Reported) -> Reported:
        """Number an event: most devices count; some do not, some begin again, some run wild."""
        chance = self._draw.random()
        if chance < 0.1:  # noqa: PLR2004 - shares
            return structs.replace(event, boot=None, seq=None)
        if chance < 0.2:  # noqa: PLR2004
            wild = (0, 1, 2, 7, 2**31, 2**53 - 1, 2**53)
            return structs.replace(event, boot=self._draw.choice(wild), seq=self._draw.choice(wild))
        self._seq[event.device] += self._draw.choice((1, 1, 1, 1, 1, 2, 0, 40))
        return structs.replace(event, boot=7, seq=self._seq[event.device])

    def _bounded(self, event: Reported) -> Event | None:
        reading = event.reading
        is_badge = isinstance(reading, CredentialPresented)
        if device_limits.is_possible(event.at, self._now, is_badge=is_badge):
            return event
        if isinstance(reading, CredentialPresented) and reading.decided is None:
            return structs.replace(event, at=device_limits.bounded(event.at, self._now))
        if event.boot is None or event.seq is None:
            return None
        return Misunderstood(event.device, event.boot, event.seq)

    def _again(self) -> Event | None:
        """Return an earlier event, as if the network repeated it."""
        sent = self._draw.choice(self._sent) if self._sent else None
        if not isinstance(sent, Reported | Misunderstood) or sent.device not in self._site.device:
            return None
        return self._bounded(sent) if isinstance(sent, Reported) else sent

    def _tick(self) -> Event:
        health: GatewayHealth = self._drawn.struct(GatewayHealth)
        return Tick(health=self._draw.choice((health, None)), minute=True)

    def _requested(self) -> Event:
        is_now = self._draw.random() < 0.8  # noqa: PLR2004 - most ask now
        at = self._now if is_now else self._drawn.moment()
        if self._draw.random() < 0.1:  # noqa: PLR2004 - or the place would be shut for most of a life
            order = SetMode("normal", "it is over")
            by = self._draw.choice(HOLDERS[:GOOD])
            return Requested(self._drawn.struct(Request, at=at, by=by, order=order))
        return Requested(self._drawn.struct(Request, at=at))

    def _members(self) -> DirectoryChange:
        """Return members, some with every right, and some of any kind."""
        site, drawn = self._site, self._drawn
        plans = tuple(Membership(plan.id) for plan in site.plans)
        trained = tuple(Training(TrainingId(training.id)) for training in site.trainings)
        staff = tuple(
            StaffRole(role) for role in (*(RoleId(one.id) for one in site.roles), *_MAY_ASK)
        )
        good = HOLDERS[:GOOD]
        return DirectoryChange(
            holders=(
                *(Holder(one, "member", plans, trained, staff) for one in good),
                *(drawn.struct(Holder, id=one) for one in HOLDERS[GOOD:]),
            ),
            credentials=(
                *(Credential(*one) for one in zip(BADGES, good, strict=False)),
                *(drawn.struct(Credential, hash=one) for one in BADGES[GOOD:]),
            ),
        )

    def _members_changed(self) -> Event:
        anew = self._draw.random() < 0.5  # noqa: PLR2004 - or there would soon be nobody
        return DirectoryChanged(self._members() if anew else self._drawn.struct(DirectoryChange))

    def _booked(self) -> Event:
        bookings = (self._drawn.struct(Booking) for _ in range(self._draw.randint(0, 4)))
        return BookingsChanged(
            Target(self._drawn.name("target")),
            tuple(sorted(map(_in_order, bookings), key=lambda each: each.starts)),
        )

    def _condition(self) -> Event:
        told: ConditionReported = self._drawn.struct(ConditionReported)
        return told

    def _space_changed(self) -> Event:
        """Return another space file, or this one with a change."""
        site = self._draw.choice([site for site in _sites() if site.id == self._site.id])
        kept = tuple(one for one in site.devices if self._draw.random() < 0.9)  # noqa: PLR2004
        zones = tuple(
            structs.replace(zone, capacity=self._draw.choice((zone.capacity, None, 0, 1)))
            for zone in site.zones
        )
        return SpaceChanged(structs.replace(site, devices=kept or site.devices, zones=zones))


def _in_order(booking: Booking) -> Booking:
    starts, ends = sorted((booking.starts, booking.ends))
    return structs.replace(booking, starts=starts, ends=ends)


_WEIGHTS = (72, 6, 6, 8, 3, 2, 2, 1)


def _sites() -> tuple[Site, ...]:
    """Return the sites of the shipped space files."""
    if not _LOADED:
        for package in ("gateway.examples", "gateway.demo"):
            with as_file(files(package).joinpath("space.toml")) as path:
                _LOADED.extend(load_space(path))
    return tuple(_LOADED)


_LOADED: list[Site] = []


def _readers(site: Site) -> tuple[DeviceId, ...]:
    readers = tuple(device.id for device in site.devices if device.role == "reader")
    return readers or tuple(device.id for device in site.devices)


def _names(site: Site) -> Names:
    zones, machines = tuple(zone.id for zone in site.zones), tuple(m.id for m in site.machines)
    hashes = (*BADGES, STRANGER)
    return {
        "device": tuple(device.id for device in site.devices),
        "zone": zones,
        "door": tuple(door.id for door in site.doors),
        "machine": machines,
        "access_point": tuple(point.id for point in site.access_points),
        "object": (*zones, *(door.id for door in site.doors), *(d.id for d in site.devices)),
        "kind": get_args(AlarmKind),
        "target": (*(f"zone:{zone}" for zone in zones), *(f"machine:{one}" for one in machines)),
        **dict.fromkeys(("by", "holder", "id", "removed_holder", "given_by"), HOLDERS),
        **dict.fromkeys(
            ("hash", "credential", "pin", "duress_pin", "reader_hash", "removed_credential"), hashes
        ),
        "plan": tuple(plan.id for plan in site.plans) or ("none",),
        "training": tuple(one.id for one in site.trainings) or ("none",),
        "role": (*(one.id for one in site.roles), *_MAY_ASK),
        "group": tuple(one.id for one in site.groups) or ("none",),
        "site": (site.id, site.id, "elsewhere"),
        "transaction": tuple(f"t{number}" for number in range(500)),
    }
