"""A small place with every kind of door, and somebody to do things in it.

Whatever is told to the engine through `Place` is checked on the way: events and facts survive the
journal's JSON, the state survives its snapshot, and the counts are those of the people inside.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from msgspec import structs

from gateway.adapters.journal.rows import EventRow, event_row
from gateway.adapters.journal.writer import Snapshot
from gateway.core.engine import step
from gateway.core.events import DirectoryChanged, Event, Reported, Requested, SpaceChanged, Tick
from gateway.core.facts import Decided, Fact, UnlockDoor
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    DirectoryChange,
    Holder,
    HolderId,
    Membership,
    StaffRole,
)
from gateway.core.model.equipment import Device, Machine
from gateway.core.model.names import (
    OPERATOR,
    AccessPointId,
    DeviceId,
    DoorId,
    MachineId,
    PlanId,
    RoleId,
    SiteId,
    Text,
    ZoneId,
)
from gateway.core.model.places import AccessPoint, Direction, Door, Zone
from gateway.core.model.plans import Plan, Right
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented, DoorReported, ExitRequested, Reading
from gateway.core.requests import Order, Request
from gateway.core.state import State, decode, encode

MONDAY = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
"""11 o'clock in Paris."""
OFFICE_HOURS = "Mo-Fr 08:00-18:00"
HOUSE, HALL, LAB, BOOTH, ANNEX = (
    ZoneId(name) for name in ("house", "hall", "lab", "booth", "annex")
)
FRONT, LAB_DOOR, BOOTH_DOOR, TERRACE = (
    DoorId(name) for name in ("front", "lab-door", "booth-door", "terrace")
)
LASER = MachineId("laser")

_EVENTS = msgspec.json.Decoder(Event)
_FACTS = msgspec.json.Decoder(tuple[Fact, ...])


def text(name: str) -> Text:
    """A name in both languages."""
    return Text(fr=f"le {name}", en=f"the {name}")


def point(name: str, direction: Direction, zone: ZoneId, door: DoorId | None = None) -> AccessPoint:
    """An access point, and the laser where it is a machine."""
    machine = LASER if direction == "machine" else None
    return AccessPoint(AccessPointId(name), direction, zone, door, machine)


def reader(at: str | None, name: str | None = None, *, format: str = "hex") -> Device:  # noqa: A002 - the wire's word
    """The reader of an access point, called like it."""
    where = AccessPointId(at) if at else None
    return Device(
        DeviceId(name or str(at)), "reader", "native", "", access_point=where, format=format
    )


def sensor(
    name: str,
    *,
    zone: ZoneId | None = None,
    door: DoorId | None = None,
    silent_after_s: float | None = None,
) -> Device:
    """A sensor in a zone or at a door."""
    return Device(
        DeviceId(name),
        "sensor",
        "native",
        "",
        zone=zone,
        door=door,
        silent_after_s=silent_after_s,
    )


SITE = Site(
    SiteId("hub"),
    text("hub"),
    "Europe/Paris",
    zones=(
        Zone(HOUSE, text("house"), capacity=4),
        Zone(HALL, text("hall"), capacity=3, ancestors=(HOUSE,)),
        Zone(LAB, text("lab"), ancestors=(HOUSE,)),
        Zone(BOOTH, text("booth"), capacity=1, ancestors=(LAB, HOUSE)),
        Zone(ANNEX, text("annex")),
    ),
    doors=(
        Door(
            FRONT,
            text("front"),
            HALL,
            contact=True,
            contacts=(DeviceId("front-contact"),),
            exit="reader",
        ),
        Door(
            LAB_DOOR,
            text("lab door"),
            LAB,
            outside=HALL,
            contact=True,
            contacts=(DeviceId("lab-contact"),),
            lock=DeviceId("lab-lock"),
            exit="button",
            buttons=(DeviceId("lab-button"),),
            unlock_s=3.0,
            held_open_max_s=20.0,
        ),
        Door(BOOTH_DOOR, text("booth door"), BOOTH, outside=LAB),
        Door(TERRACE, text("terrace"), ANNEX, contact=True, exit="handle"),
    ),
    access_points=(
        point("front-in", "entry", HALL, FRONT),
        point("front-out", "exit", HALL, FRONT),
        point("lab-in", "entry", LAB, LAB_DOOR),
        point("lab-out", "exit", LAB, LAB_DOOR),
        point("booth-in", "entry", BOOTH, BOOTH_DOOR),
        point("booth-out", "exit", BOOTH, BOOTH_DOOR),
        point("terrace-in", "entry", ANNEX, TERRACE),
        point("laser-on", "machine", LAB, None),
    ),
    machines=(Machine(LASER, text("laser"), LAB),),
    devices=(
        *(reader(point) for point in ("front-in", "front-out", "lab-in", "lab-out")),
        *(reader(point) for point in ("booth-in", "booth-out", "terrace-in", "laser-on")),
        reader(None, "spare"),
        sensor("front-contact", door=FRONT),
        sensor("lab-contact", door=LAB_DOOR),
        sensor("terrace-contact", door=TERRACE),
        sensor("lab-button", door=LAB_DOOR),
        sensor("counter", zone=HALL),
        sensor("pir", zone=HALL, silent_after_s=90),
        Device(DeviceId("lab-lock"), "lock", "native", "", door=LAB_DOOR),
    ),
    plans=(
        Plan(PlanId("full"), text("full"), (Right(zones=(HOUSE, ANNEX), machines=(LASER,)),)),
        Plan(PlanId("day"), text("day"), (Right(zones=(HALL,), hours=OFFICE_HOURS),)),
    ),
)


def member(name: str, *memberships: Membership) -> Holder:
    """Somebody who holds these memberships; the full plan by default."""
    return Holder(HolderId(name), memberships=memberships or (Membership(PlanId("full")),))


def staff(name: str, role: RoleId = OPERATOR) -> Holder:
    """A member with a role."""
    return structs.replace(member(name), roles=(StaffRole(role),))


def card(
    name: str, status: Literal["active", "suspended", "lost"] = "active", holder: str | None = None
) -> Credential:
    """The badge called `name`, of the holder of that name."""
    return Credential(CredentialHash(f"hash-{name}"), HolderId(holder or name), status)


MEMBERS = ("ada", "bob", "cyd", "dan", "eve", "fay")
ENROLLED = DirectoryChange(
    holders=tuple(member(name) for name in MEMBERS),
    credentials=tuple(card(name) for name in MEMBERS),
)


class Place:
    """A site's engine, and the hands that do things there. Time passes only by `after`."""

    is_checked = True
    """What is told is checked on the way: for days of minutes that takes too long."""

    def __init__(
        self, site: Site = SITE, now: datetime = MONDAY, members: DirectoryChange = ENROLLED
    ) -> None:
        self.site = site
        self.state = State()
        self.now = now
        self.told: list[tuple[Event, datetime]] = []
        self.said: list[Fact] = []
        self.rows: list[EventRow] = []
        """What was told and said, as the journal's rows."""
        self._boots: Counter[str] = Counter()
        self._seq: Counter[str] = Counter()
        self._states: list[State] = []
        self.tell(SpaceChanged(site))
        self.tell(DirectoryChanged(members))

    def tell(self, event: Event) -> tuple[Fact, ...]:
        """One event through the engine."""
        if isinstance(event, SpaceChanged):
            self.site = event.site
        after = step(self.site, self.state, event, self.now)
        if self.is_checked:
            assert_survives_the_journal(event, after.facts)
            assert_survives_a_snapshot(after.state)
            assert_counts_are_people(self.site, after.state)
        self.state = after.state
        self.told.append((event, self.now))
        self.said += after.facts
        n = len(self.rows) + 1
        self.rows.append(event_row(n, self.site.id, event, after.facts, self.now))
        self._states.append(after.state)
        return after.facts

    def snapshot(self, n: int | None = None) -> Snapshot:
        """The snapshot after row `n`, or as it is now."""
        n = len(self.rows) if n is None else n
        state = self._states[n - 1]
        return Snapshot(n, self.site.id, state, state.directory)

    def says(
        self, device: str, reading: Reading, *, age_s: float = 0, retained: bool = False
    ) -> tuple[Fact, ...]:
        """The device's next event reaches the engine."""
        return self.tell(self.report(device, reading, age_s=age_s, retained=retained))

    def report(
        self, device: str, reading: Reading, *, age_s: float = 0, retained: bool = False
    ) -> Reported:
        """The device's next event; it is only numbered, and may come late or never."""
        boot, seq = self.number(device)
        at = self.now - timedelta(seconds=age_s)
        return Reported(DeviceId(device), at, reading, boot, seq, retained=retained)

    def number(self, device: str) -> tuple[int, int]:
        """The next boot and number of a device."""
        self._seq[device] += 1
        return self._boots[device] + 1, self._seq[device]

    def restart(self, device: str) -> None:
        """The device starts again, and numbers from 1."""
        self._boots[device] += 1
        self._seq[device] = 0

    def badge(
        self, at: str, name: str, *, age_s: float = 0, retained: bool = False
    ) -> tuple[Fact, ...]:
        """Hold the badge `name` to a reader."""
        return self.says(
            at, CredentialPresented(f"hash-{name}"), age_s=age_s, retained=retained
        )  # fmt: skip

    def contact(
        self, name: str, to: Literal["open", "closed"], *, age_s: float = 0, retained: bool = False
    ) -> tuple[Fact, ...]:
        """What a door's contact says."""
        return self.says(name, DoorReported(to), age_s=age_s, retained=retained)

    def press(self, button: str, *, age_s: float = 0, retained: bool = False) -> tuple[Fact, ...]:
        """Ask to leave."""
        return self.says(button, ExitRequested(), age_s=age_s, retained=retained)

    def enter(self, *names: str) -> None:
        """Each walks in by the front door."""
        for name in names:
            self.badge("front-in", name)
            self.swing("front-contact")

    def leave(self, *names: str) -> None:
        """Each badges out by the front door and goes."""
        for name in names:
            self.badge("front-out", name)
            self.swing("front-contact")

    def swing(self, contact: str) -> None:
        """A door opens and closes."""
        self.contact(contact, "open")
        self.contact(contact, "closed")

    def ask(
        self, order: Order, by: str = "gil", *, transaction: str = "", age_s: float = 0
    ) -> tuple[Fact, ...]:
        """Somebody asks the gateway for something."""
        asked_at = self.now - timedelta(seconds=age_s)
        transaction = transaction or f"ask-{len(self.rows)}"
        return self.tell(Requested(Request(transaction, HolderId(by), asked_at, order)))

    def after(self, seconds: float) -> tuple[Fact, ...]:
        """Let time pass, and the engine look at the clock."""
        self.now += timedelta(seconds=seconds)
        return self.tell(Tick())

    def where(self, name: str) -> str | None:
        """The zone in which somebody is."""
        found = self.state.presence.get(HolderId(name))
        return found.zone if found else None

    def people(self, zone: ZoneId) -> int:
        """How many are known to be in a zone."""
        return self.state.zones[zone].known


def of_kind(facts: tuple[Fact, ...], *kinds: type[Fact]) -> list[Fact]:
    """The facts of some kinds, in order."""
    return [fact for fact in facts if isinstance(fact, kinds)]


def decided(facts: tuple[Fact, ...]) -> Decided:
    """The one decision among facts."""
    (found,) = (fact for fact in facts if isinstance(fact, Decided))
    return found


def opens(facts: tuple[Fact, ...]) -> bool:
    """Whether anything in the world may open on these facts."""
    return any(
        isinstance(fact, UnlockDoor)
        or (isinstance(fact, Decided) and fact.decision == "granted" and fact.expires is not None)
        for fact in facts
    )


def assert_survives_the_journal(event: Event, facts: tuple[Fact, ...]) -> None:
    """JSON and back is the same, as the journal writes and reads it."""
    assert _EVENTS.decode(msgspec.json.encode(event)) == event
    assert _FACTS.decode(msgspec.json.encode(facts)) == facts


def assert_survives_a_snapshot(state: State) -> None:
    """Encoded and decoded it is the same, and so are its bytes."""
    blob = encode(state)
    again = decode(blob, State)
    assert again == state
    assert encode(again) == blob


def assert_counts_are_people(site: Site, state: State) -> None:
    """A zone's count is the number of those in it or in a zone inside it."""
    inside: Counter[ZoneId] = Counter()
    for whereabouts in state.presence.values():
        inside.update(site.zone[whereabouts.zone].lineage)
    assert {zone: entry.known for zone, entry in state.zones.items()} == {
        zone.id: inside[zone.id] for zone in site.zones
    }
