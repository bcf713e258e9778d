"""The engine under any life of a place: people, faults, time, members and space files.

What holds whatever happens is an invariant here; `Place` adds its own (JSON, snapshots, counts).
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import structs

from gateway.core.access.late_events import LATE
from gateway.core.engine import Step, step
from gateway.core.events import (
    DirectoryChanged,
    Event,
    GatewayHealth,
    Misunderstood,
    Reported,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import (
    AlarmCleared,
    AlarmOver,
    AlarmRaised,
    Decided,
    DoorChanged,
    DoorStatus,
    DuplicateDropped,
    Fact,
    HolderMoved,
    OccupancyChanged,
    UnlockDoor,
)
from gateway.core.model.directory import DirectoryChange, HolderId, Membership
from gateway.core.model.names import DeviceId, DoorId, PlanId, ZoneId
from gateway.core.model.site import Site
from gateway.core.readings import (
    Availability,
    Battery,
    CredentialPresented,
    Crossed,
    DoorReported,
    ExitRequested,
    Motion,
    Reading,
)
from gateway.core.sequence import NotAdmitted
from gateway.core.state import NEVER, State
from tests.doses import examples
from tests.world.engine import ANNEX, BOOTH, HALL, MEMBERS, SITE, Place, card, member, of_kind

PEOPLE = (*MEMBERS, "nobody")
READERS = tuple(one.id for one in SITE.devices if one.role == "reader")
CONTACTS = ("front-contact", "lab-contact", "terrace-contact")
PAUSES_S = (0.2, 1.0, 2.9, 5.0, 21.0, 31.0, 60.0, 95.0, 7200.0)

ages = st.sampled_from([0.0, 0.0, 0.0, 0.0, 4.9, 5.1, 3600.0, -4.9, -5.1])
kept = st.sampled_from([False] * 5 + [True])
readings = st.one_of(
    st.builds(Motion, st.booleans()),
    st.builds(Battery, st.floats(0, 100)),
    st.builds(Availability, st.sampled_from(["online", "offline"])),
    st.builds(Crossed, st.integers(0, 50), st.integers(0, 50)),
)


def with_capacity(people: int | None) -> Site:
    """The place with another number of seats in every zone."""
    zones = tuple(structs.replace(zone, capacity=people) for zone in SITE.zones)
    return structs.replace(SITE, zones=zones)


def without_contacts() -> Site:
    """The place with doors that tell nothing."""
    return structs.replace(
        SITE, doors=tuple(structs.replace(door, contact=False) for door in SITE.doors)
    )  # fmt: skip


def without_booth() -> Site:
    """The place with one room less."""
    return structs.replace(
        SITE,
        zones=tuple(zone for zone in SITE.zones if zone.id != BOOTH),
        doors=tuple(door for door in SITE.doors if door.zone != BOOTH),
        access_points=tuple(point for point in SITE.access_points if point.zone != BOOTH),
        devices=tuple(one for one in SITE.devices if not one.id.startswith("booth")),
    )


def without_annex() -> Site:
    """The place whose terrace door leads to the hall instead."""
    return structs.replace(
        SITE,
        zones=tuple(zone for zone in SITE.zones if zone.id != ANNEX),
        doors=tuple(
            structs.replace(door, zone=HALL) if door.zone == ANNEX else door for door in SITE.doors
        ),
        access_points=tuple(
            structs.replace(point, zone=HALL) if point.zone == ANNEX else point
            for point in SITE.access_points
        ),
    )


def watched() -> Site:
    """The place where every device has to speak now and then."""
    return structs.replace(
        SITE, devices=tuple(structs.replace(one, silent_after_s=20) for one in SITE.devices)
    )  # fmt: skip


SITES = {
    "as it was": SITE,
    "room for everybody": with_capacity(None),
    "one seat": with_capacity(1),
    "no contacts": without_contacts(),
    "no booth": without_booth(),
    "no annex": without_annex(),
    "all watched": watched(),
}
"""By name, so that a failure is short to read."""


class Life(RuleBasedStateMachine):
    """Anything that may happen at a place, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Place()
        self.on_the_way: list[Reported] = []
        self.where: dict[HolderId, ZoneId] = {}
        self.doors: dict[DoorId, DoorStatus] = {}
        self.alarms: set[tuple[str, str]] = set()
        self.over: set[tuple[str, str]] = set()
        """Alarms whose cause is over, and that nobody has acknowledged."""
        self.announced: dict[ZoneId, int] = {}
        self.released: dict[DoorId, datetime] = {}
        self.opened: dict[DoorId, datetime] = {}
        self._follow(tuple(self.place.said))

    # -- what happens

    @rule(at=st.sampled_from(READERS), who=st.sampled_from(PEOPLE), age_s=ages, retained=kept)
    def badge(self, at: DeviceId, who: str, age_s: float, retained: bool) -> None:  # noqa: FBT001 - drawn by name
        """Somebody holds a badge to a reader."""
        self._send(at, CredentialPresented(f"hash-{who}"), age_s, retained=retained)

    @rule(
        at=st.sampled_from(CONTACTS),
        to=st.sampled_from(["open", "closed"]),
        age_s=ages,
        retained=kept,
    )
    def move_door(
        self,
        at: str,
        to: Literal["open", "closed"],
        age_s: float,
        retained: bool,  # noqa: FBT001 - drawn by name
    ) -> None:
        """A door opens or closes, or its contact says again what it said."""
        self._send(DeviceId(at), DoorReported(to), age_s, retained=retained)

    @rule(
        who=st.sampled_from(MEMBERS),
        by=st.sampled_from(["front-in", "front-out", "lab-in", "lab-out", "terrace-in"]),
    )
    def walk(self, who: str, by: str) -> None:
        """Somebody goes through a door as one should."""
        contact = DeviceId(f"{by.split('-', maxsplit=1)[0]}-contact")
        self._send(DeviceId(by), CredentialPresented(f"hash-{who}"))
        self._send(contact, DoorReported("open"))
        self._send(contact, DoorReported("closed"))

    @rule(contact=st.sampled_from(CONTACTS), seconds=st.sampled_from([0.2, 5.0, 21.0]))
    def linger(self, contact: str, seconds: float) -> None:
        """A door stays open, and its contact says so again."""
        self._send(DeviceId(contact), DoorReported("open"))
        self.place.now += timedelta(seconds=seconds)
        self._send(DeviceId(contact), DoorReported("open"))

    @rule(age_s=ages, retained=kept)
    def press_button(self, age_s: float, retained: bool) -> None:  # noqa: FBT001 - drawn by name
        """Somebody asks to leave the lab."""
        self._send(DeviceId("lab-button"), ExitRequested(), age_s, retained=retained)

    @rule(at=st.sampled_from(["counter", "pir"]), reading=readings)
    def sense(self, at: str, reading: Reading) -> None:
        """A sensor speaks."""
        self._send(DeviceId(at), reading)

    @rule(at=st.sampled_from(READERS), who=st.sampled_from(PEOPLE))
    def badge_offline(self, at: DeviceId, who: str) -> None:
        """A reader is cut off: its event is numbered, and comes later or never."""
        if len(self.on_the_way) < 20:
            reading = CredentialPresented(f"hash-{who}")
            self.on_the_way.append(self.place.report(at, reading))

    @precondition(lambda self: self.on_the_way)
    @rule(which=st.integers(0, 19))
    def arrive(self, which: int) -> None:
        """One of those events comes after all."""
        self._tell(self.on_the_way.pop(which % len(self.on_the_way)))

    @rule(which=st.integers(0, 200))
    def come_again(self, which: int) -> None:
        """A message that was taken in is delivered again: nothing changes."""
        taken = [event for event, _ in self.place.told if isinstance(event, Reported)]
        if taken and (event := taken[which % len(taken)]).device in self.place.site.device:
            before = self.place.state
            try:
                facts = self.place.tell(event)
            except NotAdmitted:
                return
            if any(isinstance(fact, DuplicateDropped) for fact in facts):
                assert len(facts) == 1
                assert self.place.state is before
            else:  # its device was forgotten with an older space file
                self._follow(facts)

    @rule(at=st.sampled_from(READERS))
    def garble(self, at: DeviceId) -> None:
        """A message cannot be understood, but its number can."""
        boot, seq = self.place.number(at)
        self._tell(Misunderstood(at, boot, seq))

    @rule(at=st.sampled_from(READERS))
    def restart(self, at: DeviceId) -> None:
        """A device starts again."""
        self.place.restart(at)

    @rule(seconds=st.sampled_from(PAUSES_S), looks=st.booleans())
    def wait(self, seconds: float, looks: bool) -> None:  # noqa: FBT001 - drawn by name
        """Time passes; the engine may be called too late."""
        self.place.now += timedelta(seconds=seconds)
        if looks:
            self._tell(Tick())

    @rule()
    def wake(self) -> None:
        """The engine is called exactly when it asked for it."""
        if self.place.state.wake_at != NEVER:
            self.place.now = max(self.place.now, self.place.state.wake_at)
            self._tell(Tick())

    @rule()
    def measure(self) -> None:
        """The service tells what it measured."""
        health = GatewayHealth("one", backlog=1, commit_ms=0.25, decisions=2, dropped=0)
        self._tell(Tick(duplicates={DeviceId("pir"): 1}, health=health))

    @rule(
        who=st.sampled_from(MEMBERS),
        plan=st.sampled_from(["full", "day", "gone"]),
        status=st.sampled_from(["active", "suspended", "lost"]),
    )
    def change_member(
        self, who: str, plan: str, status: Literal["active", "suspended", "lost"]
    ) -> None:
        """Somebody joins, buys another plan, or loses a badge."""
        holder = member(who, Membership(PlanId(plan)))
        change = DirectoryChange(holders=(holder,), credentials=(card(who, status),))
        self._tell(DirectoryChanged(change))

    @rule(who=st.sampled_from(MEMBERS), also_badge=st.booleans())
    def remove_member(self, who: str, also_badge: bool) -> None:  # noqa: FBT001 - drawn by name
        """Somebody is a member no more, perhaps while inside."""
        badges = (card(who).hash,) if also_badge else ()
        change = DirectoryChange(removed_holders=(HolderId(who),), removed_credentials=badges)
        self._tell(DirectoryChanged(change))

    @rule(file=st.sampled_from(list(SITES)))
    def change_space(self, file: str) -> None:
        """A new space file comes into force."""
        self._tell(SpaceChanged(SITES[file]))

    @rule(
        who=st.sampled_from(MEMBERS),
        by=st.sampled_from(["front", "lab", "terrace"]),
        file=st.sampled_from(list(SITES)),
    )
    def renovate(self, who: str, by: str, file: str) -> None:
        """A new space file comes between a grant and the opening of the door."""
        self._send(DeviceId(f"{by}-in"), CredentialPresented(f"hash-{who}"))
        self._tell(SpaceChanged(SITES[file]))
        self._send(DeviceId(f"{by}-contact"), DoorReported("open"))

    # -- what holds of each step

    def _send(
        self, at: DeviceId, reading: Reading, age_s: float = 0, *, retained: bool = False
    ) -> None:
        self._tell(self.place.report(at, reading, age_s=age_s, retained=retained))

    def _tell(self, event: Event) -> None:
        """One event, and all that its facts must not be."""
        if isinstance(event, Reported | Misunderstood) and (
            event.device not in self.place.site.device
        ):
            return
        due = _earliest_timer(self.place.site, self.place.state)
        try:
            facts = self.place.tell(event)
        except NotAdmitted:
            return
        if isinstance(event, Reported):
            self._check_decision(event, facts)
        self._check_orders(event, facts)
        if due > self.place.now and isinstance(event, Tick) and event.health is None:
            assert facts == ()
        self._follow(facts)

    def _check_decision(self, event: Reported, facts: tuple[Fact, ...]) -> None:
        """One a badge and a press of the button; never a refusal on the way out."""
        decisions = [fact for fact in facts if isinstance(fact, Decided)]
        if any(isinstance(fact, DuplicateDropped) for fact in facts):
            assert len(facts) == 1
            return
        is_press = isinstance(event.reading, ExitRequested) and not event.retained
        assert len(decisions) == (is_press or isinstance(event.reading, CredentialPresented))
        if is_press:
            assert (decisions[0].decision, decisions[0].holder) == ("granted", None)
        point = self.place.site.device[event.device].access_point
        if decisions and point is not None:
            if self.place.site.access_point[point].direction == "exit":
                assert decisions[0].decision == "granted"
            elif self._is_late(event):
                assert decisions[0].decision == "denied"
        if decisions and self._is_late(event):
            assert decisions[0].expires is None
            assert of_kind(facts, UnlockDoor) == []
            moved = [fact for fact in facts if isinstance(fact, HolderMoved)]
            assert len(moved) <= (decisions[0].reason == "exit-free" and not event.retained)
            assert all(fact.at == event.at for fact in moved)
            assert not any(isinstance(f, DoorChanged) and f.state == "unlocked" for f in facts)

    def _check_orders(self, event: Event, facts: tuple[Fact, ...]) -> None:
        """Nothing is unlocked but by a fresh grant or a fresh wish to leave."""
        granted = any(isinstance(fact, Decided) and fact.decision == "granted" for fact in facts)
        is_release = (
            isinstance(event, Reported)
            and not self._is_late(event)
            and (granted or isinstance(event.reading, ExitRequested))
        )
        door = self._door(event)
        if is_release and door is not None:
            self.released[door] = self.place.now
        for fact in facts:
            if isinstance(fact, UnlockDoor):
                assert is_release
                assert fact.expires == self.place.now + LATE
                assert fact.device == self.place.site.door[fact.door].lock
            if isinstance(fact, DoorChanged) and fact.state == "unlocked":
                limit = timedelta(seconds=self.place.site.door[fact.door].unlock_s)
                assert self.place.now - self.released[fact.door] <= limit

    def _follow(self, facts: tuple[Fact, ...]) -> None:
        """The world as one knows it who only reads facts."""
        for fact in facts:
            match fact:
                case HolderMoved(holder=holder, origin=origin, zone=zone):
                    assert self.where.get(holder) == origin
                    self.where.pop(holder, None)
                    if zone is not None:
                        self.where[holder] = zone
                case DoorChanged(door=door, state=status, at=at):
                    assert self.doors.get(door, "locked") != status
                    self.doors[door] = status
                    if status == "open":
                        self.opened[door] = at
                case AlarmRaised(kind=kind, object=about):
                    assert (kind, about) not in self.alarms - self.over
                    self.alarms.add((kind, about))
                    self.over.discard((kind, about))
                case AlarmOver(kind=kind, object=about):
                    assert (kind, about) in self.alarms - self.over
                    self.over.add((kind, about))
                case AlarmCleared(kind=kind, object=about):
                    self.alarms.remove((kind, about))
                    self.over.discard((kind, about))
                case OccupancyChanged(zone=zone, people=people):
                    self.announced[zone] = people
                case _:
                    pass
        site = self.place.site
        self.where = {who: zone for who, zone in self.where.items() if zone in site.zone}
        self.doors = {door: status for door, status in self.doors.items() if door in site.door}
        self.announced = {zone: n for zone, n in self.announced.items() if zone in site.zone}

    def _is_late(self, event: Reported) -> bool:
        return event.retained or self.place.now - event.at > LATE

    def _door(self, event: Event) -> DoorId | None:
        if not isinstance(event, Reported):
            return None
        device = self.place.site.device[event.device]
        if device.access_point is None:
            return device.door
        return self.place.site.access_point[device.access_point].door

    # -- what holds at any time

    @invariant()
    def facts_tell_the_whole_state(self) -> None:
        """Who only reads the facts knows who is where, and every door, count and alarm."""
        state = self.place.state
        assert {who: entry.zone for who, entry in state.presence.items()} == self.where
        assert {zone: entry.people for zone, entry in state.zones.items()} == self.announced
        assert set(state.alarms) == self.alarms
        assert set(state.over) == self.over
        assert {
            door: entry.status for door, entry in state.doors.items() if entry.status != "locked"
        } == {door: status for door, status in self.doors.items() if status != "locked"}

    @invariant()
    def an_alarm_has_its_reason(self) -> None:
        """A door's alarm is on exactly while the door is in that state."""
        for door, entry in self.place.state.doors.items():
            for kind in ("forced", "held"):
                assert ((kind, door) in self.alarms - self.over) == (entry.status == kind)
        for zone in self.place.site.zones:
            over = zone.capacity is not None and self.announced[zone.id] > zone.capacity
            assert (("over-capacity", zone.id) in self.alarms) == over

    @invariant()
    def nothing_puts_off_the_alarm_of_a_door_that_stays_open(self) -> None:
        """It comes a fixed time after the opening."""
        for door, entry in self.place.state.doors.items():
            if entry.status == "open":
                longest = timedelta(seconds=self.place.site.door[door].held_open_max_s)
                assert entry.held_at == self.opened[door] + longest

    @invariant()
    def no_timer_is_missed(self) -> None:
        """The engine asks to be called before the first timer that is due."""
        assert self.place.state.wake_at <= _earliest_timer(self.place.site, self.place.state)

    @invariant()
    def a_call_that_comes_too_early_changes_nothing(self) -> None:
        """So that a wake-up too many does no harm."""
        if self.place.now < self.place.state.wake_at:
            early = step(self.place.site, self.place.state, Tick(), self.place.now)
            assert early == Step(self.place.state, ())

    def teardown(self) -> None:
        """The journal, read back from its JSON, gives the same facts and the same state."""
        site, state = SITE, State()
        said: list[Fact] = []
        decode = msgspec.json.Decoder(Event).decode
        for event, now in self.place.told:
            stored = decode(msgspec.json.encode(event))
            site = stored.site if isinstance(stored, SpaceChanged) else site
            after = step(site, state, stored, now)
            state = after.state
            said += after.facts
        assert said == self.place.said
        assert state == self.place.state


def _earliest_timer(site: Site, state: State) -> datetime:
    """When the first timer is due, found without the engine's help."""
    timers = [NEVER]
    timers += [time for door in state.doors.values() for time in (door.relock_at, door.held_at)]
    timers += [zone.minute + timedelta(minutes=1) for zone in state.zones.values()]
    timers += [zone.due for zone in state.zones.values()]
    timers += [use.stops_at for use in state.machines.values()]
    timers += [waiting.until for waiting in state.enrolments.values()]
    timers.append(state.mode.released_at)
    timers += [
        state.devices[one.id].last_seen + timedelta(seconds=one.silent_after_s)
        for one in site.devices
        if one.silent_after_s is not None
        and one.id in state.devices
        and ("device-silent", one.id) not in state.alarms
    ]
    return min(timers)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=examples(300), stateful_step_count=50, deadline=None)
