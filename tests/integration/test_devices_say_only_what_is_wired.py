"""What a device may say, with its own account at the real broker and through its generated ACL.

The password of the reader outside buys its badges, and nothing more; a wired exit button opens in
every mode, and one that nobody wired never.
"""

import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.mutations import FOREIGN, NATIVE, TIMES, spoiled
from gateway.core.model.names import OPERATOR
from tests.doses import IS_LONG
from tests.servers import until
from tests.world.closed_place import CLOCK, HEARD, ClosedPlace, closed_place
from tests.world.members import OLA, member

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
_HEARD: Final = (
    *HEARD,
    *("seuil/hub/door/+/state", "seuil/hub/zone/+/occupancy", "seuil/hub/access"),
    "seuil/hub/response/+",
)
_KINDS: Final = ("event", "status", "rights", "command", "ack")
MESSAGES: Final = 3_000 if IS_LONG else 150
"""An account's, of random ones."""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[ClosedPlace]:
    """A gateway that runs with its own account, and Ola, who operates it."""
    ola = member(OLA, role=OPERATOR)
    async with (
        closed_place(tmp_path, SPACE, ola, hears=_HEARD) as place,
        place.listening("rfid/cmd", login="hub.back-in"),  # the board alone may read its orders
    ):
        yield place


def presses(place: ClosedPlace) -> int:
    """Exit buttons in the access log."""
    ((count,),) = place.rows("SELECT count(*) FROM decision WHERE reason = 'exit-button'")
    return int(count)


async def test_the_reader_outside_says_nothing_but_its_badges(place: ClosedPlace) -> None:
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


async def test_every_device_keeps_to_its_own(place: ClosedPlace) -> None:
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


async def test_a_badge_of_a_sensor_is_one_of_these(place: ClosedPlace) -> None:
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
    place: ClosedPlace, verb: str, order: dict[str, object]
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
    assert presses(place) == 1
    for device in ("side-in", "front-in", "contact", "side-lock"):
        await place.says(device, "exit-request")
    assert presses(place) == 1
    assert len(place.rows("SELECT id FROM dead_letter")) == 4


async def test_the_button_of_an_esp_rfid_board(place: ClosedPlace) -> None:
    """It opens by itself: a decision, no order, and no forced door."""
    async with place.client("hub.back-in") as client:
        pressed = {"type": "access", "uid": " ", "username": "Button", "access": "Always"}
        opened = {"cmd": "event", "src": "door", "type": "INFO", "desc": "Door Open", "data": ""}
        for said in (pressed, opened):
            message = said | {"hostname": "back-in", "time": 0}
            await client.publish("rfid/send", json.dumps(message), qos=1)
    states = "seuil/hub/door/back/state"
    await until(lambda: [one["state"] for one in place.said(states)][-1:] == ["open"], "it is open")
    assert presses(place) == 1
    assert not place.said("rfid/cmd")
    assert not place.said("seuil/hub/alarm/forced/back")
    assert not place.rows("SELECT id FROM dead_letter")


async def test_random_sequences_with_each_account(place: ClosedPlace) -> None:
    """Whatever a stranger does with one device's password: nothing opens but its own button's door.

    Each account sends broken and whole messages of every make, on its own topics and on all others,
    with numbers that begin again, clocks of any year, what it "decided alone". The gateway lives,
    meets no bug, and answers another reader after each of them; at last the other reader is
    attacked itself, and lets people in again once its numbering was reset.
    """
    draw = random.Random(11)
    accounts = sorted(set(place.keys) - {"gateway", "console", "hub.front-in"})
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
