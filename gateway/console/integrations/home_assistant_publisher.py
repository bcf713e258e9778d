"""Publishes to Home Assistant, over a connection of its own to the broker, opened only if wanted.

What was announced before, in this run or another, is retained by the broker: so it is read first,
and what the space file no longer has is removed. Only payloads of our own origin are changed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from typing import Final

import aiomqtt

from gateway.adapters.mqtt.address import broker_address
from gateway.adapters.mqtt.aiomqtt_client import client_of
from gateway.aio import cancel_and_wait, full_jitter_s
from gateway.config import Settings
from gateway.console.integrations.home_assistant import PREFIX, STATUS, Discovery, components_of
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.translation import Lang
from gateway.wire.states import AccessMessage
from gateway.wire.topics import Topics

RETAINED_S: Final = 0.5
"""Seconds that retained messages have to arrive."""
INBOX_MESSAGES: Final = 2000
"""Messages: the discovery payloads of a whole network; more wait in the broker or are lost."""
DECISIONS_MAX: Final = 100
"""Decisions that wait for the broker; a late event is dropped."""
_RETRY_S: Final = 1.0
_ANSWER_S: Final = 5.0
_DEVICES: Final = f"{PREFIX}/device/+/config"

log = logging.getLogger(__name__)


class HomeAssistant:
    """Announces the sites and publishes decisions; `run` until cancelled."""

    def __init__(self, sites: Mapping[SiteId, Site], settings: Settings) -> None:
        self.connected = False
        self._sites = sites
        self._settings = settings
        self._is_wanted = settings.home_assistant != "remove"
        lang: Lang = "en" if settings.home_assistant == "en" else "fr"
        self.discovery = Discovery(Topics(settings.prefix), settings.instance, lang)
        self._decisions: deque[tuple[SiteId, AccessMessage]] = deque(maxlen=DECISIONS_MAX)
        self._something = asyncio.Event()

    def decided(self, site: SiteId, message: AccessMessage) -> None:
        """Queue a decision, unless there is no connection."""
        if self.connected and self._is_wanted and not message.late:
            self._decisions.append((site, message))
            self._something.set()

    async def run(self) -> None:
        """Connect, announce, and reconnect with full jitter."""
        attempt = 0
        while True:
            try:
                async with client_of(
                    broker_address(self._settings),
                    timeout_s=_ANSWER_S,
                    messages_max=INBOX_MESSAGES,
                    logger=log,
                ) as client:
                    await self._tell(client)
            except aiomqtt.MqttError as lost:
                attempt = 0 if self.connected else attempt + 1
                log.warning("for Home Assistant: %s", lost)
            finally:
                self.connected = False
                self._decisions.clear()
            await asyncio.sleep(full_jitter_s(attempt, _RETRY_S))

    async def _tell(self, client: aiomqtt.Client) -> None:
        answers = await client.subscribe([(_DEVICES, 0), (STATUS, 0)])
        if any(not isinstance(answer, int) and answer.is_failure for answer in answers):
            raise aiomqtt.MqttError(f"may not read {_DEVICES} and {STATUS}; see the broker's ACL")
        announced = await self._retained(client)
        await self._announce(client, announced)
        self.connected = True
        telling = asyncio.create_task(self._tell_decisions(client), name="home-assistant-events")
        try:
            async for message in client.messages:
                if message.topic.value == STATUS and bytes(message.payload) == b"online":
                    await self._announce(client, announced)
        finally:
            await cancel_and_wait(telling)

    async def _retained(self, client: aiomqtt.Client) -> dict[str, bytes]:
        """Return our announced payloads, by topic."""
        found: dict[str, bytes] = {}
        try:
            async with asyncio.timeout(RETAINED_S):
                async for message in client.messages:
                    if message.retain and components_of(
                        bytes(message.payload), self.discovery.origin
                    ):
                        found[message.topic.value] = bytes(message.payload)
        except TimeoutError:
            return found
        return found

    async def _announce(self, client: aiomqtt.Client, announced: Mapping[str, bytes]) -> None:
        ours = {self.discovery.config_topic(id_): site for id_, site in self._sites.items()}
        for topic in announced.keys() - (ours.keys() if self._is_wanted else set()):
            await client.publish(topic, b"", qos=1, retain=True)
        if self._is_wanted:
            for topic, site in ours.items():
                payload = self.discovery.payload(site, announced.get(topic, b""))
                await client.publish(topic, payload, qos=1, retain=True)

    async def _tell_decisions(self, client: aiomqtt.Client) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._decisions:
                site, message = self._decisions.popleft()
                topic = self.discovery.decision_topic(site)
                try:
                    await client.publish(topic, self.discovery.decision(message), qos=0)
                except aiomqtt.MqttError:  # the receiving task fails too, and ends this
                    return
