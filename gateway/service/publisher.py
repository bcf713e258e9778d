"""Publishes after a commit: orders first, then public messages, then the acknowledgements.

Orders are tracked until the broker has acknowledged them (`DeliveryTracker`). Of acks to devices
and of states only the latest is sent: under load a newer one replaces an unsent one.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from gateway.adapters.journal.reader import StoredDecision
from gateway.adapters.journal.rows import EventRow
from gateway.adapters.mqtt.session import MqttSession
from gateway.core.access.doors import unknown
from gateway.core.engine import Bug
from gateway.core.events import DecidedMeanwhile, Event, Reported
from gateway.core.facts import Decided, Fact, RequestAnswered, SwitchMachine, UnlockDoor
from gateway.core.model.names import DeviceId, DoorId, SiteId
from gateway.core.model.site import Site
from gateway.core.sequence import acknowledged
from gateway.service.batch import BatchBuilder, Committed
from gateway.service.counters import MinuteCounters
from gateway.service.delivery import DeliveryTracker
from gateway.service.inbox import ReceivedMessage
from gateway.service.messages import door_now
from gateway.wire.commands import Ack
from gateway.wire.message import Outgoing, encode
from gateway.wire.topics import Topics
from sensors.driver import Source

SPREAD: Final = timedelta(milliseconds=50)
"""The longest wait of an ack or a state for its successor under load."""


class Links(Protocol):
    """Our connections to the broker."""

    @property
    def publisher(self) -> MqttSession:
        """Return the session through which we publish."""
        ...

    def all(self) -> Iterable[MqttSession]:
        """Return the publisher and all sessions that receive from devices."""
        ...


class Publisher:
    """Publishes the current states and the results of batches that are on disk."""

    def __init__(
        self,
        committed: Committed,
        topics: Topics,
        instance: str,
        minute: MinuteCounters,
        now: datetime,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.heard: Callable[[EventRow], object] = lambda _row: None
        """Called with each row that is on disk, for counters; it must be fast."""
        self.waits: Callable[[Source], bool] = lambda _source: False
        """Returns whether more messages of a device wait in the inbox."""
        self.links: Links | None = None
        """Our sessions; None before there are any."""
        self.bugs: list[Bug] = []
        """Bugs since the last check; their messages are not sent."""
        self.handover = DeliveryTracker(self._publish_at, monotonic, committed.questions.answered)
        self._committed = committed
        self._topics = topics
        self._instance = instance
        self._minute = minute
        self._now = self._spread_at = now
        self._removed: dict[str, Outgoing] = {}
        """Empty retained messages for objects removed from the space file."""
        self._stale_alarms: set[str] = set()
        """Topics of cleared alarms that a broker still retains."""
        self._unacknowledged: dict[tuple[SiteId, DeviceId, int], None] = {}
        """Boots of devices with events on disk that are not acknowledged yet, in order."""
        self._news: dict[str, Outgoing] = {}
        """Unpublished states, by topic."""
        self._unknown: dict[SiteId, frozenset[DoorId]] = {}
        """Doors none of whose devices was ever heard: nothing of them is published."""

    def connected(self, now: datetime) -> None:
        """Publish our state, and send the orders that are still fresh."""
        self._now = now
        wire, states = self._committed.wire, self._committed.states
        online = Outgoing(self._topics.gateway_state(self._instance), b"online", 1, retain=True)
        self._publish(online)
        for message in self._removed.values():
            self._publish(message)
        stale, self._stale_alarms = self._stale_alarms, set()
        for topic in stale:
            self.heard_alarm(topic)
        self.handover.connected()  # orders first
        for site_id, site in self._committed.sites.items():
            with self._contained("messages"):
                for message in wire.announcer.machines.standing(
                    site, states[site_id], self._committed.n, now
                ):
                    self._publish(message)
                self._unknown[site_id] = unknown(site, states[site_id].devices)
                for message in wire.announcer.everything(site, states[site_id], now):
                    self._publish(message)

    def heard_alarm(self, topic: str) -> None:
        """Clear an alarm that the broker retains although it has ended, e.g. while we were down."""
        about = self._committed.wire.announcer.alarm_of(topic)
        if about is None or about[0] not in self._committed.states:
            return
        site, *alarm = about
        if tuple(alarm) in self._committed.states[site].alarms:
            return
        if self._publish(Outgoing(topic, b"", 1, retain=True)) is None:
            self._stale_alarms.add(topic)

    def send(self, turnover: BatchBuilder, now: datetime) -> None:
        """Send a batch's orders first, and at once; then the public messages.

        Expiry is checked by the current time: an order may have expired during a slow commit.
        """
        self._now = now
        for n in turnover.void:
            self.handover.void(n, never_sent=n > turnover.n)
        for row in turnover.batch.events:
            with self._contained(row.device or row.kind):
                self._send_orders(row, is_void=row.n in turnover.void)
        self.flush()
        for row in turnover.batch.events:
            with self._contained(row.device or row.kind):
                self._tell_row(row)
        for refusal in turnover.refusals:
            self._publish(refusal)
        if turnover.minute_is_over:
            self._ask_for_stops_again()
        for site_id in turnover.renewed:
            self._tell_space(site_id)
        self._unacknowledged |= turnover.heard

    def send_again(self, answers: Sequence[StoredDecision], now: datetime) -> None:
        """Send fresh answers of the previous run again, which may not have been delivered."""
        self._now = now
        for stored in answers:
            row = stored.row
            orders = self._orders(row.site, row.n, row.facts, stored.event)
            self.handover.send(row.n, orders, now)

    def vanished(self, before: Site | None, site: Site) -> None:
        """Queue empty messages for retained topics of objects removed from the site."""
        removed = self._committed.wire.announcer.removed(before, site)
        self._removed |= {message.topic: message for message in removed}

    def acknowledge(self, arrived: Sequence[ReceivedMessage], *, more_waits: bool) -> None:
        """Acknowledge messages to the broker; send the latest acks and states.

        While more messages wait, acks and states are sent at most 20 times per second.
        """
        for entry in arrived:
            entry.acknowledge()
        for session in {entry.session for entry in arrived}:
            session.flush()
        if not more_waits or self._now - self._spread_at >= SPREAD:
            self.spread()
        self.flush()

    def spread(self) -> None:
        """Publish acks to devices, and states."""
        self._spread_at = self._now
        for site_id, device, boot in self._unacknowledged:
            state = self._committed.states[site_id].devices.get(device)
            waits = self.waits((site_id, device))
            seq = acknowledged(state, boot, self._now, is_patient=waits) if state else None
            if seq is not None:
                ack = Outgoing(self._topics.ack(site_id, device), encode(Ack(boot, seq)))
                self._publish(ack)
        for message in self._news.values():
            self._publish(message)
        self._unacknowledged, self._news = {}, {}

    def flush(self) -> None:
        """Write the queued messages now."""
        if self.links is not None:
            self.links.publisher.flush()

    @contextlib.contextmanager
    def _contained(self, where: str) -> Iterator[None]:
        """Contain a bug with one row, so that it does not affect others: the row is on disk."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - as said
            self.bugs.append(Bug(where, error))

    def _tell_row(self, row: EventRow) -> None:
        """Publish the public messages of a row."""
        announcer = self._committed.wire.announcer
        self.heard(row)
        self._tell_decision(row)
        self._answer_request(row)
        states = announcer.states(self._committed.sites[row.site], row.facts)
        self._news |= self._of_known_doors(self._committed.sites[row.site], states)
        for hint in announcer.hints(self._committed.sites[row.site], row.facts):
            self._publish(hint)

    def _of_known_doors(self, site: Site, states: dict[str, Outgoing]) -> dict[str, Outgoing]:
        """Leave out doors of which nothing is known; add those whose first device was heard."""
        before = self._unknown.get(site.id)
        if not before:
            return states
        state, announcer = self._committed.states[site.id], self._committed.wire.announcer
        still = unknown(site, state.devices)
        known = announcer.states(
            site, (door_now(state, door, self._now) for door in before - still)
        )
        self._unknown[site.id] = still
        empty = {self._topics.door(site.id, door) for door in still}
        return {topic: said for topic, said in (known | states).items() if topic not in empty}

    def _send_orders(self, row: EventRow, *, is_void: bool) -> None:
        """Send the answer and the unlock orders of a row, tracked until acknowledged."""
        orders = self._orders(row.site, row.n, row.facts, row.event)
        decided = _decided(row)
        if not is_void and (orders or (decided is not None and decided.expires is not None)):
            self.handover.send(row.n, orders, self._now)
        machines = self._committed.wire.announcer.machines
        for fact in row.facts:
            for message in machines.because_of(row.site, row.n, fact, self._now):
                self._publish(message)

    def _orders(self, site: SiteId, n: int, facts: Sequence[Fact], event: Event) -> list[Outgoing]:
        """Return the orders of a row to readers, locks and relays that open or switch on."""
        boot, seq = (event.boot, event.seq) if isinstance(event, Reported) else (None, None)
        return [
            message
            for fact in facts
            if isinstance(fact, Decided | UnlockDoor | SwitchMachine)
            for message in self._committed.wire.announcer.orders(site, n, fact, boot, seq)
        ]

    def _tell_decision(self, row: EventRow) -> None:
        """Publish a decision."""
        decided = _decided(row)
        if decided is not None and isinstance(row.event, Reported | DecidedMeanwhile):
            self._minute.decisions += 1
            site, at = self._committed.sites[row.site], row.event.at
            announcer = self._committed.wire.announcer
            self._publish(announcer.decision(site, row.n, decided, at, self._now))

    def _answer_request(self, row: EventRow) -> None:
        """Publish the response to a request."""
        if row.kind != "request":
            return
        for fact in row.facts:
            if isinstance(fact, RequestAnswered):
                site = self._committed.sites[row.site]
                self._publish(self._committed.wire.announcer.response(site, fact))

    def _ask_for_stops_again(self) -> None:
        """Repeat unconfirmed safe stops: a reader may have been disconnected."""
        committed = self._committed
        for site_id, site in committed.sites.items():
            for message in committed.wire.announcer.machines.standing(
                site, committed.states[site_id], committed.n, self._now, only_stops=True
            ):
                self._publish(message)

    def _tell_space(self, site_id: SiteId) -> None:
        """Clear topics removed by a new space file, and publish all that it contains."""
        site, state = self._committed.sites[site_id], self._committed.states[site_id]
        self._unknown[site_id] = unknown(site, state.devices)
        everything = self._committed.wire.announcer.everything(site, state, self._now)
        for message in everything:
            self._removed.pop(message.topic, None)
        for message in (*self._removed.values(), *everything):
            self._news.pop(message.topic, None)
            self._publish(message)

    def _publish(self, message: Outgoing) -> int | None:
        return self._publish_at(message, self._now)

    def _publish_at(self, message: Outgoing, now: datetime) -> int | None:
        return None if self.links is None else self.links.publisher.publish(message, now, more=True)


def _decided(row: EventRow) -> Decided | None:
    """Return the decision of a row, which is the first fact about a badge or a button press."""
    if row.kind not in ("credential", "meanwhile", "exit-request"):
        return None
    return next((fact for fact in row.facts if isinstance(fact, Decided)), None)
