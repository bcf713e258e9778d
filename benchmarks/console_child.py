"""A console in its own process, which the benchmark starts, watches and kills.

`python -m benchmarks.console_child` reads a `ConsoleChildConfig` as JSON from its standard input,
prints `ready`, and serves until it is ended. Every client is an operator: the benchmark measures
the console, and not the sign-in. It listens on loopback only.
"""

import asyncio
import signal
import sys
from pathlib import Path

import msgspec
from msgspec import Struct
from starlette.requests import Request

from gateway.clock import Clock
from gateway.config import Settings, load_settings
from gateway.console.identity import Principal
from gateway.console.process_priority import yield_to_the_doors
from gateway.core.model.directory import Holder, HolderId, StaffRole
from gateway.core.model.names import OPERATOR, SiteId
from gateway.core.model.site import Site


class ConsoleChildConfig(Struct):
    """The configuration of the console."""

    url: str
    data_dir: str
    site: Site
    port: int


class Everybody:
    """Seats under which every client is the same operator."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        del settings, clock

    async def of(self, request: Request) -> Principal | None:
        """Return the operator, in a separate session for each page."""
        key = f"bench-{request.client.port if request.client else 0}"
        return Principal(Holder(HolderId("h-bench"), roles=(StaffRole(OPERATOR),)), "bench", key)

    def attended(self, seat: Principal) -> None:
        """Do nothing: such a seat never locks itself."""

    async def mark(self) -> str:
        """Return a constant: no rights change."""
        return ""

    async def refused(
        self, request: Request, seat: Principal, site: SiteId | None, what: str
    ) -> None:
        """Do nothing: no one is refused."""

    def close(self) -> None:
        """Do nothing: there is no file."""


async def _run(order: ConsoleChildConfig) -> None:
    from gateway.console.server import serve  # noqa: PLC0415 - it is already out of the way

    settings = load_settings(broker_url=order.url, data_dir=Path(order.data_dir))
    serving = asyncio.create_task(serve([order.site], settings, seats=Everybody, port=order.port))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    print("ready", flush=True)  # noqa: T201 - tells the parent
    await serving


def main() -> None:
    """Serve until ended."""
    yield_to_the_doors()
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=ConsoleChildConfig)
    try:
        asyncio.run(_run(order))
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    main()
