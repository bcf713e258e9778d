"""Our MQTT sessions: doors, sensors and strangers, and what each one asks for.

No flood of sensor readings fills the queue of the doors. What nobody declared is heard through a
wildcard, whose copies of declared devices' events are dropped, and only while nothing else waits.

When the space file changes, no message of a device that stays may be lost, also if it moves from
one session to another: all sessions ask for what is new, and only when the broker has confirmed
that to each of them is the rest left, and are the strangers' copies of the new devices dropped.
"""

import asyncio
from collections.abc import Container

from gateway.adapters.broker_address import broker_address
from gateway.adapters.mqtt import Session
from gateway.config import Settings
from gateway.service import Service
from gateway.wire.outgoing import Outgoing
from gateway.wire.topics import Topics
from sensors.driver import Subscription
from sensors.registry import Registry


class Sessions:
    """The three sessions of a gateway; `run` until cancelled."""

    def __init__(
        self, settings: Settings, registry: Registry, topics: Topics, service: Service
    ) -> None:
        name = f"{settings.prefix}-{settings.instance}"
        address = broker_address(settings)
        inbox = service.inbox
        self.credentials = Session(
            f"{name}-credentials",
            address,
            _wishes(registry, "credentials"),
            on_message=lambda message: inbox.of_credentials(self.credentials, message),
            on_taken=service.taken,
            on_up=service.broker_is_up,
            on_down=service.broker_is_down,
            will=Outgoing(topics.gateway_state(settings.instance), b"offline", 1, retain=True),
        )
        self.sensors = Session(
            f"{name}-sensors",
            address,
            _wishes(registry, "sensors"),
            on_message=lambda message: inbox.of_sensors(self.sensors, message),
        )
        self.strangers = Session(
            f"{name}-strangers",
            address,
            _wishes(registry, "strangers"),
            on_message=lambda message: inbox.of_sensors(self.strangers, message),
            not_mine=_Declared(registry),
        )
        inbox.when_idle = self.strangers
        self.all = (self.credentials, self.sensors, self.strangers)
        """The first one publishes."""
        self._registry = registry
        self._changed = asyncio.Event()
        service.use(self.all)

    async def run(self) -> None:
        """Stay connected, and leave what is no longer ours."""
        async with asyncio.TaskGroup() as tasks:
            for session in self.all:
                tasks.create_task(session.run(), name=session.client_id)
            tasks.create_task(self._leave(), name="subscriptions")

    async def came_up(self) -> None:
        """Return once the broker keeps the subscriptions of each: see `Session.came_up`."""
        for session in self.all:
            await session.came_up.wait()

    def follow(self, registry: Registry) -> None:
        """Hear the devices of this registry from now on."""
        self._registry = registry
        for session, name in zip(self.all, ("credentials", "sensors", "strangers"), strict=True):
            session.resubscribe(_wishes(registry, name))
        self._changed.set()

    async def _leave(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            for session in self.all:
                await session.subscribed.wait()
            if self._changed.is_set():  # once more meanwhile
                continue
            for session in self.all:
                session.leave_rest(_Declared(self._registry) if session is self.strangers else ())


def _wishes(registry: Registry, session: str) -> list[Subscription]:
    return [wish for wish in registry.subscriptions if wish.session == session]


class _Declared(Container[str | None]):
    """The topics that the other sessions hear: of declared devices, and of requests."""

    def __init__(self, registry: Registry) -> None:
        wishes = registry.subscriptions
        self._topics = frozenset(wish.filter for wish in wishes if wish.session != "strangers")
        self._request = registry.request

    def __contains__(self, topic: object) -> bool:
        """Whether a message on this topic is another session's."""
        if not isinstance(topic, str):
            return False
        return topic in self._topics or self._request(topic) is not None
