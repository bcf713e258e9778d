"""People's questions at readers, and their ends."""

from collections.abc import Callable

from msgspec import Struct

from gateway.core.model.names import DeviceId
from simulators.devices import Key, ReceivedCommand


class ReaderFeedback(Struct, frozen=True):
    """The feedback that a person at a reader sees; `reason` is empty if the reader gives none."""

    released: bool
    reason: str = ""


Answered = Callable[[DeviceId, ReaderFeedback], None]
"""Called with the end of a reader's question."""


class PendingQuestion(Struct, eq=False):
    """A question without an answer yet. `key` is None where events have no numbers."""

    key: Key | None
    releaser: DeviceId


class PendingQuestions:
    """The questions of one site's readers, at most one for each."""

    def __init__(self) -> None:
        self.answered: Answered = lambda _reader, _answer: None
        self._open: dict[DeviceId, PendingQuestion] = {}

    def ask(self, reader: DeviceId, question: PendingQuestion) -> None:
        """Begin a question; it replaces an earlier one at the same reader."""
        self._open[reader] = question

    def look_away(self, reader: DeviceId) -> None:
        """End the question at a reader without an answer."""
        self._open.pop(reader, None)

    def heard(self, device: DeviceId, heard: ReceivedCommand) -> None:
        """Apply the effect of a command to a reader."""
        asked = self._open.get(device)
        if heard.effect == "unlocked":
            self.released(device)
        elif asked is not None and asked.key == heard.key:
            if heard.effect == "denied":
                self._end(device, ReaderFeedback(released=False, reason=heard.reason))
            elif heard.effect == "granted" and asked.releaser == device:
                self._end(device, ReaderFeedback(released=True, reason=heard.reason))

    def released(self, releaser: DeviceId) -> None:
        """End the questions at the door of a lock that was released."""
        for reader in [name for name, asked in self._open.items() if asked.releaser == releaser]:
            self._end(reader, ReaderFeedback(released=True))

    def decided_alone(
        self, reader: DeviceId, asked: PendingQuestion, answer: ReaderFeedback
    ) -> None:
        """End a question by the reader's own list, unless the person has gone meanwhile."""
        if self._open.get(reader) is asked:
            self._end(reader, answer)

    def _end(self, reader: DeviceId, answer: ReaderFeedback) -> None:
        del self._open[reader]
        self.answered(reader, answer)
