"""The files that we make for mosquitto, judged by the real mosquitto."""

import asyncio
import base64
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
from paho.mqtt.reasoncodes import ReasonCode

from gateway.adapters.broker.dynamic_security import find_plugin
from gateway.adapters.broker.logins import logins
from gateway.adapters.broker.mosquitto_config import (
    BrokerPaths,
    broker_files,
    hashed,
    password_file,
)
from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId, Text
from gateway.core.model.site import Site
from tests.servers import PATIENCE_S, Mosquitto, program
from tests.world.closed_place import access_settings

NAME = Text(fr="Nom", en="Name")
SITE = Site(
    id=SiteId("lyon"),
    name=NAME,
    timezone="Europe/Paris",
    devices=(
        Device(DeviceId("front"), "reader", "native", ""),
        Device(DeviceId("back"), "reader", "native", ""),
        Device(DeviceId("garage"), "reader", "esp-rfid", "rfid"),
        Device(DeviceId("pir"), "sensor", "zigbee2mqtt", "zigbee2mqtt/pir hall"),
        Device(DeviceId("co2"), "sensor", "zigbee2mqtt", "zigbee2mqtt/co2"),
        Device(DeviceId("bolt"), "lock", "tasmota", "bolt", options={"relay": 1}),
    ),
)
LOGINS = logins([SITE], home_assistant=True)
PASSWORDS = {login.name: f"pass of {login.name}" for login in LOGINS}


@pytest.fixture(params=[None, find_plugin()], ids=["acl file", "plugin"])
async def closed(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Mosquitto]:
    """A mosquitto with the generated logins, by the ACL file and by the plugin."""
    assert find_plugin() is not None
    async with _closed(tmp_path, request.param) as broker:
        yield broker


@pytest.fixture
async def checked(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A mosquitto with the plugin, which checks subscriptions."""
    async with _closed(tmp_path, find_plugin()) as broker:
        yield broker


def _closed(folder: Path, plugin: str | None, *, bind_client_ids: bool = False) -> Mosquitto:
    place = BrokerPaths(str(folder), plugin=plugin, bind_client_ids=bind_client_ids)
    files = broker_files([SITE], passwords=PASSWORDS, place=place, home_assistant=True)
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    return Mosquitto(folder / "broker", settings=access_settings(files["mosquitto.conf"]))


def login(
    broker: Mosquitto, name: str, password: str | None = None, client_id: str | None = None
) -> aiomqtt.Client:
    """A client logged in under one of our names."""
    return aiomqtt.Client(
        LOOPBACK,
        broker.port,
        identifier=client_id,
        username=name,
        password=PASSWORDS[name] if password is None else password,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=PATIENCE_S,
    )


async def heard(broker: Mosquitto, listener: str, speaker: str, topic: str) -> bool:
    """Whether a message on `topic`, said by `speaker`, reaches `listener`.

    The gateway's word on the listener's own topic comes after it and ends the wait.
    """
    end = _heard_by(listener)
    async with (
        login(broker, listener) as reader,
        login(broker, speaker) as writer,
        login(broker, "gateway") as gateway,
    ):
        allowed = next(one for one in LOGINS if one.name == listener)
        for filter_ in ("#", topic, *(allowed.subscribes or allowed.reads)):
            await reader.subscribe(filter_, qos=1)
        await writer.publish(topic, b"said", qos=1)
        await gateway.publish(end, b"end", qos=1)
        async with asyncio.timeout(PATIENCE_S):
            async for message in reader.messages:
                if message.payload == b"end":
                    return False
                if str(message.topic) == topic:
                    return True
    raise AssertionError


def _heard_by(listener: str) -> str:
    return {
        "gateway": "seuil/lyon/end",
        "console": "seuil/lyon/end",
        "zigbee2mqtt": "zigbee2mqtt/end/set",
        "home-assistant": "seuil/lyon/zone/end/occupancy",
        "lyon.front": "seuil/lyon/front/ack",
        "lyon.back": "seuil/lyon/back/ack",
        "lyon.garage": "rfid/cmd",
        "lyon.bolt": "cmnd/bolt/End",
    }[listener]


@pytest.mark.parametrize(
    ("listener", "speaker", "topic"),
    [
        pytest.param("gateway", "lyon.front", "seuil/lyon/front/event", id="device to gateway"),
        pytest.param("gateway", "lyon.front", "seuil/lyon/front/status", id="status to gateway"),
        pytest.param("lyon.front", "gateway", "seuil/lyon/front/command", id="order to its device"),
        pytest.param("lyon.front", "gateway", "seuil/lyon/front/rights", id="rights to its device"),
        pytest.param("gateway", "console", "seuil/lyon/request/open", id="request to gateway"),
        pytest.param("console", "gateway", "seuil/lyon/response/open", id="response to console"),
        pytest.param("console", "gateway", "seuil/lyon/zone/lab/muster", id="muster to console"),
        pytest.param("console", "gateway", "seuil/lyon/mode", id="mode to console"),
        pytest.param("console", "gateway", "seuil/lyon/access", id="decision to console"),
        pytest.param("home-assistant", "gateway", "seuil/lyon/mode", id="mode to home assistant"),
        pytest.param("home-assistant", "gateway", "seuil/gateway/gw1/state", id="availability"),
        pytest.param("home-assistant", "gateway", "seuil/lyon/alarm/held/front", id="an alarm"),
        pytest.param(
            "home-assistant", "console", "homeassistant/device/seuil-lyon/config", id="discovery"
        ),
        pytest.param("console", "home-assistant", "homeassistant/status", id="its birth"),
        pytest.param("gateway", "lyon.garage", "rfid/send", id="esp-rfid to gateway"),
        pytest.param("lyon.garage", "gateway", "rfid/cmd", id="order to esp-rfid"),
        pytest.param(
            "gateway",
            "lyon.garage",
            "homeassistant/lock/garage/lock0/config",
            id="esp-rfid announces what it runs",
        ),
        pytest.param("gateway", "zigbee2mqtt", "zigbee2mqtt/pir hall", id="zigbee to gateway"),
        pytest.param("gateway", "lyon.bolt", "tele/bolt/LWT", id="tasmota to gateway"),
        pytest.param("lyon.bolt", "gateway", "cmnd/bolt/Backlog0", id="order to tasmota"),
    ],
)
async def test_the_right_way_is_open(
    closed: Mosquitto, listener: str, speaker: str, topic: str
) -> None:
    """What the service needs is delivered."""
    assert await heard(closed, listener, speaker, topic)


@pytest.mark.parametrize(
    ("listener", "speaker", "topic"),
    [
        pytest.param("gateway", "lyon.front", "seuil/lyon/back/event", id="another's event"),
        pytest.param("lyon.back", "lyon.front", "seuil/lyon/back/command", id="another's order"),
        pytest.param("lyon.front", "lyon.front", "seuil/lyon/front/command", id="its own order"),
        pytest.param("lyon.front", "gateway", "seuil/lyon/back/command", id="hear another's order"),
        pytest.param("lyon.front", "lyon.back", "seuil/lyon/back/event", id="hear another's badge"),
        pytest.param("lyon.bolt", "lyon.front", "cmnd/bolt/Power1", id="a reader opens the bolt"),
        pytest.param("lyon.garage", "lyon.garage", "rfid/cmd", id="esp-rfid orders itself"),
        pytest.param("lyon.front", "console", "seuil/lyon/front/command", id="a page opens a door"),
        pytest.param("console", "lyon.front", "seuil/lyon/front/event", id="a page hears a badge"),
        pytest.param("home-assistant", "gateway", "seuil/lyon/access", id="it hears a pseudonym"),
        pytest.param("home-assistant", "gateway", "seuil/lyon/alarm/duress/a", id="of duress"),
        pytest.param("gateway", "home-assistant", "seuil/lyon/request/open", id="it opens a door"),
        pytest.param(
            "home-assistant", "console", "homeassistant/device/other/config", id="a page's other"
        ),
        pytest.param("console", "gateway", "seuil/lyon/front/rights", id="a page hears the rights"),
        pytest.param("gateway", "lyon.front", "seuil/lyon/mode", id="a device sets the mode"),
        pytest.param("gateway", "lyon.front", "seuil/lyon/request/open", id="a device asks"),
        pytest.param("gateway", "lyon.bolt", "seuil/lyon/request/mode", id="a lock asks"),
        pytest.param("gateway", "console", "seuil/paris/request/open", id="of another site"),
        pytest.param("gateway", "console", "seuil/lyon/response/open", id="a page answers"),
        pytest.param("gateway", "console", "seuil/lyon/mode", id="a page sets the mode"),
        pytest.param("gateway", "console", "seuil/lyon/zone/lab/muster", id="a page's muster"),
        pytest.param("lyon.front", "gateway", "seuil/lyon/response/open", id="hear a response"),
        pytest.param("lyon.front", "gateway", "seuil/lyon/zone/lab/muster", id="hear a muster"),
        pytest.param("lyon.front", "console", "seuil/lyon/request/open", id="hear a request"),
    ],
)
async def test_the_wrong_way_is_closed(
    closed: Mosquitto, listener: str, speaker: str, topic: str
) -> None:
    """A device says and hears only its own; the console gives no orders and hears no badge."""
    assert not await heard(closed, listener, speaker, topic)


@pytest.mark.parametrize("name", ["gateway", "lyon.front", "stranger"])
async def test_a_wrong_password_is_refused(closed: Mosquitto, name: str) -> None:
    """The answer is `Not authorized`, for a known name and an unknown one alike."""
    with pytest.raises(aiomqtt.MqttError, match="Not authorized"):
        async with login(closed, name, "wrong"):
            pass


def test_our_hash_is_the_one_of_mosquitto_passwd(tmp_path: Path) -> None:
    """Given the same salt, `mosquitto_passwd` writes the same line."""
    path = tmp_path / "passwords"
    subprocess.run(  # noqa: S603 - a fixed program
        [program("mosquitto_passwd"), "-b", "-c", str(path), "somebody", "sésame"], check=True
    )
    name, line = path.read_text().strip().split(":")
    salt = base64.b64decode(line.split("$")[3])
    assert (name, line) == ("somebody", hashed("sésame", salt))


def test_no_password_stands_in_any_file() -> None:
    """Only salted hashes are written."""
    files = broker_files([SITE], passwords=PASSWORDS, home_assistant=True)
    assert not [one for one in PASSWORDS.values() for text in files.values() if one in text]


def test_a_missing_and_a_strange_password_are_both_told() -> None:
    """Every fault at once."""
    passwords = dict(PASSWORDS) | {"nobody": "x"}
    del passwords["console"], passwords["home-assistant"]
    with pytest.raises(ValueError, match="no password for console; a password for nobody"):
        password_file(logins([SITE]), passwords)


def test_devices_of_one_board_share_a_login() -> None:
    """The Zigbee bridge logs in once for both of its sensors."""
    assert [one.name for one in logins([SITE])] == [
        "gateway",
        "console",
        "lyon.front",
        "lyon.back",
        "lyon.garage",
        "zigbee2mqtt",
        "lyon.bolt",
    ]


@pytest.mark.parametrize(
    ("name", "asked", "is_granted"),
    [
        ("lyon.front", "seuil/lyon/front/command", True),
        ("lyon.front", "seuil/lyon/front/rights/+", True),
        ("lyon.front", "seuil/lyon/front/#", True),
        ("lyon.front", "seuil/gateway/+/state", True),
        ("lyon.front", "seuil/lyon/back/command", False),
        ("lyon.front", "seuil/lyon/front/rights/7", False),
        ("lyon.front", "seuil/gateway/made-up/state", False),
        ("lyon.front", "$share/g1/#", False),
        ("lyon.front", "$share/g1/seuil/lyon/front/command", False),
        ("lyon.front", "#", False),
        ("lyon.front", "$SYS/#", False),
        ("lyon.bolt", "cmnd/bolt/#", True),
        ("lyon.bolt", "cmnd/tasmotas/#", False),
        ("lyon.garage", "rfid/cmd", True),
        ("lyon.garage", "rfid/x", False),
        ("zigbee2mqtt", "zigbee2mqtt/#", True),
        ("zigbee2mqtt", "homeassistant/#", True),
        ("zigbee2mqtt", "zigbee2mqtt/made/up", False),
        ("console", "seuil/lyon/zone/+/occupancy", True),
        ("console", "$share/g1/seuil/#", False),
        ("gateway", "$SYS/broker/clients/total", True),
        ("home-assistant", "seuil/lyon/zone/hall/occupancy", True),
        ("home-assistant", "seuil/lyon/access", False),
    ],
)
async def test_a_subscription_is_checked(
    checked: Mosquitto, name: str, asked: str, *, is_granted: bool
) -> None:
    """A device has its few filters, as they are: it can neither make up others nor share them."""
    async with login(checked, name) as client:
        (code,) = await client.subscribe(asked, qos=1)
    assert isinstance(code, ReasonCode)
    assert (not code.is_failure) is is_granted


async def test_a_device_has_one_client_id_and_nobody_else_s(tmp_path: Path) -> None:
    """Else it takes another one's place, or leaves a thousand sessions behind."""
    async with _closed(tmp_path, find_plugin(), bind_client_ids=True) as broker:
        for name, client_id, is_let_in in (
            ("lyon.front", "lyon.front", True),
            ("lyon.front", "lyon.back", False),
            ("lyon.front", "made-up", False),
            ("zigbee2mqtt", "lyon.back", False),
            ("gateway", "seuil-gw1-secret", True),
            ("console", "any", True),
        ):
            try:
                async with login(broker, name, client_id=client_id):
                    came_in = True
            except aiomqtt.MqttError:
                came_in = False
            assert came_in is is_let_in, (name, client_id)


async def test_a_bridge_says_nothing_of_devices_that_are_not_declared(closed: Mosquitto) -> None:
    """Each topic could hold a retained message of a megabyte."""
    for topic, is_open in (
        ("zigbee2mqtt/bridge/state", True),
        ("zigbee2mqtt/co2/availability", True),
        ("zigbee2mqtt/made up", False),
        ("zigbee2mqtt/bridge/response/made/up", False),
    ):
        assert await heard(closed, "zigbee2mqtt", "zigbee2mqtt", topic) is is_open


@pytest.mark.parametrize("plugin", [None, find_plugin()], ids=["acl file", "plugin"])
async def test_the_whole_generated_configuration_starts(tmp_path: Path, plugin: str | None) -> None:
    """mosquitto.conf itself, with its places moved here, is accepted as it is."""
    port = free_port()
    place = BrokerPaths(str(tmp_path), str(tmp_path), port, LOOPBACK, user="root", plugin=plugin)
    for name, text in broker_files(
        [SITE], passwords=PASSWORDS, place=place, home_assistant=True
    ).items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    process = await asyncio.create_subprocess_exec(
        program("mosquitto"), "-c", str(tmp_path / "mosquitto.conf")
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await _logs_in(port):
                assert process.returncode is None
                await asyncio.sleep(0.02)
    finally:
        process.terminate()
        await process.wait()


async def _logs_in(port: int) -> bool:
    try:
        async with aiomqtt.Client(
            LOOPBACK, port, username="gateway", password=PASSWORDS["gateway"], timeout=2
        ):
            return True
    except aiomqtt.MqttError:
        return False
