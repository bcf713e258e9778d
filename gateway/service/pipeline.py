"""The path of all messages through the gateway.

    broker -> inbox -> decode -> engine -> journal -> publish -> ack
                                              |
                                           outbox -> InfluxDB

All waiting messages are taken as one batch; the engine decides; one transaction stores the events,
the decisions and the other facts; only then are orders sent and messages acknowledged. While a
batch commits, the next one gathers. One task owns all states, so there are no locks.

`batch` processes each message of a batch, `publisher` sends afterwards.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway.adapters.journal.file_identity import ForeignJournalError
from gateway.adapters.journal.journal import Journal, JournalError
from gateway.adapters.journal.rows import EventRow
from gateway.adapters.journal.writer import Batch
from gateway.adapters.mqtt.session import MqttSession
from gateway.aio import full_jitter_s
from gateway.clock import Clock, ForwardClock
from gateway.core.events import ConditionReported, Event, GatewayAway, SpaceChanged, Tick
from gateway.core.facts import AlarmKind, Fact
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.state import State
from gateway.service.batch import BatchBuilder, Committed, PendingEvent, Wire
from gateway.service.counters import MinuteCounters
from gateway.service.decoder import Intake
from gateway.service.inbox import NOWHERE, Inbox, ReceivedMessage
from gateway.service.logs import AlarmLog, BugLog, LogRateLimiter
from gateway.service.messages import MessageFactory
from gateway.service.publisher import Links, Publisher
from gateway.service.recovery import Recovered
from gateway.service.snapshots import Snapshots
from gateway.wire.topics import Topics

log = logging.getLogger(__name__)

SETTLE: Final = timedelta(seconds=1)
"""The longest time until the delivery of an answer is journaled."""
LIVE_S: Final = 1.0
"""Seconds; a message that waited for longer was not answered at once."""
STALLED_S: Final = 2.5
"""Seconds between two turns of the path that count as a stall; normally it waits one at most."""
FULL_S: Final = 0.01
"""Seconds to wait for the broker while too many orders are unacknowledged."""


class Service:
    """Owns the sites' states, and passes all input and output of the engine.

    All I/O is injected: the clock, the journal, the sessions, the publisher.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        *,
        recovered: Recovered,
        journal: Journal,
        intake: Intake,
        announcer: MessageFactory,
        topics: Topics,
        clock: Clock,
        instance: str,
        backlog: Callable[[], int] = lambda: 0,
    ) -> None:
        self.inbox = Inbox(lambda _message: NOWHERE, monotonic=clock.monotonic)
        self.healthy = True
        self.tell_health: Callable[[], object] = lambda: None
        """Called when our health has changed, or when new subscribers may have connected."""
        self.turns = 0
        """Turns of the path since the start; they stop only in a wedged gateway."""
        self._recovered = recovered
        self._journal = journal
        self._clock = ForwardClock(clock, recovered.last_received)
        self._monotonic = clock.monotonic
        self._backlog = backlog
        self._committed = Committed(
            journal.last_n,
            {site.id: site for site in sites},
            {site.id: recovered.sites[site.id].state for site in sites},
            Wire(intake, announcer),
        )
        now = self._settled_at = self._clock.now()
        self._minute = MinuteCounters(instance, now)
        self._outlet = Publisher(
            self._committed, topics, instance, self._minute, now, monotonic=clock.monotonic
        )
        self._outlet.waits = self.inbox.waits
        self._snapshots = Snapshots(
            journal, sum(site.replayed for site in recovered.sites.values())
        )
        self._coming: list[PendingEvent] = []
        self._noted: list[tuple[SiteId, Event]] = []
        self._is_away = journal.last_n > 0
        """Disconnected since the previous run, if there was one."""
        self._turned: tuple[datetime, float] | None = None
        """The start of the last turn, by both clocks."""
        self._letters = LogRateLimiter()
        self._alarms = AlarmLog()
        self._bugs = BugLog(clock.monotonic)

    @property
    def sites(self) -> dict[SiteId, Site]:
        """Return the sites in force."""
        return self._committed.sites

    @property
    def states(self) -> dict[SiteId, State]:
        """Return their states since the last commit."""
        return self._committed.states

    @property
    def dead_letters(self) -> int:
        """Return the number of dead letters since the start."""
        return self._minute.letters

    @property
    def bugs(self) -> int:
        """Return the number of bugs met since the start."""
        return self._bugs.count

    # -- what the sessions call ------------------------------------------------------------------

    def use(self, links: Links) -> None:
        """Set the sessions, to publish through, and to drop if the journal fails."""
        self._outlet.links = links

    def count_with(self, heard: Callable[[EventRow], object]) -> None:
        """Set a function that is called with each row on disk; it must be fast."""
        self._outlet.heard = heard

    def broker_is_up(self) -> None:
        """Handle a connection: publish our state, and send the orders that are still fresh."""
        self._outlet.connected(self._clock.now())
        self.tell_health()

    def broker_is_down(self, _why: str) -> None:
        """Handle the loss of the publishing session."""
        self._outlet.handover.connection_lost()

    def taken(self, number: int) -> None:
        """Handle the broker's acknowledgement of an order."""
        self._outlet.handover.taken(number)

    def refused(self, number: int) -> None:
        """Handle an order that the broker refused, or that has no subscriber."""
        self._outlet.handover.refused(number)

    def reached(self, *, is_heard: bool, silent_s: float = 0.0) -> None:
        """Record that devices can reach us, or no longer can, with the broker's time of silence."""
        if is_heard is not self._is_away:
            return
        self._is_away, now = not is_heard, self._clock.now()
        since = now - timedelta(seconds=silent_s)
        self._note_absence(GatewayAway(since, now if is_heard else None))

    def heard_alarm(self, topic: str) -> None:
        """Handle an alarm that the broker retains."""
        self._outlet.heard_alarm(topic)

    # -- the path --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Process batches until cancelled; then store a last snapshot."""
        await self._begin()
        try:
            while True:
                self.turns += 1
                full = self._outlet.handover.is_full
                await (asyncio.sleep(FULL_S) if full else self.inbox.wait(self._idle_s()))
                arrived = [] if full else self.inbox.take(self._clock.now())
                turnover = self._decide(arrived)
                if await self._stored(turnover):
                    self._outlet.send(turnover, self._clock.now())
                    self._outlet.acknowledge(arrived, more_waits=self.inbox.is_ready)
                    if self._snapshots.is_due:
                        await self._snapshots.store(self._committed.n, self.states)
        finally:
            await asyncio.shield(self._finish())

    async def tell(self, site: SiteId, event: Event) -> tuple[Fact, ...]:
        """Journal an event that is not a message, apply it, and return its facts.

        Returns when it is on disk: all later decisions take it into account.

        Raises:
            EngineFaultError: the engine has a bug with it, and it is not in force.
        """
        news = PendingEvent(site, event, asyncio.get_running_loop().create_future())
        self._coming.append(news)
        self.inbox.nudge()
        return await news.done

    def report(self, site: SiteId, kind: AlarmKind, about: str, *, active: bool) -> None:
        """Raise or clear an alarm about a condition that only we can see, with the next batch."""
        self.note(site, ConditionReported(kind, about, active=active))

    def note(self, site: SiteId, event: Event) -> None:
        """Journal an event that only we can see, with the next batch, before its messages."""
        if site in self.sites:
            self._noted.append((site, event))
            self.inbox.nudge()

    async def renew(
        self, sites: Sequence[Site], intake: Intake, announcer: MessageFactory
    ) -> list[SiteId]:
        """Apply a new space file, all changed sites in one batch, and return their ids.

        Returns when it is on disk. Later messages in that batch and those in the inbox are decoded
        and answered with the new devices, never with the old devices for a new site.

        Raises:
            EngineFaultError: the engine has a bug with it, and it is not in force.
        """
        loop, wire = asyncio.get_running_loop(), Wire(intake, announcer)
        changed = [site for site in sites if self.sites[site.id] != site]
        news = [
            PendingEvent(site.id, SpaceChanged(site), loop.create_future(), wire)
            for site in changed
        ]
        self._coming += news
        self.inbox.nudge()
        await asyncio.gather(*(one.done for one in news))
        return [site.id for site in changed]

    def _decide(self, arrived: Sequence[ReceivedMessage]) -> BatchBuilder:
        """Process all waiting messages in a batch; the committed state does not change yet."""
        turnover = self._committed.turnover(self._clock.now(), self._monotonic())
        self._note_stall(turnover)
        for news in self._coming:
            if not news.done.cancelled():
                turnover.change(news)
        self._tick(turnover)
        if self._news_is_due(turnover.now):
            turnover.batch.delivered, turnover.batch.undelivered = self._outlet.handover.settled()
            self._note_floods()
        for site, event in self._noted:
            turnover.step(site, event)
        turnover.noted = len(self._noted)
        monotonic = self._monotonic()
        for entry in arrived:
            waited_s = max(0.0, monotonic - entry.message.timestamp)
            received = turnover.now - timedelta(seconds=waited_s)
            live = entry.live and waited_s < LIVE_S
            turnover.take_in(entry.message, received, live=live, kept=entry.kept)
        self._minute.letters += len(turnover.letters)
        self._letters.say(turnover.letters)
        self._outlet.handover.expire()
        return turnover

    async def _stored(self, turnover: BatchBuilder) -> bool:
        """Commit the batch; False: it was undone (disk full), and the broker will send it again."""
        batch = turnover.batch
        try:
            await (self._journal.commit(batch) if batch else self._journal.check())
        except JournalError as error:
            self._outlet.handover.unsettle(batch.delivered, batch.undelivered)
            await self._heal(error)
            return False
        except ForeignJournalError as error:
            self._leave_broker(error)
            raise
        self._committed.take_over(turnover)
        self._snapshots.passed(len(batch.events))
        for site_id, before in turnover.renewed.items():
            self._outlet.vanished(before, self.sites[site_id])
        self._minute.add(turnover.duplicates, turnover.ghosts)
        self._alarms.say(batch.events, turnover.now)
        self._settle(turnover)
        return True

    def _settle(self, turnover: BatchBuilder) -> None:
        """Pass results to waiting callers; events that came meanwhile stay for the next batch."""
        for news, outcome in turnover.news:
            news.tell(outcome)
        self._coming = [news for news in self._coming if not news.done.done()]
        del self._noted[: turnover.noted]
        for bug in turnover.bugs:
            self._bugs.met(bug)

    # -- beside the path -------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Journal a new space file, and settle the previous run's answers."""
        turnover = self._committed.turnover(self._clock.now())
        self._minute.begin(turnover.now)
        for site_id, site in self.sites.items():
            before = self._recovered.sites[site_id].site
            if before != site:
                turnover.step(site_id, SpaceChanged(site))
                turnover.renewed[site_id] = before
        for site_id, bug in self._recovered.bugs:
            self._bugs.met(bug)
            self.report(site_id, "engine-fault", bug.where, active=True)
        if self._committed.n:
            for site_id in self.sites:
                turnover.step(site_id, GatewayAway(self._recovered.last_received))
        turnover.batch.undelivered = self._recovered.void
        while not await self._stored(turnover):
            log.info("trying to begin again")
        self._outlet.send_again(self._recovered.fresh, turnover.now)

    async def _finish(self) -> None:
        """Journal the known results of answers, and store a snapshot for a fast next start."""
        delivered, undelivered = self._outlet.handover.settled()
        try:
            await self._journal.commit(Batch(delivered=delivered, undelivered=undelivered))
        except JournalError as error:
            log.error("the last answers' fate could not be stored: %s", error)  # noqa: TRY400 - the text says it
            return
        await self._snapshots.store(self._committed.n, self.states)

    def _tick(self, turnover: BatchBuilder) -> None:
        """Send ticks to the engine if a timer is due, and once per minute with our own counts."""
        over = turnover.minute_is_over = self._minute.is_over(turnover.now)
        health = self._minute.health(self._backlog(), self._journal.commit_ms) if over else None
        for site_id, state in self.states.items():
            if over:
                turnover.step(site_id, self._minute.tick(site_id, health))
                health = None  # once, with the first site
            elif turnover.now >= state.wake_at:
                turnover.step(site_id, Tick())
        if over:
            self._minute.begin(turnover.now)

    async def _heal(self, error: JournalError) -> None:
        """Disconnect until the journal can be written: on a disk full, locked or broken.

        The broker keeps all messages meanwhile.
        """
        self._leave_broker(error)
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
        for session in self._sessions():
            session.allow()

    def _leave_broker(self, error: Exception) -> None:
        """Log the reason, and end every connection: unacknowledged messages are sent again."""
        self.healthy = False
        log.error("the journal cannot be written, nothing is acknowledged: %s", error)
        self.tell_health()
        self._outlet.flush()
        for session in self._sessions():
            session.drop("the journal cannot be written")
        self._outlet.handover.connection_lost()
        forgotten = self.inbox.clear()
        log.error("%d waiting messages are left to the broker", forgotten)

    def _sessions(self) -> Iterable[MqttSession]:
        links = self._outlet.links
        return () if links is None else links.all()

    def _note_stall(self, turnover: BatchBuilder) -> None:
        """Report a stall to the engine: no message was answered for a while."""
        before, self._turned = self._turned, (turnover.now, turnover.monotonic)
        if before is not None and turnover.monotonic - before[1] > STALLED_S:
            self._note_absence(GatewayAway(before[0], turnover.now))

    def _note_absence(self, away: GatewayAway) -> None:
        for site in self.sites:
            self.note(site, away)

    def _note_floods(self) -> None:
        """Raise and clear the alarms of flooding devices in the engine."""
        for flood in self.inbox.floods():
            site, device = flood.source
            if flood.active:
                log.warning("%s floods us", device)
            else:
                log.warning("%s is calm again; %d messages were dropped", device, flood.dropped)
            self.report(site, "flooding", device, active=flood.active)
        for bug in self._outlet.bugs:
            self._bugs.met(bug)
            for site in self.sites:
                self.report(site, "engine-fault", bug.where, active=True)
        self._outlet.bugs.clear()

    def _news_is_due(self, now: datetime) -> bool:
        """Return whether delivery results are due to be journaled: once per second."""
        due = now >= self._settled_at + SETTLE
        if due:
            self._settled_at = now
        return due

    def _idle_s(self) -> float:
        """Return the seconds until the next timer is due."""
        dues = (state.wake_at for state in self.states.values())
        seconds = (min(self._minute.ends, *dues) - self._clock.now()).total_seconds()
        return min(seconds, SETTLE.total_seconds())
