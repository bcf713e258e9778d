"""The bounded inbox between the broker and the engine: credentials first, then sensors.

Full means: stop reading that session's socket until it is half empty. TCP then holds the broker
back, and the broker's own queue (and after it the readers' stores) keep what comes.
"""

import asyncio
from collections import deque
from typing import Final

from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from gateway.adapters.mqtt import Session

CREDENTIALS_MAX: Final = 2000
"""Messages: some 0.3 s of work, far below the 5 s after which a badge read is void."""
SENSORS_MAX: Final = 4000
"""Messages: what sensors say may wait for longer."""
BATCH_MAX: Final = 256
"""Messages in one transaction: some 30 ms of work, so that an answer never waits for much more."""


class Arrived(Struct):
    """A message, and the session (and which of its connections) to acknowledge it to."""

    session: Session
    message: MQTTMessage
    connection: int

    def acknowledge(self) -> None:
        """Tell the broker that the message is on disk, unless its connection is gone.

        The broker sends it again then, and on the next connection its packet id may be another's.
        """
        if self.connection == self.session.connection:
            self.session.acknowledge(self.message)


class _Queue:
    """Messages of some sessions. Above `most` their sockets are left alone, until half are gone."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting: deque[Arrived] = deque()
        self._held: list[Session] = []

    def put(self, arrived: Arrived) -> None:
        self.waiting.append(arrived)
        if len(self.waiting) >= self.most:
            arrived.session.pause()
            if arrived.session not in self._held:
                self._held.append(arrived.session)

    def take(self, at_most: int) -> list[Arrived]:
        taken = [self.waiting.popleft() for _ in range(min(at_most, len(self.waiting)))]
        if len(self.waiting) <= self.most // 2:
            while self._held:
                self._held.pop().resume()
        return taken


class Inbox:
    """Messages that wait to be processed; `take` gives them as batches."""

    def __init__(
        self, credentials_max: int = CREDENTIALS_MAX, sensors_max: int = SENSORS_MAX
    ) -> None:
        self.when_idle: Session | None = None
        """A session that is read only while nothing else waits: strangers never delay a door."""
        self._credentials = _Queue(credentials_max)
        self._sensors = _Queue(sensors_max)
        self._something = asyncio.Event()

    def __len__(self) -> int:
        return len(self._credentials.waiting) + len(self._sensors.waiting)

    def of_credentials(self, session: Session, message: MQTTMessage) -> None:
        """A message of the credentials session came in."""
        self._put(self._credentials, session, message)

    def of_sensors(self, session: Session, message: MQTTMessage) -> None:
        """A message of the sensors session, or of a stranger, came in."""
        self._put(self._sensors, session, message)

    def nudge(self) -> None:
        """Let `wait` return although no message came."""
        self._something.set()

    async def wait(self, at_most_s: float) -> None:
        """Return when there is something to do, or after a while; always lets the loop run once."""
        if self:
            await asyncio.sleep(0)
            return
        if self.when_idle is not None:
            self.when_idle.resume()
        try:
            async with asyncio.timeout(max(0.0, at_most_s)):
                await self._something.wait()
        except TimeoutError:
            return

    def take(self, at_most: int = BATCH_MAX) -> list[Arrived]:
        """Everything that is waiting, credentials first, up to `at_most` messages."""
        self._something.clear()
        taken = self._credentials.take(at_most)
        return taken + self._sensors.take(at_most - len(taken))

    def clear(self) -> int:
        """Forget all (the broker has it still, but what was sent at QoS 0); how many there were."""
        forgotten = len(self)
        for queue in (self._credentials, self._sensors):
            while queue.take(queue.most):
                pass
        return forgotten

    def _put(self, queue: _Queue, session: Session, message: MQTTMessage) -> None:
        queue.put(Arrived(session, message, session.connection))
        self._something.set()
        if self.when_idle is not None and self.when_idle.connected:
            # While it connects it is read, or a gateway that has no idle moment never lets it in.
            self.when_idle.pause()
