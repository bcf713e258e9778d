"""`seuil bench crash`: a gateway that is killed again and again under load keeps its promises.

A real mosquitto, 500 events per second (half of them badges), readers and sensors that keep their
events until the gateway's ack. The gateway is killed with SIGKILL at seeded random moments, one in
five while it starts (a recovery must survive a kill as well), and restarted at once. At the end all
events settle, the gateway is stopped, and its journal is judged.
"""

import asyncio
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, structs

from benchmarks import gateway_process, synthetic_site
from benchmarks.crash_judge import CrashVerdict, judge
from benchmarks.gateway_child import GatewayChild, gateway_child
from benchmarks.load_devices import Crowd, connected
from benchmarks.sensor_site import with_sensors
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import credential_key
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.config import load_settings
from gateway.core.access.late_events import LATE

MEMBERS = 500
READERS = 20
BADGES_A_S = 250.0
SENSED_A_S = 250.0
LIFE_S = (0.3, 1.5)
"""The lifetime of a gateway that has started."""
START_KILL_S = (0.02, 0.5)
"""The lifetime of one that is killed while it starts."""
START_KILLS = 0.2
"""The share of kills at a start."""
RESEND_S = 0.2
"""Seconds without an ack before an event is sent again: more often than real devices do."""
KILLS_A_REBOOT = 10
"""A device also restarts now and then: at most four of its boots are remembered."""
SETTLE_S = 90.0
"""A gap after a reboot holds the ack back for 30 s; a longer silence is the end."""


class CrashResult(Struct):
    """The result that `--json` prints."""

    kills: int
    acknowledged: int
    lost: int
    double: int
    undecided: int
    replay_equal: bool
    unexplained: int
    stale_unlocks: int
    stale_ms_max: float
    sent: int
    resent: int
    """Times that a device sent an event again."""
    held_back: int
    """Events that were not created, since their device kept too many: this machine is slow."""
    events: int
    resent_answers: int
    """Answers that arrived twice: the reader recognises them by their event's number."""
    undelivered: int
    """Answers that are recorded as undelivered."""
    snapshots_compared: int
    killed_at_start: int = 0
    """Kills that hit a gateway that was still starting."""
    clean_stop: bool = False
    tracebacks: int = 0

    @property
    def is_good(self) -> bool:
        """True if every promise was kept."""
        wrong = self.lost + self.double + self.undecided + self.unexplained + self.stale_unlocks
        return not wrong and self.replay_equal and self.clean_stop and not self.tracebacks


async def measure(
    kills: int, seed: int = 0, on_kill: Callable[[int], None] = lambda _kills: None
) -> CrashResult:
    """Kill the gateway again and again, and judge its journal.

    Raises:
        BenchError: the gateway did not start, ended by itself, or did not catch up.
        BrokerError: there is no mosquitto.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        data = Path(folder)
        badges, site = (
            synthetic_site.badges(MEMBERS),
            with_sensors(synthetic_site.place(READERS, contacts=True)),
        )
        synthetic_site.enrol(data, credential_key(load_settings(data_dir=data)), badges)
        async with EmbeddedBroker(data / "broker", kind="mosquitto", autosave=False) as broker:
            order = gateway_process.GatewayChildConfig(broker.url, folder, site)
            crowd = Crowd(broker.url, site, badges, seed=seed, resend_after_s=RESEND_S)
            async with (
                gateway_child(order) as gateway,
                connected(crowd) as people,
            ):
                at_start = await _kill_often(gateway, people, kills, seed, on_kill)
                await people.settled(SETTLE_S)
                # No answer is pending any more, and the result of the last one is journaled.
                await asyncio.sleep(LATE.total_seconds() + 2)
                clean = await gateway.stop()
                verdict = await asyncio.to_thread(judge, data / JOURNAL_FILE, site.id, people)
                result = _result(kills, people, verdict)
                return structs.replace(
                    result,
                    killed_at_start=at_start,
                    clean_stop=clean,
                    tracebacks=gateway.tracebacks,
                )


async def _kill_often(
    gateway: GatewayChild, people: Crowd, kills: int, seed: int, on_kill: Callable[[int], None]
) -> int:
    """Kill and restart under load, and end with a live gateway; return the kills at a start."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, no secret
    at_start = 0
    await gateway.start()
    load = asyncio.create_task(people.busy(BADGES_A_S, SENSED_A_S), name="load")
    try:
        for number in range(kills):
            started = await _live(gateway, draw, starting=draw.random() < START_KILLS)
            at_start += not started
            await gateway.kill()
            on_kill(number + 1)
            if number % KILLS_A_REBOOT == KILLS_A_REBOOT - 1:
                people.reboot()
            await gateway.spawn()
        await gateway.ready()
        await asyncio.sleep(1)
    finally:
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
    return at_start


async def _live(gateway: GatewayChild, draw: random.Random, *, starting: bool) -> bool:
    """Let a gateway live for its time; return whether it ever got ready."""
    if starting and gateway.lives > 1:
        await asyncio.sleep(draw.uniform(*START_KILL_S))
        return False
    if gateway.lives > 1:
        await gateway.ready()
    await asyncio.sleep(draw.uniform(*LIFE_S))
    return True


def _result(kills: int, people: Crowd, verdict: CrashVerdict) -> CrashResult:
    return CrashResult(
        kills=kills,
        acknowledged=verdict.acknowledged,
        lost=verdict.lost,
        double=verdict.double,
        undecided=verdict.undecided,
        replay_equal=verdict.replay_equal,
        unexplained=verdict.unexplained,
        stale_unlocks=verdict.stale_unlocks,
        sent=people.seen.sent,
        resent=people.resent,
        held_back=people.held_back,
        stale_ms_max=people.seen.stale_ms_max,
        events=verdict.events,
        resent_answers=verdict.resent_answers,
        undelivered=verdict.undelivered,
        snapshots_compared=verdict.snapshots_compared,
    )
