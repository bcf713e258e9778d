"""One webhook: events sent to a server as signed CloudEvents (Standard Webhooks).

It has a queue and a task of its own, in order: a server that is down delays no other. What is not
accepted within `GIVE_UP_S` is dropped and counted. The queue is in memory alone: a restart of the
console drops it. A webhook is for convenience; what must not be missed is in the journal.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

import httpx
import msgspec

from gateway import __version__
from gateway.clock import Clock
from gateway.config import Webhook
from gateway.console.integrations.events import Happening, Outcome
from gateway.console.integrations.ssrf_guard import RefusedError, way_to

QUEUE_EVENTS: Final = 200
"""Events that wait for one server: an hour of a busy site, at half a kB each; the oldest go."""
RETRIES_S: Final = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""Seconds before each new attempt: quick for a restart, patient for an hour's outage."""
GIVE_UP_S: Final = 3600.0
"""Seconds after which an event is too old to send."""
ANSWER_S: Final = 10.0
"""Seconds a server may take: it should queue the event, not process it."""
_GONE: Final = 410

log = logging.getLogger(__name__)


class Hook:
    """One webhook's queue; `run` delivers it until cancelled, or until the server says 410."""

    def __init__(
        self,
        hook: Webhook,
        *,
        prefix: str,
        hosts: frozenset[str],
        clock: Clock,
        count: Callable[[Outcome], None],
    ) -> None:
        self.hook = hook
        self._prefix = prefix
        self._hosts = hosts
        self._clock = clock
        self._count = count
        self._queue: asyncio.Queue[Happening] = asyncio.Queue(QUEUE_EVENTS)
        self._is_gone = False

    def offer(self, event: Happening) -> None:
        """Queue an event; where the queue is full, drop its oldest."""
        if self._is_gone or event.site != self.hook.site or event.kind not in self.hook.events:
            return
        if self._queue.full():
            self._queue.get_nowait()
            self._count("dropped")
        self._queue.put_nowait(event)

    async def run(self) -> None:
        """Deliver the events in order."""
        async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
            while not self._is_gone:
                await self._deliver(client, await self._queue.get())

    async def _deliver(self, client: httpx.AsyncClient, event: Happening) -> None:
        for pause_s in (*RETRIES_S, None):
            if (self._clock.now() - event.at).total_seconds() > GIVE_UP_S:
                break
            outcome = await self._attempt(client, event)
            self._count(outcome)
            if outcome == "delivered" or self._is_gone:
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        self._count("dropped")
        log.warning("a webhook of %s was not taken: %s is dropped", self.hook.site, event.type)

    async def _attempt(self, client: httpx.AsyncClient, event: Happening) -> Outcome:
        now, body = self._clock.now(), body_of(event, self._prefix)
        headers = signed(self.hook.secret, event.id, now, body)
        try:
            way = await way_to(self.hook.url, self._hosts)
            # Streamed and not read: only the status of the response matters.
            async with client.stream(
                "POST",
                way.url,
                content=body,
                headers=headers | {"host": way.host},
                extensions=way.extensions,
                follow_redirects=False,
            ) as answer:
                return self._judged(answer.status_code)
        except RefusedError as refused:
            log.warning("a webhook of %s is refused: %s", self.hook.site, refused)
            return "refused"
        except (httpx.HTTPError, httpx.InvalidURL) as wrong:
            log.info("a webhook of %s failed: %s", self.hook.site, type(wrong).__name__)
            return "failed"

    def _judged(self, status: int) -> Outcome:
        if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110: successful
            return "delivered"
        if status == _GONE:
            self._is_gone = True
            log.warning("a webhook of %s is gone (410): no more until a restart", self.hook.site)
        return "failed"


def body_of(event: Happening, prefix: str) -> bytes:
    """Return the event as CloudEvents 1.0 in structured JSON; the same bytes at each attempt."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": f"/{prefix}/{event.site}",
            "type": event.type,
            "subject": event.subject,
            "time": event.at,
            "datacontenttype": "application/json",
            "data": event.data,
        }
    )


def signed(secret: bytes, id_: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks: HMAC-SHA256 over id, time and the body's bytes."""
    stamp = str(int(now.timestamp()))
    mac = hmac.new(secret, f"{id_}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/cloudevents+json",
        "user-agent": f"seuil/{__version__}",
        "webhook-id": id_,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
