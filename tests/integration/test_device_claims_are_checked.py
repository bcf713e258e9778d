"""What a device's own account may claim: not who is inside, nor whose badge opens the door.

The real broker with the generated passwords and ACL, a gateway of its own, and no code of ours in
the device: whoever has its password says what they like.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiomqtt
import pytest

from gateway.analysis.replay import replay
from gateway.core.access.offline_decisions import NEAR
from gateway.core.facts import EnrolmentEnded
from gateway.core.model.names import OPERATOR, DeviceId, SiteId
from gateway.core.requests import EnrolBadge
from simulators.operator import Operator
from tests.servers import until
from tests.world.closed_place import CLOCK, ClosedPlace, closed_place, event
from tests.world.gateway_process import HUB
from tests.world.members import ADA, BOB, OLA, holder, member

READER: Final = "hub.reader"
ALARM: Final = "seuil/hub/alarm/unproven-claim/reader"


class Stolen:
    """The front reader's account, in somebody's hands."""

    def __init__(self, place: ClosedPlace, client: aiomqtt.Client) -> None:
        self._place = place
        self._client = client
        self._seq = 0

    async def status(self, **said: str) -> None:
        """Say where it stands, as the broker then keeps it."""
        payload = json.dumps(said).encode()
        await self._client.publish("seuil/hub/reader/status", payload, qos=1, retain=True)

    async def confirm(self, keys: int) -> None:
        """Take the list that the gateway sends, once it has so many badges, and confirm it."""
        await self._client.subscribe("seuil/hub/reader/rights", qos=1)
        async for message in self._client.messages:
            head = json.loads(bytes(message.payload))
            if head["keys"] == keys:
                await self.status(state="online", rights=head["version"])
                return

    async def present(self, badge: str, decided: str | None, at: datetime | None = None) -> int:
        """A badge; its number."""
        self._seq += 1
        await self.again(self._seq, badge, decided, at)
        return self._seq

    async def again(
        self, seq: int, badge: str, decided: str | None, at: datetime | None = None
    ) -> None:
        """An event, under any number."""
        told = json.loads(event(1, seq, at, badge)) | ({"decided": decided} if decided else {})
        await self._client.publish("seuil/hub/reader/event", json.dumps(told).encode(), qos=1)


@asynccontextmanager
async def stolen(place: ClosedPlace) -> AsyncIterator[Stolen]:
    """Connected as the front reader, and online."""
    async with place.client(READER) as client:
        reader = Stolen(place, client)
        await reader.status(state="online")
        yield reader


def reasons(place: ClosedPlace) -> list[tuple[str, str]]:
    """Each decision of the front reader's badges."""
    rows = place.gateway.ask(
        lambda file: file._db.execute(
            "SELECT decision, reason FROM decision WHERE device = 'reader' ORDER BY n"
        ).fetchall()
    )
    return [(decision, reason) for decision, reason in rows]


def moved(place: ClosedPlace) -> int:
    """How often anybody changed rooms."""
    sql = 'SELECT count(*) FROM journal WHERE instr(facts, \'"fact":"HolderMoved"\')'
    return int(place.gateway.ask(lambda file: file._db.execute(sql).fetchone()[0]))


def lists(place: ClosedPlace) -> int:
    """How many lists were confirmed, as far as the journal knows."""
    sql = "SELECT count(*) FROM journal WHERE kind = 'list' AND device = 'reader'"
    return int(place.gateway.ask(lambda file: file._db.execute(sql).fetchone()[0]))


def differences(place: ClosedPlace) -> list[Any]:
    """What a replay of the journal finds."""
    return list(place.gateway.ask(lambda file: replay(file, SiteId("hub")).differences))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[ClosedPlace]:
    """A hall with readers at its door, and two members of whom readers are told."""
    told = [member(badge, at_readers=True) for badge in (ADA, BOB)]
    async with closed_place(tmp_path, HUB, *told) as place:
        yield place


async def test_a_reader_that_was_online_moves_nobody(place: ClosedPlace) -> None:
    """It says "granted" for two members, with and without a list, now and of a while ago."""
    async with stolen(place) as reader:
        await reader.present(ADA, "granted")
        await reader.present(BOB, "granted")
        await until(lambda: len(reasons(place)) == 2, "both are decided")
        await until(lambda: place.said(ALARM), "it is alarmed about")
        online = CLOCK.now() + NEAR  # before, the gateway may have been away by the reader's clock
        await reader.confirm(keys=2)
        await until(lambda: lists(place), "the list is in force")
        await until(lambda: CLOCK.now() > online, "that time has come")
        for at in (CLOCK.now(), online, online - timedelta(hours=1)):
            await reader.present(ADA, "granted", at)
            await reader.present(BOB, "granted", at)
        await until(lambda: len(reasons(place)) == 8, "all are decided")
    assert set(reasons(place)) == {("granted", "claimed")}
    assert moved(place) == 0
    assert place.answers("reader") == []
    assert differences(place) == []


async def test_a_reader_that_was_cut_off_is_believed(place: ClosedPlace) -> None:
    """Of who was on its list, and of nobody else."""
    async with stolen(place) as reader:
        await reader.confirm(keys=2)
        await until(lambda: lists(place), "the list is in force")
        await reader.status(state="offline")
        alarm = "seuil/hub/alarm/device-offline/reader"
        await until(lambda: place.said(alarm), "it is known to be gone")
        at = CLOCK.now()
        await reader.status(state="online")
        await until(lambda: (alarm, b"") in place.heard, "it is known to be back")
        await reader.present(ADA, "granted", at)
        await reader.present("deadbeef", "granted", at)
        await until(lambda: len(reasons(place)) == 2, "both are decided")
    assert reasons(place) == [("granted", "reader-decided"), ("granted", "claimed")]
    assert moved(place) == 1
    assert differences(place) == []


async def test_what_was_decided_while_the_gateway_was_dead_is_believed(
    place: ClosedPlace,
) -> None:
    """It was asked first, and nobody answered: one event, and no order leaves afterwards."""
    async with stolen(place) as reader:
        await reader.confirm(keys=2)
        await until(lambda: lists(place), "the list is in force")
        await place.gateway.kill()
        at = CLOCK.now()
        seq = await reader.present(ADA, None, at)
        await reader.again(seq, ADA, "granted", at)
        await reader.present(BOB, "granted")
        await place.gateway.start()
        await until(lambda: len(reasons(place)) == 3, "all are decided")
    assert sorted(reasons(place)[1:]) == [("granted", "reader-decided")] * 2
    assert moved(place) == 2
    assert [one for one in place.answers("reader") if one[2] == "granted"] == []
    assert not place.said(ALARM)
    assert differences(place) == []


async def test_who_was_answered_cannot_say_otherwise(place: ClosedPlace) -> None:
    """A refusal is told again as a grant: the answer was there in time."""
    async with stolen(place) as reader:
        await reader.confirm(keys=2)
        await until(lambda: lists(place), "the list is in force")
        at = CLOCK.now()
        seq = await reader.present("deadbeef", None, at)
        await until(lambda: place.answers("reader"), "it is answered")
        await reader.again(seq, "deadbeef", "granted", at)
        await until(lambda: len(reasons(place)) == 2, "it is taken")
        await reader.again(seq, "deadbeef", "granted", at)
        await reader.present(ADA, None)
        await until(lambda: len(reasons(place)) == 3, "the next one is answered")
    assert reasons(place)[:2] == [("denied", "credential-unknown"), ("granted", "claimed")]


# -- whose badge it is


INNER: Final = """
[[zones]]
id = "store"
name = "Store"

[[doors]]
id = "store-door"
name = "Store"
zone = "store"
outside = "hall"

[[access_points]]
id = "store-in"
door = "store-door"
direction = "entry"

[[readers]]
id = "inner"
access_point = "store-in"
"""
"""Behind the hall; what follows is a key of its reader."""
CARD: Final = "04c3c3c3c3c3c3"
"""Of who took the inner reader off the wall."""


async def asked(place: ClosedPlace, operator: Operator, reader: str) -> str | None:
    """An operator at the console has a reader wait for Ada's badge; the error."""
    order = EnrolBadge(DeviceId(reader), holder(ADA))
    _, message = operator.ask(order, CLOCK.now())
    async with place.client("console") as client:
        await client.subscribe("seuil/hub/response/enrol", qos=1)
        await client.publish(message.topic, message.payload, qos=1)
        async for answer in client.messages:
            error: str | None = json.loads(bytes(answer.payload)).get("error")
            return error
    raise AssertionError


async def hold(place: ClosedPlace, reader: str, seq: int) -> None:
    """Somebody's own card, as the reader's account says."""
    async with place.client(f"hub.{reader}") as client:
        await client.publish(f"seuil/hub/{reader}/event", event(1, seq, None, CARD), qos=1)
    await until(lambda: len(place.answers(reader)) == seq, "it is answered")


def ends(place: ClosedPlace) -> list[str]:
    """How enrolments ended."""
    rows = place.gateway.ask(lambda file: file.rows_after(0, 1000))
    return [one.outcome for row in rows for one in row.facts if isinstance(one, EnrolmentEnded)]


@asynccontextmanager
async def enrolling(folder: Path, space: str) -> AsyncIterator[tuple[ClosedPlace, Operator]]:
    """Ada, and an operator who may enrol her badge."""
    members = (member(ADA, at_readers=True), member(OLA, role=OPERATOR, has_badge=False))
    async with closed_place(folder, space, *members) as place:
        yield place, Operator(SiteId("hub"), holder(OLA))


async def test_a_stolen_inner_reader_enrols_nobody_s_card(tmp_path: Path) -> None:
    """It is not asked to, and what it says while another one waits is a badge like any other."""
    space = HUB.replace('access_point = "front-in"', 'access_point = "front-in"\nenrols = true')
    async with enrolling(tmp_path, space + INNER) as (place, operator):
        assert await asked(place, operator, "inner") == "not-enrolling"
        assert await asked(place, operator, "reader") is None
        for seq in (1, 2):
            await hold(place, "inner", seq)
        assert {reason for *_, reason in place.answers("inner")} == {"credential-unknown"}
        assert ends(place) == []
        await hold(place, "reader", 1)
        assert ends(place) == []
        await hold(place, "reader", 2)
        assert ends(place) == ["read"]


async def test_where_nothing_is_declared_one_read_is_not_enough(tmp_path: Path) -> None:
    """Any entry enrols, as before; but twice."""
    async with enrolling(tmp_path, HUB + INNER) as (place, operator):
        assert await asked(place, operator, "inner") is None
        await hold(place, "inner", 1)
        assert ends(place) == []
        await hold(place, "inner", 2)
        assert ends(place) == ["read"]
