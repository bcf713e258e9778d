"""Recent access requests of readers, and the time each waited for its answer, by our own clock.

A reader that gets no answer in time decides alone, and reports this as the same event again. This
record verifies that it had no answer (`gateway.core.access.offline_decisions`). It ends with the
process: for earlier requests it is known that we were not running.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.core.model.names import DeviceId, SiteId

Key = tuple[SiteId, DeviceId, int, int]
"""An event's site, device, boot and sequence number."""

KEPT: Final = 5000
"""Requests kept: as many as answers may wait for the broker (`gateway.service.delivery`)."""


class OpenQuestion(Struct, frozen=True):
    """An access request: its journal row, and its monotonic time of receipt."""

    n: int
    heard: float


class OpenQuestions:
    """The last access requests, and the times when the broker acknowledged their answers."""

    def __init__(self) -> None:
        self._asked: OrderedDict[Key, OpenQuestion] = OrderedDict()
        self._answered: OrderedDict[int, float] = OrderedDict()

    def add(self, asked: Mapping[Key, OpenQuestion]) -> None:
        """Add requests that are on disk."""
        self._asked.update(asked)
        while len(self._asked) > KEPT:
            self._asked.popitem(last=False)

    def answered(self, n: int, monotonic: float) -> None:
        """Record that the broker has acknowledged the answer of row `n`."""
        self._answered[n] = monotonic
        if len(self._answered) > KEPT:
            self._answered.popitem(last=False)

    def get(self, key: Key) -> OpenQuestion | None:
        """Return a request; None: it is not kept any more."""
        return self._asked.get(key)

    def waited_s(self, question: OpenQuestion, monotonic: float) -> float:
        """Return the seconds that a request waited for its answer, or has waited so far."""
        return self._answered.get(question.n, monotonic) - question.heard
