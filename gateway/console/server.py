"""The console as a running server: the pages and the broker's follower, until cancelled."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence

import uvicorn

from gateway.adapters.systemd import keep_alive
from gateway.aio import cancel_and_wait
from gateway.clock import Clock
from gateway.config import OtherTools, Settings, supervisor
from gateway.console.app import build_app
from gateway.console.feed.hub import Hub
from gateway.console.identity import Seats
from gateway.console.live.backfill import recall
from gateway.core.model.site import Site

STOP_S = 2
"""Seconds a request may still take when the server stops; streams are ended at once."""

_log = logging.getLogger(__name__)


async def serve(
    sites: Sequence[Site],
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    seats: Callable[[Settings, Clock], Seats],
    allowed_hosts: Iterable[str] = (),
    told: OtherTools | None = None,
    proxies: Iterable[str] = (),
) -> None:
    """Serve until cancelled; then every stream is ended and the port is free within 3 s.

    `proxies` are addresses whose X-Forwarded-For and X-Forwarded-Proto are trusted.

    Raises:
        OSError: The address is taken or not ours.
    """
    with listening(host, port) as door:
        names = (*allowed_hosts, *_own_name(host))
        app = build_app(sites, settings, seats=seats, allowed_hosts=names, told=told)
        console = app.state.console
        server = _Server(app, (console.hub, console.kiosk), list(proxies))
        _log.info("console on http://%s:%d/", host, door.getsockname()[1])
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = (
                    tasks.create_task(app.state.follower.run(), name="console-broker"),
                    tasks.create_task(app.state.guard.run(), name="console-guard"),
                    tasks.create_task(console.keep_names(), name="console-names"),
                    tasks.create_task(recall(console), name="console-recall"),
                    tasks.create_task(app.state.outside.run(), name="console-outside"),
                    tasks.create_task(
                        keep_alive(supervisor(), lambda: True), name="console-systemd"
                    ),
                )
                try:
                    await server.serve_until_cancelled(door)
                finally:
                    await cancel_and_wait(*beside)
        finally:
            console.close()


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a listening socket, closed at the end.

    Raises:
        OSError: The address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as door:
        yield door


class _Server(uvicorn.Server):
    """uvicorn, ended by cancellation (signals are the command's); streams are ended first."""

    def __init__(self, app: object, hubs: Sequence[Hub], proxies: list[str]) -> None:
        config = uvicorn.Config(
            app,  # type: ignore[arg-type]
            access_log=False,
            lifespan="off",
            forwarded_allow_ips=proxies,
            log_config=None,
            proxy_headers=bool(proxies),
            server_header=False,
            timeout_graceful_shutdown=STOP_S,
            ws="none",
        )
        super().__init__(config)
        self._hubs = hubs

    async def serve_until_cancelled(self, door: socket.socket) -> None:
        """Serve on a listening socket; a cancellation is passed on after a clean stop."""
        serving = asyncio.create_task(self.serve(sockets=[door]), name="console-http")
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.should_exit = True
            await serving
            raise

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the caller."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then wait for requests in progress."""
        for hub in self._hubs:
            hub.close()
        await super().shutdown(sockets)


def _own_name(host: str) -> tuple[str, ...]:
    """Return this machine's name, where the console is open to its network; a `.local` one too."""
    try:
        if ipaddress.ip_address(host).is_loopback:
            return ()
    except ValueError:
        return (host,)
    name = socket.gethostname()
    return (name, f"{name.partition('.')[0]}.local")
