"""One step in the making: the parts of the next state, and what was said so far.

The engine opens a turn on a frozen state, its chapters (doors, presence, occupancy, devices) change
the turn's parts, and `finish` freezes them into the next state. Nothing outside sees a turn.
"""

from datetime import datetime

from msgspec import structs

from gateway.core.facts import AlarmCleared, AlarmKind, AlarmRaised, Fact
from gateway.core.site import Site, ZoneId
from gateway.core.state import State


class Turn:
    """The mutable inside of one pure step."""

    __slots__ = (
        "_state",
        "alarms",
        "counters",
        "devices",
        "directory",
        "doors",
        "facts",
        "now",
        "presence",
        "site",
        "touched",
        "wake_at",
        "zones",
    )

    def __init__(self, site: Site, state: State, now: datetime) -> None:
        self.site = site
        self.now = now
        self.facts: list[Fact] = []
        self.touched: dict[ZoneId, None] = {}
        """Zones whose count changed in this step, in order: each is announced once."""
        self._state = state
        self.directory = state.directory
        self.presence = state.presence
        self.zones = state.zones
        self.doors = state.doors
        self.devices = state.devices
        self.counters = state.counters
        self.alarms = state.alarms
        self.wake_at = state.wake_at

    def say(self, fact: Fact) -> None:
        """Keep a fact for the journal."""
        self.facts.append(fact)

    def wake(self, at: datetime) -> None:
        """Have the engine called again at `at`, or before."""
        self.wake_at = min(self.wake_at, at)

    def raise_alarm(self, kind: AlarmKind, about: str) -> None:
        """Something is wrong; said once until it is cleared."""
        if (kind, about) not in self.alarms:
            self.alarms = self.alarms.set((kind, about), self.now)
            self.say(AlarmRaised(kind=kind, object=about, at=self.now))

    def clear_alarm(self, kind: AlarmKind, about: str) -> None:
        """It is over; said once."""
        if (kind, about) in self.alarms:
            self.alarms = self.alarms.delete((kind, about))
            self.say(AlarmCleared(kind=kind, object=about, at=self.now))

    def finish(self) -> State:
        """The next state."""
        return structs.replace(
            self._state,
            directory=self.directory,
            presence=self.presence,
            zones=self.zones,
            doors=self.doors,
            devices=self.devices,
            counters=self.counters,
            alarms=self.alarms,
            wake_at=self.wake_at,
        )
