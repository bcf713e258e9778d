"""What readers asked of late, and how long each question waited for its answer: by our own clock.

A reader that has no answer in time decides alone, and tells it as the same event again. Whether it
had none is not its word alone: this is our record (`gateway.core.access.offline_decisions`). It
ends with the process: of what was asked before that, it is known that we were away.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.core.model.names import DeviceId, SiteId

Key = tuple[SiteId, DeviceId, int, int]
"""An event by its site, device, boot and number."""

KEPT: Final = 5000
"""Questions remembered: as many as answers may wait for the broker (`gateway.service.delivery`)."""


class OpenQuestion(Struct, frozen=True):
    """A question: its row of the journal, and when it was heard, by the monotonic clock."""

    n: int
    heard: float


class OpenQuestions:
    """The last questions, and when the broker took over their answers."""

    def __init__(self) -> None:
        self._asked: OrderedDict[Key, OpenQuestion] = OrderedDict()
        self._answered: OrderedDict[int, float] = OrderedDict()

    def add(self, asked: Mapping[Key, OpenQuestion]) -> None:
        """These are on disk now."""
        self._asked.update(asked)
        while len(self._asked) > KEPT:
            self._asked.popitem(last=False)

    def answered(self, n: int, monotonic: float) -> None:
        """The broker has taken over the answer of row `n`."""
        self._answered[n] = monotonic
        if len(self._answered) > KEPT:
            self._answered.popitem(last=False)

    def get(self, key: Key) -> OpenQuestion | None:
        """Return a question; None: it is not known any more."""
        return self._asked.get(key)

    def waited_s(self, question: OpenQuestion, monotonic: float) -> float:
        """Return how long a question waited for its answer, or waits for it."""
        return self._answered.get(question.n, monotonic) - question.heard
