"""What somebody can do with the password of one device, against the real broker and its ACL.

Nothing of it stops, starves or opens anything else. What a device may say is in
`test_devices_say_only_what_is_wired.py`; this is about connections, numbers, clocks and floods.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest

from benchmarks.processes import rss_mb
from gateway.adapters.mqtt.client_ids import FILE as CLIENT_IDS
from gateway.core.model.names import OPERATOR
from gateway.service.inbox import BUDGET_AT_ONCE
from tests.servers import until
from tests.world.closed_place import CLOCK, ClosedPlace, closed_place, event
from tests.world.gateway_process import HUB
from tests.world.members import ADA, OLA, holder, member

READER, COUNTER = "hub.reader", "hub.counter"


def motion(seq: int) -> bytes:
    """A sensor's reading."""
    told = {"boot": 1, "seq": seq, "at": CLOCK.now().isoformat(), "type": "motion", "active": True}
    return json.dumps(told).encode()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[ClosedPlace]:
    """A hall with readers at its door; Ada is a member, and Ola operates it."""
    async with closed_place(tmp_path, HUB, ADA, member(OLA, role=OPERATOR)) as place:
        yield place


# -- connections


async def test_nobody_takes_the_gateway_off_the_broker(place: ClosedPlace) -> None:
    """By a client id that can be guessed, again and again, also with a clean start."""
    names = ("credentials", "sensors", "strangers", "publisher", "reader-00", "instance", "rights")
    for clean in (True, False):
        for name in names:
            async with place.client(COUNTER, f"seuil-gw1-{name}", clean_start=clean):
                pass
    for seq in range(1, 6):
        await place.badge("reader", 1, seq)
    await until(lambda: len(place.answers("reader")) == 5, "each badge is answered")
    assert "connection ended" not in place.gateway.log


async def test_no_device_sees_a_client_id_of_ours(place: ClosedPlace) -> None:
    """Not in what it may hear; the file is for nobody else."""
    secret = json.loads((place.gateway.data / CLIENT_IDS).read_text())["secret"]
    heard: list[str] = []
    async with place.client(COUNTER) as client:
        await client.subscribe("#", qos=1)
        await client.subscribe("$SYS/#", qos=1)
        await place.badge("reader", 1, 1)
        await until(lambda: place.answers("reader"), "it is answered")
        await client.publish("seuil/hub/counter/status", b'{"state":"online"}', qos=1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                heard.extend([f"{one.topic} {one.payload!r}" async for one in client.messages])
    assert secret not in " ".join(heard)
    assert secret not in place.gateway.log.replace(f"-{secret}:", "")  # but in our own log's lines


# -- numbers and clocks


async def test_forged_boots_shut_nobody_out(place: ClosedPlace) -> None:
    """Somebody with the reader's password takes the highest numbers there are."""
    await place.badge("reader", 7, 1)
    for boot in range(2**53 - 4, 2**53):
        await place.badge("reader", boot, 2**53)
    await place.badge("reader", 7, 2)
    await place.badge("reader", 7, 3)
    await until(lambda: len(place.answers("reader")) == 7, "each is answered")
    assert place.answers("reader")[-2:] == [(7, 2, "granted", "plan"), (7, 3, "granted", "plan")]
    alarm = "seuil/hub/alarm/numbering-restarted/reader"
    await until(lambda: place.said(alarm), "somebody is told")


async def test_a_new_board_is_answered_from_its_first_badge_on(place: ClosedPlace) -> None:
    """Its numbers begin again, or are those of a spare; somebody is told."""
    for boot in range(11, 15):
        await place.badge("reader", boot, 1)
    new = [(1, 1), (1, 2), (2, 1), (13, 1)]
    for boot, seq in new:
        await place.badge("reader", boot, seq)
    await until(lambda: len(place.answers("reader")) == 8, "each is answered")
    assert [(boot, seq) for boot, seq, *_ in place.answers("reader")[4:]] == new
    assert {decision for _, _, decision, _ in place.answers("reader")} == {"granted"}
    alarm = "seuil/hub/alarm/numbering-restarted/reader"
    await until(lambda: place.said(alarm), "somebody is told")
    assert "hub/reader: numbering-restarted: Numbering restarted: Was it" in place.gateway.log


@pytest.mark.parametrize(
    ("off_s", "answer"),
    [
        pytest.param(0, ("granted", "plan"), id="its clock is right"),
        pytest.param(-70, ("denied", "too-old"), id="its clock is behind as well"),
        pytest.param(70, ("denied", "clock-ahead"), id="its clock is ahead as well"),
    ],
)
async def test_an_operator_lets_a_reader_in_that_forged_boots_shut_out(
    place: ClosedPlace, off_s: float, answer: tuple[str, str]
) -> None:
    """Numbers and times of tomorrow: no event of the true one is newer, until it is reset."""
    off, refused = timedelta(seconds=off_s), "seuil/hub/alarm/numbering-refused/reader"
    for boot in range(2**53 - 4, 2**53):
        await place.badge("reader", boot, 2**53, CLOCK.now() + timedelta(hours=23))
    await until(lambda: len(place.answers("reader")) == 4, "the forged ones are answered")
    assert {reason for *_, reason in place.answers("reader")} == {"clock-ahead"}
    await place.badge("reader", 7, 1, CLOCK.now() + off)
    await until(lambda: place.said(refused), "somebody is told")
    assert len(place.answers("reader")) == 4
    _, listed = await place.seuil("devices", "list", "--json")
    (line,) = (one for one in json.loads(listed)["devices"] if one["device"] == "reader")
    assert (line["generation"], line["boots"][0]) == (0, 2**53 - 4)
    assert "numbering-refused" in line["alarms"]
    reset = (
        "devices",
        "reset",
        "reader",
        "--site",
        "hub",
        "--by",
        holder(OLA),
        "--why",
        "a forger",
    )
    assert await place.seuil(*reset) == (0, "Done.\n")
    await until(lambda: (refused, b"") in place.heard, "the alarm is over")
    for seq in (2, 3):
        await place.badge("reader", 7, seq, CLOCK.now() + off)
        await until(lambda n=seq: len(place.answers("reader")) == n + 3, "it is answered")  # type: ignore[misc]
    assert place.answers("reader")[-2:] == [(7, 2, *answer), (7, 3, *answer)]


async def test_no_year_stops_the_gateway(place: ClosedPlace) -> None:
    """The first and last ones of the calendar, claimed or asked, at a way in and out."""
    seq = 0
    for reader in ("reader", "reader-out"):
        async with place.client(f"hub.{reader}") as client:
            for year in ("0001", "0002", "1969", "1970", "2200", "9998", "9999"):
                for offset, decided in itertools.product(
                    ("Z", "+14:00", "-12:00"), ("granted", "denied", None)
                ):
                    seq += 1
                    at = f"{year}-12-31T23:59:59.999999{offset}"
                    told = json.loads(event(1, seq)) | {"at": at}
                    told |= {"decided": decided} if decided is not None else {}
                    payload = json.dumps(told).encode()
                    await client.publish(f"seuil/hub/{reader}/event", payload, qos=1)
    await place.badge("reader", 1, seq + 1)
    last = (1, seq + 1, "granted", "plan")
    await until(lambda: last in place.answers("reader"), "it lives")
    assert "please report it" not in place.gateway.log
    assert [one for one in place.answers("reader") if one[2] == "granted"] == [last]


@pytest.mark.parametrize("off_s", [-70, 70])
async def test_a_clock_that_is_off_is_told_both_ways(place: ClosedPlace, off_s: float) -> None:
    """Each badge is answered in time, an alarm says how far it is off; put right, all is well."""
    off, began = timedelta(seconds=off_s), CLOCK.now()
    for seq in range(1, 6):
        await place.badge("reader", 1, seq, CLOCK.now() + off)
        await until(lambda n=seq: len(place.answers("reader")) == n, "it is answered")  # type: ignore[misc]
    reason = "too-old" if off_s < 0 else "clock-ahead"
    assert {said for *_, said in place.answers("reader")} == {reason}
    for told in place.said("seuil/hub/reader/command"):  # by our clock, from its receipt
        left = datetime.fromisoformat(told["expires"]) - began
        assert timedelta() < left <= CLOCK.now() - began + timedelta(seconds=5)
    alarm = "seuil/hub/alarm/clock-skew/reader"
    await until(lambda: place.said(alarm), "the alarm is on")
    assert place.said(alarm)[0]["ahead_s"] == pytest.approx(off_s, abs=5)
    way = "behind" if off_s < 0 else "ahead"
    _, doctor = await place.seuil("doctor", str(place.gateway.command()[-1]))
    for said in (doctor, place.gateway.log):
        assert re.search(rf"\d\d s {way}", said)
        assert "time server (NTP)" in " ".join(said.split())
    await place.badge("reader", 1, 6)
    await until(lambda: len(place.answers("reader")) == 6, "it is answered")
    assert place.answers("reader")[-1][2:] == ("granted", "plan")
    await until(lambda: (alarm, b"") in place.heard, "the alarm is over")


# -- floods


@pytest.mark.parametrize(
    ("login", "topic", "events", "payload"),
    [
        pytest.param(READER, "seuil/hub/reader/event", 8000, lambda n: event(1, n), id="badges"),
        pytest.param(READER, "seuil/hub/reader/event", 8000, lambda _n: b"garbage", id="garbage"),
        pytest.param(
            READER, "seuil/hub/reader/status", 8000, lambda _n: b'{"state":"x"}', id="statuses"
        ),
        pytest.param(COUNTER, "seuil/hub/counter/event", 8000, motion, id="readings"),
        pytest.param(
            COUNTER, "seuil/hub/counter/event", 600, lambda _n: b"x" * 60_000, id="large messages"
        ),
    ],
)
async def test_a_flood_starves_no_door(
    place: ClosedPlace, login: str, topic: str, events: int, payload: Callable[[int], bytes]
) -> None:
    """Whatever it floods with, another door answers; and it is alarmed about."""
    flooding = asyncio.create_task(place.flood(login, topic, map(payload, range(1, events + 1))))
    seq = 0
    while seq < 20 or not flooding.done():
        seq += 1
        await place.badge("reader-out", 1, seq)
        await until(
            lambda n=seq: len(place.answers("reader-out")) == n,  # type: ignore[misc]
            "the other door answers",
        )
    await flooding
    assert {said[2:] for said in place.answers("reader-out")} == {("granted", "exit-free")}
    if events > BUDGET_AT_ONCE:
        alarm = f"seuil/hub/alarm/flooding/{login.removeprefix('hub.')}"
        await until(lambda: place.said(alarm), "it is alarmed about")


async def test_properties_of_a_message_harm_nobody(place: ClosedPlace) -> None:
    """MQTT 5 lets a device add what it likes, a thousand times."""
    from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415 - of this test alone
    from paho.mqtt.properties import Properties  # noqa: PLC0415 - likewise

    many = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho
    many.UserProperty = [(f"k{n}", "v" * 50) for n in range(500)]
    many.ResponseTopic = "seuil/hub/reader-out/command"
    many.CorrelationData = os.urandom(1000)
    many.ContentType = "é🚪" * 100
    async with place.client(COUNTER) as client:
        for seq in range(1, 50):
            await client.publish("seuil/hub/counter/event", motion(seq), qos=1, properties=many)
    await place.badge("reader", 1, 1)
    await until(lambda: place.answers("reader"), "it is answered")
    await until(
        lambda: {"boot": 1, "seq": 49} in place.said("seuil/hub/counter/ack"), "all are read"
    )


async def test_more_than_a_message_may_have_is_refused_by_the_broker(place: ClosedPlace) -> None:
    """Retained or not: 100 MB of one reader's leave it as small as it was."""
    megabytes = os.urandom(8_000_000)
    for _ in range(4):
        try:
            async with place.client(READER, timeout=1) as client:
                await client.publish("seuil/hub/reader/event", megabytes, qos=1, retain=True)
        except aiomqtt.MqttError:
            continue  # it is thrown out
    assert rss_mb(place.broker.pid) < 60
    await place.badge("reader", 1, 1)
    await until(lambda: place.answers("reader"), "it is answered")


async def test_any_payload_on_any_topic_that_one_may_write(place: ClosedPlace) -> None:
    """A thousand of each account's own, in random order; a door answers in between."""
    draw = random.Random(7)
    samples = [
        b"", b"{}", b"null", b"[" * 3000, b"\x00" * 50, b'{"state":"offline"}', os.urandom(200),
        b'{"boot":1,"seq":1,"at":"9999-12-31T23:59:59Z","type":"door","state":"open"}',
        b'{"boot":-1,"seq":18446744073709551616}', b'{"boot":1e400,"seq":1}', b"\xff\xfe",
    ]  # fmt: skip
    topics = {
        READER: ("seuil/hub/reader/event", "seuil/hub/reader/status"),
        COUNTER: ("seuil/hub/counter/event", "seuil/hub/counter/status"),
        "hub.contact": ("seuil/hub/contact/event", "seuil/hub/contact/status"),
    }
    for login, names in topics.items():
        async with place.client(login) as client:
            for _ in range(350):
                await client.publish(
                    draw.choice(names),
                    draw.choice(samples),
                    qos=draw.choice((0, 1, 2)),
                    retain=draw.random() < 0.1,
                )
        seq = len(place.answers("reader-out")) + 1
        await place.badge("reader-out", 1, seq)
        await until(lambda n=seq: len(place.answers("reader-out")) == n, "it is answered")  # type: ignore[misc]
    assert "please report it" not in place.gateway.log
