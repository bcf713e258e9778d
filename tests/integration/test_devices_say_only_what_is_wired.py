"""What a device may say, with its own account at the real broker and through its generated ACL.

The password of the reader outside buys its badges, and nothing more; a wired exit button opens in
every mode, and one that nobody wired never.
"""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiomqtt
import pytest

from benchmarks.mutations import FOREIGN, NATIVE, TIMES, spoiled
from gateway.adapters.broker.ports import LOOPBACK
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryStore, Member
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.clock import SystemClock
from gateway.core.model.directory import Holder, HolderId, StaffRole
from gateway.core.model.names import OPERATOR
from tests.doses import IS_LONG
from tests.servers import Mosquitto, until
from tests.world.closed_broker import closed_broker
from tests.world.gateway_process import KEY, GatewayProcess

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
_DEVICES: Final = ("front-in", "side-in", "side-out", "laser-badge", "side-lock", "contact")
_OTHER_TOPICS: Final = (
    *("rfid/send", "rfid/cmd", "seuil/hub/request/open", "seuil/hub/request/mode"),
    *("seuil/hub/mode", "seuil/gateway/gw1/run", "seuil/gateway/gw1/state"),
)
_STORED: Final = """
SELECT (SELECT max(id) FROM dead_letter), (SELECT count(*) FROM journal WHERE device NOT NULL)"""
_DEVICES_SAY: Final = ("/event", "/status")
_KINDS: Final = ("event", "status", "rights", "command", "ack")
MESSAGES: Final = 3_000 if IS_LONG else 150
"""An account's, of random ones."""
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
        subscribed = asyncio.Event()

        async def listen() -> None:
            async with self.client("gateway") as client:
                await client.subscribe("seuil/hub/#", qos=1)
                await client.subscribe("rfid/cmd", qos=1)
                subscribed.set()
                async for message in client.messages:
                    if message.payload and not str(message.topic).endswith(_DEVICES_SAY):
                        said = json.loads(bytes(message.payload))
                        self.heard.append((str(message.topic), said))

        task = asyncio.create_task(listen())
        try:
            await until(subscribed.is_set, "we hear")
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def accounts(self) -> set[str]:
        """Every login that the broker's files have."""
        return set(self._keys)

    async def settled(self) -> None:
        """Wait until nothing new comes to the journal for a second."""
        before = None
        while before != (before := self.rows(_STORED)):
            await asyncio.sleep(1)

    def begins_again(self, device: str) -> None:
        """A device numbers its events from 1 again."""
        del self._seq[device]

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
    async with closed_broker(tmp_path, SPACE) as (broker, gateway, keys):
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


async def test_random_sequences_with_each_account(place: Place) -> None:
    """Whatever a stranger does with one device's password: nothing opens but its own button's door.

    Each account sends broken and whole messages of every make, on its own topics and on all others,
    with numbers that begin again, clocks of any year, what it "decided alone". The gateway lives,
    meets no bug, and answers another reader after each of them; at last the other reader is
    attacked itself, and lets people in again once its numbering was reset.
    """
    draw = random.Random(11)
    accounts = sorted(place.accounts - {"gateway", "console", "hub.front-in"})
    assert len(accounts) >= 7
    for account in (*accounts, "hub.front-in"):
        before = len(place.said("seuil/hub/side-lock/command"))
        async with place.client(account) as client:
            for _ in range(MESSAGES):
                await client.publish(
                    _topic(draw, account),
                    _anything(draw),
                    qos=draw.choice((0, 1)),
                    retain=draw.random() < 0.05,
                )
        if account == "hub.front-in":
            await place.settled()  # requests are served first, before what waits of its own
            await place.ask("reset", device="front-in")
            place.begins_again("front-in")
        await place.says("front-in", "credential", credential="04a224b2c31990")
        opened = len(place.said("seuil/hub/side-lock/command")) - before
        assert opened == 0 or account == "hub.side-out", account
    await until(lambda: place.said("seuil/hub/front-in/command"), "its badges are answered")
    granted = place.rows(
        "SELECT DISTINCT device, reason FROM decision WHERE decision = 'granted'"
        " AND device <> 'side-out' AND reason NOT IN ('claimed', 'reader-decided')"
    )
    assert granted == []
    assert "please report it" not in place.gateway.log
    assert "Traceback" not in place.gateway.log


def _topic(draw: random.Random, account: str) -> str:
    device = account.removeprefix("hub.")
    own = [f"seuil/hub/{device}/{kind}" for kind in _KINDS]
    own += ["rfid/send", "rfid/tamper"] if device == "back-in" else []
    others = [f"seuil/hub/{name}/{kind}" for name in _DEVICES for kind in _KINDS]
    return draw.choice(own if draw.random() < 0.8 else [*others, *_OTHER_TOPICS])


def _anything(draw: random.Random) -> bytes:
    """A message of any make, whole or spoiled."""
    if draw.random() < 0.15:
        return spoiled(draw, draw.choice(FOREIGN[draw.choice(list(FOREIGN))]))
    off = draw.choice((0, 0, 0, -6, -70, 70, -86_400, 86_000, 90_000))
    clock = (CLOCK.now() + timedelta(seconds=off)).isoformat()
    numbers = (1, 1, 2, 3, 7, 2**31, 2**53, 2**53 + 1, -1, 0)
    told = {
        "boot": draw.choice(numbers),
        "seq": draw.choice((*numbers, draw.randrange(1, 500))),
        "at": clock if draw.random() < 0.9 else draw.choice(TIMES),
    }
    return spoiled(draw, json.dumps(told | draw.choice(NATIVE)))
