"""A session with a real mosquitto: persistent, acknowledged by hand, and quick to stop."""

import asyncio
import gc
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.adapters.broker.ports import LOOPBACK
from gateway.adapters.mqtt import inflight_window, paho_client, session
from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.client import ReceivedPublish
from gateway.adapters.mqtt.properties import variable_integer
from gateway.adapters.mqtt.session import MqttSession
from gateway.wire.message import CloudEvent, Outgoing
from sensors.driver import Subscription
from tests.servers import PATIENCE_S, Mosquitto, program, stops, until

TOPIC = "seuil/hub/front/event"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Heard:
    """A session, and all that it said."""

    def __init__(self, address: BrokerAddress | str, **more: Any) -> None:  # noqa: ANN401 - Session's
        if isinstance(address, str):
            address = BrokerAddress(address)
        self.messages: list[MQTTMessage] = []
        self.taken: list[int] = []
        self.refused: list[int] = []
        self.ups = 0
        self.downs: list[str] = []
        topics = more.pop("topics", (TOPIC,))
        self.session = MqttSession(
            more.pop("client_id", "seuil-test"),
            address,
            [Subscription(topic) for topic in topics],
            on_message=self.messages.append,
            on_taken=self.taken.append,
            on_refused=self.refused.append,
            on_up=self._up,
            on_down=self.downs.append,
            **more,
        )

    @property
    def payloads(self) -> list[bytes]:
        """What came, in order."""
        return [bytes(message.payload) for message in self.messages]

    def acknowledge(self) -> None:
        """All that came."""
        for message in self.messages:
            self.session.acknowledge(message)
        self.session.flush()

    async def is_read(self) -> None:
        """The broker has read what was sent until now; else our next connection may overtake it."""
        number = self.session.publish(Outgoing("seuil/hub/front/ack", b"{}", 1), NOW)
        await until(lambda: number in self.refused, "the broker has read it, nobody listens")

    def _up(self) -> None:
        self.ups += 1


@asynccontextmanager
async def running(heard: Heard, *, connected: bool = True) -> AsyncIterator[Heard]:
    """A session that runs, and stops when it is cancelled."""
    task = asyncio.create_task(heard.session.run())
    try:
        if connected:
            await until(lambda: heard.ups, "the session is up")
        yield heard
    finally:
        await stops(task)


async def publish(
    broker: Mosquitto, payloads: Sequence[bytes], topic: str = TOPIC, qos: int = 1
) -> None:
    """Somebody says these."""
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        for payload in payloads:
            await client.publish(topic, payload, qos=qos)


async def run(*command: str, cwd: Path | None = None) -> None:
    """A program to its good end."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stderr=asyncio.subprocess.PIPE
    )
    _, words = await process.communicate()
    assert process.returncode == 0, words


def told(message: MQTTMessage) -> Properties:
    """What a message's properties tell."""
    assert isinstance(message, ReceivedPublish)
    raw = message.raw_properties
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho
    properties.unpack(variable_integer(len(raw)) + raw)  # type: ignore[no-untyped-call] # paho
    return properties


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Reconnects are quick, and each connection is a good one; the attempts."""
    attempts: list[int] = []
    monkeypatch.setattr(session, "HELD_S", 0.0)

    def jitter(attempt: int) -> float:
        attempts.append(attempt)
        return 0.02

    monkeypatch.setattr(session, "full_jitter_s", jitter)
    return attempts


# -- what is persistent


async def test_the_broker_keeps_what_comes_while_we_are_away(broker: Mosquitto) -> None:
    """MQTT 5, one session for many connections; another client id knows nothing of it."""
    async with running(Heard(broker.url)) as first:
        assert first.session._client is not None
        assert first.session._client._protocol == MQTTProtocolVersion.MQTTv5
    await publish(broker, [b"1", b"2"])
    async with running(Heard(broker.url)) as second:
        await until(lambda: second.payloads == [b"1", b"2"], "both came")
    async with running(Heard(broker.url, client_id="other")) as other:
        await publish(broker, [b"3"])
        await until(lambda: other.payloads == [b"3"], "only news came")


async def test_a_session_that_wants_no_memory_has_none(broker: Mosquitto) -> None:
    """`expiry_s` 0."""
    async with running(Heard(broker.url, expiry_s=0)):
        pass
    await publish(broker, [b"1"])
    async with running(Heard(broker.url, expiry_s=0)) as again:
        await publish(broker, [b"2"])
        await until(lambda: again.payloads == [b"2"], "only news came")


async def test_nothing_waits_for_company(broker: Mosquitto) -> None:
    """TCP_NODELAY is set: without it an answer takes 5 ms more."""
    async with running(Heard(broker.url)) as heard:
        sock = heard.session._line._socket
        assert isinstance(sock, socket.socket)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_broker_without_a_limit_sends_nothing_huge(broker: Mosquitto, qos: int) -> None:
    """A thousand messages of 256 MB may wait in a lane otherwise; others come as ever."""
    async with running(Heard(broker.url)) as heard:
        await publish(broker, [b"1", bytes(paho_client.PACKET_MAX), b"2", bytes(1 << 20)], qos=qos)
        await until(lambda: len(heard.messages) == 3, "all but the huge one has come")
        assert [len(said) for said in heard.payloads] == [1, 1, 1 << 20]
        assert heard.downs == []


async def test_what_was_not_acknowledged_comes_again(broker: Mosquitto, quick: list[int]) -> None:
    """After `drop` and `allow`, marked as a repetition; what was acknowledged does not."""
    async with running(Heard(broker.url)) as heard:
        await publish(broker, [b"1", b"2", b"3"])
        await until(lambda: len(heard.messages) == 3, "all came")
        first = heard.session.connection
        heard.session.acknowledge(heard.messages[0])
        await heard.is_read()
        await publish(broker, [b"4"])
        await until(lambda: len(heard.messages) == 4, "the fourth came")
        heard.messages.clear()
        heard.session.drop("the test wants it")
        await until(lambda: heard.downs == ["the test wants it"], "it is told why")
        await asyncio.sleep(0.2)
        assert (heard.session.connected, heard.messages, heard.ups) == (False, [], 1)
        heard.session.allow()
        await until(lambda: len(heard.messages) == 3, "the others came again")
        assert heard.payloads == [b"2", b"3", b"4"]
        assert all(message.dup for message in heard.messages)
        assert heard.session.connection == first + 1
        heard.acknowledge()
        await heard.is_read()
    assert quick[0] == 0
    async with running(Heard(broker.url)) as later:
        await publish(broker, [b"5"])
        await until(lambda: later.messages, "news came")
        assert later.payloads == [b"5"]


async def test_a_dropped_connection_is_not_read_any_more(
    broker: Mosquitto, quick: list[int]
) -> None:
    """Not even when somebody says `resume` before it is closed: the broker has these, we do not."""
    async with running(Heard(broker.url)) as heard:
        heard.session.pause()
        await publish(broker, [b"1"])
        heard.session.drop("the journal cannot be written")
        heard.session.resume()
        await until(lambda: heard.downs, "it is down")
        assert heard.messages == []
        heard.session.allow()
        await until(lambda: heard.messages, "it came")
    assert quick == [0]


async def test_copies_of_another_session_are_dropped(broker: Mosquitto) -> None:
    """And acknowledged: they never come again."""
    more = {"topics": ("seuil/hub/+/event",), "not_mine": {TOPIC}}
    async with running(Heard(broker.url, **more)) as heard:
        await publish(broker, [b"1"])
        await publish(broker, [b"2"], "seuil/hub/other/event")
        await until(lambda: heard.messages, "the other came")
        assert heard.payloads == [b"2"]
    async with running(Heard(broker.url, topics=("seuil/hub/+/event",))) as again:
        await until(lambda: again.messages, "the other came again")
        assert again.payloads == [b"2"]


# -- when other topics are wanted


OTHER = "seuil/hub/back/event"
STATUS = "seuil/hub/+/status"


def wishes(*topics: str) -> list[Subscription]:
    """These topics."""
    return [Subscription(topic) for topic in topics]


async def subscribed(heard: Heard) -> None:
    """Return when the broker has confirmed what is asked for."""
    async with asyncio.timeout(PATIENCE_S):
        await heard.session.subscribed.wait()


async def test_other_topics_on_a_living_connection(broker: Mosquitto) -> None:
    """The new one is heard at once, the old one until it is left; nothing is unacknowledged."""
    async with running(Heard(broker.url)) as heard:
        connection = heard.session.connection
        heard.session.resubscribe(wishes(OTHER))
        assert not heard.session.subscribed.is_set()
        await subscribed(heard)
        await publish(broker, [b"1"], OTHER)
        await publish(broker, [b"2"])
        await until(lambda: heard.payloads == [b"1", b"2"], "both are heard")
        heard.session.leave_rest()
        await until(lambda: heard.session._topics.heard == {OTHER}, "the old one is left")
        await publish(broker, [b"3"])
        await publish(broker, [b"4"], OTHER)
        await until(lambda: len(heard.messages) == 3, "the new one is heard")
        assert heard.payloads[-1] == b"4"
        assert heard.session.connection == connection
    assert heard.downs == []


async def test_other_topics_while_we_are_away(broker: Mosquitto, quick: list[int]) -> None:
    """The next connection asks for them, and leaves the old ones once it may."""
    async with running(Heard(broker.url)) as heard:
        heard.session.drop("the test wants it")
        await until(lambda: heard.downs, "it is down")
        heard.session.resubscribe(wishes(OTHER))
        await publish(broker, [b"1"])
        heard.session.allow()
        await subscribed(heard)
        await publish(broker, [b"2"], OTHER)
        await until(lambda: len(heard.messages) == 2, "both are heard")
        heard.session.drop("once more")
        await until(lambda: len(heard.downs) == 2, "it is down")
        heard.session.leave_rest()
        heard.session.allow()
        await until(lambda: heard.session._topics.heard == {OTHER}, "the old one is left")
        await publish(broker, [b"3"])
        await publish(broker, [b"4"], OTHER)
        await until(lambda: b"4" in heard.payloads, "the new one is heard")
    assert b"3" not in heard.payloads
    assert len(quick) == 2


async def test_other_topics_before_the_first_are_confirmed(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`subscribed` speaks of the last ones."""
    heard = Heard(broker.url)
    confirmed: list[set[str]] = []
    told = heard.session._subscribed

    def look(*arguments: Any) -> None:  # noqa: ANN401 - paho's
        told(*arguments)
        if heard.session.subscribed.is_set():
            confirmed.append(set(heard.session._topics.heard))

    monkeypatch.setattr(heard.session, "_subscribed", look)
    task = asyncio.create_task(heard.session.run())
    await until(lambda: heard.session._accepted, "the broker let us in", poll_s=0)
    heard.session.resubscribe(wishes(TOPIC, OTHER))
    await subscribed(heard)
    await publish(broker, [b"1"], OTHER)
    await until(lambda: heard.messages, "the new one is heard")
    assert confirmed == [{TOPIC, OTHER}]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_is_retained_is_repeated_for_wildcards(broker: Mosquitto) -> None:
    """A device that was a stranger may have said long ago that it is online."""
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        await client.publish("seuil/hub/back/status", b"online", qos=1, retain=True)
    async with running(Heard(broker.url, topics=(TOPIC, STATUS))) as heard:
        await until(lambda: len(heard.messages) == 1, "it is heard")
        heard.session.resubscribe(wishes(TOPIC, OTHER, STATUS))
        await until(lambda: len(heard.messages) == 2, "it is heard again")
        assert {message.topic for message in heard.messages} == {"seuil/hub/back/status"}


async def test_fewer_topics_need_no_confirmation(broker: Mosquitto) -> None:
    """What is left was confirmed before."""
    async with running(Heard(broker.url, topics=(TOPIC, OTHER))) as heard:
        heard.session.resubscribe(wishes(TOPIC))
        assert heard.session.subscribed.is_set()


async def test_copies_are_dropped_once_they_are_another_session_s(broker: Mosquitto) -> None:
    """Not before: until then the copy is all that is heard."""
    async with running(Heard(broker.url, topics=("seuil/hub/+/event",))) as heard:
        heard.session.resubscribe(wishes("seuil/hub/+/event"))
        await subscribed(heard)
        await publish(broker, [b"1"], OTHER)
        await until(lambda: heard.messages, "it is heard")
        heard.session.leave_rest({OTHER})
        await publish(broker, [b"2"], OTHER)
        await publish(broker, [b"3"])
        await until(lambda: len(heard.messages) == 2, "the other is heard")
        assert heard.payloads == [b"1", b"3"]


# -- what we say


async def test_orders_are_taken_over_and_expire(broker: Mosquitto) -> None:
    """`on_taken` names the message; what is void before its reader comes back never reaches it."""
    command = "seuil/hub/front/command"
    async with running(Heard(broker.url, client_id="reader", topics=(command,))):
        pass
    gone = Heard(broker.url)
    assert gone.session.publish(Outgoing(command, b"0", 1), NOW) is None
    async with running(gone) as heard:
        soon = Outgoing(command, b"void", 1, expires=NOW + timedelta(seconds=0.5))
        late = Outgoing(command, b"fresh", 1, expires=NOW + timedelta(seconds=5))
        mids = [heard.session.publish(message, NOW) for message in (soon, late)]
        await until(lambda: sorted(heard.taken) == mids, "the broker has both")
    await asyncio.sleep(2.1)  # mosquitto counts whole seconds
    async with running(Heard(broker.url, client_id="reader", topics=(command,))) as reader:
        await until(lambda: reader.messages, "one came")
        assert reader.payloads == [b"fresh"]
        left_s: int = vars(told(reader.messages[0]))["MessageExpiryInterval"]
        assert left_s <= 3


async def test_no_order_leaves_after_its_time(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is slow gets what was under way, and of the rest what is still fresh."""
    monkeypatch.setattr(inflight_window, "UNDER_WAY_MAX", 20)
    monkeypatch.setattr(inflight_window, "SILENCE_S", 60.0)  # slow, not dead
    command = "seuil/hub/front/command"
    async with running(Heard(broker.url)) as heard:
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            payloads = [b"%d" % number for number in range(100)]
            soon = _void_in(1.5, command, payloads)
            numbers = [heard.session.publish(one, NOW) for one in soon]
            (later,) = _void_in(60, command, [b"fresh"])
            fresh = heard.session.publish(later, NOW)
            heard.session.flush()
            await asyncio.sleep(1.6)
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        await until(lambda: fresh in heard.refused, "the broker has the last one")
        assert None not in numbers
        assert heard.refused == [*numbers[:20], fresh]


async def test_a_link_that_hangs_is_dropped_when_an_order_is_void(
    broker: Mosquitto, quick: list[int]
) -> None:
    """What lies in the kernel's buffer would leave whenever the link lives again."""
    command = "seuil/hub/front/command"
    async with running(Heard(broker.url)) as heard:
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            (order,) = _void_in(1.5, command, [b"1"])
            heard.session.publish(order, NOW)
            heard.session.flush()
            await until(lambda: heard.downs, "we are down")
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        await until(lambda: heard.ups == 2, "we are up again")
    assert heard.downs == ["the broker took no order in time"]
    assert quick


@pytest.mark.usefixtures("quick")
async def test_a_link_that_is_probed_shows_a_sign_of_life_or_ends(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection found the broker silent: this one need not wait for its keepalive."""
    monkeypatch.setattr(session, "PROBE_S", PATIENCE_S)
    async with running(Heard(broker.url, keepalive_s=16)) as heard:
        heard.session.probe()
        await until(lambda: heard.session._probed_at is None, "it lives")
        assert heard.downs == []
        monkeypatch.setattr(session, "PROBE_S", 0.5)
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            heard.session.probe()
            await until(lambda: heard.downs, "we are down")
        finally:
            os.kill(broker.pid, signal.SIGCONT)
    assert heard.downs == ["no sign of life"]


async def test_what_nobody_listens_to_is_not_delivered(broker: Mosquitto) -> None:
    """An order that no device takes is known at once."""
    command = "seuil/hub/front/command"
    async with running(Heard(broker.url)) as heard:
        (order, *_) = orders = _void_in(60, command, [b"1", b"2"])
        nobody = heard.session.publish(order, NOW)
        await until(lambda: heard.refused == [nobody], "it is refused")
        async with running(Heard(broker.url, client_id="reader", topics=(command,))):
            somebody = heard.session.publish(orders[1], NOW)
            await until(lambda: heard.taken == [somebody], "it is taken")


async def test_what_the_broker_would_end_the_connection_for_is_not_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It says how large a packet may be."""
    small = ("allow_anonymous true", "max_packet_size 1000")
    async with Mosquitto(tmp_path, settings=small) as broker, running(Heard(broker.url)) as heard:
        assert heard.session.publish(Outgoing("x", b"x" * 2000, 1), NOW) is None
        assert heard.session.publish(Outgoing("x", b"x" * 500, 1), NOW) is not None
        await until(lambda: heard.refused, "the small one is there")
        assert heard.downs == []
    assert "the broker takes 1000" in caplog.text


async def test_a_session_that_ends_for_good_is_forgotten(broker: Mosquitto) -> None:
    """The broker keeps nothing for it any more."""
    async with running(Heard(broker.url)) as heard:
        heard.session.end_for_good()
        await until(lambda: heard.downs, "it is gone")
        heard.session.drop("it is not to come back")
    await publish(broker, [b"1"])
    async with running(Heard(broker.url)) as again:
        await publish(broker, [b"2"])
        await until(lambda: again.payloads == [b"2"], "only the new one came")


async def test_no_more_is_under_way_than_the_broker_takes(tmp_path: Path) -> None:
    """As it comes, mosquitto says 20, and may close the connection at the 21st [MQTT-3.3.4-7]."""
    command = "seuil/hub/front/command"
    few = ("allow_anonymous true", "max_inflight_messages 7")
    async with (
        Mosquitto(tmp_path, settings=few) as broker,
        running(Heard(broker.url)) as heard,
    ):
        assert heard.session._window.size == 7
        payloads = [b"%d" % number for number in range(100)]
        numbers = [heard.session.publish(one, NOW) for one in _void_in(60, command, payloads)]
        await until(lambda: heard.refused == numbers, "it has all, in their order")
        assert heard.downs == []


def _void_in(seconds: float, topic: str, payloads: Sequence[bytes]) -> list[Outgoing]:
    expires = NOW + timedelta(seconds=seconds)
    return [Outgoing(topic, payload, 1, expires=expires) for payload in payloads]


async def test_a_fact_carries_its_attributes(broker: Mosquitto) -> None:
    """CloudEvents in binary mode: user properties beside the payload, by way of a real broker."""
    topic = "seuil/hub/access"
    event = CloudEvent("seuil.access.decided", "42", NOW)
    async with running(Heard(broker.url, client_id="reader", topics=(topic,))) as reader:
        async with running(Heard(broker.url)) as heard:
            heard.session.publish(Outgoing(topic, b"{}", event=event), NOW)
            await until(lambda: reader.messages, "it came")
        found = vars(told(reader.messages[0]))
        assert found["ContentType"] == "application/json"
        assert dict(found["UserProperty"]) == {
            "specversion": "1.0",
            "type": "seuil.access.decided",
            "source": f"/{topic}",
            "id": "42",
            "time": NOW.isoformat(),
        }


async def test_the_last_will_says_that_we_are_gone(broker: Mosquitto) -> None:
    """However we go."""
    will = Outgoing("seuil/gateway/gw1/state", b"offline", 1, retain=True)
    async with running(Heard(broker.url, will=will)):
        pass
    async with running(Heard(broker.url, client_id="other", topics=(will.topic,))) as other:
        await until(lambda: other.payloads == [b"offline"], "the will is told")


async def test_what_was_kept_for_us_can_be_answered_at_once(broker: Mosquitto) -> None:
    """It comes before our subscriptions are confirmed; the answer leaves all the same."""
    async with running(Heard(broker.url)):
        pass
    await publish(broker, [b"1"])
    heard = Heard(broker.url)
    answers: list[int | None] = []
    heard.session._on_message = lambda _message: answers.append(
        heard.session.publish(Outgoing("seuil/hub/front/ack", b"{}"), NOW)
    )
    async with running(heard):
        await until(lambda: answers, "it came")
    assert answers != [None]


# -- what a full inbox does


async def test_a_paused_session_reads_nothing(broker: Mosquitto) -> None:
    """The broker keeps what comes; `resume` goes on where it was."""
    async with running(Heard(broker.url)) as heard:
        await publish(broker, [b"before"])
        await until(lambda: heard.messages, "the first came")
        heard.session.pause()
        payloads = [b"%d" % number + b"." * 500 for number in range(1000)]
        await publish(broker, payloads)
        await asyncio.sleep(0.1)
        assert heard.payloads == [b"before"]
        heard.session.resume()
        await until(lambda: len(heard.messages) >= 1000, "all came")
        assert heard.payloads[1:] == payloads[: len(heard.payloads) - 1]


async def test_a_pause_may_be_longer_than_the_keepalive(broker: Mosquitto) -> None:
    """Under a load that lasts, strangers are not read for minutes: their session stays."""
    # a broker waits for half as long again
    async with running(Heard(broker.url, keepalive_s=3)) as heard:
        heard.session.pause()
        await publish(broker, [b"1"])
        await asyncio.sleep(7)
        assert (heard.downs, heard.messages) == ([], [])
        heard.session.resume()
        await until(lambda: heard.payloads == [b"1"], "it came")
        await asyncio.sleep(5)
    assert heard.downs == []


# -- who may come in


async def test_a_wrong_password_is_said_in_words_and_tried_again(
    tmp_path: Path, quick: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """With the address and without the password; the right one is let in."""
    passwords = tmp_path / "passwords"
    await run(program("mosquitto_passwd"), "-b", "-c", str(passwords), "gateway", "right-one")
    passwords.chmod(0o644)
    settings = ("allow_anonymous false", f"password_file {passwords}")
    async with Mosquitto(tmp_path / "mosquitto", settings=settings) as broker:
        wrong = Heard(BrokerAddress(broker.url, "gateway", "wrong-one"))
        async with running(wrong, connected=False):
            await until(lambda: len(quick) >= 3, "it tried again")
        assert quick[:3] == [1, 2, 3]
        assert f"{broker.url}: the broker refused the connection: Not authorized" in caplog.text
        assert "wrong-one" not in caplog.text + repr(wrong.session._address)
        async with running(Heard(BrokerAddress(broker.url, "gateway", "right-one"))) as right:
            assert right.session.connected


async def test_a_refused_subscription_is_said_in_words_and_tried_again(
    quick: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """It names the filter: half of the doors would stay shut without a word.

    mosquitto with an ACL file accepts every subscription and then sends nothing, other brokers
    refuse; this one says yes to CONNECT and to the first filter, and no to the second.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(bytes.fromhex("2003 00 00 00"))
        subscribe = await reader.read(1000)
        writer.write(bytes.fromhex("9005") + subscribe[2:4] + bytes.fromhex("00 01 87"))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
        port = server.sockets[0].getsockname()[1]
        heard = Heard(f"mqtt://{LOOPBACK}:{port}", topics=(TOPIC, "elsewhere/+/event"))
        async with running(heard, connected=False):
            await until(lambda: len(quick) >= 2, "it tried again")
    assert "refused subscriptions (check its ACL): elsewhere/+/event (Not auth" in caplog.text
    assert heard.ups == 0


@pytest.fixture
async def tls_broker(tmp_path: Path) -> AsyncIterator[tuple[Mosquitto, BrokerAddress]]:
    """A mosquitto with TLS, and how to get in."""
    (tmp_path / "san").write_text(f"subjectAltName = IP:{LOOPBACK}")
    for command in _CERTIFICATES.strip().splitlines():
        await run(*command.split(), cwd=tmp_path)
    (tmp_path / "server.key").chmod(0o644)
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    settings = (
        "allow_anonymous true",
        f"listener {port} {LOOPBACK}",
        f"certfile {tmp_path}/server.crt",
        f"keyfile {tmp_path}/server.key",
    )
    async with Mosquitto(tmp_path / "mosquitto", settings=settings) as broker:
        yield broker, BrokerAddress(f"mqtts://{LOOPBACK}:{port}", ca_file=str(tmp_path / "ca.crt"))


_CERTIFICATES = """
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ours -keyout ca.key -out ca.crt
openssl req -newkey rsa:2048 -nodes -subj /CN=broker -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 1 -out server.crt -extfile san
"""


async def test_tls_with_an_authority_of_our_own(
    tls_broker: tuple[Mosquitto, BrokerAddress],
) -> None:
    """A burst comes whole, and in order."""
    broker, address = tls_broker
    burst = [b"%d" % number for number in range(1000)]
    async with running(Heard(address)) as heard:
        await publish(broker, burst, qos=0)
        await until(lambda: heard.payloads == burst, "the burst came")


@pytest.mark.parametrize("pausing", [False, True], ids=["a burst", "each message pauses"])
async def test_tls_that_reads_ahead_of_the_socket(
    tls_broker: tuple[Mosquitto, BrokerAddress], tmp_path: Path, *, pausing: bool
) -> None:
    """One record may hold hundreds of packets, and the socket shows nothing of them any more.

    mosquitto writes a record a packet, others gather; this broker puts 300 into one.
    """
    _, address = tls_broker
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    burst = [b"%03d" % number for number in range(300)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(bytes.fromhex("2003 00 00 00"))
        subscribe = await reader.read(1000)
        suback = bytes.fromhex("9004") + subscribe[2:4] + bytes.fromhex("00 00")
        writer.write(suback + b"".join(b"\x30\x07\x00\x01t\x00" + said for said in burst))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(answer, LOOPBACK, 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        # No sign of life is asked for: that alone has the socket read again.
        here = BrokerAddress(f"mqtts://{LOOPBACK}:{port}", ca_file=address.ca_file)
        heard = Heard(here, keepalive_s=3600)

        def and_pause(message: MQTTMessage) -> None:
            heard.messages.append(message)
            heard.session.pause()
            asyncio.get_running_loop().call_later(0.001, heard.session.resume)

        if pausing:
            heard.session._on_message = and_pause
        async with running(heard):
            await until(lambda: heard.payloads == burst, "all came")


@pytest.mark.filterwarnings(
    # paho forgets the socket of a failed handshake; it goes with its last reference
    "ignore:unclosed <ssl.SSLSocket:ResourceWarning"
)
async def test_a_certificate_of_nobody_we_know(
    tls_broker: tuple[Mosquitto, BrokerAddress],
    quick: list[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Is refused in words, and tried again."""
    _, address = tls_broker
    async with running(Heard(BrokerAddress(address.url)), connected=False) as heard:
        await until(lambda: len(quick) >= 2, "it tried again")
    await until(
        lambda: (
            not [
                one for one in gc.get_objects() if type(one) is ssl.SSLSocket and one.fileno() >= 0
            ]
        ),
        "no socket of a failed handshake is left, without the garbage collector's help",
    )
    assert "certificate verify failed" in caplog.text
    assert heard.ups == 0


# -- who does not answer


@contextmanager
def black_hole() -> Iterator[int]:
    """A port where somebody listens and says nothing."""
    with closing(socket.socket()) as hole:
        hole.bind((LOOPBACK, 0))
        hole.listen(8)
        yield hole.getsockname()[1]


@pytest.mark.parametrize("scheme", ["mqtt", "mqtts"])
def test_a_stop_waits_for_no_broker(scheme: str) -> None:
    """The process ends, also in the middle of a connect that is never answered or given up."""
    with black_hole() as port:
        told = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-c", textwrap.dedent(_STOPPED), f"{scheme}://{LOOPBACK}:{port}"],
            capture_output=True,
            check=True,
            timeout=PATIENCE_S,
        )
    assert told.stdout == b"stopping\n"


_STOPPED = """
    import asyncio, sys
    from gateway.adapters.mqtt import session as mqtt_session
    from gateway.adapters.mqtt.address import BrokerAddress
    from gateway.adapters.mqtt.session import MqttSession

    mqtt_session.CONNECT_TIMEOUT_S = 3600

    async def main():
        session = MqttSession("test", BrokerAddress(sys.argv[1]), [], on_message=print)
        task = asyncio.create_task(session.run())
        await asyncio.sleep(0.3)
        task.cancel()
        print("stopping", flush=True)
        await task

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        pass
"""


async def test_a_broker_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, quick: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """After a while, in words, and tried again."""
    monkeypatch.setattr(session, "CONNECT_TIMEOUT_S", 0.2)
    with black_hole() as port:
        async with running(Heard(f"mqtt://{LOOPBACK}:{port}"), connected=False):
            await until(lambda: len(quick) >= 2, "it tried again")
    assert "no answer within 0.2 s" in caplog.text


async def test_who_is_busy_with_what_was_kept_is_not_without_an_answer(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, quick: list[int]
) -> None:
    """It comes first: however long that takes, the connection stays, and nobody waits for it."""
    monkeypatch.setattr(session, "CONNECT_TIMEOUT_S", 1.0)
    async with running(Heard(broker.url)):
        pass
    await publish(broker, [b"%d" % number for number in range(5)])
    heard = Heard(broker.url)

    def one_at_a_time(message: MQTTMessage) -> None:
        heard.messages.append(message)
        heard.session.pause()

    heard.session._on_message = one_at_a_time
    async with running(heard, connected=False):
        await until(lambda: heard.messages, "the first came")
        await until(heard.session.came_up.is_set, "it is taken for up")
        await asyncio.sleep(session.CONNECT_TIMEOUT_S)
        assert (heard.session.connected, len(heard.messages), heard.ups) == (False, 1, 0)
        while not heard.ups:
            heard.session.resume()
            await asyncio.sleep(0.01)
        assert (heard.session.connection, quick, heard.downs) == (1, [], [])
        assert heard.payloads == [b"%d" % number for number in range(5)]


async def test_a_connect_that_was_given_up_leaves_nothing(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, quick: list[int]
) -> None:
    """It may succeed late, when a newer one is up: it is closed, and takes no session over."""
    monkeypatch.setattr(session, "CONNECT_TIMEOUT_S", 1.0)
    go, told = threading.Event(), threading.Event()
    connect = paho_client.connect

    given_up: list[Any] = []

    def slow_once(client: Any, *how: Any) -> None:  # noqa: ANN401 - paho's
        if not told.is_set():
            told.set()
            given_up.append(client)
            go.wait(PATIENCE_S)
        connect(client, *how)

    monkeypatch.setattr(session, "connect", slow_once)
    async with running(Heard(broker.url)) as heard:
        monkeypatch.setattr(session, "CONNECT_TIMEOUT_S", PATIENCE_S)
        go.set()
        await until(
            lambda: not [one for one in threading.enumerate() if one.name == "mqtt-connect"],
            "the old connect ended",
        )
        assert given_up[0]._sock.fileno() < 0
        await publish(broker, [b"1"])
        await until(lambda: heard.messages, "we are still connected")
        assert (heard.ups, heard.downs) == (1, [])
    assert quick == [1]


async def test_a_wedged_broker_is_noticed(broker: Mosquitto, quick: list[int]) -> None:
    """It takes our bytes and never answers: after the keepalive we are down, then up again."""
    async with running(Heard(broker.url, keepalive_s=1)) as heard:
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            await until(lambda: heard.downs, "we are down")
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        await until(lambda: heard.ups >= 2, "we are up again")
    assert "Keep alive timeout" in heard.downs[0]
    assert quick


# -- coming back


async def test_we_come_back_after_a_restart_of_the_broker(
    broker: Mosquitto, quick: list[int]
) -> None:
    """With full jitter: each failure waits for longer, a success starts again; nothing is lost."""
    async with running(Heard(broker.url)) as heard:
        for restart in range(1, 3):
            await broker.stop()
            await until(lambda: len(heard.downs) == restart, "we are down")  # noqa: B023 - used at once
            await until(lambda: quick[-1] >= 2, "it tried twice")
            await broker.start()
            await until(lambda: heard.ups == restart + 1, "we are up")  # noqa: B023 - used at once
            news = (
                f"news {restart}".encode()
            )  # an ack may be lost with the broker: the old comes again
            await publish(broker, [news])
            await until(lambda: news in heard.payloads, "news came")  # noqa: B023 - used at once
            heard.acknowledge()
    starts = [place for place, attempt in enumerate(quick) if attempt == 0]
    assert len(starts) == 2
    assert quick[: starts[1]] == list(range(starts[1]))


async def test_a_connection_that_does_not_hold_is_tried_again_ever_later(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, quick: list[int]
) -> None:
    """Somebody else uses our client id: the two must not end each other for ever."""
    monkeypatch.setattr(session, "HELD_S", 3600.0)
    async with running(Heard(broker.url)), running(Heard(broker.url)):
        await until(lambda: len(quick) >= 8, "they ended each other")
    assert max(quick) >= 4


async def test_many_reconnects_leave_nothing_behind(
    broker: Mosquitto, quick: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """No file, no thread, no callback of an old connection at a new one's file descriptor."""
    caplog.set_level(logging.ERROR)
    heard = Heard(broker.url)
    open_files: Callable[[], int] = lambda: len(os.listdir("/proc/self/fd"))  # noqa: E731, PTH208 - a count
    gc.disable()
    try:
        async with running(heard):
            before = open_files()
            for number in range(2, 32):
                heard.session.drop("again")
                heard.session.allow()
                await until(lambda: heard.ups == number, "we are up", poll_s=0.005)  # noqa: B023 - used at once
                heard.session.publish(Outgoing("x", b"x", 1), NOW)
            assert open_files() <= before + 1
    finally:
        gc.enable()
    assert threading.active_count() < 10
    assert caplog.records == []
    assert len(quick) == 30
