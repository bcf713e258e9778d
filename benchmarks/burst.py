"""`seuil bench burst`: more badges at once than can be answered, and a reader that floods.

Four phases beside one mosquitto. *Sustained*: answers per second, with a window of unanswered
badges. *Quiet*: one reader now and then. *Burst*: all events at once, from all readers: each is
answered in time or void. *Flood*: all events from one reader, while another one is used now and
then. In the end the journal has each event once.

`backlog`: the gateway is away while the burst comes, and starts behind it.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from msgspec import Struct

from benchmarks import gateway_process, synthetic_site
from benchmarks.crash_judge import asked
from benchmarks.gateway_child import GatewayChild, gateway_child
from benchmarks.processes import BenchError
from benchmarks.raw_readers import Number, RawReaders
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.config import load_settings
from gateway.core.access.late_events import LATE

MEMBERS: Final = 2000
LATE_S: Final = LATE.total_seconds()
SUSTAINED_S: Final = 4.0
WINDOW: Final = 500
"""Unanswered badges of the sustained phase."""
QUIET: Final = 40
"""Badges of the quiet phase."""
EVERY_S: Final = 0.1
"""Seconds between two badges of a person who is not in a hurry."""
STORED_S: Final = 120.0
"""Seconds after which the journal must have every event."""
ENOUGH: Final = 0.8
"""The least share of the events that could be answered in time."""
GAP_MAX_S: Final = 1.0
BESIDE_MAX: Final = 10.0
PHASES: Final = 5


class BurstResult(Struct):
    """The result that `--json` prints."""

    events: int
    readers: int
    answered: int
    """Events of the burst that were answered within 5 s of the badge."""
    void: int
    sustained: float
    """Answers per second."""
    longest_gap_s: float
    """The longest time between two answers of the burst."""
    quiet_p50_ms: float
    beside_p50_ms: float
    """Another reader's median while one floods."""
    beside_p90_ms: float
    lost: int
    """Events that are not in the journal."""
    double: int
    """Events with more than one row, or answered twice."""
    max_inflight: int
    """mosquitto's `max_inflight_messages`; 0: no limit."""
    ready_s: float
    """Seconds from the burst until the gateway was ready; 0: it was ready before."""

    @property
    def is_good(self) -> bool:
        """True if the gateway passed."""
        in_time = self.sustained * (LATE_S - self.ready_s)
        return (
            self.answered >= min(self.events, ENOUGH * in_time)
            and self.longest_gap_s <= GAP_MAX_S
            and self.beside_p50_ms <= BESIDE_MAX * self.quiet_p50_ms
            and not self.lost + self.double
        )


async def measure(
    events: int,
    readers: int,
    *,
    max_inflight: int,
    backlog: bool,
    on_step: Callable[[str], None] = lambda _step: None,
) -> BurstResult:
    """Measure all phases.

    Raises:
        BenchError: the gateway did not start, or the journal never had everything.
        BrokerError: there is no mosquitto.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        data, site = Path(folder), synthetic_site.place(readers + readers % 2)
        numbers = synthetic_site.badges(MEMBERS)
        synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), numbers)
        lines = ("allow_anonymous true", f"max_inflight_messages {max_inflight}")
        topics = [f"seuil/{site.id}/{device.id}" for device in site.devices][:readers]
        raw = RawReaders(topics, numbers, boot=1)
        async with (
            EmbeddedBroker(data / "broker", kind="mosquitto", settings=lines) as broker,
            gateway_child(gateway_process.GatewayChildConfig(broker.url, folder, site)) as gateway,
            raw.connected(broker.url, site.id),
        ):
            await gateway.start()
            on_step("as many as it answers")
            sustained = await _sustained(raw, topics)
            on_step("one reader now and then")
            quiet = await _now_and_then(raw, topics[-1], QUIET)
            on_step("all at once")
            burst, ready_s = await _burst(raw, topics, events, gateway if backlog else None)
            await _stored(data / JOURNAL_FILE, raw)
            on_step("one reader floods")
            beside = await _flood(raw, topics, events, data / JOURNAL_FILE)
            on_step("the books")
            await _stored(data / JOURNAL_FILE, raw)
            await gateway.stop()
            lost, double = _books(data / JOURNAL_FILE, raw)
    return BurstResult(
        events=events,
        readers=readers,
        answered=len(burst),
        void=events - len(burst),
        sustained=round(sustained, 1),
        longest_gap_s=_longest_gap_s(burst),
        quiet_p50_ms=_ms(statistics.median(quiet)),
        beside_p50_ms=_ms(statistics.median(beside)),
        beside_p90_ms=_ms(statistics.quantiles(beside, n=10)[8]),
        lost=lost,
        double=double + raw.answers.repeated,
        max_inflight=max_inflight,
        ready_s=round(ready_s, 3),
    )


async def _sustained(raw: RawReaders, topics: Sequence[str]) -> float:
    """Return the answers per second with `WINDOW` badges unanswered."""
    turn, began, sent = 0, time.monotonic(), 0
    while time.monotonic() - began < SUSTAINED_S:
        missing = WINDOW - (sent - len(raw.answers.at))
        if missing > 0:
            raw.send([raw.badge(topics[(turn + n) % len(topics)]) for n in range(missing)])
            turn, sent = turn + missing, sent + missing
        await asyncio.sleep(0.002)
    rate = len(raw.answers.at) / (time.monotonic() - began)
    deadline = time.monotonic() + LATE_S
    while len(raw.answers.at) < sent and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return rate


async def _now_and_then(
    raw: RawReaders, topic: str, times: int, until: asyncio.Event | None = None
) -> list[float]:
    """Return the latency of each answer in s; a missing one counts as 5 s."""
    took: list[float] = []
    while len(took) < times and not (until is not None and until.is_set()):
        badge = raw.badge(topic)
        began = time.monotonic()
        raw.send([badge])
        answered = await raw.answers.of(badge.number, LATE_S)
        took.append(LATE_S if answered is None else answered - began)
        await asyncio.sleep(EVERY_S)
    return took


async def _burst(
    raw: RawReaders, topics: Sequence[str], events: int, away: GatewayChild | None
) -> tuple[list[float], float]:
    """Return the times of badges answered in time, from the first one on, and the start time."""
    if away is not None and not await away.stop():
        raise BenchError(f"the gateway did not stop: {away.last_words()}")
    badges = [raw.badge(topics[number % len(topics)]) for number in range(events)]
    began = time.monotonic()
    raw.send(badges)
    ready_s = 0.0
    if away is not None:
        await away.start()
        ready_s = time.monotonic() - began
    await asyncio.sleep(began + LATE_S + 1.0 - time.monotonic())
    in_time = sorted(
        raw.answers.at[badge.number] - began
        for badge in badges
        if raw.answers.at.get(badge.number, began + 2 * LATE_S) - began <= LATE_S
        and badge.number not in raw.answers.late
    )
    return [max(0.0, at - ready_s) for at in in_time], ready_s


async def _flood(raw: RawReaders, topics: Sequence[str], events: int, journal: Path) -> list[float]:
    """Return another reader's latencies while the first one floods, until all is stored."""
    over = asyncio.Event()

    async def until_stored() -> None:
        await _stored(journal, raw, of=topics[0])
        over.set()

    raw.send([raw.badge(topics[0]) for _ in range(events)])
    stored = asyncio.create_task(until_stored(), name="flood")
    beside = await _now_and_then(raw, topics[-1], 10_000, over)
    await stored
    return beside


async def _stored(journal: Path, raw: RawReaders, of: str | None = None) -> None:
    """Wait until the journal has every event that was sent (by one reader, or by all).

    Raises:
        BenchError: it never had.
    """
    deadline = time.monotonic() + STORED_S
    while _rows(journal, of) < raw.sent(of):
        if time.monotonic() > deadline:
            raise BenchError(f"{raw.sent(of) - _rows(journal, of)} events were never journaled")
        await asyncio.sleep(0.2)


def _rows(journal: Path, of: str | None) -> int:
    device = f" AND device = '{of.rsplit('/', 1)[-1]}'" if of is not None else ""
    with asked(journal) as ask:
        ((rows,),) = ask(f"SELECT count(*) FROM decision WHERE 1{device}")  # noqa: S608 - our own id
    return int(rows)


def _books(journal: Path, raw: RawReaders) -> tuple[int, int]:
    """Return the number of events missing from the journal, and of those with several rows."""
    with asked(journal) as ask:
        rows = {(device, boot, seq): count for device, boot, seq, count in ask(_NUMBERED)}
    sent = {_as_journaled(number) for number in raw.numbers()}
    return len(sent - rows.keys()), sum(count > 1 for count in rows.values())


def _as_journaled(number: Number) -> tuple[str, int, int]:
    topic, boot, seq = number
    return topic.rsplit("/", 1)[-1], boot, seq


def _longest_gap_s(answered: Sequence[float]) -> float:
    return round(
        max((later - sooner for sooner, later in pairwise([0.0, *answered])), default=0), 3
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


_NUMBERED = """
SELECT device, event ->> 'boot', event ->> 'seq', count(*) FROM journal
WHERE kind = 'credential' GROUP BY 1, 2, 3"""
