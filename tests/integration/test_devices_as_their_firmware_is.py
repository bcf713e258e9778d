"""Readers and bridges in the shapes of their firmware: what arrives at the device, line by line."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers import until
from tests.world.firmware import Firmware, firmware

CARD: Final = "0a3ae8"
"""Ada's, of 26 bits."""
SPACE: Final = """
[site]
id = "hub"
name = "Hub"
timezone = "Europe/Paris"

[[zones]]
id = "hall"
name = "Hall"

[[doors]]
id = "front"
name = "Front"
zone = "hall"

[[doors]]
id = "side"
name = "Side"
zone = "hall"

[[access_points]]
id = "front-entry"
door = "front"
direction = "entry"

[[access_points]]
id = "side-entry"
door = "side"
direction = "entry"

[[readers]]
id = "front-in"
driver = "esp-rfid"
topic = "rfid"
access_point = "front-entry"
format = "wiegand26-hex"
options = { hostname = "esp-front", ip = "10.0.0.20" }

[[readers]]
id = "side-in"
driver = "esp-rfid"
topic = "rfid"
access_point = "side-entry"
format = "wiegand26-hex"
options = { hostname = "esp-side", ip = "10.0.0.21", relay = 2 }

[[sensors]]
id = "pir"
driver = "zigbee2mqtt"
topic = "home/zigbee2mqtt/Hall PIR"
zone = "hall"
options = { base = "home/zigbee2mqtt" }

[[plans]]
id = "all"
name = "All"

[[plans.rights]]
zones = ["hall"]
"""
OPENS: Final = {"cmd": "open", "door": "0", "doorip": "10.0.0.20"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Firmware]:
    """The two readers share a TOPIC, and its login."""
    ears = {"rfid/cmd": "hub.front-in"}
    async with firmware(tmp_path, SPACE, CARD, ears=ears) as place:
        yield place


async def scan(place: Firmware, uid: str, hostname: str = "esp-front", **more: Any) -> None:  # noqa: ANN401 - JSON
    """What the firmware says of a card that its own list does not have."""
    said = {"type": "access", "isKnown": "false", "access": "Denied", "username": "Unknown"}
    message = {**said, "time": 1_790_000_000, "uid": uid, "hostname": hostname, **more}
    await place.publish("hub.front-in", ("rfid/send", message))


async def test_a_number_without_its_zeros_opens_one_relay_of_one_reader(place: Firmware) -> None:
    """`open`, which the firmware guards, and never `opendoor`, which toggles every relay."""
    await scan(place, "a3ae8")
    await until(lambda: place.told("rfid/cmd") == [OPENS], "the front door is told to open")
    await scan(place, "a3ae8", "esp-side")
    side = {"cmd": "open", "door": "1", "doorip": "10.0.0.21"}
    await until(lambda: place.told("rfid/cmd") == [OPENS, side], "the side door, its own relay")
    assert [reason for *_, reason in place.decisions()] == ["plan", "plan"]


async def test_in_an_evacuation_each_order_opens_and_none_toggles(place: Firmware) -> None:
    """Whatever the lock type: an open relay that is ordered open stays so."""
    assert (await place.ask("mode", mode="evacuation", why="a drill"))["status"] == "ok"
    await until(lambda: place.told("rfid/cmd").count(OPENS) > 2, "it is told again and again")
    assert {order["cmd"] for order in place.told("rfid/cmd")} == {"open"}


async def test_a_wrong_pin_is_an_attempt_and_the_sixth_is_not_heard(place: Firmware) -> None:
    """The firmware lets PINs be guessed for ever."""
    for _ in range(5):
        await scan(place, "a3ae8", isKnown="true", access="Wrong pin code", username="Ada")
    await until(lambda: len(place.decisions()) == 5, "each is an attempt")
    assert {reason for *_, reason in place.decisions()} == {"pin-wrong"}
    await scan(place, "a3ae8")
    await until(lambda: len(place.decisions()) == 6, "and then")
    assert place.decisions()[-1] == ("front-in", "denied", "too-many-attempts")
    assert place.told("rfid/cmd") == []


async def test_a_reader_with_another_address_is_obeyed_and_told_of(place: Firmware) -> None:
    """DHCP: its heartbeat says .77, and orders name that, also after a restart."""
    heartbeat = {"type": "heartbeat", "time": 1, "uptime": 9, "ip": "10.0.0.77"}
    await place.publish("hub.front-in", ("rfid/send", {**heartbeat, "hostname": "esp-front"}))
    alarm = "seuil/hub/alarm/address-changed/front-in"
    await until(lambda: place.told(alarm), "somebody is told")
    await scan(place, "a3ae8")
    moved = OPENS | {"doorip": "10.0.0.77"}
    await until(lambda: place.told("rfid/cmd") == [moved], "it opens under its new address")
    await place.gateway.kill()
    await place.gateway.start()
    await scan(place, "a3ae8")
    await until(lambda: len(place.decisions()) == 2, "it is granted again")
    await until(lambda: place.told("rfid/cmd")[-1] == moved, "and opens under it")
    assert {order["doorip"] for order in place.told("rfid/cmd")} == {"10.0.0.77"}


async def test_a_bridge_that_dies_is_seen(place: Firmware) -> None:
    """Its last will; its devices' availability stays as it was."""
    base, login = "home/zigbee2mqtt", "home/zigbee2mqtt"
    alarm = "seuil/hub/alarm/device-offline/pir"
    await place.publish(
        login,
        (f"{base}/bridge/state", '{"state":"online"}', True),
        (f"{base}/Hall PIR/availability", '{"state":"online"}', True),
        (f"{base}/Hall PIR", '{"occupancy":true,"battery":90}'),
    )
    await place.publish(login, (f"{base}/bridge/state", '{"state":"offline"}', True))
    await until(lambda: place.last(alarm) is not None, "it is offline")
    await place.publish(login, (f"{base}/bridge/state", '{"state":"online"}', True))
    await until(lambda: place.heard[alarm][-1] == "", "and online again")
