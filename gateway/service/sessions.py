"""Our MQTT sessions: one publishes, and lanes receive from devices (`gateway.service.lanes`).

The publisher has a connection of its own that is never paused: if the broker's acknowledgements of
our answers came after waiting events in the same socket, each would wait for the other.

Undeclared devices are received through wildcards, their events only while nothing else waits; the
copies of what declared devices publish are dropped.

When the space file changes, no message of a remaining device may be lost, even if it moves from one
lane to another: all lanes first subscribe to their new topics. Only when the broker has confirmed
this to each of them are old topics unsubscribed, and the wildcard's copies of new devices dropped.
"""

import asyncio
import logging
from collections.abc import Container, Iterator, Sequence
from typing import Final

from gateway.adapters.mqtt.address import broker_address
from gateway.adapters.mqtt.client_ids import ClientIds
from gateway.adapters.mqtt.session import MqttSession
from gateway.clock import Clock
from gateway.config import Settings
from gateway.service.instance import InstanceWatch
from gateway.service.lanes import STATUSES, LaneName, is_shared, lanes_of
from gateway.service.pipeline import Service
from gateway.service.routing import TopicRoutes
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from sensors.driver import Subscription
from sensors.registry import Registry

log = logging.getLogger(__name__)

PUBLISHER_KEEPALIVE_S: Final = 5
"""Seconds, as long as an order is valid: a dead link for orders must be detected soon."""
LEFT_OVER_EXPIRY_S: Final = 60
QUIET_S: Final = 2.0
"""Seconds of silence after which a session that is no longer used counts as empty."""
STRANGERS: Final = "strangers"


class Sessions:
    """The sessions of a gateway; `run` until cancelled."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        topics: Topics,
        service: Service,
        *,
        clock: Clock,
        ids: ClientIds,
    ) -> None:
        self._address = broker_address(settings)
        self._ids = ids
        self._service = service
        self._registry = registry
        self._changed = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._watch = InstanceWatch(
            settings.instance,
            topics,
            clock,
            self._address,
            self._ids.of("instance"),
            on_alarm=service.heard_alarm,
        )
        self.publisher = MqttSession(
            self._ids.of("publisher"),
            self._address,
            (),
            on_message=lambda _message: None,  # it asks for nothing
            on_taken=service.taken,
            on_refused=service.refused,
            on_up=self._publisher_is_up,
            on_down=self._publisher_is_down,
            will=Outgoing(topics.gateway_state(settings.instance), b"offline", 1, retain=True),
            expiry_s=0,
            keepalive_s=PUBLISHER_KEEPALIVE_S,
        )
        self._lanes: dict[LaneName, MqttSession] = {}
        for name, wishes in self._wanted(registry).items():
            self._lanes[name] = self._lane(name, wishes)
        service.use(self)

    @property
    def run_id(self) -> str:
        """Return this run's unique id."""
        return self._watch.run_id

    def all(self) -> Iterator[MqttSession]:
        """Yield the publisher, then the lanes."""
        yield self.publisher
        yield from self._lanes.values()

    async def run(self) -> None:
        """Stay connected, and end sessions that are no longer used.

        Raises:
            NameTakenError: another gateway of this name runs on the broker.
        """
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._watch.run(), name="instance")
            await self._watch.until_alone()
            left_over = self._ids.left_over(self._lanes)
            self._ids.keep(session.client_id for session in self._lanes.values())
            for session in self.all():
                self._start(session)
            for client_id in left_over:
                self._tasks.create_task(self._empty(client_id), name=f"left over {client_id}")
            self._tasks.create_task(self._leave(), name="subscriptions")

    async def came_up(self) -> None:
        """Wait until the broker has each session's subscriptions: see `MqttSession.came_up`."""
        for session in list(self.all()):
            await session.came_up.wait()

    def follow(self, registry: Registry) -> None:
        """Receive from this registry's devices, which the service already knows."""
        self._registry = registry
        wanted = self._wanted(registry)
        for name in wanted.keys() - self._lanes.keys():
            self._lanes[name] = self._lane(name, wanted[name])
            if self._tasks is not None:
                self._start(self._lanes[name])
        self._ids.keep(session.client_id for session in self._lanes.values())
        for name, session in self._lanes.items():
            session.resubscribe(wanted.get(name, ()))
            self._note_shared(session, wanted.get(name, ()))
        self._changed.set()

    def _wanted(self, registry: Registry) -> dict[LaneName, list[Subscription]]:
        routes = TopicRoutes(registry, list(self._service.sites.values()))
        self._service.inbox.route = routes
        return lanes_of(registry.subscriptions, routes.service_class)

    def _lane(self, name: LaneName, wishes: Sequence[Subscription]) -> MqttSession:
        inbox = self._service.inbox
        session = MqttSession(
            self._ids.of(name),
            self._address,
            wishes,
            on_message=lambda message: inbox.put(session, message),
            on_up=self._came_or_went,
            on_down=lambda _why: self._came_or_went(),
            not_mine=self._others(name),
        )
        if name == STRANGERS:
            inbox.when_idle = session
        self._note_shared(session, wishes)
        return session

    def _note_shared(self, session: MqttSession, wishes: Sequence[Subscription]) -> None:
        """Tell the inbox whether several devices share this lane."""
        if is_shared(wishes):
            self._service.inbox.shared.add(session)
        else:
            self._service.inbox.shared.discard(session)

    def _others(self, name: LaneName) -> Container[str | None]:
        """Return the topics that reach a lane through its wildcard, and belong to others."""
        return _Declared(self._registry) if name in (STRANGERS, STATUSES) else ()

    def _start(self, session: MqttSession) -> None:
        assert self._tasks is not None  # noqa: S101 - we run
        name = session.client_id
        self._running[name] = self._tasks.create_task(session.run(), name=name)

    def _retire(self, session: MqttSession) -> None:
        """Receive the broker's remaining messages for a lane without devices, then end it."""
        assert self._tasks is not None  # noqa: S101 - we run
        self._running.pop(session.client_id).cancel()
        self._service.inbox.shared.discard(session)
        self._came_or_went()
        self._tasks.create_task(
            self._empty(session.client_id), name=f"left over {session.client_id}"
        )

    def _publisher_is_up(self) -> None:
        self._service.broker_is_up()
        self._came_or_went()

    def _came_or_went(self) -> None:
        """Report to the service whether the devices can reach us.

        They can only if all of our sessions are connected: a waiting person may need any lane.
        """
        sessions = [self.publisher, *(x for name, x in self._lanes.items() if name != STRANGERS)]
        silent_s = [session.silent_s for session in sessions if not session.connected]
        self._service.reached(is_heard=not silent_s, silent_s=max(silent_s, default=0.0))

    def _publisher_is_down(self, why: str) -> None:
        """Probe all lanes: a link that is dead for orders is dead for badges, too."""
        self._came_or_went()
        self._service.broker_is_down(why)
        for session in self._lanes.values():
            session.probe()

    async def _leave(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            for session in list(self._lanes.values()):
                await session.subscribed.wait()
            if self._changed.is_set():  # once more meanwhile
                continue
            for name, session in self._lanes.items():
                session.leave_rest(self._others(name))
            for name in self._lanes.keys() - self._wanted(self._registry).keys():
                self._retire(self._lanes.pop(name))

    async def _empty(self, client_id: str) -> None:
        """Receive the broker's stored messages for an unused session, and delete the session."""
        inbox = self._service.inbox
        session = MqttSession(
            client_id,
            self._address,
            (),
            on_message=lambda message: inbox.put(session, message),
            expiry_s=LEFT_OVER_EXPIRY_S,
        )
        running = asyncio.create_task(session.run(), name=client_id)
        try:
            await session.came_up.wait()
            for one in list(self.all()):  # what comes now is heard there
                await one.came_up.wait()
            heard = -1
            while heard != session.messages or inbox.waits_for(session):
                heard = session.messages
                await asyncio.sleep(QUIET_S)
            session.end_for_good()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        self._ids.ended(client_id)


class _Declared(Container[str | None]):
    """The topics that the other sessions receive: of declared devices, and of requests."""

    def __init__(self, registry: Registry) -> None:
        wishes = registry.subscriptions
        self._topics = frozenset(wish.filter for wish in wishes if wish.kind == "device")
        self._request = registry.request

    def __contains__(self, topic: object) -> bool:
        """Return whether a message on this topic belongs to another session."""
        if not isinstance(topic, str):
            return False
        return topic in self._topics or self._request(topic) is not None
