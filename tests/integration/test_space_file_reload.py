"""A space file and members that change under a running gateway, through a real broker."""

import asyncio
import os
import signal

from gateway.clock import SystemClock
from gateway.config.last_good import FILE as LAST_GOOD
from gateway.core.events import Reported
from gateway.core.model.names import SiteId
from gateway.core.readings import Battery
from gateway.service.recovery import recover
from tests.servers import Mosquitto, until
from tests.world.gateway_process import HUB, GatewayProcess
from tests.world.members import ADA, BOB, members_in
from tests.world.wire import Wire, wire_of

HEALTH = "seuil/gateway/gw1/health"
CLOSED = HUB.replace('zones = ["hall"]', 'zones = ["hall"]\nhours = "off"')
LAB = """
[[zones]]
id = "lab"
name = "Lab"

[[doors]]
id = "lab-door"
name = "Lab door"
zone = "lab"
outside = "hall"

[[access_points]]
id = "lab-in"
door = "lab-door"
direction = "entry"

[[readers]]
id = "lab-reader"
access_point = "lab-in"
"""
MOVED = HUB.replace(
    '[[sensors]]\nid = "counter"\nzone = "hall"',
    '[[readers]]\nid = "counter"\naccess_point = "front-in"',
)
"""The counter is heard by the session of the readers."""
WITH_LAB = (HUB + LAB).replace('zones = ["hall"]', 'zones = ["hall", "lab"]')


def write(gateway: GatewayProcess, text: str) -> None:
    """Change the space file."""
    gateway._space.write_text(text, encoding="utf-8")


async def in_force(gateway: GatewayProcess, times: int = 1) -> None:
    """Wait until so many changes are in force."""
    await until(
        lambda: gateway.log.count("the space file is in force") >= times,
        "the change is in force",
    )


async def test_hours_change_while_it_runs(gateway: GatewayProcess, wire: Wire) -> None:
    """Both ways, without a restart; who is inside stays so, and a replay explains it all."""
    assert (await wire.answer(await wire.badge(ADA)))["reason"] == "plan"
    await wire.event("contact", type="door", state="open")
    hall = "seuil/hub/zone/hall/occupancy"
    await until(lambda: wire.last(hall)["people"] == 1, "Ada is inside")
    await wire.event("contact", type="door", state="closed")
    write(gateway, CLOSED)
    await in_force(gateway)
    assert (await wire.answer(await wire.badge(ADA)))["reason"] == "outside-hours"
    assert wire.last(hall)["people"] == 1
    write(gateway, HUB)
    await in_force(gateway, 2)
    assert (await wire.answer(await wire.badge(ADA)))["reason"] == "plan"
    await gateway.stop()
    hub = SiteId("hub")
    now = SystemClock().now()
    recovered = gateway.ask(lambda file: recover(file, [hub], now)).sites[hub]
    assert recovered.replayed == 0
    assert len(recovered.state.presence) == 1


async def test_a_fault_changes_nothing_and_is_named(gateway: GatewayProcess, wire: Wire) -> None:
    """In the log and in the health; the doors go on by what was said before."""
    write(gateway, CLOSED.replace('zone = "hall"', 'zone = "hal"', 1))
    await until(lambda: wire.last(HEALTH)["space"] == "faulty", "the health tells")
    assert '"hal" is not a zone; did you mean "hall"?' in gateway.log
    assert wire.last(HEALTH)["status"] == "ok"
    assert (await wire.answer(await wire.badge(ADA)))["reason"] == "plan"
    write(gateway, CLOSED)
    await until(lambda: wire.last(HEALTH)["space"] == "ok", "the health tells")
    assert (await wire.answer(await wire.badge(ADA)))["reason"] == "outside-hours"


async def test_a_new_room_and_its_reader_work_and_go(gateway: GatewayProcess, wire: Wire) -> None:
    """Topics come and go on the living connection; what a room no more has retained is emptied."""
    lab = "seuil/hub/zone/lab/occupancy"
    seq = await wire.badge(ADA, "lab-reader")
    await until(lambda: "unknown-device" in gateway.log, "it is a stranger")
    write(gateway, WITH_LAB)
    await in_force(gateway)
    answer = await wire.answer(await wire.badge(ADA, "lab-reader", boot=2, seq=1), "lab-reader")
    assert (answer["reason"], answer["boot"]) == ("plan", 2)
    await until(lambda: wire.last(lab)["people"] == 1, "the new room counts")
    assert wire.last("seuil/hub/door/lab-door/state")["state"] == "unlocked"
    write(gateway, HUB)
    await in_force(gateway, 2)
    await until(lambda: wire.last(lab) is None, "the room is gone")
    await until(lambda: wire.last("seuil/hub/door/lab-door/state") is None, "so is its door")
    letters = gateway.ask(lambda file: file.count("dead_letter"))
    await wire.badge(ADA, "lab-reader", boot=2, seq=2)
    await until(
        lambda: gateway.ask(lambda file: file.count("dead_letter")) > letters,
        "its reader is a stranger again",
    )
    assert len(wire.said["seuil/hub/lab-reader/command"]) == 1
    assert seq == 1
    assert "ended" not in gateway.log


async def test_what_was_emptied_stays_so_after_a_lost_connection(
    broker: Mosquitto, gateway: GatewayProcess, wire: Wire
) -> None:
    """Also when the change came while the broker was away."""
    write(gateway, WITH_LAB)
    await in_force(gateway)
    lab = "seuil/hub/zone/lab/occupancy"
    await until(lambda: wire.last(lab), "the new room counts")
    await broker.stop()
    await until(lambda: "connection ended" in gateway.log, "the broker is away")
    write(gateway, HUB)
    await in_force(gateway, 2)
    await broker.start()
    async with wire_of(broker) as later:
        await until(lambda: later.last("seuil/hub/zone/hall/occupancy"), "it is back")
        await gateway.hears()
    async with wire_of(broker) as latest:
        await until(lambda: latest.last("seuil/hub/zone/hall/occupancy"), "what is retained comes")
        assert latest.said[lab] == []


async def test_nothing_is_lost_while_the_file_changes(gateway: GatewayProcess, wire: Wire) -> None:
    """Events of devices that stay, over many changes; one moves from one session to another."""
    telling = asyncio.create_task(_count(wire, 1200))
    for change in range(1, 7):
        write(gateway, MOVED if change % 2 else HUB)
        await in_force(gateway, change)
    await telling
    await wire.acked(1200, "counter")
    events = gateway.ask(lambda file: [stored.event for stored in file.events_after(0)])
    levels = [
        round(event.reading.percent * 100)
        for event in events
        if isinstance(event, Reported) and isinstance(event.reading, Battery)
    ]
    assert sorted(levels) == list(range(1, 1201))
    assert gateway.ask(lambda file: file.count("dead_letter")) == 0


async def _count(wire: Wire, total: int) -> None:
    for n in range(1, total + 1):
        await wire.event("counter", type="battery", percent=n / 100)
        await asyncio.sleep(0.005)


async def test_sighup_reads_at_once(gateway: GatewayProcess, wire: Wire) -> None:
    """And does not end it."""
    os.kill(gateway.pid, signal.SIGHUP)
    await in_force(gateway)
    assert "sites that changed: none" in gateway.log
    assert (await wire.answer(await wire.badge(ADA)))["reason"] == "plan"


async def test_a_revocation_is_confirmed_by_its_version(
    gateway: GatewayProcess, wire: Wire
) -> None:
    """From the health that names the version on, the badge is refused: every time, under load."""
    gateway.enrol(ADA, BOB)
    with members_in(gateway.data) as store:
        both = store.version()
        await until(lambda: wire.last(HEALTH)["members"] == both, "both are in force")
        assert (await wire.answer(await wire.badge(BOB)))["reason"] == "plan"
        bob = next(each for each in store.members() if each.name.endswith(BOB))
        load = asyncio.create_task(_count(wire, 400))
        store.apply([], removed=[bob.holder.id])
        await until(lambda: wire.last(HEALTH)["members"] == both + 1, "it is confirmed")
        for _ in range(20):
            answer = await wire.answer(await wire.badge(BOB))
            assert answer["reason"] == "credential-unknown"
        await load


async def test_a_slip_is_survived_by_a_restart(gateway: GatewayProcess, wire: Wire) -> None:
    """The doors go on by the last good file; alarm and health name the line; mended, both end."""
    await until((gateway.data / LAST_GOOD).exists, "the file in force is kept")
    await gateway.stop()
    write(gateway, HUB.replace('zone = "hall"', 'zone = "hal"', 1))
    await gateway.start()
    alarm = "seuil/hub/alarm/space-faulty/gateway"
    await until(lambda: wire.said[alarm], "the alarm is on")
    line = HUB.splitlines().index('zone = "hall"') + 1
    wanted = f'{gateway._space}: doors[0].zone (line {line}): "hal" is not a zone'
    await until(
        lambda: wire.last(HEALTH).get("space_fault", "").startswith(wanted), "it says which"
    )
    assert wanted in gateway.log
    await wire.acked(await wire.badge(ADA))
    assert (await wire.answer(await wire.badge(ADA)))["decision"] == "granted"
    write(gateway, HUB)
    await until(lambda: wire.last(HEALTH)["space"] == "ok", "it is mended")
    await until(lambda: wire.said[alarm][-1] is None, "the alarm is over")
