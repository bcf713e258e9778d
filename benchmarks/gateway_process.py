"""A gateway in its own process, which the benchmarks start, watch and kill.

`python -m benchmarks.gateway_process` reads a `GatewayChildConfig` as JSON from its standard input,
prints `ready` when it has started, and runs until it is ended.
"""

import asyncio
import contextlib
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct, field

from benchmarks.sampler import Sampler
from gateway.clock import SystemClock
from gateway.config import load_settings
from gateway.core.model.site import Site


class GatewayChildConfig(Struct):
    """The configuration of the gateway."""

    url: str
    data_dir: str
    site: Site
    influx_url: str | None = None
    passage_days: int | None = None
    clock_shift_s: float = 0.0
    """The error of its clock."""
    more_sites: list[Site] = field(default_factory=list)
    ticks: str | None = None
    """The file for the ticks of its processor time, by stage; None: they are not counted."""


class WrongClock(SystemClock):
    """The clock of a machine without a battery for it."""

    def __init__(self, shift_s: float) -> None:
        self._shift = timedelta(seconds=shift_s)

    def now(self) -> datetime:
        """Return a time of day that is wrong by the shift."""
        return super().now() + self._shift


async def _run(order: GatewayChildConfig) -> None:
    from gateway.service.app import run  # noqa: PLC0415 - its time belongs to the start that is measured

    settings = load_settings(
        broker_url=order.url,
        data_dir=Path(order.data_dir),
        influx_url=order.influx_url,
        passage_days=order.passage_days,
    )
    main = asyncio.current_task()
    assert main is not None  # noqa: S101 - we are one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main.cancel)
    clock = WrongClock(order.clock_shift_s)
    sites = [order.site, *order.more_sites]
    await run(settings, sites, clock, lambda: print("ready", flush=True))  # noqa: T201 - tells the parent


def main() -> None:
    """Run until ended."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=GatewayChildConfig)
    sampler = Sampler() if order.ticks else None
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_run(order))
    if sampler is not None and order.ticks:
        sampler.write(Path(order.ticks))


if __name__ == "__main__":
    main()
