"""Rights lists over a real mosquitto: sent, confirmed, changed at once, taken back.

The task is wired here by itself: states are what the test says, readers are simulated.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import aiomqtt
import msgspec
from msgspec import structs

from gateway.adapters.broker.ports import LOOPBACK
from gateway.adapters.directory import credential_hash, reader_hash, reader_key
from gateway.adapters.mqtt.address import BrokerAddress
from gateway.clock import ManualClock
from gateway.core.model.directory import Credential, Directory, DirectoryChange, changed
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.state import ModeState, State
from gateway.offline_rights.synchroniser import keep_rights
from gateway.wire.message import Outgoing
from gateway.wire.offline_rights import RightsState
from gateway.wire.topics import Topics
from sensors.native import NativeDriver
from simulators.devices import SimulatedReader
from tests.fakes.esp_rfid import FakeEspRfid
from tests.servers import Mosquitto, stops, until
from tests.world.engine import MEMBERS, MONDAY, SITE, card, member

KEY = bytes(range(32))
NUMBERS = {name: f"04a224b2c319{n:02x}" for n, name in enumerate(MEMBERS)}
TOPICS = Topics()
HASHED = partial(credential_hash, KEY)


def badge(name: str, **changes: Any) -> Credential:  # noqa: ANN401 - any field
    """A member's badge, with the hashes of its number."""
    number = NUMBERS[name]
    return structs.replace(
        card(name), hash=HASHED(number), reader_hash=reader_hash(KEY, number), **changes
    )


def everybody() -> Directory:
    """All members, each with a badge."""
    return changed(
        Directory(),
        DirectoryChange(
            tuple(member(name) for name in MEMBERS), tuple(badge(name) for name in MEMBERS)
        ),
    )


class House:
    """What is in force: a space file and a state, and a clock."""

    def __init__(self, site: Site = SITE) -> None:
        self.site = site
        self.state = State(directory=everybody())
        self.clock = ManualClock(MONDAY)

    def change(self, *credentials: Credential) -> None:
        """Badges change."""
        directory = changed(self.state.directory, DirectoryChange(credentials=credentials))
        self.state = structs.replace(self.state, directory=directory)


class Air:
    """Everything that is on the broker: retained states as they are now, and what was said."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.on: dict[str, Callable[[str, bytes], list[Outgoing]]] = {}
        self.client: aiomqtt.Client | None = None

    def state(self, reader: str) -> RightsState | None:
        """How a reader stands with its list."""
        payload = self.kept.get(f"seuil/hub/{reader}/rights-state")
        return msgspec.json.decode(payload, type=RightsState) if payload else None

    def is_confirmed(self, reader: str, keys: int) -> bool:
        """Whether a reader has confirmed a list of so many."""
        state = self.state(reader)
        return state is not None and (state.state, state.keys) == ("confirmed", keys)

    async def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Somebody publishes."""
        assert self.client is not None
        await self.client.publish(topic, payload, qos=1, retain=retain)

    async def listen(self) -> None:
        """Take everything in."""
        assert self.client is not None
        async for message in self.client.messages:
            topic, payload = message.topic.value, bytes(message.payload)
            self.kept[topic] = payload
            for filter_, then in self.on.items():
                if aiomqtt.Topic(topic).matches(filter_):
                    for answer in then(topic, payload):
                        await self.say(answer.topic, answer.payload, retain=answer.retain)


@asynccontextmanager
async def on_air(broker: Mosquitto) -> AsyncIterator[Air]:
    """Somebody who hears everything."""
    air = Air()
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        air.client = client
        await client.subscribe("#", qos=1)
        listening = asyncio.create_task(air.listen())
        try:
            yield air
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


@asynccontextmanager
async def keeping(broker: Mosquitto, house: House) -> AsyncIterator[None]:
    """The task that keeps the lists; it stops when it is cancelled."""
    task = asyncio.create_task(
        keep_rights(
            lambda: [(house.site, house.state)],
            address=BrokerAddress(f"mqtt://{LOOPBACK}:{broker.port}"),
            client_id="seuil-test-rights",
            topics=TOPICS,
            hashed=HASHED,
            clock=house.clock,
        )
    )
    try:
        yield
        assert not task.done()
    finally:
        await stops(task)


def simulated(air: Air, name: str = "front-in") -> SimulatedReader:
    """A native reader that takes its list from the broker and confirms it."""
    reader = SimulatedReader(SITE.id, DeviceId(name), boot=1)
    reader.trust(reader_key(KEY))

    def hear(topic: str, payload: bytes) -> list[Outgoing]:
        status = reader.on_rights(topic, payload)
        return [status] if status else []

    air.on[f"seuil/hub/{name}/rights/#"] = hear
    return reader


async def test_a_reader_gets_confirms_and_uses_its_list(broker: Mosquitto) -> None:
    """What it decided alone comes later, marked, and is read as it was said."""
    house = House()
    async with on_air(broker) as air, keeping(broker, house):
        reader = simulated(air)
        await until(lambda: air.is_confirmed("front-in", 6), "the list is confirmed")
        reader.went_offline()
        events = [
            reader.present(NUMBERS["ada"], MONDAY + timedelta(hours=1)),
            reader.present("deadbeef", MONDAY + timedelta(hours=1)),
            reader.present(NUMBERS["ada"], MONDAY + timedelta(days=2)),
        ]
        assert reader.unlocked_until == MONDAY + timedelta(hours=1, seconds=5)
        assert reader.came_online(MONDAY + timedelta(days=2)) == events
        native = NativeDriver(TOPICS, [(SITE.id, SITE.device[reader.device])])
        reports = [native.decode(one.message.topic, one.message.payload) for one in events if one]
        assert [one.reading.decided for (one,) in reports] == [  # type: ignore[union-attr]
            "granted",
            "denied",
            "denied",
        ]


async def test_a_revoked_badge_is_off_the_list(broker: Mosquitto) -> None:
    """Counted from when the revocation is in force until the reader has confirmed."""
    house = House()
    async with on_air(broker) as air, keeping(broker, house):
        reader = simulated(air)
        await until(lambda: air.is_confirmed("front-in", 6), "the list is confirmed")
        house.change(badge("ada", status="lost"))
        await until(lambda: air.is_confirmed("front-in", 5), "the new list is confirmed")
        reader.went_offline()
        reader.present(NUMBERS["ada"], MONDAY)
        assert reader.unlocked_until is None


async def test_a_lockdown_empties_every_list(broker: Mosquitto) -> None:
    """And normal fills them; the way out stays free."""
    house = House()
    async with on_air(broker) as air, keeping(broker, house):
        simulated(air)
        way_out = simulated(air, "front-out")
        await until(lambda: air.is_confirmed("front-in", 6), "the list is confirmed")
        house.state = structs.replace(house.state, mode=ModeState("lockdown"))
        await until(lambda: air.is_confirmed("front-in", 0), "the empty list is confirmed")
        state = air.state("front-in")
        assert state is not None
        assert (state.who, state.why) == ("nobody", "lockdown")
        way_out.went_offline()
        way_out.present("deadbeef", MONDAY + timedelta(days=9))
        assert way_out.unlocked_until is not None
        house.state = structs.replace(house.state, mode=ModeState())
        await until(lambda: air.is_confirmed("front-in", 6), "the list is back")


async def test_a_list_is_renewed_before_half_of_it_is_over(broker: Mosquitto) -> None:
    """Nothing else changed, and it is good for longer."""
    house = House()
    async with on_air(broker) as air, keeping(broker, house):
        simulated(air)
        await until(lambda: air.is_confirmed("front-in", 6), "the list is confirmed")
        before = air.state("front-in")
        house.clock.advance(6 * 3600)
        await until(
            lambda: (
                (state := air.state("front-in")) is not None
                and before is not None
                and state.expires > before.expires
                and state.state == "confirmed"
            ),
            "a later list is confirmed",
        )
        state = air.state("front-in")
        assert state is not None
        assert state.expires - house.clock.now() > timedelta(hours=12)


async def test_what_the_broker_keeps_of_others_is_taken_back(broker: Mosquitto) -> None:
    """Pages of a longer list, and the list of a reader that is no more."""
    head = {"version": "old", "who": "listed", "begins": "2026-11-23T00:00:00Z", "pages": 3}
    more = {"expires": "2026-11-24T00:00:00Z", "keys": 500, "unlock_s": 5}
    async with on_air(broker) as air:
        for name in ("front-in", "gone"):
            for page in range(3):
                await air.say(f"seuil/hub/{name}/rights/{page}", b"{}", retain=True)
            await air.say(f"seuil/hub/{name}/rights", json.dumps(head | more).encode(), retain=True)
        async with keeping(broker, House()):
            old = [f"seuil/hub/gone/rights{rest}" for rest in ("", "/0", "/1", "/2")]
            old += ["seuil/hub/front-in/rights/1", "seuil/hub/front-in/rights/2"]
            await until(lambda: all(air.kept.get(one) == b"" for one in old), "it is taken back")
            assert air.kept["seuil/hub/front-in/rights/0"] != b"{}"


async def test_a_broker_that_forgot_everything_is_told_again(broker: Mosquitto) -> None:
    """Lists and states, after the connection came back."""
    house = House()
    async with keeping(broker, house):
        async with on_air(broker) as air:
            await until(lambda: air.state("front-in"), "the list is shown")
            for topic in [one for one in air.kept if "/rights" in one]:
                await air.say(topic, b"", retain=True)
        await broker.restart()
        async with on_air(broker) as air:
            simulated(air)
            again = "the list is there again"
            await until(lambda: air.is_confirmed("front-in", 6), again)


async def test_another_space_file_has_other_readers(broker: Mosquitto) -> None:
    """The list of one that is gone is taken back, a new one gets one."""
    house = House()
    async with on_air(broker) as air, keeping(broker, house):
        await until(lambda: air.kept.get("seuil/hub/lab-in/rights"), "the lab has a list")
        new = Device(
            DeviceId("lab-new"), "reader", "native", "", access_point=SITE.access_points[0].id
        )
        devices = (*(one for one in SITE.devices if one.id != "lab-in"), new)
        house.site = structs.replace(SITE, devices=devices)
        await until(lambda: air.kept.get("seuil/hub/lab-new/rights"), "the new one has a list")
        await until(lambda: air.kept["seuil/hub/lab-in/rights"] == b"", "the old one is taken back")


def esp(name: str, point: str, ip: str) -> Device:
    """An esp-rfid reader that keeps a list."""
    return Device(
        DeviceId(name),
        "reader",
        "esp-rfid",
        "esp",
        access_point=SITE.device[DeviceId(point)].access_point,
        options={"hostname": f"esp-{name}", "ip": ip, "keeps_list": True},
    )


ESP_SITE = structs.replace(
    SITE, devices=(esp("one", "front-in", "10.0.0.1"), esp("two", "terrace-in", "10.0.0.2"))
)


async def test_esp_rfid_readers_on_one_topic_are_synchronised(broker: Mosquitto) -> None:
    """Two readers, an acknowledgement that is lost, strangers that talk, and a revocation."""
    house = House(ESP_SITE)
    one, two = FakeEspRfid("esp-one", "10.0.0.1"), FakeEspRfid("esp-two", "10.0.0.2")
    for name in ("ada", "bob"):
        one.enrol(NUMBERS[name])
    one.enrol("deadbeef")
    one.loses_acks = 1
    async with on_air(broker) as air:

        def obey(_topic: str, payload: bytes) -> list[Outgoing]:
            said = [*one.obey(payload), *two.obey(payload)]
            return [Outgoing("esp/send", json.dumps(message).encode()) for message in said]

        async def tell(message: dict[str, object]) -> None:
            await air.say("esp/send", json.dumps(message).encode())

        air.on["esp/cmd"] = obey
        async with keeping(broker, house), Ticking(house.clock):
            await until(lambda: air.state("one"), "the readers are shown as waiting")
            await tell(one.heartbeat())
            await tell(two.heartbeat())
            await air.say("esp/send", b"no json")
            await tell({"type": "deletuid", "ip": "10.9.9.9", "hostname": "esp-else"})
            await until(lambda: air.is_confirmed("one", 2), "one is confirmed")
            assert set(one.files) == {NUMBERS["ada"], NUMBERS["bob"]}
            state = air.state("one")
            assert state is not None
            assert state.missing == 4
            await tell(two.scan(NUMBERS["cyd"]))
            await until(lambda: air.is_confirmed("one", 3), "one has a third")
            await until(lambda: NUMBERS["cyd"] in two.files, "so has two")
            await tell({**one.heartbeat()})
            house.change(badge("ada", status="stolen"))
            await until(lambda: NUMBERS["ada"] not in {*one.files, *two.files}, "ada is off")
            await until(lambda: air.is_confirmed("one", 2), "that is confirmed")
            now = house.clock.now()
            assert one.opens_for(NUMBERS["bob"], now)
            assert not one.opens_for(NUMBERS["bob"], datetime(2026, 11, 25, tzinfo=UTC))


class Ticking:
    """Lets the house's time pass ten times as fast as ours."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._tick())

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            self._clock.advance(0.2)
