"""What a device may say, with its own account at the real broker and through its generated ACL.

The password of the reader outside buys its badges, and nothing more; a wired exit button opens in
every mode, and one that nobody wired never.
"""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import aiomqtt
import pytest

from gateway.adapters.broker_config import broker_files, logins
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryStore, Member
from gateway.adapters.journal import JOURNAL_FILE
from gateway.adapters.loopback import LOOPBACK
from gateway.clock import SystemClock
from gateway.config import load_space
from gateway.core.directory import Holder, HolderId, StaffRole
from gateway.core.names import OPERATOR
from tests.gateway_process import KEY, GatewayProcess
from tests.servers import Mosquitto, until

CLOCK = SystemClock()
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
contact = "contact"

[[doors]]
id = "side"
name = "Side"
zone = "hall"
exit = "button"
exit_button = "side-out"
lock = "side-lock"

[[doors]]
id = "back"
name = "Back"
zone = "hall"
exit = "button"
contact = true

[[access_points]]
id = "front-entry"
door = "front"
direction = "entry"

[[access_points]]
id = "side-entry"
door = "side"
direction = "entry"

[[access_points]]
id = "side-exit"
door = "side"
direction = "exit"

[[access_points]]
id = "back-entry"
door = "back"
direction = "entry"

[[access_points]]
id = "laser-switch"
machine = "laser"

[[readers]]
id = "front-in"
access_point = "front-entry"

[[readers]]
id = "side-in"
access_point = "side-entry"

[[readers]]
id = "side-out"
access_point = "side-exit"

[[readers]]
id = "back-in"
driver = "esp-rfid"
topic = "rfid"
access_point = "back-entry"
options = { ip = "10.0.0.2" }

[[readers]]
id = "laser-badge"
access_point = "laser-switch"

[[locks]]
id = "side-lock"

[[machines]]
id = "laser"
name = "Laser"
zone = "hall"

[[sensors]]
id = "contact"
door = "front"

[[sensors]]
id = "counter"
zone = "hall"
"""
UNWIRED: Final[dict[str, dict[str, Any]]] = {
    "exit-request": {},
    "door": {"state": "open"},
    "crossing": {"in_total": 900, "out_total": 0},
    "count": {"people": 500},
    "motion": {"active": True},
    "presence": {"active": True},
    "co2": {"ppm": 4000},
    "machine": {"state": "off"},
}
"""What the account of an entry's reader says in vain."""
OPERATOR_ID: Final = HolderId("h-000000000001")


class Place:
    """A broker that is closed by the generated files, and a gateway at it."""

    def __init__(self, broker: Mosquitto, gateway: GatewayProcess, keys: dict[str, str]) -> None:
        self.gateway = gateway
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._broker, self._keys = broker, keys
        self._seq: Counter[str] = Counter()

    def client(self, login: str) -> aiomqtt.Client:
        """A client with these rights."""
        return aiomqtt.Client(
            LOOPBACK,
            self._broker.port,
            username=login,
            password=self._keys[login],
            protocol=aiomqtt.ProtocolVersion.V5,
        )

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear all that the gateway says."""

        async def listen() -> None:
            async with self.client("gateway") as client:
                await client.subscribe("seuil/hub/#", qos=1)
                await client.subscribe("rfid/cmd", qos=1)
                async for message in client.messages:
                    if message.payload and not str(message.topic).endswith("/event"):
                        said = json.loads(bytes(message.payload))
                        self.heard.append((str(message.topic), said))

        task = asyncio.create_task(listen())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def said(self, topic: str) -> list[dict[str, Any]]:
        """What was said on a topic."""
        return [said for at, said in self.heard if at == topic]

    async def says(self, device: str, kind: str, **fields: object) -> None:
        """One event by a device's own account, until the gateway has it on disk."""
        self._seq[device] += 1
        number = {"boot": 1, "seq": self._seq[device]}
        told = {**number, "at": CLOCK.now().isoformat(), "type": kind, **fields}
        async with self.client(f"hub.{device}") as client:
            await client.publish(f"seuil/hub/{device}/event", json.dumps(told), qos=1)
        acks = f"seuil/hub/{device}/ack"
        await until(lambda: number in self.said(acks), f"{device} may forget its {kind}")

    async def ask(self, verb: str, **order: object) -> None:
        """An operator wants something, and has it."""
        asked = {"transaction": "t-1", "by": OPERATOR_ID, "at": CLOCK.now().isoformat(), **order}
        async with self.client("console") as client:
            await client.publish(f"seuil/hub/request/{verb}", json.dumps(asked), qos=1)
        await until(lambda: self.said(f"seuil/hub/response/{verb}"), "it is answered")
        (answer,) = self.said(f"seuil/hub/response/{verb}")
        assert answer["status"] == "ok", answer

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the journal has."""
        with closing(sqlite3.connect(self.gateway.data / JOURNAL_FILE)) as db:
            return db.execute(query).fetchall()

    def presses(self) -> int:
        """Exit buttons in the access log."""
        ((count,),) = self.rows("SELECT count(*) FROM decision WHERE reason = 'exit-button'")
        return int(count)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A gateway that runs with its own account."""
    space = tmp_path / "space.toml"
    space.write_text(SPACE, encoding="utf-8")
    sites = load_space(space)
    keys = {login.name: f"pass of {login.name}" for login in logins(sites)}
    files = broker_files(sites, passwords=keys)
    for name in ("acl", "passwords"):
        (tmp_path / name).write_text(files[name])
        (tmp_path / name).chmod(0o600)
    settings = (
        "allow_anonymous false",
        f"password_file {tmp_path}/passwords",
        f"acl_file {tmp_path}/acl",
    )
    async with Mosquitto(tmp_path / "broker", settings=settings, autosave=False) as broker:
        gateway = GatewayProcess(
            tmp_path / "gateway",
            broker.url,
            SPACE,
            broker_username="gateway",
            broker_password=keys["gateway"],
        )
        gateway.data.mkdir(parents=True)
        store = DirectoryStore(gateway.data / MEMBERS_FILE)
        store.bind(KEY.encode())
        operator = Holder(OPERATOR_ID, roles=(StaffRole(OPERATOR),))
        store.apply([Member("m-1", "Ola", operator)])
        store.close()
        place = Place(broker, gateway, keys)
        async with gateway, place.listening():
            yield place


async def test_the_reader_outside_says_nothing_but_its_badges(place: Place) -> None:
    """Each thing else is kept as a dead letter, acknowledged, and alarmed about; nothing opens."""
    for mode in ("normal", "lockdown"):
        if mode != "normal":
            await place.ask("mode", mode=mode, why="a drill")
        for device in ("front-in", "side-in"):
            for kind, fields in UNWIRED.items():
                await place.says(device, kind, **fields)
    told = place.rows("SELECT reason, detail, count(*) FROM dead_letter GROUP BY 1, 2")
    assert {reason for reason, *_ in told} == {"not-wired"}
    assert {detail.partition(":")[0]: count for _, detail, count in told} == dict.fromkeys(
        UNWIRED, 4
    )
    for device in ("front-in", "side-in"):
        alarm = f"seuil/hub/alarm/not-wired/{device}"
        await until(lambda topic=alarm: place.said(topic), "somebody is told")  # type: ignore[misc]
    assert place.rows("SELECT count(*) FROM decision") == [(0,)]
    assert not place.said("seuil/hub/side-lock/command")
    assert not place.said("seuil/hub/front-in/command")
    doors = {door: place.said(f"seuil/hub/door/{door}/state") for door in ("front", "side")}
    assert {one["state"] for states in doors.values() for one in states} == {"locked"}
    counts = place.said("seuil/hub/zone/hall/occupancy")
    assert {one["people"] for one in counts} == {0}


async def test_every_device_keeps_to_its_own(place: Place) -> None:
    """A contact its door, a counter its people, a machine's reader its machine."""
    for device, kind in (
        ("contact", "crossing"),
        ("contact", "exit-request"),
        ("counter", "door"),
        ("laser-badge", "door"),
        ("laser-badge", "exit-request"),
        ("side-lock", "exit-request"),
        ("side-lock", "machine"),
        ("side-out", "door"),
    ):
        before = len(place.rows("SELECT id FROM dead_letter"))
        await place.says(device, kind, **UNWIRED[kind])
        assert len(place.rows("SELECT id FROM dead_letter")) == before + 1, (device, kind)
    letters = place.rows("SELECT id FROM dead_letter")
    await place.says("contact", "door", state="open")
    await place.says("counter", "crossing", in_total=1, out_total=0)
    await place.says("laser-badge", "machine", state="off")
    await place.says("front-in", "tamper", active=True)
    assert place.rows("SELECT id FROM dead_letter") == letters
    await until(
        lambda: [one["state"] for one in place.said("seuil/hub/door/front/state")][-1:] == ["open"],
        "the contact is believed",
    )


async def test_a_badge_of_a_sensor_is_one_of_these(place: Place) -> None:
    """Its driver refuses it before its number is read."""
    await place.says("counter", "credential", credential="04a224b2c31990")
    ((reason,),) = place.rows("SELECT reason FROM dead_letter")
    assert reason == "not-wired"
    await until(lambda: place.said("seuil/hub/alarm/not-wired/counter"), "somebody is told")


@pytest.mark.parametrize(
    ("verb", "order"),
    [
        pytest.param("", {}, id="normal"),
        pytest.param("mode", {"mode": "lockdown", "why": "a drill"}, id="lockdown"),
        pytest.param("mode", {"mode": "evacuation", "why": "a drill"}, id="evacuation"),
        pytest.param(
            "service",
            {"access_point": "side-exit", "in_service": False, "why": "it jams"},
            id="out of service",
        ),
    ],
)
async def test_a_wired_button_opens_in_every_mode_and_no_other(
    place: Place, verb: str, order: dict[str, object]
) -> None:
    """Each press stands in the access log."""
    if verb:
        await place.ask(verb, **order)
    before = len(place.said("seuil/hub/side-lock/command"))
    await place.says("side-out", "exit-request")
    await until(
        lambda: len(place.said("seuil/hub/side-lock/command")) > before, "the lock is told to open"
    )
    await until(lambda: place.said("seuil/hub/access"), "everybody is told")
    (press,) = place.said("seuil/hub/access")
    assert (press["reason"], press["door"], press["reader"], press["holder"]) == (
        "exit-button",
        "side",
        "side-out",
        None,
    )
    assert place.presses() == 1
    for device in ("side-in", "front-in", "contact", "side-lock"):
        await place.says(device, "exit-request")
    assert place.presses() == 1
    assert len(place.rows("SELECT id FROM dead_letter")) == 4


async def test_the_button_of_an_esp_rfid_board(place: Place) -> None:
    """It opens by itself: a decision, no order, and no forced door."""
    async with place.client("hub.back-in") as client:
        pressed = {"type": "access", "uid": " ", "username": "Button", "access": "Always"}
        opened = {"cmd": "event", "src": "door", "type": "INFO", "desc": "Door Open", "data": ""}
        for said in (pressed, opened):
            message = said | {"hostname": "back-in", "time": 0}
            await client.publish("rfid/send", json.dumps(message), qos=1)
    states = "seuil/hub/door/back/state"
    await until(lambda: [one["state"] for one in place.said(states)][-1:] == ["open"], "it is open")
    assert place.presses() == 1
    assert not place.said("rfid/cmd")
    assert not place.said("seuil/hub/alarm/forced/back")
    assert not place.rows("SELECT id FROM dead_letter")
