"""Real servers for the tests, each on a free loopback port and in a folder of its own.

A missing program fails the test: what is not tried is not proven.
"""

import asyncio
import http.client
import http.server
import json
import shutil
import threading
import urllib.error
import urllib.parse
import urllib.request
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiomqtt
import pytest

from gateway.adapters.broker.child_process import start_tied
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.broker.ports import LOOPBACK, free_port

PATIENCE_S = 90.0
"""A test waits for a state, and for so long at most: what hangs does not come later, what works has
come long before, whatever else the machine does. How fast it comes is a matter of `seuil bench`."""
POLL_S = 0.02


async def until(is_true: Callable[[], object], what: str, *, poll_s: float = POLL_S) -> None:
    """Poll until `is_true`, or fail and say what did not come."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + PATIENCE_S
    while not is_true():
        if clock.time() > deadline:
            pytest.fail(f"waited {PATIENCE_S:g} s in vain until {what}")
        await asyncio.sleep(poll_s)


async def stops(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks, once; they must end of it, and wait for nobody."""
    for task in tasks:
        task.cancel()
    _, hanging = await asyncio.wait(tasks, timeout=PATIENCE_S)
    assert not hanging, f"these do not stop when they are cancelled: {hanging}"


async def listens(port: int) -> None:
    """Poll until somebody listens on this loopback port, or fail."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + PATIENCE_S
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except ConnectionRefusedError:
            if clock.time() > deadline:
                pytest.fail(f"nobody listens on port {port}")
            await asyncio.sleep(POLL_S)
        else:
            writer.close()
            return


def program(name: str) -> str:
    """The path of a program that a test cannot do without."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.fail(f"{name} is not installed; scripts/test installs it (Debian packages)")
    return path


class Mosquitto(EmbeddedBroker):
    """The real mosquitto. `settings` are further lines of its configuration."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        autosave: bool = True,
        settings: Sequence[str] = ("allow_anonymous true",),
    ) -> None:
        program("mosquitto")
        super().__init__(folder, port=port, kind="mosquitto", autosave=autosave, settings=settings)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """One message, of a client that comes for it and goes."""
        async with aiomqtt.Client(LOOPBACK, self.port) as client:
            await client.publish(topic, payload, qos=1, retain=retain)

    async def restart(self) -> None:
        """A clean stop and a start on the same port: sessions and retained messages stay."""
        await self.stop()
        await self.start()


class Server:
    """A server that answers HTTP: `start`, `stop`, `kill`, and again on the same port."""

    ready_path = "/"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.port}"

    def command(self) -> tuple[str, ...]:
        """The program and its arguments."""
        raise NotImplementedError

    async def start(self) -> None:
        """Return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = process = await start_tied("exec", *self.command(), log=log.fileno())

        def is_ready() -> bool:
            if process.returncode is not None:
                words = (self.folder / "log").read_text(errors="replace")[-2000:]
                pytest.fail(f"{type(self).__name__} ended at its start: {words}")
            return get(self.url + self.ready_path) is not None

        await until(is_ready, f"{type(self).__name__} answers")

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def kill(self) -> None:
        """SIGKILL."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()
        await process.wait()

    async def restart(self) -> None:
        """Stop, then start on the same port with the same files."""
        await self.stop()
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.stop()


class InfluxDB(Server):
    """InfluxDB 1.6.7, Debian's. It has no /api/v2/write: put `WriteProxy` before it."""

    ready_path = "/ping"
    database = "seuil"

    def command(self) -> tuple[str, ...]:
        return (program("influxd"), "run", "-config", str(self._config()))

    async def start(self) -> None:
        await super().start()
        await asyncio.to_thread(self.query, f'CREATE DATABASE "{self.database}"', method="POST")

    def query(self, influxql: str, *, method: str = "GET") -> list[dict[str, Any]]:
        """The rows of the answer, each a dict by column (tags included)."""
        return query_rows(self.url, self.database, influxql, method=method)

    def _config(self) -> Path:
        config = self.folder / "influxdb.conf"
        if not config.exists():
            config.write_text(
                _INFLUXDB_CONF.format(
                    folder=self.folder, port=self.port, rpc_port=free_port(), host=LOOPBACK
                ),
                encoding="utf-8",
            )
        return config


class VictoriaMetrics(Server):
    """VictoriaMetrics takes /api/v2/write; read back with /api/v1/export or PromQL."""

    ready_path = "/health"

    def command(self) -> tuple[str, ...]:
        return (
            program("victoria-metrics"),
            f"-storageDataPath={self.folder}/data",
            f"-httpListenAddr={LOOPBACK}:{self.port}",
            "-retentionPeriod=100y",  # the data sets are from 2005
            "-search.latencyOffset=0s",
            "-memory.allowedPercent=20",
        )

    def export(self, selector: str) -> list[dict[str, Any]]:
        """Every series that matches, with its raw values and timestamps (ms)."""
        get(self.url + "/internal/force_flush")
        arguments = urllib.parse.urlencode({"match[]": selector})
        answer = get(f"{self.url}/api/v1/export?{arguments}")
        assert answer is not None
        return [json.loads(line) for line in answer.splitlines()]


class DedupVictoriaMetrics(VictoriaMetrics):
    """As docs/influxdb.md says to run it: a point that is written twice is one point."""

    def command(self) -> tuple[str, ...]:
        return (*super().command(), "-dedup.minScrapeInterval=1ms")


class WriteProxy:
    """Maps /api/v2/write to InfluxDB 1's /write, and breaks when asked.

    `mode`: `pass`; `refuse` closes each connection at once; `hang` never answers; `error` says 503.
    `port` 0 takes a free one, which stays the same over a refusal.
    """

    def __init__(self, target: str, database: str = InfluxDB.database) -> None:
        self.mode = "pass"
        self.requests = 0
        self._released = threading.Event()
        self._server = _ProxyServer((LOOPBACK, 0), _ProxyRequest)
        self._server.proxy = self
        self._server.target = f"{target}/write?db={database}&precision="
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """What `influx_url` wants."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def wait_while_hanging(self) -> None:
        """Hold a request until the mode changes or the proxy closes."""
        while self.mode == "hang" and not self._released.wait(POLL_S):
            pass

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _ProxyServer(http.server.ThreadingHTTPServer):
    proxy: WriteProxy
    target: str
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what the tests want."""


class _ProxyRequest(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _ProxyServer

    def do_POST(self) -> None:
        proxy = self.server.proxy
        proxy.requests += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        proxy.wait_while_hanging()
        if proxy.mode == "refuse":
            self.close_connection = True
            return
        if proxy.mode == "error":
            self._answer(503, b"out of order")
            return
        arguments = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        precision = arguments.get("precision", ["ns"])[0]
        precision = {"us": "u"}.get(precision, precision)
        headers = {
            name: self.headers[name] for name in ("Content-Encoding",) if name in self.headers
        }
        request = urllib.request.Request(  # noqa: S310 - http, from a fixture
            self.server.target + precision, data=body, headers=headers, method="POST"
        )
        self._answer(*_ask(request))

    def do_GET(self) -> None:
        self._answer(200, b'{"status":"pass"}')

    def log_message(self, *_: object) -> None:
        """Silence."""

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status != http.HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != http.HTTPStatus.NO_CONTENT:
            self.wfile.write(body)


def get(url: str) -> bytes | None:
    """The body of a 2xx answer, else None."""
    status, body = _ask(urllib.request.Request(url))  # noqa: S310 - http, from a fixture
    return body if 200 <= status < 300 else None


def query_rows(
    url: str, database: str, influxql: str, *, method: str = "GET"
) -> list[dict[str, Any]]:
    """InfluxQL over /query: rows as dicts; times are nanoseconds."""
    arguments = urllib.parse.urlencode({"db": database, "q": influxql, "epoch": "ns"})
    status, body = _ask(
        urllib.request.Request(f"{url}/query?{arguments}", method=method)  # noqa: S310 - http
    )
    answer = json.loads(body)
    trouble = answer.get("error") or answer["results"][0].get("error")
    if status != http.HTTPStatus.OK or trouble:
        pytest.fail(f"{influxql}: {status} {trouble}")
    return [
        dict(series.get("tags", {})) | dict(zip(series["columns"], row, strict=True))
        for series in answer["results"][0].get("series", [])
        for row in series["values"]
    ]


def _ask(request: urllib.request.Request) -> tuple[int, bytes]:
    # With a jar for its cookies, as a browser: the demo's page signs in who asks for it.
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    try:
        with browser.open(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, http.client.HTTPException) as error:
        return http.HTTPStatus.BAD_GATEWAY, str(error).encode()


_INFLUXDB_CONF = """\
reporting-disabled = true
bind-address = "{host}:{rpc_port}"

[meta]
  dir = "{folder}/meta"

[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
  max-values-per-tag = 0
  max-series-per-database = 0

[http]
  bind-address = "{host}:{port}"
  log-enabled = false
  flux-enabled = false

[monitor]
  store-enabled = false
"""
