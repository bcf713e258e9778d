"""A laser behind a Tasmota relay at a real broker: what arrives at the board, and what follows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from gateway.core.facts import MachineEnded
from tests.fakes.tasmota import FakeTasmota
from tests.servers import POLL_S, until
from tests.world.firmware import Firmware, firmware
from tests.world.members import holder

ADA: Final = "ba839d07"
SPACE: Final = """
[site]
id = "hub"
name = "Hub"
timezone = "Europe/Paris"

[[zones]]
id = "lab"
name = "Lab"

[[access_points]]
id = "laser-start"
machine = "laser"

[[access_points]]
id = "saw-start"
machine = "saw"

[[readers]]
id = "laser-reader"
driver = "tasmota"
topic = "laser"
access_point = "laser-start"
options = { relay = 1 }

[[readers]]
id = "saw-reader"
driver = "tasmota"
topic = "saw"
access_point = "saw-start"

[[sensors]]
id = "laser-busy"
driver = "tasmota"
topic = "busy"
machine = "laser"
options = { on_above_w = 30 }

[[sensors]]
id = "saw-plug"
driver = "tasmota"
topic = "plug"
machine = "saw"
options = { relay = 1, on_above_w = 30 }

[[machines]]
id = "laser"
name = "Laser"
zone = "lab"

[[machines]]
id = "saw"
name = "Saw"
zone = "lab"
relay = "saw-plug"

[[plans]]
id = "all"
name = "All"

[[plans.rights]]
zones = ["lab"]
machines = ["laser", "saw"]
"""
LASER: Final = "seuil/hub/machine/laser/state"
SAW: Final = "seuil/hub/machine/saw/state"
MODE: Final = "seuil/hub/mode"
"""It is told whenever the gateway has connected."""
ON: Final = ["PowerOnState 0", "PulseTime1 0", "Power1 ON"]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Firmware]:
    """Four boards, each with its own login of the generated files."""
    names = {"laser": "laser-reader", "saw": "saw-reader", "busy": "laser-busy", "plug": "saw-plug"}
    boards = {name: (FakeTasmota(name), f"hub.{login}") for name, login in names.items()}
    async with firmware(tmp_path, SPACE, ADA, boards=boards) as place:
        yield place


def board(place: Firmware, name: str) -> FakeTasmota:
    """One of the boards."""
    return place.boards[name][0]


async def scan(place: Firmware, name: str) -> None:
    """Ada holds her badge to a board."""
    await place.publish(f"hub.{name}-reader", *board(place, name).scan(ADA.upper()))


async def draws(place: Firmware, name: str, watts: float) -> None:
    """A plug reports what its machine draws."""
    login = place.boards[name][1]
    await place.publish(login, *board(place, name).draws(watts))


async def shows(place: Firmware, topic: str, state: str) -> None:
    """Wait until a machine is shown in a state."""
    await until(lambda: (place.last(topic) or {}).get("state") == state, f"{topic} shows {state}")


async def hears(place: Firmware, name: str) -> None:
    """Wait until the gateway hears a reader's board, which repeats its telemetry."""
    query = f"SELECT count(*) FROM journal WHERE device = '{name}-reader' AND kind = 'relay'"  # noqa: S608 - ours
    before = place.place.rows(query)
    while place.place.rows(query) == before:
        await place.publish(f"hub.{name}-reader", board(place, name).state())
        await asyncio.sleep(POLL_S)


def ended(place: Firmware) -> list[str]:
    """Why uses ended."""
    rows = place.gateway.ask(lambda file: [stored.row for stored in file.events_after(0)])
    return [fact.why for row in rows for fact in row.facts if isinstance(fact, MachineEnded)]


async def test_the_laser_gets_power_and_loses_it(place: Firmware) -> None:
    """On by the badge, off by the same badge, in the board's own commands."""
    await scan(place, "laser")
    await until(lambda: board(place, "laser").relays == [True], "the laser has power")
    assert board(place, "laser").obeyed == ON
    assert board(place, "laser").power_on_state == 0
    await shows(place, LASER, "powered")
    assert place.last(LASER)["user"] == holder(ADA)

    await scan(place, "laser")
    await until(lambda: board(place, "laser").relays == [False], "the laser has none")
    assert board(place, "laser").obeyed == [*ON, "Power1 OFF"]
    await shows(place, LASER, "off")
    assert place.last(LASER)["user"] is None
    assert [reason for *_, reason in place.decisions()] == ["plan", "machine-off"]


async def test_a_job_that_runs_is_not_cut(place: Firmware) -> None:
    """Ada signs off while the laser cuts; the power goes when its own meter says that it stands."""
    await scan(place, "laser")
    await shows(place, LASER, "powered")
    await draws(place, "busy", 350)
    await shows(place, LASER, "running")
    await scan(place, "laser")
    await until(lambda: place.last(LASER)["user"] is None, "she is signed off")
    assert place.last(LASER)["state"] == "running"
    assert board(place, "laser").obeyed == ON
    await draws(place, "busy", 9)
    await until(lambda: board(place, "laser").relays == [False], "the laser has no power")
    await shows(place, LASER, "off")


async def test_a_plug_is_relay_and_meter_in_one(place: Firmware) -> None:
    """The saw's reader says who; its plug is told, and tells."""
    await scan(place, "saw")
    await until(lambda: board(place, "plug").relays == [True], "the saw has power")
    assert board(place, "plug").obeyed == ["PowerDelta 10", *ON]
    assert board(place, "saw").obeyed == []
    await draws(place, "plug", 800)
    await shows(place, SAW, "running")
    assert place.last(SAW)["watts"] == 800
    refused = await place.ask("power-off", machine="saw", why="it smokes")
    assert (refused["status"], refused["error"]) == ("error", "running")
    assert board(place, "plug").relays == [True]
    done = await place.ask("power-off", machine="saw", even_running=True, why="it smokes")
    assert done["status"] == "ok"
    await until(lambda: board(place, "plug").relays == [False], "a person has cut it")
    await shows(place, SAW, "off")
    assert ended(place) == ["operator"]


async def test_after_a_power_cut_it_stays_off(place: Firmware) -> None:
    """The board starts cold with its relay off; a button on the plug gives no power for long."""
    await scan(place, "laser")
    await shows(place, LASER, "powered")
    await place.publish("hub.laser-reader", *board(place, "laser").dies())
    await place.publish("hub.laser-reader", *board(place, "laser").starts(cold=True))
    await shows(place, LASER, "off")
    assert (board(place, "laser").relays, board(place, "laser").obeyed) == ([False], ON)
    await place.publish("hub.saw-plug", *board(place, "plug").pressed(1))
    await until(lambda: board(place, "plug").relays == [False], "nobody was granted the saw")
    assert board(place, "plug").obeyed == ["Power1 OFF"]


async def test_a_gateway_that_dies_cuts_nothing(place: Firmware) -> None:
    """Nor does its return: the use goes on, and ends as it would have."""
    await scan(place, "laser")
    await shows(place, LASER, "powered")
    await place.gateway.kill()
    assert board(place, "laser").relays == [True]
    await place.gateway.start()
    assert "Power1 OFF" not in board(place, "laser").obeyed
    await scan(place, "laser")
    await until(lambda: board(place, "laser").relays == [False], "the laser has no power")
    assert ended(place) == ["signed-off"]


async def test_a_broker_that_goes_cuts_nothing(place: Firmware) -> None:
    """When everybody is back the use goes on, and ends as it would have."""
    await scan(place, "laser")
    await shows(place, LASER, "powered")
    before = len(place.heard[MODE])
    await place.broker.kill()
    await until(lambda: not place.connected, "everybody is cut off")
    await place.broker.start()
    await until(lambda: len(place.connected) == 1 + len(place.boards), "everybody is back")
    assert "Power1 OFF" not in board(place, "laser").obeyed
    await until(lambda: len(place.heard[MODE]) > before, "the gateway tells again")
    await hears(place, "laser")
    await scan(place, "laser")
    await until(lambda: board(place, "laser").relays == [False], "the laser has no power")


async def test_in_an_evacuation_what_stands_goes_off_and_what_runs_is_not_cut(
    place: Firmware,
) -> None:
    """The laser's last line is cut to its end; nobody waits for it."""
    for name in ("laser", "saw"):
        await scan(place, name)
    await shows(place, LASER, "powered")
    await draws(place, "busy", 350)
    await draws(place, "plug", 2)
    await shows(place, LASER, "running")
    await shows(place, SAW, "idle")
    assert (await place.ask("mode", mode="evacuation", why="a drill"))["status"] == "ok"
    await until(lambda: board(place, "plug").relays == [False], "the saw has no power")
    await until(lambda: place.told("seuil/hub/alarm/safe-stop/laser"), "people are told")
    assert board(place, "laser").relays == [True]
    await draws(place, "busy", 4)
    await until(lambda: board(place, "laser").relays == [False], "the laser has no power")
