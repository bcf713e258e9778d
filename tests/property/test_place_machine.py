"""The access rules' promises, under any life of a fablab.

People with several badges and PINs, operators and those who would like to be, modes, revocations,
machines, readers that were cut off, events twice and late, new space files, and time. What is
promised is kept as a ledger of what was told and said, never read back from the engine's own books.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import structs

from gateway.core.access.decision import CLAIMED
from gateway.core.access.doors import PENDING_MAX
from gateway.core.access.late_events import LATE
from gateway.core.access.rules.holder import ATTEMPTS_MAX
from gateway.core.engine import step
from gateway.core.events import (
    DecidedMeanwhile,
    DirectoryChanged,
    Event,
    GatewayAway,
    Reported,
    Requested,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmOver,
    AlarmRaised,
    Decided,
    DuplicateDropped,
    EntryNotTaken,
    Fact,
    HolderMoved,
    MachineEnded,
    MachineStarted,
    ModeChanged,
    MusterChanged,
    RequestAnswered,
    StopMachine,
    UnlockDoor,
    WarnMachine,
)
from gateway.core.model.directory import DirectoryChange, Holder, HolderId, StaffRole
from gateway.core.model.names import OPERATOR, DeviceId, MachineId, ZoneId
from gateway.core.model.places import AccessPoint
from gateway.core.model.site import Site
from gateway.core.readings import (
    Availability,
    CredentialPresented,
    DoorReported,
    ExitRequested,
    MachineReported,
    Reading,
)
from gateway.core.request_handlers import ANSWERED_MAX
from gateway.core.requests import (
    AcknowledgeAlarm,
    MarkLeft,
    MarkMustered,
    OpenDoor,
    Order,
    Request,
    SetMode,
    SetService,
)
from gateway.core.sequence import NotAdmitted
from gateway.core.state import NEVER, State
from tests.doses import examples
from tests.world.engine import ENROLLED, HALL, LAB, LAB_DOOR, LASER, MEMBERS, member
from tests.world.fablab import FABLAB, GRACE_S, MANAGER, TEAM, Fablab

PEOPLE = tuple(HolderId(name) for name in (*MEMBERS[:4], "gil", "max", "quin"))
BADGES = (*PEOPLE, "ada-2", "max-code", "nobody")
READERS = tuple(one.id for one in FABLAB.devices if one.role == "reader")
CONTACTS = ("front-contact", "lab-contact", "terrace-contact")
HOLDERS = {one.hash: one.holder for one in (*ENROLLED.credentials, *TEAM.credentials)}
CREDENTIALS = {one.hash: one for one in (*ENROLLED.credentials, *TEAM.credentials)}

ages = st.sampled_from([0.0] * 6 + [4.9, 5.1, 90.0, 3600.0, -4.9, -5.1])
seldom = st.sampled_from([False] * 7 + [True])
orders: st.SearchStrategy[Order] = st.one_of(
    st.builds(
        SetMode, st.sampled_from(["normal", "normal", "lockdown", "evacuation"]), st.just("x")
    ),
    st.builds(OpenDoor, st.sampled_from([door.id for door in FABLAB.doors])),
    st.builds(MarkMustered, st.sampled_from(PEOPLE), st.booleans()),
    st.builds(MarkLeft, st.sampled_from(PEOPLE)),
    st.builds(SetService, st.sampled_from([one.id for one in FABLAB.access_points]), st.booleans()),
    st.builds(AcknowledgeAlarm, st.just("held"), st.just("front")),
)


def without_laser() -> Site:
    """The fablab whose laser was sold."""
    return structs.replace(
        FABLAB,
        machines=tuple(one for one in FABLAB.machines if one.id != LASER),
        access_points=tuple(one for one in FABLAB.access_points if one.machine != LASER),
        devices=tuple(one for one in FABLAB.devices if not one.id.startswith("laser")),
    )


SITES = {
    "as it was": FABLAB,
    "no contacts": structs.replace(
        FABLAB, doors=tuple(structs.replace(door, contact=False) for door in FABLAB.doors)
    ),
    "all doors secure": structs.replace(
        FABLAB, doors=tuple(structs.replace(door, fail_mode="secure") for door in FABLAB.doors)
    ),
    "no laser": without_laser(),
}
"""By name, so that a failure is short to read."""


class PlaceMachine(RuleBasedStateMachine):
    """Anything that may happen at a fablab, and a ledger of it."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Fablab()
        self.revoked: set[str] = set()
        self.erased: set[HolderId] = set()
        self.operators: set[HolderId] = {HolderId("gil")}
        self.where: dict[HolderId, ZoneId] = {}
        self.let_in: set[HolderId] = set()
        self.alarms: set[tuple[str, str]] = set()
        self.over: set[tuple[str, str]] = set()
        """Alarms whose cause is over, and that nobody has acknowledged."""
        self.acknowledged: dict[tuple[str, str], HolderId] = {}
        self.mode = "normal"
        self.uses: dict[MachineId, HolderId] = {}
        self.warned: dict[MachineId, datetime] = {}
        self.muster: dict[ZoneId, MusterChanged] = {}
        self.answers: dict[tuple[str, HolderId], RequestAnswered] = {}
        self._follow(tuple(self.place.said))

    # -- what happens

    @rule(
        at=st.sampled_from(READERS),
        badge=st.sampled_from(BADGES),
        pin=st.sampled_from([None, None, None, "right", "wrong", "threat"]),
        age_s=ages,
        retained=seldom,
    )
    def badge(
        self,
        at: DeviceId,
        badge: str,
        pin: str | None,
        age_s: float,
        retained: bool,  # noqa: FBT001 - drawn by name
    ) -> None:
        """Somebody holds a badge to a reader, and may type a PIN."""
        self._send(at, CredentialPresented(f"hash-{badge}", pin=pin), age_s, retained=retained)

    @rule(
        at=st.sampled_from(READERS),
        badge=st.sampled_from(BADGES),
        did=st.sampled_from(["granted", "granted", "denied"]),
        age_s=ages,
        retained=seldom,
        doubted=st.booleans(),
    )
    def decide_alone(
        self,
        at: DeviceId,
        badge: str,
        did: Literal["granted", "denied"],
        age_s: float,
        *,
        retained: bool,
        doubted: bool,
    ) -> None:
        """A reader that was cut off, or says so, tells what it did."""
        reading = CredentialPresented(f"hash-{badge}", decided=did)
        self._tell(Tick())  # so that what follows is not of a timer
        told = self.place.report(at, reading, age_s=age_s, retained=retained)
        self._tell(structs.replace(told, doubted=doubted))

    @rule(
        at=st.sampled_from(READERS),
        badge=st.sampled_from(BADGES),
        did=st.sampled_from(["granted", "denied"]),
        unanswered=st.booleans(),
    )
    def decide_meanwhile(
        self,
        at: DeviceId,
        badge: str,
        did: Literal["granted", "denied"],
        unanswered: bool,  # noqa: FBT001 - drawn by name
    ) -> None:
        """A reader asks, and does not wait for the answer."""
        self._send(at, CredentialPresented(f"hash-{badge}"))
        known = self.place.state.cut_off.get(at)
        if at in self.place.site.device and known is not None and known.asked:
            reading = CredentialPresented(f"hash-{badge}", decided=did)
            number = known.asked[-1].number
            self._tell(DecidedMeanwhile(at, self.place.now, reading, number, unanswered))

    @rule(at=st.sampled_from(READERS), goes=st.booleans())
    def come_or_go(self, at: DeviceId, goes: bool) -> None:  # noqa: FBT001 - drawn by name
        """A reader's status; when it is back it confirms its list."""
        if at not in self.place.site.device:
            return
        state: Literal["online", "offline"] = "offline" if goes else "online"
        self._tell(Reported(at, self.place.now, Availability(state)))
        if not goes:
            self._tell(self.place.confirmation(at))

    @rule(for_s=st.sampled_from([None, 0.5, 90.0]))
    def be_away(self, for_s: float | None) -> None:
        """We are, or were."""
        now = self.place.now
        was = (
            GatewayAway(now) if for_s is None else GatewayAway(now - timedelta(seconds=for_s), now)
        )
        self._tell(was)

    @rule(
        badge=st.sampled_from(BADGES),
        by=st.sampled_from(["front-in", "front-in", "front-out", "lab-in", "lab-in", "lab-out"]),
    )
    def walk(self, badge: str, by: str) -> None:
        """Somebody goes through a door as one should."""
        contact = DeviceId(f"{by.split('-', maxsplit=1)[0]}-contact")
        self._send(DeviceId(by), CredentialPresented(f"hash-{badge}"))
        self._send(contact, DoorReported("open"))
        self._send(contact, DoorReported("closed"))

    @rule(user=st.sampled_from(PEOPLE), other=st.sampled_from(PEOPLE))
    def use_the_laser(self, user: str, other: str) -> None:
        """Two go to the lab, and one of them to work."""
        for name in (user, other):
            self.walk(name, "front-in")
            self.walk(name, "lab-in")
        self._send(DeviceId("laser-on"), CredentialPresented(f"hash-{user}"))

    @rule(at=st.sampled_from(CONTACTS), to=st.sampled_from(["open", "closed"]), age_s=ages)
    def move_door(self, at: str, to: Literal["open", "closed"], age_s: float) -> None:
        """A door opens or closes."""
        self._send(DeviceId(at), DoorReported(to), age_s)

    @rule(age_s=ages, retained=seldom)
    def press_button(self, age_s: float, retained: bool) -> None:  # noqa: FBT001 - drawn by name
        """Somebody asks to leave the lab."""
        self._send(DeviceId("lab-button"), ExitRequested(), age_s, retained=retained)

    @rule(to=st.sampled_from(["on", "off"]), age_s=ages, retained=seldom)
    def measure(self, to: Literal["on", "off"], age_s: float, retained: bool) -> None:  # noqa: FBT001 - drawn by name
        """What the laser's meter says."""
        self._send(DeviceId("laser-meter"), MachineReported(to), age_s, retained=retained)

    @rule(
        by=st.sampled_from(["gil", "gil", "gil", "ada", "nobody"]),
        order=orders,
        age_s=ages,
        transaction=st.integers(0, 200),
    )
    def ask(self, by: str, order: Order, age_s: float, transaction: int) -> None:
        """An operator, a member or a stranger asks for something."""
        asked_at = self.place.now - timedelta(seconds=age_s)
        self._tell(Requested(Request(f"t{transaction}", HolderId(by), asked_at, order)))

    @rule(mode=st.sampled_from(["normal", "lockdown", "evacuation"]))
    def change_mode(self, mode: Literal["normal", "lockdown", "evacuation"]) -> None:
        """Gil changes the mode, if Gil may."""
        transaction = f"m{len(self.place.told)}"
        request = Request(transaction, HolderId("gil"), self.place.now, SetMode(mode, "a drill"))
        self._tell(Requested(request))

    @precondition(lambda self: self.alarms)
    @rule(which=st.integers(0, 20))
    def look_after(self, which: int) -> None:
        """Gil says so of an alarm that is on, if Gil may."""
        kind, about = sorted(self.alarms)[which % len(self.alarms)]
        transaction = f"a{len(self.place.told)}"
        order = AcknowledgeAlarm(kind, about)
        self._tell(Requested(Request(transaction, HolderId("gil"), self.place.now, order)))

    @rule(which=st.integers(0, 200))
    def come_again(self, which: int) -> None:
        """A message or request that was taken in comes again."""
        taken = [one for one, _ in self.place.told if isinstance(one, Reported | Requested)]
        if taken:
            self._tell(taken[which % len(taken)])

    @rule(
        badge=st.sampled_from(sorted(CREDENTIALS)),
        status=st.sampled_from(["active", "active", "lost", "stolen", "suspended", "removed"]),
    )
    def change_badge(
        self,
        badge: str,
        status: Literal["active", "lost", "stolen", "suspended", "removed"],
    ) -> None:
        """A badge is revoked, or given back."""
        credential = next(one for key, one in CREDENTIALS.items() if key == badge)
        if status == "removed":
            change = DirectoryChange(removed_credentials=(credential.hash,))
        else:
            change = DirectoryChange(credentials=(structs.replace(credential, status=status),))
        self._tell(DirectoryChanged(change))
        self.revoked -= {badge}
        self.revoked |= set() if status == "active" else {badge}

    @rule(
        who=st.sampled_from(PEOPLE),
        roles=st.sets(st.sampled_from([OPERATOR, MANAGER])),
        paid=st.sampled_from([True] * 5 + [False]),
    )
    def change_holder(self, who: HolderId, roles: set[str], paid: bool) -> None:  # noqa: FBT001 - drawn by name
        """Somebody comes back, gets other roles, or ends a membership."""
        holder: Holder = structs.replace(
            member(who),
            roles=tuple(StaffRole(role) for role in (OPERATOR, MANAGER) if role in roles),
        )
        holder = holder if paid else structs.replace(holder, memberships=())
        self._tell(DirectoryChanged(DirectoryChange(holders=(holder,))))
        self.erased -= {who}
        self.operators -= {who}
        self.operators |= {who} if OPERATOR in roles else set()

    @rule(who=st.sampled_from(PEOPLE))
    def erase(self, who: HolderId) -> None:
        """Somebody is erased, perhaps while inside."""
        self._tell(DirectoryChanged(DirectoryChange(removed_holders=(who,))))
        self.erased |= {who}
        self.operators -= {who}
        assert who not in self.where

    @rule(file=st.sampled_from(list(SITES)))
    def change_space(self, file: str) -> None:
        """A new space file comes into force."""
        self._tell(SpaceChanged(SITES[file]))

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0, 31.0, 61.0, 700.0]), looks=st.booleans())
    def wait(self, seconds: float, looks: bool) -> None:  # noqa: FBT001 - drawn by name
        """Time passes; the engine may be called too late."""
        self.place.now += timedelta(seconds=seconds)
        if looks:
            self._tell(Tick())

    @rule()
    def wake(self) -> None:
        """The engine is called exactly when it asked for it."""
        self.place.now = max(self.place.now, self.place.state.wake_at)
        self._tell(Tick())

    # -- what holds of each step

    def _send(
        self, at: DeviceId, reading: Reading, age_s: float = 0, *, retained: bool = False
    ) -> None:
        self._tell(self.place.report(at, reading, age_s=age_s, retained=retained))

    def _tell(self, event: Event) -> None:
        """One event, and what must hold of its facts."""
        if isinstance(event, Reported) and event.device not in self.place.site.device:
            return
        try:
            facts = self.place.tell(event)
        except NotAdmitted:
            return
        if any(isinstance(fact, DuplicateDropped) for fact in facts):
            assert len(facts) == 1
            return
        assert self.place.state.wake_at > self.place.now
        if isinstance(event, Reported):
            self._check_decision(event, facts)
        if any(isinstance(fact, Decided) and fact.reason == CLAIMED for fact in facts):
            self._check_claim(event, facts)
        if isinstance(event, Requested):
            self._check_answer(event.request, facts)
        modes = {self.mode}
        self._follow(facts)
        self._check_orders(event, facts, modes | {self.mode})

    def _check_decision(self, event: Reported, facts: tuple[Fact, ...]) -> None:
        """One a badge or press; by the ledger's account of badges, ways out and time."""
        said = [fact for fact in facts if isinstance(fact, Decided)]
        if isinstance(event.reading, ExitRequested) and not event.retained:
            (press,) = said
            assert (press.decision, press.holder, press.door) == ("granted", None, LAB_DOOR)
            return
        if not isinstance(event.reading, CredentialPresented):
            assert said == []
            return
        (decision,) = said
        assert decision.late == (event.reading.decided is not None)
        if decision.late:
            assert (decision.decision, decision.expires) == (event.reading.decided, None)
            return
        point = self._point(event)
        if point is not None and point.direction in ("exit", "muster"):
            assert decision.decision == "granted"
        elif decision.decision == "granted":
            assert event.reading.credential not in self.revoked
            assert self._holder(event) not in self.erased
            assert self._is_fresh(event)
        assert (decision.expires is None) == (not self._is_fresh(event))
        if decision.decision == "granted" and point is not None and point.direction == "entry":
            self._check_passback(point, self._holder(event))

    def _check_claim(self, event: Event, facts: tuple[Fact, ...]) -> None:
        """What nothing proves moves nobody, and starts nothing."""
        assert isinstance(event, DecidedMeanwhile) or (
            isinstance(event, Reported) and event.doubted
        )
        consequences = (HolderMoved, MusterChanged, MachineStarted, UnlockDoor)
        if isinstance(event, Reported) or event.reading.decided == "granted":
            assert not any(isinstance(fact, consequences) for fact in facts)

    def _check_passback(self, point: AccessPoint, holder: HolderId | None) -> None:
        """Hard anti-passback never lets somebody in twice in a row."""
        assert self.mode == "normal"
        if point.zone == HALL and holder is not None:
            assert holder not in self.let_in
            assert self.where.get(holder) != HALL
            self.let_in.add(holder)

    def _check_answer(self, request: Request, facts: tuple[Fact, ...]) -> None:
        """One a request, the same for the same; nothing happens for those who may not ask."""
        (said,) = (fact for fact in facts if isinstance(fact, RequestAnswered))
        key = (request.transaction, request.by)
        again = key in self.answers
        assert self.answers.setdefault(key, said) == said
        if again or said.error is not None:
            assert not any(isinstance(fact, ModeChanged) for fact in facts)
        if not again and request.by not in self.operators:
            assert said.error == "not-allowed"

    def _check_orders(self, event: Event, facts: tuple[Fact, ...], modes: set[str]) -> None:
        """No door is released but by a fresh grant, a button, an operator or an evacuation.

        One that this event ends may have released them for the last time just before.
        """
        for fact in facts:
            if isinstance(fact, UnlockDoor):
                assert fact.expires == self.place.now + LATE
                door = self.place.site.door[fact.door]
                freed = "evacuation" in modes and door.fail_mode == "safe"
                assert freed or self._releases(event, facts) == door.id

    def _releases(self, event: Event, facts: tuple[Fact, ...]) -> str | None:
        """The door that this event may release."""
        match event:
            case Requested(request=Request(order=OpenDoor(door=door))):
                answered = [one for one in facts if isinstance(one, RequestAnswered)]
                # A reader that is not connected is sent the order too: its status may be old.
                return door if answered[0].error in (None, "not-connected") else None
            case Reported(reading=ExitRequested()) if self._is_fresh(event):
                return self.place.site.device[event.device].door
            case Reported(reading=CredentialPresented(decided=None)) if self._is_fresh(event):
                granted = any(isinstance(x, Decided) and x.decision == "granted" for x in facts)
                point = self._point(event)
                return point.door if granted and point is not None else None
            case _:
                return None

    def _follow(self, facts: tuple[Fact, ...]) -> None:
        """The world as one knows it who only reads facts."""
        for fact in facts:
            match fact:
                case HolderMoved(holder=holder, origin=origin, zone=zone):
                    assert self.where.get(holder) == origin
                    assert fact.at <= self.place.now
                    self.where.pop(holder, None)
                    if zone is not None:
                        self.where[holder] = zone
                    if zone != HALL:
                        self.let_in.discard(holder)
                case EntryNotTaken(holder=str(holder)):
                    if self.where.get(HolderId(holder)) != HALL:
                        self.let_in.discard(HolderId(holder))
                case _:
                    self._follow_modes(fact)
                    self._follow_machines(fact)

    def _follow_modes(self, fact: Fact) -> None:
        match fact:
            case AlarmRaised(kind=kind, object=about):
                assert (kind, about) not in self.alarms - self.over
                self.alarms.add((kind, about))
                self.over.discard((kind, about))
            case AlarmOver(kind=kind, object=about):
                assert (kind, about) in self.alarms - self.over - self.acknowledged.keys()
                self.over.add((kind, about))
            case AlarmAcknowledged(kind=kind, object=about, by=by):
                assert (kind, about) in self.alarms
                assert (kind, about) not in self.acknowledged, "said once"
                self.acknowledged[kind, about] = by
            case AlarmCleared(kind=kind, object=about):
                self.alarms.remove((kind, about))
                self.over.discard((kind, about))
                self.acknowledged.pop((kind, about), None)
            case ModeChanged(mode=mode, before=before):
                assert self.mode == before
                self.mode = mode
            case MusterChanged(zone=zone):
                self.muster[zone] = fact
            case _:
                pass

    def _follow_machines(self, fact: Fact) -> None:
        match fact:
            case MachineStarted(machine=machine, holder=holder):
                assert machine not in self.uses
                self.uses[machine] = holder
            case MachineEnded(machine=machine, holder=holder):
                assert self.uses.pop(machine) == holder
                self.warned.pop(machine, None)
            case WarnMachine(machine=machine, stops_at=stops_at):
                self.warned[machine] = stops_at
            case StopMachine(machine=machine, reason=reason, at=at):
                assert reason == "evacuation" or self.warned[machine] <= at
            case _:
                pass

    def _is_fresh(self, event: Reported) -> bool:
        return not event.retained and self.place.now - event.at <= LATE

    def _point(self, event: Reported) -> AccessPoint | None:
        point = self.place.site.device[event.device].access_point
        return self.place.site.access_point[point] if point is not None else None

    def _holder(self, event: Reported) -> HolderId | None:
        assert isinstance(event.reading, CredentialPresented)
        known = {str(badge): holder for badge, holder in HOLDERS.items()}
        return known.get(event.reading.credential)

    # -- what holds at any time

    @invariant()
    def counts_are_the_ledgers(self) -> None:
        """Everybody is in one zone, and a zone counts those in it and in the zones inside it."""
        state, site = self.place.state, self.place.site
        assert {who: entry.zone for who, entry in state.presence.items()} == self.where
        people = Counter(zone for here in self.where.values() for zone in site.zone[here].lineage)
        assert {zone: entry.known for zone, entry in state.zones.items()} == {
            zone.id: people[zone.id] for zone in site.zones
        }

    @invariant()
    def facts_tell_what_is_wrong_and_what_runs(self) -> None:
        """Alarms, the mode and the machines in use."""
        state = self.place.state
        assert set(state.alarms) == self.alarms
        assert set(state.over) == self.over
        assert {alarm: one.by for alarm, one in state.acknowledged.items()} == self.acknowledged
        assert state.mode.mode == self.mode
        assert {machine: use.holder for machine, use in state.machines.items()} == self.uses

    @invariant()
    def nobody_runs_the_laser_alone_unwarned(self) -> None:
        """Or away from it; and a stop comes no later than the grace."""
        use = self.place.state.machines.get(LASER)
        if use is None or use.stopped:
            return
        in_the_lab = {
            who for who, zone in self.where.items() if LAB in self.place.site.zone[zone].lineage
        }
        is_fine = use.holder in in_the_lab and len(in_the_lab) > 1
        assert (use.missing is None) == is_fine
        assert (use.stops_at == NEVER) == is_fine
        assert is_fine or use.stops_at <= self.place.now + timedelta(seconds=GRACE_S)

    @invariant()
    def an_evacuation_waits_for_everybody_inside(self) -> None:
        """And only an evacuation; what was said of each zone still holds."""
        waited_for = {who for who, one in self.place.state.muster.items() if one.safe is None}
        if self.mode == "evacuation":
            assert set(self.where) <= waited_for
        else:
            assert not self.place.state.muster
            assert all(said.expected == 0 for said in self.muster.values())
        missing = {who for said in self.muster.values() for who in said.missing}
        assert missing == waited_for

    @invariant()
    def an_evacuations_doors_stay_free(self) -> None:
        """No door that fails safe is locked, nor has an alarm."""
        if self.mode == "evacuation":
            for door in self.place.site.doors:
                status = self.place.state.doors[door.id].status
                assert door.fail_mode == "secure" or status in ("unlocked", "open")

    @invariant()
    def no_timer_is_missed(self) -> None:
        """The engine asks to be called before the first timer that is due."""
        state = self.place.state
        timers = [state.mode.released_at, *(use.stops_at for use in state.machines.values())]
        timers += [at for one in state.doors.values() for at in (one.relock_at, one.held_at)]
        assert state.wake_at <= min(timers)

    @invariant()
    def everything_that_grows_is_bounded(self) -> None:
        """By its constant, or by the directory."""
        state = self.place.state
        assert len(state.answered) <= ANSWERED_MAX
        assert all(len(door.pending) <= PENDING_MAX for door in state.doors.values())
        assert all(len(one.times) <= ATTEMPTS_MAX for one in state.attempts.values())
        assert set(state.departed) <= set(state.directory.holders)
        assert set(state.usage) <= set(state.directory.holders)
        assert not set(state.departed) & set(state.presence)

    def teardown(self) -> None:
        """The journal, read back from its JSON, gives the same facts and the same state."""
        site, state = FABLAB, State()
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


TestPlaceMachine = PlaceMachine.TestCase
TestPlaceMachine.settings = settings(
    max_examples=examples(200), stateful_step_count=50, deadline=None
)
