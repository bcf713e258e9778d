"""The mutable context of one engine step: the parts of the next state, and the facts emitted.

The engine opens a context on a frozen state, its chapters (doors, presence, occupancy, devices)
change its parts, and `finish` freezes them into the next state. No other code uses a context.
"""

from datetime import datetime
from typing import Final

from msgspec import field, structs

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
from gateway.core.state import Acknowledgement, State, StateParts, ahead_s_of

_PARTS: Final = len(StateParts.__struct_fields__)


class StepContext(StateParts, kw_only=True):
    """The mutable inside of one pure step: the parts of the state, and what the step emits."""

    site: Site
    now: datetime
    facts: list[Fact] = field(default_factory=list)
    touched: dict[ZoneId, None] = field(default_factory=dict)
    """Zones whose count changed in this step, in order: each is announced once."""
    mustering: dict[ZoneId, None] = field(default_factory=dict)
    """Zones whose muster changed in this step: each is announced once."""
    moves: list[HolderMoved] = field(default_factory=list)
    """The holders who changed zones in this step, for chapters that check them at its end."""
    powered: dict[MachineId, None] = field(default_factory=dict)
    """Machines whose power, work or user changed in this step: each is told once."""
    stirred: bool = False
    """A holder moved, or rights changed: running machines are checked again."""

    @classmethod
    def open(cls, site: Site, state: State, now: datetime) -> "StepContext":
        """Return a context on this state."""
        return cls(*structs.astuple(state), site=site, now=now)

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
        return State(*structs.astuple(self)[:_PARTS])
