"""The progress of people's lives: each continues when its event comes: time, an answer, a turn."""

from collections.abc import Callable
from functools import partial

from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from simulators.clockwork import Clockwork
from simulators.judge import must_be
from simulators.lines import Lines
from simulators.people import SimulatedPerson
from simulators.person_routine import (
    ANSWER_WITHIN_S,
    Ask,
    Life,
    Outcome,
    Pause,
    Stand,
    Step,
    Until,
    Work,
)
from simulators.questions import ReaderFeedback
from simulators.wiring import Wiring

PATIENCE_S = 180.0
"""Seconds that a person stands at a door before giving up."""


class Lives:
    """The lives of one site's people, one step at a time; `work` runs at a machine."""

    def __init__(
        self,
        site: Site,
        clockwork: Clockwork,
        wiring: Wiring,
        lines: Lines,
        work: Callable[[SimulatedPerson, Work], None],
    ) -> None:
        self._site, self._clockwork, self._wiring = site, clockwork, wiring
        self._lines, self._work = lines, work
        self._lives: dict[str, Life] = {}
        self._asking: dict[DeviceId, tuple[SimulatedPerson, Ask]] = {}
        self._closed = False

    def begin(self, person: SimulatedPerson, life: Life, after_s: float) -> None:
        """Begin a person's life in so many seconds."""
        self._lives[person.ref] = life
        self._clockwork.after(after_s, partial(self._first, person))

    def close(self) -> None:
        """Stop the presentation of badges."""
        self._closed = True

    def _first(self, person: SimulatedPerson) -> None:
        self._wait(person, next(self._lives[person.ref]))

    def resume(self, person: SimulatedPerson, outcome: Outcome) -> None:
        """Resume a person's life with the outcome of their step."""
        self._wait(person, self._lives[person.ref].send(outcome))

    def resume_soon(self, person: SimulatedPerson, outcome: Outcome) -> None:
        """Do the same, but not from within another life's step."""
        self._clockwork.at(self._clockwork.now, partial(self.resume, person, outcome))

    def _wait(self, person: SimulatedPerson, step: Step) -> None:
        match step:
            case Pause(seconds=seconds):
                self._clockwork.after(seconds, partial(self.resume, person, ""))
            case Until(at=at):
                self._clockwork.at(at, partial(self.resume, person, ""))
            case Ask():
                self._ask(person, step)
            case Stand():
                self._stand(step)
            case Work():
                self._work(person, step)

    def _ask(self, person: SimulatedPerson, ask: Ask) -> None:
        if self._closed:
            return
        person.told = ""
        must = must_be(self._site, person, ask.reader, ask.pin)
        self._wiring.ask(ask.reader, ask.badge, ask.pin, must)
        self._asking[ask.reader] = (person, ask)
        self._clockwork.after(ANSWER_WITHIN_S, partial(self._look_away, ask))

    def on_answer(self, reader: DeviceId, answer: ReaderFeedback) -> None:
        """Take the end of a reader's question."""
        person, _ = self._asking.pop(reader)
        person.told = answer.reason
        self.resume_soon(person, "granted" if answer.released else "denied")

    def _look_away(self, ask: Ask) -> None:
        """Give up the question, unless it was answered or replaced."""
        person, asked = self._asking.get(ask.reader, (None, None))
        if person is not None and asked is ask:
            del self._asking[ask.reader]
            self._wiring.look_away(ask.reader)
            self.resume(person, "silence")

    def _stand(self, stand: Stand) -> None:
        if self._lines.join(stand) == "turn":
            self.resume_soon(stand.person, "turn")
        else:
            self._clockwork.after(PATIENCE_S, partial(self._lose_patience, stand))

    def _lose_patience(self, stand: Stand) -> None:
        if self._lines.leave(stand):
            self.resume(stand.person, "gave up")
