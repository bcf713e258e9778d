"""One batch between the engine and the world: what to store, then what to send.

What is committed is never changed while a batch is decided: the batch holds its own, and is taken
over whole when it is on disk, or forgotten.
"""

import asyncio
from collections import Counter
from datetime import datetime

from msgspec import Struct, field
from paho.mqtt.client import MQTTMessage

from gateway.adapters.journal_rows import (
    DeadLetter,
    decision_row,
    event_row,
    letter_row,
    minute_row,
)
from gateway.adapters.journal_writer import Batch
from gateway.announce import Announcer
from gateway.core.engine import step
from gateway.core.events import Event, Misunderstood, Reported, SpaceChanged
from gateway.core.facts import Decided, DuplicateDropped, Fact, OccupancyMinute
from gateway.core.names import DeviceId, SiteId
from gateway.core.readings import Firmware, WireError
from gateway.core.sequence import NotAdmitted
from gateway.core.site import Site
from gateway.core.state import State
from gateway.ghosts import Repeats, misread_at
from gateway.intake import Intake, SiteEvent, dead_letter, misunderstood
from gateway.minute import Counted
from gateway.request_wire import RequestError
from gateway.wire.outgoing import Outgoing


class Wire(Struct, frozen=True, eq=False):
    """Reads messages and writes them, by the devices of one space file."""

    intake: Intake
    announcer: Announcer


class News(Struct, eq=False):
    """Something that is no message (members, a space file, bookings); `done` when it is on disk."""

    site: SiteId
    event: Event
    done: asyncio.Future[tuple[Fact, ...]]
    wire: Wire | None = None
    """How messages are read and written from this news on."""


class Committed(Struct):
    """What is on disk, and in force; `n` is the journal's last number."""

    n: int
    sites: dict[SiteId, Site]
    states: dict[SiteId, State]
    wire: Wire
    repeats: Repeats = field(default_factory=Repeats)

    def turnover(self, now: datetime) -> "Turnover":
        """A batch that begins here."""
        return Turnover(now, self.n, dict(self.sites), dict(self.states), self.wire, self.repeats)

    def take_over(self, turnover: "Turnover") -> None:
        """A batch is on disk."""
        self.n += len(turnover.batch.events)
        self.sites, self.states, self.wire = turnover.sites, turnover.states, turnover.wire


class Turnover(Struct):
    """Takes messages and events in; `n` is the journal's last number before it."""

    now: datetime
    n: int
    sites: dict[SiteId, Site]
    states: dict[SiteId, State]
    wire: Wire
    repeats: Repeats
    batch: Batch = field(default_factory=Batch)
    heard: dict[tuple[SiteId, DeviceId, int], None] = field(default_factory=dict)
    """Devices' boots to acknowledge, in order."""
    duplicates: Counted = field(default_factory=Counter)
    ghosts: Counted = field(default_factory=Counter)
    news: list[News] = field(default_factory=list)
    """What this batch takes into force beside the messages."""
    letters: list[DeadLetter] = field(default_factory=list)
    """What nobody could read."""
    refusals: list[Outgoing] = field(default_factory=list)
    """Answers to requests that nobody could read."""
    minute_is_over: bool = False
    renewed: dict[SiteId, Site | None] = field(default_factory=dict)
    """Sites with a new space file, each as it was before."""

    def take_in(self, message: MQTTMessage) -> None:
        """One message: its events through the engine, or a dead letter."""
        try:
            for told in self.wire.intake.events(message, self.now, self._enrols):
                if self._knows(told) or not self.step(told.site, told.event):
                    continue
                if isinstance(told.event, Reported) and self.repeats.again(told.site, told.event):
                    self.ghosts[told.site, told.event.device] += 1
        except WireError as error:
            if not self._is_sent_again(message, error):
                self._bury(message, error)
        except NotAdmitted as error:
            self._bury(message, WireError("not-admitted", str(error)))

    def step(self, site_id: SiteId, event: Event) -> bool:
        """One event through the engine, into the batch; False: it is a duplicate."""
        after = step(self.sites[site_id], self.states[site_id], event, self.now)
        if isinstance(event, Reported | Misunderstood) and event.boot is not None:
            self.heard[site_id, event.device, event.boot] = None
        if len(after.facts) == 1 and isinstance(after.facts[0], DuplicateDropped):
            self.duplicates[site_id, after.facts[0].device] += 1
            return False
        self.states[site_id] = after.state
        if isinstance(event, SpaceChanged):
            self.renewed[site_id] = self.sites[site_id]
            self.sites[site_id] = event.site
        n = self.n + len(self.batch.events) + 1
        row = event_row(n, site_id, event, after.facts, self.now)
        self.batch.events.append(row)
        for fact in after.facts:
            if isinstance(fact, Decided):
                self.batch.decisions.append(decision_row(row, fact))
            elif isinstance(fact, OccupancyMinute):
                self.batch.minutes.append(minute_row(site_id, fact))
        return True

    def _enrols(self, site: SiteId, device: DeviceId) -> bool:
        """Whether a reader waits for a badge to enrol."""
        return device in self.states[site].enrolments

    def _knows(self, told: SiteEvent) -> bool:
        """Whether a firmware is the one that is known: makers tell it with every message."""
        if not isinstance(told.event, Reported) or not isinstance(told.event.reading, Firmware):
            return False
        state = self.states[told.site].devices.get(told.event.device)
        return state is not None and state.firmware == told.event.reading

    def _is_sent_again(self, message: MQTTMessage, error: WireError) -> bool:
        """Take the number of garbage in, so that its device may forget it; True: we had it."""
        numbered = misunderstood(message, error)
        if numbered is None:
            return False
        try:
            return not self.step(numbered.site, numbered.event)
        except NotAdmitted:
            return False

    def _bury(self, message: MQTTMessage, error: WireError) -> None:
        """To the dead letters; who asked for something is told."""
        letter = dead_letter(message, error, self.now)
        self.letters.append(letter)
        self.batch.letters.append(letter_row(letter))
        refusal = self.wire.announcer.refusal(error) if isinstance(error, RequestError) else None
        if refusal is not None:
            self.refusals.append(refusal)
        reader = misread_at(error)
        if reader is not None:
            self.ghosts[reader] += 1
