"""One batch: passes messages and events to the engine, and collects what to store and send.

The committed state never changes while a batch is processed: the batch has its own copy, which
replaces the committed state when it is on disk, or is dropped.
"""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Final

from msgspec import Struct, field, structs
from paho.mqtt.client import MQTTMessage

from gateway.adapters.journal.rows import (
    DeadLetter,
    EventRow,
    decision_row,
    encoded_row,
    event_row,
    letter_row,
    minute_row,
)
from gateway.adapters.journal.writer import Batch
from gateway.core.access.offline_decisions import WAITS, open_question
from gateway.core.access.wiring import NOT_WIRED, refusal
from gateway.core.engine import Bug, step
from gateway.core.events import (
    BookingsChanged,
    ConditionReported,
    DecidedMeanwhile,
    DirectoryChanged,
    Event,
    Misunderstood,
    Reported,
    SpaceChanged,
)
from gateway.core.facts import Decided, DuplicateDropped, Fact, NotWired, OccupancyMinute
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented, Firmware, WireError
from gateway.core.sequence import NotAdmitted
from gateway.core.state import State
from gateway.service.counters import Counted
from gateway.service.decoder import Intake, SiteEvent, dead_letter, misunderstood
from gateway.service.double_reads import DoubleReads, misread_at
from gateway.service.messages import MessageFactory
from gateway.service.open_questions import Key, OpenQuestion, OpenQuestions
from gateway.wire.message import Outgoing
from gateway.wire.requests import RequestError


class Wire(Struct, frozen=True, eq=False):
    """The decoder and the message factory for the devices of one space file."""

    intake: Intake
    announcer: MessageFactory


_CHANGES: Final[dict[type[Event], str]] = {
    DirectoryChanged: "members",
    BookingsChanged: "bookings",
    SpaceChanged: "space",
}
"""The object of an alarm about a change that met a bug."""


class EngineFaultError(Exception):
    """The engine has a bug with a change (members, bookings, space file): it is not in force."""


class PendingEvent(Struct, eq=False):
    """An event that is not a message (members, space file, bookings); `done` once it is on disk."""

    site: SiteId
    event: Event
    done: asyncio.Future[tuple[Fact, ...]]
    wire: Wire | None = None
    """The wire to use from this event on."""

    def tell(self, outcome: EventRow | EngineFaultError) -> None:
        """Pass the outcome to the waiting caller."""
        if self.done.done():
            return
        if isinstance(outcome, EngineFaultError):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome.facts)


class Committed(Struct):
    """The state that is on disk and in force; `n` is the journal's last number."""

    n: int
    sites: dict[SiteId, Site]
    states: dict[SiteId, State]
    wire: Wire
    repeats: DoubleReads = field(default_factory=DoubleReads)
    questions: OpenQuestions = field(default_factory=OpenQuestions)

    def turnover(self, now: datetime, monotonic: float = 0.0) -> "BatchBuilder":
        """Return a new batch that starts from this state."""
        sites, states = dict(self.sites), dict(self.states)
        return BatchBuilder(
            now, self.n, sites, states, self.wire, self.repeats, self.questions, monotonic
        )

    def take_over(self, turnover: "BatchBuilder") -> None:
        """Adopt the state of a batch that is on disk."""
        self.n += len(turnover.batch.events)
        self.sites, self.states, self.wire = turnover.sites, turnover.states, turnover.wire
        self.questions.add(turnover.asked)


class BatchBuilder(Struct):
    """Processes the messages and events of a batch; `n` is the journal's last number before it."""

    now: datetime
    n: int
    sites: dict[SiteId, Site]
    states: dict[SiteId, State]
    wire: Wire
    repeats: DoubleReads
    questions: OpenQuestions
    monotonic: float = 0.0
    asked: dict[Key, OpenQuestion] = field(default_factory=dict)
    """Access requests of this batch."""
    void: set[int] = field(default_factory=set)
    """Rows whose answers no reader waits for any more."""
    batch: Batch = field(default_factory=Batch)
    heard: dict[tuple[SiteId, DeviceId, int], None] = field(default_factory=dict)
    """Boots of devices to acknowledge, in order."""
    duplicates: Counted = field(default_factory=Counter)
    ghosts: Counted = field(default_factory=Counter)
    news: list[tuple[PendingEvent, EventRow | EngineFaultError]] = field(default_factory=list)
    """Events beside the messages that this batch applies, each with its row."""
    noted: int = 0
    """The number of the service's own events in this batch."""
    bugs: list[Bug] = field(default_factory=list)
    """Bugs that raised an exception; each affects only its own message."""
    letters: list[DeadLetter] = field(default_factory=list)
    """Messages that could not be decoded."""
    refusals: list[Outgoing] = field(default_factory=list)
    """Responses to requests that could not be decoded."""
    minute_is_over: bool = False
    renewed: dict[SiteId, Site | None] = field(default_factory=dict)
    """Sites with a new space file, each with its previous definition."""

    def take_in(
        self,
        message: MQTTMessage,
        received: datetime,
        *,
        live: bool = False,
        kept: bool = False,
    ) -> None:
        """Pass one message's events through the engine, or make it a dead letter. Never raises.

        `live` and `kept` are explained at `Reported`, for late badges.
        """
        try:
            self._take_in(message, received, live=live, kept=kept)
        except Exception as error:  # noqa: BLE001 - the batch's other messages go on
            self.bugs.append(Bug("intake", error))

    def _take_in(self, message: MQTTMessage, received: datetime, *, live: bool, kept: bool) -> None:
        try:
            told_all = self.wire.intake.events(
                message, received, self._enrols, live=live, kept=kept
            )
        except WireError as error:
            if not self._is_sent_again(message, error):
                self._bury(message, error)
                self._alarm_of_wiring(error)
            return
        except Exception as error:  # noqa: BLE001 - a driver's bug
            self._quarantine_message(message, error)
            return
        for told in told_all:
            try:
                self._hear(message, told)
            except NotAdmitted as error:
                self._refuse_number(message, told, error)
            except Exception as error:  # noqa: BLE001 - an event's bug
                self._quarantine(message, told, error)

    def change(self, news: PendingEvent) -> None:
        """Apply a change. Never raises: a waiting caller receives the error."""
        try:
            row = self.step(news.site, news.event)
            assert row is not None  # noqa: S101 - only messages are duplicates
        except Exception as error:  # noqa: BLE001 - the messages of the batch go on
            where = _CHANGES.get(type(news.event), "engine")
            self.bugs.append(Bug(where, error))
            self.news.append((news, EngineFaultError(f"a bug in {where}: it is not in force")))
            self.step(news.site, ConditionReported("engine-fault", where, active=True))
            return
        self.wire = news.wire or self.wire
        self.news.append((news, row))

    def step(self, site_id: SiteId, event: Event) -> EventRow | None:
        """Pass one event through the engine into the batch; return None if it is a duplicate.

        Raises:
            NotAdmitted: its sequence number cannot be checked.
            Exception: a bug; the batch is unchanged.
        """
        after = step(self.sites[site_id], self.states[site_id], event, self.now)
        numbered = isinstance(event, Reported | Misunderstood) and event.boot is not None
        if len(after.facts) == 1 and isinstance(after.facts[0], DuplicateDropped):
            self.duplicates[site_id, after.facts[0].device] += 1
            self._note_number(site_id, event, numbered=numbered)
            return None
        n = self.n + len(self.batch.events) + 1
        row = event_row(n, site_id, event, after.facts, self.now)
        encoded = encoded_row(row)
        decisions = [decision_row(row, fact) for fact in after.facts if isinstance(fact, Decided)]
        minutes = [
            minute_row(site_id, fact) for fact in after.facts if isinstance(fact, OccupancyMinute)
        ]
        # Nothing below raises: the batch contains all of an event, or nothing.
        self.batch.events.append(row)
        self.batch.encoded.append(encoded)
        self.batch.decisions += decisions
        self.batch.minutes += minutes
        self.bugs += after.bugs
        self.states[site_id] = after.state
        self._note_number(site_id, event, numbered=numbered)
        if isinstance(event, SpaceChanged):
            self.renewed[site_id] = self.sites[site_id]
            self.sites[site_id] = event.site
        return row

    def _note_number(self, site_id: SiteId, event: Event, *, numbered: bool) -> None:
        """Note that the event is to be acknowledged to its device once it is on disk."""
        if numbered and isinstance(event, Reported | Misunderstood) and event.boot is not None:
            self.heard[site_id, event.device, event.boot] = None

    def _hear(self, message: MQTTMessage, told: SiteEvent) -> None:
        if self._knows(told) or self._is_decided_meanwhile(told):
            return
        row = self.step(told.site, told.event)
        if row is None or not isinstance(told.event, Reported):
            return
        if any(isinstance(fact, NotWired) for fact in row.facts):
            self._bury(message, WireError(NOT_WIRED, self._why_not_wired(told)))
        key = _asks(told.site, told.event)
        if key is not None:
            self.asked[key] = OpenQuestion(row.n, message.timestamp)
        if self.repeats.again(told.site, told.event):
            self.ghosts[told.site, told.event.device] += 1

    def _why_not_wired(self, told: SiteEvent) -> str:
        """Return a text that explains why the device is not wired for this event."""
        site, event = self.sites[told.site], told.event
        assert isinstance(event, Reported)  # noqa: S101 - only these report
        return refusal(site, site.device[event.device], event.reading) or ""

    def _alarm_of_wiring(self, error: WireError) -> None:
        """Raise the wiring alarm if a driver refused a badge from a device without a reader."""
        origin = error.origin
        if error.reason != NOT_WIRED or origin is None:
            return
        if (NOT_WIRED, origin.device) not in self.states[origin.site].alarms:
            self.step(origin.site, ConditionReported(NOT_WIRED, origin.device, active=True))

    def _is_decided_meanwhile(self, told: SiteEvent) -> bool:
        """Process a reader's own decision on an event it had asked us about; True: it was one."""
        event = told.event
        if not isinstance(event, Reported) or not isinstance(event.reading, CredentialPresented):
            return False
        if event.reading.decided is None or event.boot is None or event.seq is None:
            return False
        number = (event.boot, event.seq)
        state = self.states[told.site]
        if open_question(state, event.device, number, event.at, event.reading) is None:
            return False
        key = (told.site, event.device, *number)
        question = self.asked.get(key) or self.questions.get(key)
        unanswered = False
        if question is not None:
            self.void.add(question.n)
            waited_s = self.questions.waited_s(question, self.monotonic)
            unanswered = waited_s >= WAITS.total_seconds()
        meanwhile = DecidedMeanwhile(event.device, event.at, event.reading, number, unanswered)
        self.step(told.site, meanwhile)
        self._note_number(told.site, event, numbered=True)
        return True

    def _quarantine(self, message: MQTTMessage, told: SiteEvent, error: Exception) -> None:
        """Handle an event that raised: answer a badge; of other events admit the number only."""
        event = told.event
        where = event.device if isinstance(event, Reported | Misunderstood) else "requests"
        self.bugs.append(Bug(where, error))
        is_badge = isinstance(event, Reported) and isinstance(event.reading, CredentialPresented)
        try:
            if isinstance(event, Reported | Misunderstood):
                self.step(told.site, structs.replace(event, quarantined=True))
            else:
                self.step(told.site, ConditionReported("engine-fault", where, active=True))
        except Exception as again:  # noqa: BLE001 - what is left is the dead letter
            self.bugs.append(Bug(where, again))
            is_badge = False
        if not is_badge:
            self._bury(message, WireError("engine-fault", type(error).__name__))

    def _quarantine_message(self, message: MQTTMessage, error: Exception) -> None:
        """Handle a message on which its driver raised."""
        self._bury(message, WireError("engine-fault", type(error).__name__))
        source = self.wire.intake.source(message.topic)
        self.bugs.append(Bug(source[1] if source else "intake", error))
        if source is not None and source[0] in self.sites:
            self.step(source[0], ConditionReported("engine-fault", source[1], active=True))

    def _refuse_number(self, message: MQTTMessage, told: SiteEvent, error: NotAdmitted) -> None:
        """Make an event that cannot be told from a duplicate a dead letter, and raise an alarm."""
        self._bury(message, WireError("not-admitted", str(error)))
        assert isinstance(told.event, Reported | Misunderstood)  # noqa: S101 - only these have numbers
        self.step(told.site, ConditionReported("numbering-refused", told.event.device, active=True))

    def _enrols(self, site: SiteId, device: DeviceId) -> bool:
        """Return whether a reader waits for a badge to enrol."""
        return device in self.states[site].enrolments

    def _knows(self, told: SiteEvent) -> bool:
        """Return whether a firmware report is already known: some devices send it every time."""
        if not isinstance(told.event, Reported) or not isinstance(told.event.reading, Firmware):
            return False
        state = self.states[told.site].devices.get(told.event.device)
        return state is not None and state.firmware == told.event.reading

    def _is_sent_again(self, message: MQTTMessage, error: WireError) -> bool:
        """Admit an undecodable event's number, so that it is acknowledged; True: a duplicate."""
        numbered = misunderstood(message, error)
        if numbered is None:
            return False
        try:
            return self.step(numbered.site, numbered.event) is None
        except NotAdmitted:
            return False
        except Exception as bug:  # noqa: BLE001 - the letter is kept all the same
            self.bugs.append(Bug("numbering", bug))
            return False

    def _bury(self, message: MQTTMessage, error: WireError) -> None:
        """Add a message to the dead letters; refuse it if it was a request."""
        letter = dead_letter(message, error, self.now)
        self.letters.append(letter)
        self.batch.letters.append(letter_row(letter))
        refusal = self.wire.announcer.refusal(error) if isinstance(error, RequestError) else None
        if refusal is not None:
            self.refusals.append(refusal)
        reader = misread_at(error)
        if reader is not None:
            self.ghosts[reader] += 1


def _asks(site: SiteId, event: Reported) -> Key | None:
    """Return the key of a badge event that requests access; None: it does not, or has no number."""
    reading = event.reading
    if event.boot is None or event.seq is None or not isinstance(reading, CredentialPresented):
        return None
    return (site, event.device, event.boot, event.seq) if reading.decided is None else None
