"""`seuil bench start`: the time to the first open door, after a start with a long journal.

The journal is that of a gateway that was killed one row before its next snapshot, so the restart
has the longest tail to replay. Somebody badges twenty times per second from the moment the process
is started; the measurement ends when a reader has its first answer.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from benchmarks import gateway_process, synthetic_site
from benchmarks.crash_judge import asked
from benchmarks.gateway_child import GatewayChild, gateway_child
from benchmarks.load_devices import Crowd, connected
from benchmarks.processes import BenchError
from benchmarks.sensor_site import with_sensors
from benchmarks.synthetic_journal import BOOT, write_past
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.clock import SystemClock
from gateway.config import load_settings

MEMBERS = 5000
READERS = 50
BADGES_A_S = 20.0
FIRST_DECISION_MAX_S = 3.0
"""The limit of the issue."""
ANSWER_S = 60.0
"""The longest wait for an answer."""


class StartResult(Struct):
    """The result that `--json` prints."""

    rows: int
    first_decision_s: float
    granted: bool
    """The first decision was the right one: the badge is a member's."""
    tail_rows: int
    """Rows that were replayed."""
    journal_mb: float
    rss_mb: float

    @property
    def is_good(self) -> bool:
        """True if it was soon enough, and right."""
        return self.granted and self.first_decision_s <= FIRST_DECISION_MAX_S


async def measure(rows: int, on_rows: Callable[[int], None] = lambda _rows: None) -> StartResult:
    """Write a past, start, and wait for the first decision.

    Raises:
        BenchError: it did not come.
        BrokerError: no broker could be started.
        JournalError: the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        data, site = Path(folder), with_sensors(synthetic_site.place(READERS))
        badges = synthetic_site.badges(MEMBERS)
        synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges)
        await write_past(data, site, rows, SystemClock().now(), on_rows)
        size_mb = (data / JOURNAL_FILE).stat().st_size / 2**20
        with asked(data / JOURNAL_FILE) as ask:
            ((tail,),) = ask(_TAIL)
        async with EmbeddedBroker(data / "broker", autosave=False) as broker:
            order = gateway_process.GatewayChildConfig(broker.url, folder, site)
            crowd = Crowd(broker.url, site, badges, boot=BOOT + 1)
            async with (
                gateway_child(order) as gateway,
                connected(crowd) as people,
            ):
                took = await _first_answer(gateway, people)
                return StartResult(
                    rows=rows,
                    first_decision_s=round(took, 3),
                    granted=not people.seen.denied,
                    tail_rows=tail,
                    journal_mb=round(size_mb, 1),
                    rss_mb=gateway.rss_mb,
                )


async def _first_answer(gateway: GatewayChild, people: Crowd) -> float:
    """Return the seconds from the process's start to the first answer at a reader."""
    started = time.monotonic()
    await gateway.spawn()
    badging = asyncio.create_task(people.busy(BADGES_A_S), name="badging")
    try:
        while not people.seen.answers:
            if time.monotonic() - started > ANSWER_S or not gateway.running:
                raise BenchError(f"no answer came: {gateway.last_words()}")
            await asyncio.sleep(0.001)
    finally:
        badging.cancel()
        await asyncio.gather(badging, return_exceptions=True)
    return people.seen.answers[0][0] - started


_TAIL = """
SELECT (SELECT max(n) FROM journal) - (SELECT coalesce(max(n), 0) FROM snapshot)"""
