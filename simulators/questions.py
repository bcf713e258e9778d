"""Who waits at a reader for an answer, and how their question ends."""

from collections.abc import Callable

from msgspec import Struct

from gateway.core.model.names import DeviceId
from simulators.devices import Key, ReceivedCommand


class ReaderFeedback(Struct, frozen=True):
    """What somebody at a reader sees; `reason` is empty where the reader tells none."""

    released: bool
    reason: str = ""


Answered = Callable[[DeviceId, ReaderFeedback], None]
"""Hears how a reader's question ended."""


class PendingQuestion(Struct, eq=False):
    """A question that waits for its answer. `key` is None where events have no numbers."""

    key: Key | None
    releaser: DeviceId


class PendingQuestions:
    """The questions of one site's readers, one at a time each."""

    def __init__(self) -> None:
        self.answered: Answered = lambda _reader, _answer: None
        self._open: dict[DeviceId, PendingQuestion] = {}

    def ask(self, reader: DeviceId, question: PendingQuestion) -> None:
        """Somebody waits; whoever asked there before does not any more."""
        self._open[reader] = question

    def look_away(self, reader: DeviceId) -> None:
        """Whoever asked does not wait any longer."""
        self._open.pop(reader, None)

    def heard(self, device: DeviceId, heard: ReceivedCommand) -> None:
        """What a command made of a reader."""
        asked = self._open.get(device)
        if heard.effect == "unlocked":
            self.released(device)
        elif asked is not None and asked.key == heard.key:
            if heard.effect == "denied":
                self._end(device, ReaderFeedback(released=False, reason=heard.reason))
            elif heard.effect == "granted" and asked.releaser == device:
                self._end(device, ReaderFeedback(released=True, reason=heard.reason))

    def released(self, releaser: DeviceId) -> None:
        """A lock is open: whoever asked at its door may go."""
        for reader in [name for name, asked in self._open.items() if asked.releaser == releaser]:
            self._end(reader, ReaderFeedback(released=True))

    def decided_alone(
        self, reader: DeviceId, asked: PendingQuestion, answer: ReaderFeedback
    ) -> None:
        """The reader has looked into its list, unless whoever asked has looked away by then."""
        if self._open.get(reader) is asked:
            self._end(reader, answer)

    def _end(self, reader: DeviceId, answer: ReaderFeedback) -> None:
        del self._open[reader]
        self.answered(reader, answer)
