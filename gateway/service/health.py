"""Reports the gateway's health to the broker, to Prometheus and to systemd."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from gateway import __version__
from gateway.adapters.systemd import keep_alive
from gateway.clock import Clock
from gateway.config import ConfigFault, Settings, supervisor
from gateway.service.components import Parts
from gateway.service.metrics import GatewayFigures, Sources, listening
from gateway.service.pipeline import Service
from gateway.service.space_watcher import SpaceWatcher
from gateway.wire.message import Outgoing, encode
from gateway.wire.states import HealthMessage

HEALTH_S: Final = 10.0
TROUBLE_MAX: Final = 200
"""Characters of a server's message that are published."""
HEALTH_RETRY_S: Final = 0.5
"""Seconds until health is published after a connection was established."""


async def tell_systemd(parts: Parts) -> None:
    """Notify systemd: ready once we decide (without a broker, too), alive while the path runs.

    A failing journal is reported and retried: it is no reason for a restart.
    """
    await keep_alive(supervisor(), _is_turning(parts.service))


def _is_turning(service: Service) -> Callable[[], bool]:
    """Return a check whether the path has run since the last call, or has a known reason not to."""
    seen = [0]

    def is_turning() -> bool:
        before, seen[0] = seen[0], service.turns
        return before != seen[0] or not service.healthy

    return is_turning


@contextlib.asynccontextmanager
async def measured(parts: Parts, settings: Settings, clock: Clock) -> AsyncIterator[None]:
    """Serve the gateway's figures for Prometheus, if a port is set."""
    service, outbox = parts.service, parts.outbox
    sources = Sources(
        sites=lambda: service.sites,
        states=lambda: service.states,
        inbox=lambda: len(service.inbox),
        backlog=lambda: outbox.backlog if outbox else 0,
        dead_letters=lambda: service.dead_letters,
        faults=lambda: service.bugs,
        commit_ms=lambda: parts.journal.commit_ms,
        connected=lambda: parts.sessions.publisher.connected,
        healthy=lambda: service.healthy,
    )
    figures = GatewayFigures(sources, clock)
    if settings.metrics_port is not None:
        service.count_with(figures.heard)
    with listening(figures, settings.metrics_port):
        yield


def _first(faults: tuple[ConfigFault, ...]) -> str:
    return str(faults[0])[:TROUBLE_MAX] if faults else ""


async def tell_health(
    parts: Parts,
    clock: Clock,
    instance: str,
    watch: SpaceWatcher | None,
    troubles: Callable[[], tuple[str, str]] = lambda: ("", ""),
) -> None:
    """Publish the gateway's health from the working event loop, so that a wedged one is silent.

    `troubles` returns what is wrong with the clock, and with the disk.
    """
    topic = parts.topics.gateway_health(instance)

    def tell() -> int | None:
        now = clock.now()
        doubt, disk = troubles()
        health = HealthMessage(
            at=now,
            status="ok" if parts.service.healthy else "journal-failing",
            version=__version__,
            journal=parts.journal.last_n,
            inbox=len(parts.service.inbox),
            backlog=parts.outbox.backlog if parts.outbox else 0,
            commit_ms=round(parts.journal.commit_ms, 3),
            dead_letters=parts.service.dead_letters,
            members=max(0, parts.in_force.members),
            faults=parts.service.bugs,
            run=parts.sessions.run_id,
            space="faulty" if watch is not None and watch.is_faulty else "ok",
            space_fault=_first(watch.faults if watch is not None else ()),
            clock=doubt,
            disk=disk,
            influx=(parts.outbox.trouble if parts.outbox else "")[:TROUBLE_MAX],
        )
        return parts.sessions.publisher.publish(Outgoing(topic, encode(health), retain=True), now)

    parts.service.tell_health = tell
    while True:
        pause_s = HEALTH_RETRY_S if tell() is None else HEALTH_S
        await asyncio.sleep(pause_s)
