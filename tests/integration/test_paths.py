"""The three paths of docs/architecture.md, traced through a real broker, journal and console."""

import asyncio
import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Final

import httpx
from pydantic import SecretStr

from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.clock import SystemClock
from gateway.config import Settings, load_space
from gateway.console.auth.authenticator import SignIn
from gateway.console.server import serve
from gateway.service.components import Parts, assembled
from gateway.service.members_watcher import take_members
from tests.path_trace import PathTrace, Step
from tests.servers import Mosquitto, stops, until
from tests.world.gateway_process import HUB
from tests.world.members import ADA, KEY, enrol
from tests.world.signed_in import SignedIn, administrator
from tests.world.wire import Wire

PAGE: Final = Path(__file__).resolve().parents[2] / "docs/architecture.md"
BESIDE: Final = ("console-broker", "console-guard", "console-names", "console-outside")
"""The console's tasks that have no part in the answer to a request."""
RECEIVED: Final = "gateway.adapters.mqtt.session:MqttSession._received"
SENT: Final = "gateway.adapters.mqtt.client:PacketClient.put_publish"
BADGE, REQUEST, COUNT = 25, 35, 41
"""The most modules that a path may pass."""


def called(name: str, topic: str = "") -> Step:
    """A call of this function, with a message on a topic that ends so."""

    def is_it(function: str, frame: FrameType) -> bool:
        if function != name:
            return False
        found = frame.f_locals
        return not topic or str(found.get("topic") or found["message"].topic).endswith(topic)

    return is_it


def check(trace: PathTrace, title: str, most: int) -> None:
    """The path has at most so many modules, and docs/architecture.md names each of them."""
    assert trace.is_over
    assert len(trace.passed) <= most, f"{title} passes {len(trace.passed)} modules:\n{trace}"
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"**{title}**")
    told = re.findall(r"`([\w.]+)`", section.partition("\n\n")[0])
    passed = [name.removeprefix("gateway.") for name in trace.passed]
    missing = [name for name in passed if name not in told]
    assert not missing, f"name {missing} in {PAGE.name}, {title}; the path is:\n{trace}"
    assert len(told) <= most, f"{PAGE.name} names more modules than {most}"


class Place:
    """A gateway and a console in this process, on one broker and one folder."""

    def __init__(
        self, folder: Path, broker: Mosquitto, wire: Wire, influx: str | None = None
    ) -> None:
        space = folder / "space.toml"
        space.write_text(HUB, encoding="utf-8")
        self.sites = load_space(space)
        self.wire = wire
        self.port = free_port()
        (folder / "data").mkdir()
        self.settings = Settings(
            broker_url=broker.url,
            data_dir=folder / "data",
            credential_key=SecretStr(KEY),
            influx_url=influx,
        )
        enrol(self.settings.data_dir, ADA)

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Parts]:
        """A gateway without what only looks at the time; its threads are new, and so are traced."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4, "asyncio"))
        async with assembled(self.settings, self.sites, SystemClock()) as parts:
            runs = [parts.service.run(), parts.sessions.run()]
            runs += [parts.outbox.run()] if parts.outbox else []
            tasks = [asyncio.create_task(run) for run in runs]
            await take_members(parts)
            await parts.sessions.came_up()
            yield parts
            await stops(*tasks)

    @asynccontextmanager
    async def console(self, user: SignedIn) -> AsyncIterator[httpx.AsyncClient]:
        """A console that hears the broker, and the browser of somebody who has signed in."""
        serving = serve(self.sites, self.settings, port=self.port, seats=SignIn)
        task = asyncio.create_task(serving)
        url = f"http://{LOOPBACK}:{self.port}"
        cookies = dict([user.cookie])
        async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=90) as browser:

            async def is_there() -> bool:
                try:
                    return (await browser.get("/healthz")).status_code == 200
                except httpx.ConnectError:
                    return False

            while not await is_there():
                await asyncio.sleep(0.02)
            await browser.get("/me")  # its files are open now
            yield browser
        await stops(task)


async def test_a_badge_from_socket_to_command(
    broker: Mosquitto, wire: Wire, tmp_path: Path
) -> None:
    """A member's badge at a reader, until the order to open is handed to the socket."""
    place = Place(tmp_path, broker, wire)
    with PathTrace(called(RECEIVED, "/event"), called(SENT, "/command")) as trace:
        async with place.gateway():
            await wire.answer(await wire.badge(ADA))  # what is worked out once is known now
            trace.restart()
            seq = await wire.badge(ADA)
            assert (await wire.answer(seq))["decision"] == "granted"
            await until(lambda: trace.is_over, "the command was traced")
    check(trace, "A badge", BADGE)


def _posted(function: str, frame: FrameType) -> bool:
    """A form that reaches the console."""
    is_first = function == "gateway.console.web.security_headers:Shield.__call__"
    return is_first and frame.f_locals["scope"].get("method") == "POST"


async def test_an_operators_post_to_the_gateway_and_back(
    broker: Mosquitto, wire: Wire, tmp_path: Path
) -> None:
    """A door is opened from the desk, until the answer waits for the page that shows it."""
    place = Place(tmp_path, broker, wire)
    user = administrator(place.settings)
    ends = called("gateway.console.web.flash:FlashStore.keep")
    with PathTrace(_posted, ends, beside=BESIDE) as trace:
        async with place.gateway(), place.console(user) as browser:
            form = {"csrf": user.csrf}
            await browser.post("/sites/hub/doors/front/open", data=form)  # likewise
            trace.restart()
            answer = await browser.post("/sites/hub/doors/front/open", data=form)
            assert answer.status_code == 303, answer.text
    check(trace, "A request", REQUEST)


def _written(function: str, frame: FrameType) -> bool:
    """A count is on its way to InfluxDB."""
    is_write = function == "gateway.adapters.influx.http:HttpStore.write"
    return is_write and b"\noccupancy," in b"\n" + frame.f_locals["body"]


class _Taken(BaseHTTPRequestHandler):
    """An InfluxDB that takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        pass


async def test_a_count_from_sensor_to_page_and_influxdb(
    broker: Mosquitto, wire: Wire, tmp_path: Path
) -> None:
    """A counter's event, until an open page has the new count and InfluxDB its points."""
    server = ThreadingHTTPServer((LOOPBACK, 0), _Taken)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    place = Place(tmp_path, broker, wire, influx=f"http://{LOOPBACK}:{server.server_port}")
    user = administrator(place.settings, "viewer")
    ends = called("gateway.console.feed.sse:_told"), _written
    beside = ("console-guard", "console-names", "asyncio", "sign-in")
    with PathTrace(called(RECEIVED, "counter/event"), *ends, beside=beside) as trace:
        async with (
            place.gateway(),
            place.console(user) as browser,
            browser.stream("GET", "/sites/hub/events?lang=en") as stream,
        ):
            lines = stream.aiter_lines()
            while "snapshot" not in await anext(lines):
                pass
            await wire.event("counter", type="count", people=2)
            await until(lambda: trace.is_over, "they have it")  # likewise
            trace.restart()
            await wire.event("counter", type="count", people=3)
            await until(lambda: trace.is_over, "page and InfluxDB have it")
    server.shutdown()
    server.server_close()
    check(trace, "A count", COUNT)
