"""The outcome of every credential event of a simulation: answers, decisions, delays.

A decision is identified by the gateway's number. Devices that number their events get it in the
command with the same (`boot`, `seq`); others are matched on the site's public `access` topic, in
the order of their events. So are decisions that a reader made alone: they get no answer, but the
gateway must publish once that it knows, that it was late, and the reader's own decision.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from gateway.core.access.reasons import EXIT_BUTTON
from gateway.core.model.names import DeviceId, SiteId
from gateway.wire.commands import AccessCommand
from gateway.wire.states import AccessMessage
from simulators.devices import Key, NativeDevice
from simulators.judge import Must

DELAYS_KEPT = 100_000
"""Answer times kept for the percentiles: a day of a large network, and under 10 MB."""
ASKED_KEPT = 200_000
"""Credential events remembered individually; older ones are judged and only counted."""

READER_DECIDED = "reader-decided"
"""The gateway's reason for a decision that a reader made alone."""
SLOW_MS = 2000.0
"""A later answer comes to a reader that has decided alone, if it can."""

_read_access = msgspec.json.Decoder(AccessMessage).decode


class Answered(Struct, frozen=True):
    """Answer times in milliseconds; None when there was no answer."""

    p50: float | None
    p99: float | None
    slowest: float | None


class RunTally(Struct, frozen=True):
    """The figures of a run.

    `ok`: the gateway has stored every event; each fresh credential, and each that a reader decided
    alone, got exactly one decision; and no decision is wrong.
    """

    ok: bool
    credentials: int
    """Credential events presented."""
    late: int
    """Of them, those that came too late to be answered: kept by an offline reader, or re-sent."""
    decided_alone: int
    """Credential events that a reader decided by its rights list while it was cut off."""
    decisions: int
    """Decisions seen for them, each once."""
    granted: int
    denied: int
    denied_by_reason: dict[str, int]
    undecided: int
    """Fresh events, and events that a reader decided alone, without a decision."""
    decided_twice: int
    """Events with two different decisions."""
    contradicted: int
    """Events that a reader decided alone, and for which the gateway published another decision."""
    wrongly_granted: int
    """People who must never pass here, and could: with a lost badge, or without a training."""
    wrongly_denied: int
    """People who could not leave."""
    answers_repeated: int
    """Repetitions of the same decision."""
    answer_ms: Answered
    sent: int
    """Messages handed to the broker."""
    resent: int
    """Events sent again because no ack came in time."""
    duplicated: int
    """Messages that the simulated wire delivered twice."""
    unacknowledged: int
    """Events that the gateway had not acknowledged at the end."""
    refused: int
    """Events lost because a device's store was full."""
    garbled: int
    """Messages of the gateway that no device could decode."""
    people: dict[str, dict[str, int]]
    """The true count of each zone at the end, by site."""
    faults: dict[str, int]
    """Faults that happened, by name."""
    machines: dict[str, int]
    """Events of machines: switched on and off, warned, stopped."""


class PresentedCredential(Struct, frozen=True):
    """A credential event that a numbered reader presented.

    `decision` is the gateway's, as the reader received it; `decided` is the reader's own.
    """

    site: SiteId
    reader: DeviceId
    key: Key
    decision: str | None
    decided: Must | None = None


class _Question(Struct):
    asked: datetime
    fresh: bool
    must: Must | None
    decided: Must | None
    decision: str | None = None

    @property
    def waits(self) -> bool:
        """True while a required decision is missing."""
        return (self.fresh or self.decided is not None) and self.decision is None


_Name = tuple[SiteId, DeviceId, Key | int]


class Bookkeeping:
    """Collects the figures while a simulation runs."""

    def __init__(self) -> None:
        self.sent = self.duplicated = self.garbled = 0
        self.late = self.credentials = self.decided_alone = 0
        self.machines: Counter[str] = Counter()
        self._questions: dict[_Name, _Question] = {}
        self._overheard: dict[tuple[SiteId, DeviceId, bool], deque[Key | int]] = {}
        """By reader, and whether it decided alone: events without a published decision, oldest
        first.
        """
        self._delays: deque[float] = deque(maxlen=DELAYS_KEPT)
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._twice = self._repeated = self._undecided = self._contradicted = 0
        self._wrongly: Counter[str] = Counter()
        self.slow = 0
        """Answers to fresh events that came after `SLOW_MS`."""

    def asked(
        self,
        site: SiteId,
        reader: DeviceId,
        key: Key | None,
        now: datetime,
        *,
        fresh: bool = True,
        decided: Must | None = None,
        must: Must | None = None,
    ) -> None:
        """Record a presented credential. `fresh`: it was sent at once.

        `decided` is the reader's own decision, `must` the required one.
        """
        self.credentials += 1
        self.decided_alone += decided is not None
        self.late += not fresh and decided is None
        number: Key | int = self.credentials if key is None else key
        self._questions[site, reader, number] = _Question(now, fresh, must, decided)
        if key is None or decided is not None:
            alone = decided is not None
            self._overheard.setdefault((site, reader, alone), deque()).append(number)
        if len(self._questions) > ASKED_KEPT:
            old = self._questions.pop(next(iter(self._questions)))
            self._undecided += old.waits

    def resent(self, site: SiteId, reader: DeviceId, key: Key) -> None:
        """Record that an event had no ack and was sent again: it is now too old to be answered."""
        question = self._questions.get((site, reader, key))
        if question is not None and question.fresh and question.decision is None:
            question.fresh = False
            self.late += 1

    def gave_up(self, site: SiteId, reader: DeviceId, key: Key, decided: Must) -> None:
        """Record that a reader had no answer in time, and decided alone."""
        question = self._questions.get((site, reader, key))
        if question is None or question.decision is not None:
            return
        self.decided_alone += 1
        question.fresh, question.decided = False, decided
        waiting = self._overheard.get((site, reader, True), ())
        told_in_order = sorted((key, *(one for one in waiting if not isinstance(one, int))))
        self._overheard[site, reader, True] = deque(told_in_order)

    def heard(self, site: SiteId, reader: DeviceId, answer: AccessCommand, now: datetime) -> None:
        """Take an answer to a numbered reader."""
        if answer.boot is not None and answer.seq is not None:
            name = (site, reader, (answer.boot, answer.seq))
            question = self._questions.get(name)
            if question is not None and question.decided is not None:
                return  # it came too late: the reader has decided
            self._decided(name, answer.id, answer.decision, answer.reason, now)

    def overheard(self, site: SiteId, payload: bytes, now: datetime) -> None:
        """Take a published decision; without a number it belongs to the oldest open event.

        Readers without numbers, and decisions that a reader made alone, have none.
        """
        try:
            told = _read_access(payload)
        except msgspec.DecodeError:
            self.garbled += 1
            return
        if told.reason == EXIT_BUTTON:
            return  # no badge was held to the reader
        waiting = self._overheard.get((site, told.reader, told.late))
        if waiting:
            name = (site, told.reader, waiting.popleft())
            self._decided(name, told.id, told.decision, told.reason, now)

    def _decided(
        self, name: _Name, decision: str, outcome: str, reason: str, now: datetime
    ) -> None:
        question = self._questions.get(name)
        if question is None:
            return  # of an earlier run, or judged long ago
        if question.decision is not None:
            again = question.decision == decision
            self._repeated += again
            self._twice += not again
            return
        question.decision = decision
        self._outcomes[outcome, reason] += 1
        self._wrongly[outcome] += question.must is not None and outcome != question.must
        self._contradicted += question.decided is not None and outcome != question.decided
        if question.fresh:
            delay_ms = (now - question.asked).total_seconds() * 1000
            self._delays.append(delay_ms)
            self.slow += delay_ms > SLOW_MS

    def presented(self) -> Iterator[PresentedCredential]:
        """Yield the last `ASKED_KEPT` events of numbered readers, to compare with a journal."""
        for (site, reader, key), question in self._questions.items():
            if not isinstance(key, int):
                yield PresentedCredential(site, reader, key, question.decision, question.decided)

    def undecided(self) -> int:
        """Return the number of events that wait for a required decision, or never had one."""
        return self._undecided + sum(one.waits for one in self._questions.values())

    def result(
        self,
        devices: Iterable[NativeDevice],
        people: dict[str, dict[str, int]],
        faults: Mapping[str, int],
    ) -> RunTally:
        """Return the current figures."""
        every = list(devices)
        by_reason: Counter[str] = Counter()
        for (outcome, reason), times in self._outcomes.items():
            by_reason[reason] += times if outcome == "denied" else 0
        granted = sum(times for (how, _), times in self._outcomes.items() if how == "granted")
        undecided = self.undecided()
        unacknowledged = sum(device.unacknowledged for device in every)
        decisions = sum(self._outcomes.values())
        wrong = self._twice + self._contradicted + sum(self._wrongly.values())
        return RunTally(
            ok=decisions > 0 and not (undecided or wrong or unacknowledged),
            credentials=self.credentials,
            late=self.late,
            decided_alone=self.decided_alone,
            decisions=decisions,
            granted=granted,
            denied=sum(by_reason.values()),
            denied_by_reason=dict(sorted((+by_reason).items())),
            undecided=undecided,
            decided_twice=self._twice,
            contradicted=self._contradicted,
            wrongly_granted=self._wrongly["granted"],
            wrongly_denied=self._wrongly["denied"],
            answers_repeated=self._repeated,
            answer_ms=_percentiles(self._delays),
            sent=self.sent,
            resent=sum(device.resent for device in every),
            duplicated=self.duplicated,
            unacknowledged=unacknowledged,
            refused=sum(device.refused for device in every),
            garbled=self.garbled,
            people=people,
            faults=dict(sorted(faults.items())),
            machines=dict(sorted(self.machines.items())),
        )


def _percentiles(delays: Iterable[float]) -> Answered:
    ordered = sorted(delays)
    if not ordered:
        return Answered(None, None, None)
    last = len(ordered) - 1
    p50, p99 = (round(ordered[round(share * last)], 2) for share in (0.5, 0.99))
    return Answered(p50, p99, round(ordered[-1], 2))
