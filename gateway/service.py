"""The one path, readable top to bottom.

    broker -> inbox -> decode -> engine -> journal -> publish -> ack
                                              |
                                           outbox -> InfluxDB

Everything that waits is taken as one batch; the engine decides; one transaction stores the events,
the decisions and what follows; only then do orders leave, and only then is anything acknowledged.
While a batch commits, the next one gathers. One task owns all states, so there are no locks.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field
from paho.mqtt.client import MQTTMessage

from gateway.adapters.journal import Batch, Journal, JournalError
from gateway.adapters.journal_rows import EventRow, decision_row, event_row, letter_row, minute_row
from gateway.adapters.mqtt import Session
from gateway.announce import Announcer
from gateway.backoff import full_jitter_s
from gateway.clock import Clock, ForwardClock
from gateway.core.engine import step
from gateway.core.events import (
    Event,
    Misunderstood,
    Reported,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import (
    Decided,
    DuplicateDropped,
    Fact,
    OccupancyMinute,
    RequestAnswered,
    UnlockDoor,
)
from gateway.core.readings import Firmware, WireError
from gateway.core.sequence import NotAdmitted, acknowledged
from gateway.core.site import DeviceId, Site, SiteId
from gateway.core.state import State
from gateway.ghosts import Repeats, misread_at
from gateway.handover import Handover
from gateway.inbox import Arrived, Inbox
from gateway.intake import Intake, SiteEvent, dead_letter, misunderstood
from gateway.minute import MINUTE, Counted, Minute
from gateway.recovery import Recovered
from gateway.request_wire import RequestError
from gateway.snapshots import Snapshots
from gateway.wire import Ack, Outgoing, Topics, encode

log = logging.getLogger(__name__)

SETTLE: Final = timedelta(seconds=1)
"""How long the news of a handed-over answer may wait to be journaled."""
FULL_S: Final = 0.05
"""How long to wait for the broker while it has not taken over what it was given, in s."""
SPREAD: Final = timedelta(milliseconds=50)
"""Under load, how long an ack or a state may wait for its successor."""
MANY: Final = 4
"""Messages from which it pays to cork the socket."""
LETTERS_LOGGED: Final = 256
"""Topics whose last logged dead letter is remembered, for one line a topic a minute."""


class News(Struct, eq=False):
    """Something that is no message (members, a space file, bookings); `done` when it is on disk."""

    site: SiteId
    event: Event
    done: asyncio.Future[tuple[Fact, ...]]
    wire: "Wire | None" = None
    """How messages are read and written from this news on."""


class Wire(Struct, frozen=True, eq=False):
    """Reads messages and writes them, by the devices of one space file."""

    intake: Intake
    announcer: Announcer


class Turnover(Struct):
    """One batch between the engine and the world: what to store, then what to send."""

    now: datetime
    sites: dict[SiteId, Site]
    states: dict[SiteId, State]
    wire: Wire
    batch: Batch = field(default_factory=Batch)
    heard: dict[tuple[SiteId, DeviceId, int], None] = field(default_factory=dict)
    """Devices' boots to acknowledge, in order."""
    duplicates: Counted = field(default_factory=Counter)
    ghosts: Counted = field(default_factory=Counter)
    news: list[News] = field(default_factory=list)
    """What this batch takes into force beside the messages."""
    refusals: list[Outgoing] = field(default_factory=list)
    """Answers to requests that nobody could read."""
    minute_is_over: bool = False
    renewed: dict[SiteId, Site | None] = field(default_factory=dict)
    """Sites with a new space file, each as it was before."""

    def enrols(self, site: SiteId, device: DeviceId) -> bool:
        """Whether a reader waits for a badge to enrol."""
        return device in self.states[site].enrolments

    def knows(self, told: SiteEvent) -> bool:
        """Whether a firmware is the one that is known: makers tell it with every message."""
        if not isinstance(told.event, Reported) or not isinstance(told.event.reading, Firmware):
            return False
        state = self.states[told.site].devices.get(told.event.device)
        return state is not None and state.firmware == told.event.reading


class Service:
    """Owns the sites' states, and carries everything in and out of the engine.

    Everything that it waits for is an argument: the clock, the journal, the sessions, the outlets.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        *,
        recovered: Recovered,
        journal: Journal,
        intake: Intake,
        announcer: Announcer,
        topics: Topics,
        clock: Clock,
        instance: str,
        backlog: Callable[[], int] = lambda: 0,
    ) -> None:
        self.sites = {site.id: site for site in sites}
        self.states = {site.id: recovered.sites[site.id].state for site in sites}
        self.inbox = Inbox()
        self.healthy = True
        self.tell_health: Callable[[], object] = lambda: None
        """Called when our health has changed, or somebody new may hear of it."""
        self.heard: Callable[[EventRow], object] = lambda _row: None
        """Called with each row that is on disk, for who counts; it must be quick."""
        self.turns = 0
        """Turns of the path since the start: they stand still in a wedged gateway, and no other."""
        self._recovered = recovered
        self._journal = journal
        self._wire = Wire(intake, announcer)
        self._removed: dict[str, Outgoing] = {}
        """Retained messages, emptied, of what no space file has any more."""
        self._topics = topics
        self._clock = ForwardClock(clock, recovered.last_received)
        self._instance = instance
        self._backlog = backlog
        self._sessions: tuple[Session, ...] = ()
        self._handover = Handover(self._publish_order)
        self._last_now = self._clock.now()
        self._minute = Minute(instance, self._last_now)
        self._settled_at = self._spread_at = self._last_now
        self._unacknowledged: dict[tuple[SiteId, DeviceId, int], None] = {}
        """Devices' boots of which more is on disk than they know, in order."""
        self._news: dict[str, Outgoing] = {}
        """States that nobody was told yet, by topic."""
        self._n = journal.last_n
        self._snapshots = Snapshots(
            journal, sum(site.replayed for site in recovered.sites.values())
        )
        self._coming: list[News] = []
        self._told: dict[str, datetime] = {}
        self._repeats = Repeats()

    @property
    def dead_letters(self) -> int:
        """Since the start."""
        return self._minute.letters

    # -- what the sessions call ------------------------------------------------------------------

    def use(self, sessions: tuple[Session, ...]) -> None:
        """The sessions to acknowledge to, and to drop if the journal fails; the first publishes."""
        self._sessions = sessions

    def broker_is_up(self) -> None:
        """We are connected: say where we stand, and send the orders that are still fresh."""
        now = self._now()
        self._publish(
            Outgoing(self._topics.gateway_state(self._instance), b"online", 1, retain=True)
        )
        for message in self._removed.values():
            self._publish(message)
        for site_id, site in self.sites.items():
            for message in self._wire.announcer.everything(site, self.states[site_id], now):
                self._publish(message)
            for message in self._wire.announcer.machines.standing(
                site, self.states[site_id], self._n, now
            ):
                self._publish(message)
        self._handover.connected(now)
        self.tell_health()

    def broker_is_down(self, _why: str) -> None:
        """The credentials session is lost."""
        self._handover.connection_lost()

    def taken(self, mid: int) -> None:
        """The broker has taken over an order."""
        self._handover.taken(mid)

    # -- the path --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Process batches until cancelled; then store a last snapshot."""
        await self._begin()
        try:
            while True:
                self.turns += 1
                full = self._handover.is_full
                await (asyncio.sleep(FULL_S) if full else self.inbox.wait(self._idle_s()))
                arrived = [] if full else self.inbox.take()
                turnover = self._decide(arrived)
                if await self._stored(turnover):
                    self._send(turnover)
                    self._acknowledge(arrived)
                    if self._snapshots.is_due:
                        await self._snapshots.store(self._n, self.states)
        finally:
            await asyncio.shield(self._finish())

    async def tell(self, site: SiteId, event: Event) -> tuple[Fact, ...]:
        """Journal an event that is no message and take it into force; what followed from it.

        Returns when it is on disk: whatever is decided after that knows of it.
        """
        news = News(site, event, asyncio.get_running_loop().create_future())
        self._coming.append(news)
        self.inbox.nudge()
        return await news.done

    async def renew(
        self, sites: Sequence[Site], intake: Intake, announcer: Announcer
    ) -> list[SiteId]:
        """Take another space file into force, all sites that changed in one batch; their ids.

        Returns when it is on disk. What comes after them in that batch, and what waits in the
        inbox, is read and answered by the new devices, never by the old ones for a new site.
        """
        loop, wire = asyncio.get_running_loop(), Wire(intake, announcer)
        changed = [site for site in sites if self.sites[site.id] != site]
        news = [News(site.id, SpaceChanged(site), loop.create_future(), wire) for site in changed]
        self._coming += news
        self.inbox.nudge()
        await asyncio.gather(*(one.done for one in news))
        return [site.id for site in changed]

    def _decide(self, arrived: Sequence[Arrived]) -> Turnover:
        """The engine's answer to everything that waits. Nothing is changed yet."""
        turnover = Turnover(
            now=self._now(),
            sites=dict(self.sites),
            states=dict(self.states),
            wire=self._wire,
            news=[news for news in self._coming if not news.done.cancelled()],
        )
        for news in turnover.news:
            turnover.wire = news.wire or turnover.wire
            self._step(turnover, news.site, news.event)
        self._tick(turnover)
        for entry in arrived:
            self._take_in(turnover, entry.message)
        self._handover.expire(turnover.now)
        if self._news_is_due(turnover.now):
            turnover.batch.delivered, turnover.batch.undelivered = self._handover.settled()
        return turnover

    def _take_in(self, turnover: Turnover, message: MQTTMessage) -> None:
        """One message: its events through the engine, or a dead letter."""
        try:
            for told in turnover.wire.intake.events(message, turnover.now, turnover.enrols):
                if turnover.knows(told) or not self._step(turnover, told.site, told.event):
                    continue
                if isinstance(told.event, Reported) and self._repeats.again(told.site, told.event):
                    turnover.ghosts[told.site, told.event.device] += 1
        except WireError as error:
            if not self._is_sent_again(turnover, message, error):
                self._bury(turnover, message, error)
        except NotAdmitted as error:
            self._bury(turnover, message, WireError("not-admitted", str(error)))

    def _is_sent_again(self, turnover: Turnover, message: MQTTMessage, error: WireError) -> bool:
        """Take the number of garbage in, so that its device may forget it; True: we had it."""
        numbered = misunderstood(message, error)
        if numbered is None:
            return False
        try:
            return not self._step(turnover, numbered.site, numbered.event)
        except NotAdmitted:
            return False

    def _step(self, turnover: Turnover, site_id: SiteId, event: Event) -> bool:
        """One event through the engine, into the batch; False: it is a duplicate."""
        after = step(turnover.sites[site_id], turnover.states[site_id], event, turnover.now)
        if isinstance(event, Reported | Misunderstood) and event.boot is not None:
            turnover.heard[site_id, event.device, event.boot] = None
        if len(after.facts) == 1 and isinstance(after.facts[0], DuplicateDropped):
            turnover.duplicates[site_id, after.facts[0].device] += 1
            return False
        turnover.states[site_id] = after.state
        if isinstance(event, SpaceChanged):
            turnover.renewed[site_id] = turnover.sites[site_id]
            turnover.sites[site_id] = event.site
        n = self._n + len(turnover.batch.events) + 1
        row = event_row(n, site_id, event, after.facts, turnover.now)
        turnover.batch.events.append(row)
        for fact in after.facts:
            if isinstance(fact, Decided):
                turnover.batch.decisions.append(decision_row(row, fact))
            elif isinstance(fact, OccupancyMinute):
                turnover.batch.minutes.append(minute_row(site_id, fact))
        return True

    async def _stored(self, turnover: Turnover) -> bool:
        """Commit the batch; False: it is undone, and the broker will send it again."""
        batch = turnover.batch
        if batch:
            try:
                await self._journal.commit(batch)
            except JournalError as error:
                self._handover.unsettle(batch.delivered, batch.undelivered)
                await self._heal(error)
                return False
        self._n += len(batch.events)
        self._snapshots.passed(len(batch.events))
        self.sites, self.states, self._wire = turnover.sites, turnover.states, turnover.wire
        for site_id, before in turnover.renewed.items():
            removed = self._wire.announcer.removed(before, self.sites[site_id])
            self._removed |= {message.topic: message for message in removed}
        self._minute.add(turnover.duplicates, turnover.ghosts)
        self._settle(turnover)
        return True

    def _settle(self, turnover: Turnover) -> None:
        """Tell those who wait for their news; what came meanwhile stays for the next batch."""
        for news, row in zip(turnover.news, turnover.batch.events, strict=False):
            if not news.done.done():
                news.done.set_result(row.facts)
        self._coming = [news for news in self._coming if not news.done.done()]

    def _send(self, turnover: Turnover) -> None:
        """Orders first, and at once; then what everyone may know.

        By the clock of now: a slow disk may have made an order void since it was decided.
        """
        now = self._now()
        for row in turnover.batch.events:
            self._send_orders(row, now)
        self._flush(len(turnover.batch.events))
        for row in turnover.batch.events:
            self.heard(row)
            self._tell_decision(row, now)
            self._answer_request(row)
            self._news |= self._wire.announcer.states(row.site, row.facts)
            for hint in self._wire.announcer.hints(self.sites[row.site], row.facts):
                self._publish(hint)
        for refusal in turnover.refusals:
            self._publish(refusal)
        if turnover.minute_is_over:
            self._ask_for_stops_again(now)
        for site_id in turnover.renewed:
            self._tell_space(site_id, now)
        self._unacknowledged |= turnover.heard

    def _send_orders(self, row: EventRow, now: datetime) -> None:
        """The answer and the unlock orders of one row, followed until the broker has them."""
        orders = self._orders(row.site, row.n, row.facts, row.event)
        decided = _decided(row)
        if orders or (decided is not None and decided.expires is not None):
            self._handover.send(row.n, orders, now)
        for fact in row.facts:
            for message in self._wire.announcer.machines.because_of(row.site, row.n, fact, now):
                self._publish(message)

    def _tell_decision(self, row: EventRow, now: datetime) -> None:
        """The word of a decision, for everyone."""
        decided = _decided(row)
        if decided is not None and isinstance(row.event, Reported):
            self._minute.decisions += 1
            site, at = self.sites[row.site], row.event.at
            self._publish(self._wire.announcer.decision(site, row.n, decided, at, now))

    def _tell_space(self, site_id: SiteId, now: datetime) -> None:
        """Empty what a new space file has no more, and say everything that it has."""
        site, state = self.sites[site_id], self.states[site_id]
        everything = self._wire.announcer.everything(site, state, now)
        for message in everything:
            self._removed.pop(message.topic, None)
        for message in (*self._removed.values(), *everything):
            self._news.pop(message.topic, None)
            self._publish(message)

    def _answer_request(self, row: EventRow) -> None:
        """What became of a request, to who asked."""
        if row.kind != "request":
            return
        for fact in row.facts:
            if isinstance(fact, RequestAnswered):
                self._publish(self._wire.announcer.response(row.site, fact))

    def _ask_for_stops_again(self, now: datetime) -> None:
        """A reader may have been away when its machine was asked to stop."""
        for site_id, site in self.sites.items():
            state = self.states[site_id]
            for message in self._wire.announcer.machines.standing(
                site, state, self._n, now, only_stops=True
            ):
                self._publish(message)

    def _orders(self, site: SiteId, n: int, facts: Sequence[Fact], event: Event) -> list[Outgoing]:
        """The messages that a row orders, to readers and locks."""
        boot, seq = (event.boot, event.seq) if isinstance(event, Reported) else (None, None)
        return [
            message
            for fact in facts
            if isinstance(fact, Decided | UnlockDoor)
            for message in self._wire.announcer.orders(site, n, fact, boot, seq)
        ]

    def _acknowledge(self, arrived: Sequence[Arrived]) -> None:
        """To the broker: what it may forget. To the devices and everyone else: the latest of each.

        While more is waiting, the latter go 20 times a second at most: a newer one replaces them.
        """
        for entry in arrived:
            entry.acknowledge()
        if not self.inbox or self._last_now - self._spread_at >= SPREAD:
            self._spread()
        self._flush(len(arrived))

    def _spread(self) -> None:
        """Acks to devices, states to everyone."""
        self._spread_at = self._last_now
        for site_id, device, boot in self._unacknowledged:
            state = self.states[site_id].devices.get(device)
            seq = acknowledged(state, boot, self._last_now) if state else None
            if seq is not None:
                ack = Outgoing(self._topics.ack(site_id, device), encode(Ack(boot, seq)))
                self._publish(ack)
        for message in self._news.values():
            self._publish(message)
        self._unacknowledged, self._news = {}, {}

    # -- beside the path -------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Journal a space file that is new, and settle the answers of the run before."""
        turnover = Turnover(self._now(), dict(self.sites), dict(self.states), self._wire)
        self._minute.begin(turnover.now)
        for site_id, site in self.sites.items():
            before = self._recovered.sites[site_id].site
            if before != site:
                self._step(turnover, site_id, SpaceChanged(site))
                turnover.renewed[site_id] = before
        turnover.batch.undelivered = self._recovered.void
        while not await self._stored(turnover):
            log.info("trying to begin again")
        for stored in self._recovered.fresh:
            row = stored.row
            orders = self._orders(row.site, row.n, row.facts, stored.event)
            self._handover.send(row.n, orders, turnover.now)

    async def _finish(self) -> None:
        """Settle what is known of the answers, and make the next start short."""
        delivered, undelivered = self._handover.settled()
        try:
            await self._journal.commit(Batch(delivered=delivered, undelivered=undelivered))
        except JournalError as error:
            log.error("the last answers' fate could not be stored: %s", error)  # noqa: TRY400 - the text says it
            return
        await self._snapshots.store(self._n, self.states)

    def _tick(self, turnover: Turnover) -> None:
        """Let time pass where a timer is due; once a minute with what only we can count."""
        over = turnover.minute_is_over = self._minute.is_over(turnover.now)
        health = self._minute.health(self._backlog(), self._journal.commit_ms) if over else None
        for site_id, state in self.states.items():
            if over:
                self._step(turnover, site_id, self._minute.tick(site_id, health))
                health = None  # once, with the first site
            elif turnover.now >= state.wake_at:
                self._step(turnover, site_id, Tick())
        if over:
            self._minute.begin(turnover.now)

    def _bury(self, turnover: Turnover, message: MQTTMessage, error: WireError) -> None:
        """To the dead letters, counted, and logged once a topic a minute."""
        letter = dead_letter(message, error, turnover.now)
        turnover.batch.letters.append(letter_row(letter))
        refusal = self._wire.announcer.refusal(error) if isinstance(error, RequestError) else None
        if refusal is not None:
            turnover.refusals.append(refusal)
        reader = misread_at(error)
        if reader is not None:
            turnover.ghosts[reader] += 1
        self._minute.letters += 1
        told = self._told.get(letter.topic)
        if told is None or turnover.now - told >= MINUTE:
            if len(self._told) >= LETTERS_LOGGED:
                self._told.clear()
            self._told[letter.topic] = turnover.now
            log.warning("dead letter from %r: %s: %s", letter.topic, error.reason, error.detail)

    async def _heal(self, error: JournalError) -> None:
        """Nothing can be stored: leave the broker, so that it keeps all, until the disk is back."""
        self.healthy = False
        log.error("the journal cannot be written, nothing is acknowledged: %s", error)
        self.tell_health()
        self._flush(1)
        for session in self._sessions:
            session.drop("the journal cannot be written")
        self._handover.connection_lost()
        forgotten = self.inbox.clear()
        log.error("%d waiting messages are left to the broker", forgotten)
        attempt = 0
        while not self.healthy:
            await asyncio.sleep(full_jitter_s(attempt))
            attempt += 1
            try:
                await self._journal.heal()
            except JournalError as again:
                log.error("the journal still cannot be written: %s", again)  # noqa: TRY400 - the text says it
            else:
                self.healthy = True
        log.info("the journal can be written again")
        for session in self._sessions:
            session.allow()

    def _news_is_due(self, now: datetime) -> bool:
        """Once a second: the answers' fate is for later questions, and no answer waits for it."""
        due = now >= self._settled_at + SETTLE
        if due:
            self._settled_at = now
        return due

    def _idle_s(self) -> float:
        """Seconds until something is due."""
        dues = (state.wake_at for state in self.states.values())
        seconds = (min(self._minute.ends, *dues) - self._clock.now()).total_seconds()
        return min(seconds, SETTLE.total_seconds())

    def _now(self) -> datetime:
        self._last_now = self._clock.now()
        return self._last_now

    def _flush(self, messages: int) -> None:
        for session in self._sessions:
            session.flush(many=messages > MANY)

    def _publish(self, message: Outgoing) -> None:
        self._sessions[0].publish(message, self._last_now)

    def _publish_order(self, message: Outgoing) -> int | None:
        return self._sessions[0].publish(message, self._last_now)


def _decided(row: EventRow) -> Decided | None:
    """The decision of a credential event's row, which is the first thing that it says."""
    if row.kind != "credential":
        return None
    return next((fact for fact in row.facts if isinstance(fact, Decided)), None)
