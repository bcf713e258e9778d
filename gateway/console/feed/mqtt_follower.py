"""The console's MQTT 5 client, which keeps the picture up to date and reconnects by itself.

Here a lost message is harmless: what the broker retains is sent again after each connection. So the
client keeps no session, asks for QoS 0, and drops the connection when it cannot keep up.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.adapters.mqtt.address import broker_address
from gateway.adapters.mqtt.aiomqtt_client import client_of
from gateway.aio import full_jitter_s
from gateway.config import Settings
from gateway.console.feed.hub import Hub
from gateway.console.feed.site_state import Picture, StateChange
from gateway.core.model.names import SiteId
from gateway.wire.topics import Topics

INBOX_MESSAGES = 10_000
"""Messages not yet in the picture: the retained ones of a network of 500 sites in one burst."""
RETRY_FIRST_S = 1.0
"""Longest wait before the first new attempt; it doubles up to `gateway.aio`'s longest."""
ANSWER_S = 5.0
"""Seconds the broker may take to answer a CONNECT or SUBSCRIBE."""
RETAINED_S = 0.3
"""Seconds that the retained messages have to arrive; then every screen is redrawn."""
_REFUSED = 0x80
"""Reason codes from here on are refusals (MQTT-5 2.4)."""

_log = logging.getLogger(__name__)


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """A queue that remembers that it was full: the client itself drops the message silently."""

    overflowed = False

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Queue a message.

        Raises:
            asyncio.QueueFull: It was dropped.
        """
        self.overflowed = self.overflowed or self.full()
        super().put_nowait(item)


class Follower:
    """Follows the broker until cancelled."""

    def __init__(
        self,
        picture: Picture,
        hubs: Sequence[Hub],
        settings: Settings,
        sites: Iterable[SiteId],
        also: Callable[[StateChange], None] = lambda _change: None,
    ) -> None:
        """`also` is called with each change after the hub."""
        self._picture = picture
        self._hubs = hubs
        self._also = also
        self._address = broker_address(settings)
        self._topics = _topics(Topics(settings.prefix), sites)
        self._inbox = _Inbox()

    async def run(self) -> None:
        """Connect, receive, and reconnect with full jitter."""
        attempt = 0
        while True:
            try:
                await self._listen()
            except aiomqtt.MqttError as lost:
                attempt = 0 if self._picture.connected else attempt + 1
                _log.warning("broker %s:%d: %s", self._address.host, self._address.port, lost)
                self._picture.lost = str(lost)
            finally:
                self._set_connected(connected=False)
            await asyncio.sleep(full_jitter_s(attempt, RETRY_FIRST_S))

    async def _listen(self) -> None:
        async with client_of(
            self._address,
            timeout_s=ANSWER_S,
            messages_max=INBOX_MESSAGES,
            queue_type=self._new_inbox,
            logger=_log,
        ) as client:
            self._picture.begin_again()
            for start in range(0, len(self._topics), 100):
                await _subscribe(client, self._topics[start : start + 100])
            self._set_connected(connected=True)
            redraw = asyncio.get_running_loop().call_later(RETAINED_S, self._show_all_again)
            try:
                async for message in client.messages:
                    self._take(message)
            finally:
                redraw.cancel()

    def _take(self, message: aiomqtt.Message) -> None:
        change = self._picture.apply(message.topic.value, bytes(message.payload))
        if change is not None:
            self._tell(change)
        if self._inbox.overflowed:
            raise aiomqtt.MqttError(f"more than {INBOX_MESSAGES} messages waiting; starting over")

    def _new_inbox(self, maxsize: int) -> _Inbox:
        self._inbox = _Inbox(maxsize)
        return self._inbox

    def _set_connected(self, *, connected: bool) -> None:
        if self._picture.connected != connected:
            self._picture.connected = connected
            self._tell(StateChange("house", None))

    def _tell(self, change: StateChange) -> None:
        for hub in self._hubs:
            hub.tell(change)
        self._also(change)

    def _show_all_again(self) -> None:
        for hub in self._hubs:
            hub.show_all_again()


def _topics(topics: Topics, sites: Iterable[SiteId]) -> list[str]:
    """Return every topic that the picture is made of; only those of our own sites."""
    filters = [topics.gateway_state("+"), topics.gateway_health("+")]
    for site in sites:
        filters += (topics.occupancy(site, "+"), topics.door(site, "+"), topics.access(site))
        filters += (topics.alarm(site, "+", "+"), topics.hint(site, "+", "+"), topics.mode(site))
        filters += (topics.machine(site, "+"),)
        filters += (topics.muster(site, "+"), topics.rights_state(site, "+"))
    return filters


async def _subscribe(client: aiomqtt.Client, filters: list[str]) -> None:
    """Subscribe in one packet.

    Raises:
        aiomqtt.MqttError: The broker refused one of them.
    """
    answers: Sequence[int | ReasonCode] = await client.subscribe(
        [(each, SubscribeOptions(qos=0)) for each in filters]
    )
    for wanted, answer in zip(filters, answers, strict=True):
        refused = answer.is_failure if isinstance(answer, ReasonCode) else answer >= _REFUSED
        if refused:
            raise aiomqtt.MqttError(f"may not read {wanted} ({answer}); see the broker's ACL")
