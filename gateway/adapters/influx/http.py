"""The only module that imports influxdb_client, which takes a quarter of a second.

`gateway.adapters.influx.outbox` therefore imports this module in a thread, so that doors are
answered meanwhile.
"""

import ssl
from typing import Self

import aiohttp
import msgspec
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.domain.write_precision import WritePrecision

from gateway.adapters.influx.responses import WriteResult, answer_to_status
from gateway.adapters.influx.settings import InfluxSettings

ANSWER_MAX = 16_384
"""Bytes of an answer that are read; InfluxDB's own have some hundred."""
_WHY_LIMIT = 500
"""Characters of a server's message that are kept; some repeat the whole body."""


def tls_context() -> ssl.SSLContext:
    """Return the system's trusted roots; call it in a thread, since reading them takes 16 ms."""
    return ssl.create_default_context()


class _BoundedResponse(aiohttp.ClientResponse):
    """A response of which only the beginning is read; closing the connection drops the rest.

    The client would read all of it: a proxy's error of 100 MB took 500 MB of our memory.
    """

    async def read(self) -> bytes:
        """Return the beginning of the body."""
        if self._body is None:
            body = b""
            while len(body) < ANSWER_MAX and (chunk := await self.content.read(ANSWER_MAX)):
                body += chunk
            self._body = body[:ANSWER_MAX]
            if not self.content.at_eof():
                self.close()
        return self._body


class HttpStore:
    """An InfluxDB, or any server that accepts `/api/v2/write`."""

    def __init__(self, settings: InfluxSettings, tls: ssl.SSLContext) -> None:
        self._settings = settings
        self._client = InfluxDBClientAsync(
            settings.url,
            token=settings.token,
            org=settings.org,
            timeout=int(settings.timeout_s * 1000),
            enable_gzip=settings.gzip,
            ssl_context=tls,
            # A redirected POST becomes a GET that succeeds and writes nothing.
            allow_redirects=False,
            client_session_kwargs={
                "response_class": _BoundedResponse,
                "auto_decompress": False,  # some bytes may unpack to any number
                "headers": {"Accept-Encoding": "identity"},
            },
        )
        self._api = self._client.write_api()

    async def __aenter__(self) -> Self:
        """Return the store itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close its connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def write(self, body: bytes) -> WriteResult:
        """Write lines and return the server's answer; never raise for server or network errors."""
        try:
            written = await self._api.write(
                self._settings.bucket,
                self._settings.org,
                body,
                write_precision=WritePrecision.NS,  # type: ignore[arg-type]
            )
        except InfluxDBError as error:
            return _answer(error)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return WriteResult("unreachable", f"{type(error).__name__}: {error}")
        if written:
            return WriteResult("written")
        return WriteResult("refused", "it answered a write with a page, not with 204")


def _answer(error: InfluxDBError) -> WriteResult:
    # The client's own message knows InfluxDB 2's JSON only, and dumps the headers with it.
    body: bytes = getattr(error.response, "data", b"")
    status = getattr(error, "status", None) or 0
    why = f"{status} {_message(body) or error.message}"[:_WHY_LIMIT]
    return answer_to_status(status, why, _seconds(error.retry_after))


def _message(body: bytes) -> str:
    """Return the server's message: `message` (InfluxDB 2), `error` (1.x, 3), or a proxy's text."""
    try:
        said = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode(errors="replace").strip()
    return str(said.get("message") or said.get("error") or said)


def _seconds(retry_after: str | None) -> float:
    """Return Retry-After in seconds; for its other form, a date, use our own backoff (0)."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else 0.0
