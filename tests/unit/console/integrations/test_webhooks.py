"""Webhooks: signed so that others can check it, sent only where it may go, dropped with a count."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import msgspec
import pytest

from gateway.clock import ManualClock, SystemClock
from gateway.config import Webhook
from gateway.console.integrations.events import Happening, SiteSnapshot, happenings, seen
from gateway.console.integrations.ssrf_guard import RefusedError, way_to
from gateway.console.integrations.webhook_queue import Webhooks
from gateway.console.integrations.webhooks import QUEUE_EVENTS, body_of, signed
from gateway.wire.message import encode
from gateway.wire.states import AlarmMessage
from tests.servers import PATIENCE_S, until
from tests.world.hive import (
    AT,
    HALL,
    HUB,
    SITE,
    TOPICS,
    alarm,
    door,
    mode,
    people,
    picture,
)

SECRET = b"0123456789abcdef0123456789abcdef"
ALL = frozenset({"mode", "alarm", "zone", "door"})
HERE = ("127.0.0.1",)


class Receiver(ThreadingHTTPServer):
    """Somebody else's server: it answers what a test says, in turn, and 204 then."""

    def __init__(self, *answers: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The bodies."""
        return [json.loads(body) for _, _, body in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((self.path, headers, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:  # quiet
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server on this machine."""
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other soon."""
    monkeypatch.setattr("gateway.console.integrations.webhooks.RETRIES_S", (0.01, 0.01))


def hooks(url: str, *, hosts: tuple[str, ...] = HERE, events: frozenset[Any] = ALL) -> Webhooks:
    """One webhook."""
    return Webhooks(
        (Webhook(HUB, url, SECRET, events),),
        prefix="seuil",
        hosts=hosts,
        clock=SystemClock(),
    )


def event(kind: str = "mode") -> Happening:
    """Something that happens now."""
    now = SystemClock().now()
    return Happening(kind, "seuil.mode.changed", HUB, "mode", now, {"mode": "lockdown"}, "id-1")  # type: ignore[arg-type]


async def told(webhooks: Webhooks, outcome: str, times: int = 1) -> None:
    """Run until an outcome was counted so often."""
    task = asyncio.create_task(webhooks.run())
    try:
        await until(lambda: webhooks.outcomes[HUB, outcome] >= times, outcome)  # type: ignore[index]
    finally:
        task.cancel()
        await asyncio.wait([task])


def test_the_signature_is_standard_webhooks() -> None:
    """HMAC-SHA256 over id, time and body with dots between, as anybody's library checks it."""
    body = body_of(event(), "seuil")
    headers = signed(SECRET, "id-1", AT, body)
    text = b"id-1." + str(int(AT.timestamp())).encode() + b"." + body
    mac = base64.b64encode(hmac.new(SECRET, text, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert headers["webhook-id"] == "id-1"
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))


def test_the_body_is_a_cloud_event() -> None:
    """Version 1.0, structured, with the attributes that are required."""
    body = json.loads(body_of(event(), "seuil"))
    assert {"specversion", "id", "source", "type"} <= body.keys()
    assert (body["specversion"], body["source"]) == ("1.0", "/seuil/hub")
    assert body["data"] == {"mode": "lockdown"}


async def test_it_arrives(receiver: Receiver) -> None:
    """A server gets the event, signed, once."""
    webhooks = hooks(receiver.url)
    webhooks.offer(event())
    await told(webhooks, "delivered")
    ((path, headers, body),) = receiver.got
    assert path == "/hook"
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["host"] == f"127.0.0.1:{receiver.server_port}"
    text = f"id-1.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(SECRET, text, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"


async def test_it_is_tried_again(receiver: Receiver) -> None:
    """After a failure the same event with the same id comes again, then it is given up."""
    receiver.answers = [500, 429]
    webhooks = hooks(receiver.url)
    webhooks.offer(event())
    await told(webhooks, "delivered")
    assert [each["id"] for each in receiver.events] == ["id-1"] * 3
    receiver.answers = [500] * 3
    webhooks = hooks(receiver.url)
    webhooks.offer(event())
    await told(webhooks, "dropped")
    assert webhooks.outcomes[HUB, "failed"] == 3


async def test_no_redirect_is_followed(receiver: Receiver) -> None:
    """A 3xx is a failure: where it leads was listed by nobody."""
    receiver.answers = [307, 308]
    webhooks = hooks(receiver.url)
    webhooks.offer(event())
    await told(webhooks, "delivered")
    assert webhooks.outcomes[HUB, "failed"] == 2
    assert [path for path, _, _ in receiver.got] == ["/hook"] * 3


async def test_gone_is_gone(receiver: Receiver) -> None:
    """410 ends it; nothing is queued any more."""
    receiver.answers = [410]
    webhooks = hooks(receiver.url)
    webhooks.offer(event())
    await told(webhooks, "failed")
    webhooks.offer(event())
    async with asyncio.timeout(PATIENCE_S):
        await webhooks.run()  # ends by itself
    assert len(receiver.got) == 1


async def test_only_what_was_asked_for_is_told(receiver: Receiver) -> None:
    """A webhook of doors hears of no mode."""
    webhooks = hooks(receiver.url, events=frozenset({"door"}))
    webhooks.offer(event("mode"))
    webhooks.offer(msgspec.structs.replace(event("door"), id="id-2"))
    await told(webhooks, "delivered")
    assert [each["id"] for each in receiver.events] == ["id-2"]


def test_a_full_queue_drops_its_oldest() -> None:
    """And counts it."""
    webhooks = hooks("https://hooks.example")
    for _ in range(QUEUE_EVENTS + 3):
        webhooks.offer(event())
    assert webhooks.outcomes[HUB, "dropped"] == 3


@pytest.mark.parametrize(
    ("url", "hosts", "why"),
    [
        ("https://hooks.example/x", (), "is not in SEUIL_WEBHOOK_HOSTS"),
        ("https://localhost/x", ("localhost",), "not public and not listed"),
        ("https://10.0.0.7/x", ("hooks.example",), "is not in SEUIL_WEBHOOK_HOSTS"),
        ("https://no-such-host.invalid/x", ("no-such-host.invalid",), "cannot be found"),
        ("http://hooks.example/x", ("hooks.example",), "must begin with https"),
    ],
)
async def test_it_goes_nowhere_else(url: str, hosts: tuple[str, ...], why: str) -> None:
    """A host that is not listed, a private address behind a listed name, a way that others read."""
    with pytest.raises(RefusedError, match=why):
        await way_to(url, frozenset(hosts))


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.7",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.7",
        "0.0.0.0",  # noqa: S104 - an address that must be refused
        "224.0.0.1",
        "64:ff9b::a00:7",
        "2002:a00:7::1",
    ],
)
async def test_a_name_that_turns_inward_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Whatever DNS says of a listed name, an address that is not public is refused."""
    lead_to(monkeypatch, "8.8.8.8", address)
    with pytest.raises(RefusedError, match="not public"):
        await way_to("https://hooks.example/x", frozenset({"hooks.example"}))


async def test_a_listed_private_address_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's own server in the own network, by both of its names."""
    lead_to(monkeypatch, "192.168.1.7")
    way = await way_to("https://nas.example:8443/x", frozenset({"nas.example", "192.168.1.7"}))
    assert (way.url, way.host) == ("https://192.168.1.7:8443/x", "nas.example:8443")
    assert way.extensions == {"sni_hostname": "nas.example"}


def lead_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """DNS answers so."""

    async def getaddrinfo(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (address, 443)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


class TestHappenings:
    """Differences between two looks."""

    def differences(self, *steps: Any) -> list[str]:  # noqa: ANN401 - what paints a picture
        """The types of what happened, each step being a change of the picture."""
        clock = ManualClock(AT)
        now = picture(clock)
        people(now, 3)
        door(now, "locked")
        mode(now, "normal")
        before = seen(SITE, now.sites[HUB])
        types: list[str] = []
        for step in steps:
            step(now)
            after = seen(SITE, now.sites[HUB])
            found = list(happenings(SITE, before, after, clock.now()))
            assert "Jeanne" not in str(found)
            types += [each.type.removeprefix("seuil.") for each in found]
            before = after
        return types

    def test_what_was_so_already_is_no_news(self) -> None:
        """The first look at a zone, a door, a mode tells nothing."""
        clock = ManualClock(AT)
        now = picture(clock)
        nothing = seen(SITE, now.sites[HUB])
        assert nothing == SiteSnapshot(None, {}, {}, {})
        people(now, 10)
        door(now, "held")
        mode(now, "lockdown")
        after = seen(SITE, now.sites[HUB])
        assert list(happenings(SITE, nothing, after, AT)) == []

    def test_a_zone_fills_and_has_room(self) -> None:
        """Once each way, however the count moves beyond."""
        counts = [9, 10, 11, 9, 8]
        assert self.differences(
            *(lambda now, count=count: people(now, count) for count in counts)
        ) == ["zone.full", "zone.has-room"]

    def test_doors_alarms_and_mode(self) -> None:
        """Each is told once, and an alarm's end, too."""
        assert self.differences(
            lambda now: door(now, "forced"),
            lambda now: alarm(now, "forced", "front"),
            lambda now: alarm(now, "forced", "front", on=False),
            lambda now: door(now, "locked"),
            lambda now: mode(now, "evacuation"),
        ) == ["door.forced", "alarm.raised", "alarm.cleared", "mode.changed"]

    def test_an_alarm_that_is_over_and_comes_again(self) -> None:
        """Before anybody acknowledged it: the same topic, and each is an event."""
        topic = TOPICS.alarm(HUB, "forced", "front")
        on, over = (encode(AlarmMessage(AT, "forced", "front", over_at=at)) for at in (None, AT))
        steps = [
            lambda now, payload=payload: now.apply(topic, payload)
            for payload in (on, over, over, on, b"")
        ]
        assert self.differences(*steps) == [
            *("alarm.raised", "alarm.over", "alarm.raised", "alarm.cleared"),
        ]

    def test_an_alarm_about_a_clock_says_how_far_it_is_off(self) -> None:
        """Behind is below zero; its end says no more."""
        now = picture(ManualClock(AT))
        before = seen(SITE, now.sites[HUB])
        told = AlarmMessage(AT, "clock-skew", "reader", ahead_s=-70.0)
        now.apply(TOPICS.alarm(HUB, "clock-skew", "reader"), encode(told))
        on = seen(SITE, now.sites[HUB])
        (raised,) = happenings(SITE, before, on, AT)
        (cleared,) = happenings(SITE, on, before, AT)
        about = {"kind": "clock-skew", "object": "reader"}
        assert (raised.data, cleared.data) == (about | {"ahead_s": -70.0}, about)

    def test_capacity_is_told_and_no_head_count(self) -> None:
        """Full is a fact of the room."""
        now = picture(ManualClock(AT))
        people(now, 9)
        before = seen(SITE, now.sites[HUB])
        people(now, 10)
        (full,) = happenings(SITE, before, seen(SITE, now.sites[HUB]), AT)
        assert full.data == {"zone": HALL, "capacity": 10}
