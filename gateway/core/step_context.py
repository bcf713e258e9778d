"""The mutable context of one engine step: the parts of the next state, and the facts emitted.

The engine opens a context on a frozen state, its chapters (doors, presence, occupancy, devices)
change its parts, and `finish` freezes them into the next state. No other code uses a context.
"""

from datetime import datetime

from gateway.core.facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmKind,
    AlarmOver,
    AlarmRaised,
    Fact,
    HolderMoved,
)
from gateway.core.model.directory import HolderId
from gateway.core.model.names import MachineId, ZoneId
from gateway.core.model.site import Site
from gateway.core.state import Acknowledgement, State, ahead_s_of


class StepContext:
    """The mutable inside of one pure step."""

    __slots__ = (
        "acknowledged",
        "alarms",
        "answered",
        "attempts",
        "away",
        "bookings",
        "counters",
        "cut_off",
        "days",
        "departed",
        "devices",
        "directory",
        "doors",
        "enrolments",
        "estimate",
        "facts",
        "machines",
        "mode",
        "moves",
        "muster",
        "mustering",
        "now",
        "opened",
        "out_of_service",
        "over",
        "past",
        "powered",
        "powers",
        "presence",
        "quarantined",
        "site",
        "stirred",
        "touched",
        "usage",
        "visits",
        "wake_at",
        "zones",
    )

    def __init__(self, site: Site, state: State, now: datetime) -> None:
        self.site = site
        self.now = now
        self.facts: list[Fact] = []
        self.touched: dict[ZoneId, None] = {}
        """Zones whose count changed in this step, in order: each is announced once."""
        self.mustering: dict[ZoneId, None] = {}
        """Zones whose muster changed in this step: each is announced once."""
        self.powered: dict[MachineId, None] = {}
        """Machines whose power, work or user changed in this step: each is told once."""
        self.moves: list[HolderMoved] = []
        """The holders who changed zones in this step, for chapters that check them at its end."""
        self.stirred = False
        """A holder moved, or rights changed: running machines are checked again."""
        self.directory = state.directory
        self.presence = state.presence
        self.departed = state.departed
        self.zones = state.zones
        self.doors = state.doors
        self.devices = state.devices
        self.counters = state.counters
        self.alarms = state.alarms
        self.acknowledged = state.acknowledged
        self.over = state.over
        self.mode = state.mode
        self.machines = state.machines
        self.powers = state.powers
        self.bookings = state.bookings
        self.usage = state.usage
        self.days = state.days
        self.visits = state.visits
        self.estimate = state.estimate
        self.opened = state.opened
        self.attempts = state.attempts
        self.out_of_service = state.out_of_service
        self.muster = state.muster
        self.enrolments = state.enrolments
        self.cut_off = state.cut_off
        self.away = state.away
        self.past = state.past
        self.answered = state.answered
        self.quarantined = state.quarantined
        self.wake_at = state.wake_at

    def emit(self, fact: Fact) -> None:
        """Keep a fact for the journal."""
        self.facts.append(fact)

    def wake(self, at: datetime) -> None:
        """Have the engine called again at `at`, or before."""
        self.wake_at = min(self.wake_at, at)

    def raise_alarm(self, kind: AlarmKind, about: str) -> None:
        """Raise an alarm, once until it is cleared; again if its cause had been over meanwhile."""
        again = (kind, about) in self.over
        if again:
            self.over = self.over.delete((kind, about))
        if again or (kind, about) not in self.alarms:
            self.alarms = self.alarms.set((kind, about), self.now)
            ahead_s = ahead_s_of(self.devices, kind, about)
            self.emit(AlarmRaised(kind=kind, object=about, at=self.now, ahead_s=ahead_s))

    def alarm_over(self, kind: AlarmKind, about: str) -> None:
        """End an alarm that has to be acknowledged: until somebody does, it stays listed."""
        if (kind, about) not in self.alarms or (kind, about) in self.over:
            return
        if (kind, about) in self.acknowledged:
            self.clear_alarm(kind, about)
            return
        self.over = self.over.set((kind, about), self.now)
        self.emit(AlarmOver(kind, about, self.alarms[kind, about], self.now))

    def clear_alarm(self, kind: AlarmKind, about: str) -> None:
        """Clear an alarm, once."""
        if (kind, about) in self.alarms:
            if (kind, about) in self.over:
                self.over = self.over.delete((kind, about))
            self.alarms = self.alarms.delete((kind, about))
            if (kind, about) in self.acknowledged:
                self.acknowledged = self.acknowledged.delete((kind, about))
            self.emit(AlarmCleared(kind=kind, object=about, at=self.now))

    def acknowledge_alarm(self, kind: AlarmKind, about: str, by: HolderId, why: str) -> None:
        """Acknowledge an active alarm; the first operator who did so stays recorded."""
        if (kind, about) in self.acknowledged:
            return
        acknowledged = Acknowledgement(at=self.now, by=by)
        self.acknowledged = self.acknowledged.set((kind, about), acknowledged)
        raised = self.alarms[kind, about]
        ahead_s = ahead_s_of(self.devices, kind, about)
        self.emit(AlarmAcknowledged(kind, about, raised, self.now, by, why, ahead_s))

    def finish(self) -> State:
        """Return the current state: the next one, or an intermediate one for a rule."""
        return State(
            directory=self.directory,
            presence=self.presence,
            departed=self.departed,
            zones=self.zones,
            doors=self.doors,
            devices=self.devices,
            counters=self.counters,
            alarms=self.alarms,
            acknowledged=self.acknowledged,
            over=self.over,
            mode=self.mode,
            machines=self.machines,
            powers=self.powers,
            bookings=self.bookings,
            usage=self.usage,
            days=self.days,
            visits=self.visits,
            estimate=self.estimate,
            opened=self.opened,
            attempts=self.attempts,
            out_of_service=self.out_of_service,
            muster=self.muster,
            enrolments=self.enrolments,
            cut_off=self.cut_off,
            away=self.away,
            past=self.past,
            answered=self.answered,
            quarantined=self.quarantined,
            wake_at=self.wake_at,
        )
