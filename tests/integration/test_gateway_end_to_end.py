"""The gateway, end to end: a real mosquitto, a real journal, readers on the native wire."""

import asyncio
import json
import os
import resource
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.core.facts import GapNoticed, PeopleCrossed
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.readings import Crossed
from gateway.service.recovery import recover
from gateway.wire.topics import Topics
from simulators.layouts import Recording, Timed
from simulators.link import Broker
from simulators.replay import RecordingResult, Replay
from simulators.run import LiveClock, new_boot
from tests.servers import Mosquitto, WriteProxy, until
from tests.world.gateway_process import HUB, GatewayProcess
from tests.world.members import ADA, BOB, STRANGER, holder
from tests.world.wire import CLOCK, Wire, online

GROWS_TO = 16_384
"""Bytes that a file may have while the disk fails: fewer than the journal, more than the log."""


def handovers(gateway: GatewayProcess) -> list[tuple[str, str]]:
    """Each decision's reason and what became of its answer, in order."""
    rows = gateway.ask(
        lambda file: [
            file.decision(stored.row.n)
            for stored in file.events_after(0)
            if stored.row.kind == "credential"
        ]
    )
    return [(row.decided.reason, row.handover) for row in rows if row is not None]


def kinds(gateway: GatewayProcess, *wanted: str) -> list[str]:
    """The kinds of the rows that are wanted."""
    rows = gateway.ask(lambda file: list(file.events_after(0)))
    return [stored.row.kind for stored in rows if stored.row.kind in wanted]


# -- decisions


async def test_a_grant_counts_somebody_when_the_door_opens(
    gateway: GatewayProcess, wire: Wire
) -> None:
    """Answer, ack and word at once; inside only through the door; and nobody's name on the wire."""
    hall = "seuil/hub/zone/hall/occupancy"
    seq = await wire.badge(ADA)
    answer = await wire.answer(seq)
    assert (answer["decision"], answer["reason"], answer["unlock_s"]) == ("granted", "plan", 5.0)
    await wire.acked(seq)
    await until(lambda: wire.said["seuil/hub/access"], "everyone is told")
    assert wire.last("seuil/hub/access")["holder"] == holder(ADA)
    assert wire.last("seuil/hub/door/front/state")["state"] == "unlocked"
    assert wire.last(hall)["people"] == 0
    await wire.event("contact", type="door", state="open")
    await until(lambda: wire.last(hall)["people"] == 1, "Ada is inside")
    seq = await wire.badge(ADA, "reader-out")
    assert (await wire.answer(seq, "reader-out"))["reason"] == "exit-free"
    await wire.event("contact", type="door", state="closed")
    await wire.event("contact", type="door", state="open")
    await until(lambda: wire.last(hall)["people"] == 0, "Ada is outside")
    await until(lambda: {fate for _, fate in handovers(gateway)} == {"delivered"}, "delivered")
    everything = json.dumps(wire.said | {"": gateway.log})
    events = {topic for topic in wire.said if topic.endswith("/event")}
    others = json.dumps({topic: said for topic, said in wire.said.items() if topic not in events})
    assert ADA in everything
    assert ADA not in others + gateway.log
    assert "Name of" not in everything
    raw = (gateway.data / JOURNAL_FILE).read_bytes()
    wal = (gateway.data / f"{JOURNAL_FILE}-wal").read_bytes()
    assert ADA.encode() not in raw + wal


async def test_a_refusal_has_its_reason(gateway: GatewayProcess, wire: Wire) -> None:
    """And opens nothing; it is decided once, though two sessions of the gateway hear it."""
    seq = await wire.badge(STRANGER)
    answer = await wire.answer(seq)
    assert (answer["decision"], answer["unlock_s"]) == ("denied", None)
    assert answer["reason"] == "credential-unknown"
    assert wire.last("seuil/hub/door/front/state")["state"] == "locked"
    seq = await wire.badge(STRANGER)
    await wire.acked(seq)
    assert kinds(gateway, "credential") == ["credential"] * 2
    assert gateway.ask(lambda file: file.count("decision")) == 2
    assert gateway.ask(lambda file: file.count("dead_letter")) == 0


async def test_late_and_retained_badges_open_nothing(
    stopped_gateway: GatewayProcess, wire: Wire
) -> None:
    """They are recorded and acknowledged; a late one is refused, in case a clock is wrong."""
    await wire.badge(ADA, retain=True)
    async with stopped_gateway as gateway:
        await wire.acked(1)
        seq = await wire.badge(ADA, age_s=6)
        await wire.acked(seq)
        assert [reason for reason, _ in handovers(gateway)] == ["retained", "too-old"]
        assert (await wire.answer(seq))["decision"] == "denied"
        seq = await wire.badge(ADA)
        await wire.answer(seq)
    assert [one["seq"] for one in wire.said["seuil/hub/reader/command"]] == [2, 3]
    assert [fate for _, fate in handovers(gateway)] == ["none", "delivered", "delivered"]


async def test_members_are_in_force_within_a_second_or_so(
    gateway: GatewayProcess, wire: Wire
) -> None:
    """While the gateway runs."""
    assert (await wire.answer(await wire.badge(BOB)))["decision"] == "denied"
    gateway.enrol(ADA, BOB)
    await until(lambda: kinds(gateway, "directory") == ["directory"] * 2, "Bob is in force")
    assert (await wire.answer(await wire.badge(BOB)))["decision"] == "granted"


async def test_two_sites_in_one_gateway(
    stopped_gateway: GatewayProcess, wire: Wire, tmp_path: Path
) -> None:
    """The same names, and nothing in common but the members."""
    space = tmp_path / "spaces"
    space.mkdir()
    (space / "hub.toml").write_text(HUB)
    (space / "annex.toml").write_text(HUB.replace('"hub"', '"annex"'))
    stopped_gateway._space = space
    async with stopped_gateway as gateway:
        await online(gateway, wire)
        seq = await wire.badge(ADA, site="annex")
        assert (await wire.answer(seq, site="annex"))["decision"] == "granted"
        await wire.event("contact", "annex", type="door", state="open")
        await until(
            lambda: (wire.last("seuil/annex/zone/hall/occupancy") or {}).get("people"), "Ada is in"
        )
    assert wire.last("seuil/hub/zone/hall/occupancy")["people"] == 0
    assert wire.said["seuil/hub/reader/command"] == []
    assert gateway.ask(lambda file: file.sites()) == ["annex", "hub"]


# -- what comes twice, late, broken or from nobody


async def test_duplicates_and_gaps(gateway: GatewayProcess, wire: Wire) -> None:
    """A duplicate is acknowledged and dropped; a gap is reported, and holds the ack back."""
    await wire.badge(ADA, seq=1)
    await wire.answer(1)
    await wire.badge(ADA, seq=1)
    await wire.badge(ADA, seq=3)
    await wire.answer(3)
    acks = wire.said["seuil/hub/reader/ack"]
    await until(lambda: len(acks) == 3, "three acks")
    assert [ack["seq"] for ack in acks] == [1, 1, 1]
    await wire.badge(ADA, seq=2, age_s=1)
    await wire.acked(3)
    rows = gateway.ask(lambda file: file.rows_after(0, 100))
    gaps = [fact for row in rows for fact in row.facts if isinstance(fact, GapNoticed)]
    assert [gap for gap in gaps if gap.device == "reader"] == [
        GapNoticed(DeviceId("reader"), 1, 2, 2)
    ]
    assert gateway.ask(lambda file: file.count("decision")) == 3


async def test_garbage_becomes_a_dead_letter(gateway: GatewayProcess, wire: Wire) -> None:
    """With the reason, once; what has a number is acknowledged, and no badge number is kept."""
    secret = b'{"boot":1,"seq":1,"at":"yesterday","type":"credential","credential":"%s"}'
    await wire.raw("seuil/hub/reader/event", secret % ADA.encode())
    await wire.acked(1)
    await wire.raw("seuil/hub/nobody/event", b"{}")
    await wire.raw("seuil/hub/reader/event", b"\xff" * 5000)
    await wire.raw("seuil/hub/counter/event", b'{"seq":NaN}')
    await until(lambda: gateway.ask(lambda file: file.count("dead_letter")) >= 4, "four letters")
    seq = await wire.badge(ADA, seq=2)
    await wire.answer(seq)
    assert gateway.ask(lambda file: file.count("dead_letter")) == 4
    assert ADA.encode() not in (gateway.data / f"{JOURNAL_FILE}-wal").read_bytes()
    assert "dead letter from 'seuil/hub/nobody/event': unknown-device" in gateway.log


async def test_what_was_committed_and_not_acknowledged_counts_once(
    gateway: GatewayProcess, wire: Wire
) -> None:
    """The broker sends it again after a crash, and the journal knows it."""
    gateway.freeze()
    for total in range(1, 51):
        await wire.event("counter", type="crossing", in_total=total, out_total=0)
    await asyncio.sleep(0.1)
    gateway.thaw()
    await until(lambda: "crossing" in kinds(gateway, "crossing"), "something is on disk")
    await gateway.kill()
    await gateway.start()
    await wire.acked(50, "counter")
    assert kinds(gateway, "crossing") == ["crossing"] * 50
    assert people_in(gateway) == 49


def people_in(gateway: GatewayProcess) -> int:
    """All who crossed, by the journal."""
    rows = gateway.ask(lambda file: [stored.row for stored in file.events_after(0)])
    facts = [fact for row in rows for fact in row.facts]
    return sum(fact.entered for fact in facts if isinstance(fact, PeopleCrossed))


# -- answers that were not handed over

FRESH = timedelta(seconds=60)
LONG_FRESH = """
from datetime import timedelta
from gateway.core.access import late_events
late_events.LATE = timedelta(seconds=60)
from gateway.cli import main
main()
"""
"""`seuil run` whose answers are fresh for a minute: a start may take longer than five seconds."""


@pytest.mark.parametrize(
    ("age_s", "fate"),
    [
        pytest.param(0.0, "delivered", id="still fresh: sent"),
        pytest.param(50.0, "undelivered", id="void by now: recorded"),
    ],
)
async def test_answers_of_a_gateway_that_died(
    broker: Mosquitto, gateway: GatewayProcess, wire: Wire, age_s: float, fate: str
) -> None:
    """The broker hangs, the decision is on disk, the gateway is killed, and starts again."""
    await gateway.stop()
    gateway.program = LONG_FRESH
    await gateway.start()
    wire.said.clear()
    await online(gateway, wire)
    gateway.freeze()
    badged = CLOCK.now() - timedelta(seconds=age_s)
    await wire.badge(ADA, age_s=age_s)
    await asyncio.sleep(0.2)  # the broker writes it into the frozen gateway's socket
    os.kill(broker.pid, signal.SIGSTOP)
    gateway.thaw()
    await until(lambda: handovers(gateway), "the decision is on disk")
    await gateway.kill()
    assert handovers(gateway) == [("plan", "pending")]
    if fate == "undelivered":
        await until(lambda: CLOCK.now() > badged + FRESH, "its answer is void")
    os.kill(broker.pid, signal.SIGCONT)
    wire.said.clear()
    await gateway.start()
    await until(lambda: handovers(gateway) == [("plan", fate)], f"it is {fate}")
    if fate == "delivered":
        commands = wire.said["seuil/hub/reader/command"]
        await until(lambda: commands, "the answer came")
        assert datetime.fromisoformat(commands[0]["expires"]) > CLOCK.now()


# -- when the disk fails


async def test_nothing_is_acknowledged_that_is_not_on_disk(
    gateway: GatewayProcess, wire: Wire
) -> None:
    """Files may not grow: the gateway leaves the broker, says so, and heals when they may again."""
    await wire.acked(await wire.badge(ADA))
    unlimited = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (GROWS_TO, unlimited[1]))
    before = gateway.ask(lambda file: file.count("journal"))
    for _ in range(30):
        await wire.badge(ADA)
    health = "seuil/gateway/gw1/health"
    await until(lambda: "nothing is acknowledged" in gateway.log, "it says so in the log")
    await until(lambda: wire.last(health)["status"] == "journal-failing", "and in its health")
    await asyncio.sleep(0.5)
    stored = gateway.ask(lambda file: file.count("journal")) - before
    acked = max(ack["seq"] for ack in wire.said["seuil/hub/reader/ack"])
    assert acked <= 1 + stored < 31
    assert len(handovers(gateway)) == 1 + stored
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, unlimited)
    await until(lambda: "can be written again" in gateway.log, "it heals")
    await wire.acked(31)
    assert len(handovers(gateway)) == 31
    await until(lambda: wire.last(health)["status"] == "ok", "and says so")


# -- when others fail


def recording(events: int) -> Recording:
    """One person each millisecond."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    timed = [Timed(start + timedelta(milliseconds=n), Crossed(n, 0)) for n in range(events)]
    return Recording("made up", tuple(timed), {"in": events - 1})


async def tell(broker: Mosquitto, events: int, rate: float | None = None) -> RecordingResult:
    """The counter tells a made-up recording, until all of it is acknowledged."""
    replay = Replay(
        recording(events),
        SiteId("hub"),
        DeviceId("counter"),
        broker=Broker(broker.url),
        topics=Topics(),
        clock=LiveClock(CLOCK),
        boot=new_boot(CLOCK),
    )
    return await replay.tell(rate)


async def test_a_restart_of_the_broker_under_load(broker: Mosquitto, tmp_path: Path) -> None:
    """Devices and gateway come back by themselves; nobody is missing and nobody counted twice."""
    async with GatewayProcess(tmp_path / "gateway", broker.url) as gateway:
        await gateway.hears()
        telling = asyncio.create_task(tell(broker, 2000, rate=800))
        for share in (500, 1200):
            await until(lambda share=share: people_in(gateway) > share, "it goes on", poll_s=0.1)  # type: ignore[misc]
            await broker.restart()
        assert (await telling).ok
        assert people_in(gateway) == 1999


@pytest.mark.parametrize("mode", ["hang", "error", "refuse"])
async def test_a_broken_influxdb_delays_no_answer(
    broker: Mosquitto, wire: Wire, tmp_path: Path, mode: str
) -> None:
    """Nor does it fill the memory: what waits for it is in the journal."""
    with WriteProxy("http://127.0.0.1:9") as proxy:
        proxy.mode = mode
        gateway = GatewayProcess(tmp_path / "gateway", broker.url, influx_url=proxy.url)
        gateway.enrol(ADA)
        async with gateway:
            await online(gateway, wire)
            first = psutil.Process(gateway.pid).memory_info().rss
            telling = asyncio.create_task(tell(broker, 1800, rate=600))
            # An answer that waited for a write would be void by then: a write is given ten seconds.
            answers = [await wire.answer(await wire.badge(ADA)) for _ in range(40)]
            assert "granted" in {answer["decision"] for answer in answers}
            assert "too-old" not in {answer["reason"] for answer in answers}
            assert (await telling).ok
            await until(lambda: proxy.requests, "the outbox tried")
            grown = psutil.Process(gateway.pid).memory_info().rss - first
            assert grown < 40e6


async def test_a_gateway_without_a_broker_waits_and_stops(tmp_path: Path) -> None:
    """It says that it is not connected, grows nothing, and ends when told."""
    gateway = GatewayProcess(tmp_path / "gateway", "mqtt://127.0.0.1:9")
    gateway.started_when = "Connection refused"
    gateway.enrol(ADA)
    async with gateway:
        await until(lambda: gateway.log.count("Connection refused") >= 3, "it tries")
        assert "is ready" not in gateway.log
    assert kinds(gateway, "space", "directory") == ["space", "directory"]


async def test_a_stop_leaves_a_snapshot(gateway: GatewayProcess, wire: Wire) -> None:
    """The next start replays nothing, and a replay of everything gives the same state."""
    for _ in range(5):
        await wire.acked(await wire.badge(ADA))
    await gateway.stop()
    hub = SiteId("hub")
    recovered = gateway.ask(lambda file: recover(file, [hub], CLOCK.now())).sites[hub]
    assert recovered.replayed == 0
    assert len(recovered.state.directory.holders) == 1
