"""Puts the gateway together: journal, members, calendars, drivers, sessions, outbox, the service.

The only place that knows every part. A fault of a part that is not the service (InfluxDB, the
members file) never stops the doors.
"""

import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from gateway import __version__
from gateway.adapters.broker_address import broker_address
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import (
    DirectoryError,
    DirectoryStore,
    credential_hash,
    diff,
    reader_hash,
)
from gateway.adapters.influx import InfluxSettings, Outbox
from gateway.adapters.journal import JOURNAL_FILE, Journal
from gateway.adapters.systemd import keep_alive
from gateway.announce import Announcer
from gateway.calendars import Calendars
from gateway.clock import Clock
from gateway.config import ConfigError, Fault, Settings, credential_key, supervisor
from gateway.core.directory import Directory, DirectoryChange
from gateway.core.events import DirectoryChanged
from gateway.core.names import SiteId
from gateway.core.site import Site
from gateway.cutoff.keep import keep_rights
from gateway.intake import Intake
from gateway.metrics import GatewayFigures, Sources, listening
from gateway.privacy.keeper import Keeper
from gateway.privacy.retention import Kept
from gateway.recovery import recover
from gateway.reload import Space, Watch
from gateway.service import Service
from gateway.sessions import Sessions
from gateway.wire.outgoing import Outgoing, encode
from gateway.wire.states import HealthMessage
from gateway.wire.topics import Topics
from sensors.registry import Registry

log = logging.getLogger(__name__)


MEMBERS_POLL_S: Final = 1.0
"""How soon a change of the members is in force."""
HEALTH_S: Final = 10.0
HEALTH_RETRY_S: Final = 0.5
"""How soon health is told after a connection came up."""
GC_ALLOCATIONS: Final = 20_000
"""Allocations between two collections of the young; Python's 700 would come with every batch."""
SWITCH_INTERVAL_S: Final = 0.001
"""How long the journal's thread waits for Python's lock beside a busy loop (5 ms by default)."""


@dataclass(frozen=True)
class _Stores:
    """What is on disk, and the key of the badge hashes."""

    journal: Journal
    members: DirectoryStore
    key: bytes


@dataclass
class _InForce:
    """What was taken into force last."""

    members: int = -1
    """The version of the members; -1: none yet."""


@dataclass(frozen=True)
class Parts:
    """A gateway that is ready to run."""

    service: Service
    journal: Journal
    sessions: Sessions
    members: DirectoryStore
    calendars: Calendars
    topics: Topics
    outbox: Outbox | None
    key: bytes = field(repr=False)
    in_force: _InForce = field(default_factory=_InForce)


async def run(
    settings: Settings,
    sites: Sequence[Site],
    clock: Clock,
    on_ready: Callable[[], None] = lambda: None,
    watch: Watch | None = None,
) -> None:
    """Run a gateway until cancelled; `watch` looks after the space file that the sites are from.

    Raises:
        JournalError: the journal cannot be opened.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    async with (
        _assembled(settings, sites, clock) as parts,
        _measured(parts, settings, clock),
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(parts.service.run(), name="service")
        parts.calendars.use(watch.in_force.feeds if watch else ())
        await _members_in_force(parts, await asyncio.to_thread(_members, parts))
        tasks.create_task(parts.sessions.run(), name="sessions")
        tasks.create_task(_watch_members(parts), name="members")
        tasks.create_task(parts.calendars.run(), name="calendars")
        tasks.create_task(_tell_health(parts, clock, settings.instance, watch), name="health")
        if watch is not None:
            tasks.create_task(_watch_space(parts, settings.prefix, watch), name="space")
        tasks.create_task(_keep_rights(parts, settings, clock), name="rights")
        tasks.create_task(_keeper(parts, settings, clock).run(), name="privacy")
        if parts.outbox is not None:
            tasks.create_task(parts.outbox.run(), name="outbox")
        _calm_the_collector()
        tasks.create_task(_say_ready(parts, on_ready), name="ready")
        tasks.create_task(_tell_systemd(parts), name="systemd")


async def _keep_rights(parts: Parts, settings: Settings, clock: Clock) -> None:
    """What readers may decide alone while they are cut off, for the sites as they are in force."""
    service = parts.service
    await keep_rights(
        lambda: [(site, service.states[site.id]) for site in service.sites.values()],
        address=broker_address(settings),
        client_id=f"{settings.prefix}-{settings.instance}-rights",
        topics=parts.topics,
        hashed=partial(credential_hash, parts.key),
        clock=clock,
    )


def _keeper(parts: Parts, settings: Settings, clock: Clock) -> Keeper:
    """Purges passages that are too old, and erases who is to be erased."""
    service = parts.service
    return Keeper(
        parts.journal,
        settings.data_dir / MEMBERS_FILE,
        Kept(settings.passage_days, settings.audit_days),
        clock,
        lambda: (service.sites, service.states),
    )


async def _say_ready(parts: Parts, on_ready: Callable[[], None]) -> None:
    """Once the broker keeps our subscriptions: what is said from then on reaches us."""
    await parts.sessions.came_up()
    on_ready()


async def _tell_systemd(parts: Parts) -> None:
    """Ready once we decide (a door does not wait for a broker); alive while the path turns.

    A journal that fails is told and tried again: that is no reason to be restarted.
    """
    await keep_alive(supervisor(), _is_turning(parts.service))


def _is_turning(service: Service) -> Callable[[], bool]:
    """Whether the path has turned since it was asked last, or knows why not."""
    seen = [0]

    def is_turning() -> bool:
        before, seen[0] = seen[0], service.turns
        return before != seen[0] or not service.healthy

    return is_turning


@contextlib.asynccontextmanager
async def _measured(parts: Parts, settings: Settings, clock: Clock) -> AsyncIterator[None]:
    """The gateway's figures for Prometheus, where a port was set."""
    service, outbox = parts.service, parts.outbox
    sources = Sources(
        sites=lambda: service.sites,
        states=lambda: service.states,
        inbox=lambda: len(service.inbox),
        backlog=lambda: outbox.backlog if outbox else 0,
        dead_letters=lambda: service.dead_letters,
        commit_ms=lambda: parts.journal.commit_ms,
        connected=lambda: parts.sessions.credentials.connected,
        healthy=lambda: service.healthy,
    )
    figures = GatewayFigures(sources, clock)
    if settings.metrics_port is not None:
        service.count_with(figures.heard)
    with listening(figures, settings.metrics_port):
        yield


def _calm_the_collector() -> None:
    """Let the garbage collector pass over what stays (5,000 members), and come more rarely.

    A full collection would hold the loop for 10 to 30 ms; facts and events hold no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 20)


@contextlib.asynccontextmanager
async def _assembled(
    settings: Settings, sites: Sequence[Site], clock: Clock
) -> AsyncIterator[Parts]:
    journal = Journal(settings.data_dir / JOURNAL_FILE)
    await journal.open()
    members = await asyncio.to_thread(DirectoryStore, settings.data_dir / MEMBERS_FILE)
    try:
        key = credential_key(settings)
        members.bind(key)
        yield await _parts(settings, sites, clock, _Stores(journal, members, key))
    finally:
        members.close()
        await journal.close()


async def _parts(
    settings: Settings,
    sites: Sequence[Site],
    clock: Clock,
    stores: _Stores,
) -> Parts:
    journal, key = stores.journal, stores.key
    topics = Topics(settings.prefix)
    registry = Registry(sites, settings.prefix)
    started = clock.now()
    recovered = await journal.read(lambda file: recover(file, [site.id for site in sites], started))
    outbox = _outbox(settings, journal, clock)
    service = Service(
        sites,
        recovered=recovered,
        journal=journal,
        intake=Intake(registry, partial(credential_hash, key), partial(reader_hash, key)),
        announcer=Announcer(registry, topics),
        topics=topics,
        clock=clock,
        instance=settings.instance,
        backlog=(lambda: outbox.backlog) if outbox else (lambda: 0),
    )
    return Parts(
        service=service,
        journal=journal,
        sessions=Sessions(settings, registry, topics, service),
        members=stores.members,
        calendars=Calendars(service, clock),
        topics=topics,
        outbox=outbox,
        key=key,
    )


def _outbox(settings: Settings, journal: Journal, clock: Clock) -> Outbox | None:
    """The way to InfluxDB; without an address, the journal alone keeps history."""
    if settings.influx_url is None:
        return None
    token = settings.influx_token
    store = InfluxSettings(
        url=settings.influx_url,
        bucket=settings.influx_bucket,
        org=settings.influx_org,
        token=token.get_secret_value() if token else "",
    )
    return Outbox(store, journal, clock)


def _members(parts: Parts) -> tuple[int, dict[SiteId, DirectoryChange]]:
    """The members file's version, and what it changes at each site (blocking)."""
    version = parts.members.version()
    directory: Directory = parts.members.load()
    changes = {
        site_id: diff(state.directory, directory) for site_id, state in parts.service.states.items()
    }
    return version, {site_id: change for site_id, change in changes.items() if change is not None}


async def _members_in_force(parts: Parts, found: tuple[int, dict[SiteId, DirectoryChange]]) -> None:
    version, changes = found
    if changes:
        await asyncio.gather(
            *(
                parts.service.tell(site, DirectoryChanged(change))
                for site, change in changes.items()
            )
        )
        log.info("members are in force (sites: %s)", ", ".join(sorted(changes)))
    if parts.calendars.has_feeds:
        parts.calendars.know(await asyncio.to_thread(parts.members.holders_by_email))
    parts.in_force.members = version
    parts.service.tell_health()


async def _watch_members(parts: Parts) -> None:
    """Take every change of the members file into force within about a second."""
    while True:
        try:
            version = await asyncio.to_thread(parts.members.version)
            if version != parts.in_force.members or parts.calendars.wants_holders:
                await _members_in_force(parts, await asyncio.to_thread(_members, parts))
        except DirectoryError as error:
            log.error("the members file cannot be read, its last state holds: %s", error)  # noqa: TRY400 - the text says it
        await asyncio.sleep(MEMBERS_POLL_S)


async def _watch_space(parts: Parts, prefix: str, watch: Watch) -> None:
    """Take every change of the space file into force, or say what is wrong with it."""

    async def use(space: Space) -> None:
        try:
            registry = await asyncio.to_thread(Registry, space.sites, prefix)
        except ValueError as clash:  # with a site that went, and is run until a restart
            raise ConfigError([Fault("space", "", f"{clash}; or restart")]) from None
        intake = Intake(
            registry, partial(credential_hash, parts.key), partial(reader_hash, parts.key)
        )
        changed = await parts.service.renew(space.sites, intake, Announcer(registry, parts.topics))
        parts.sessions.follow(registry)
        parts.calendars.use(space.feeds)
        log.info(
            "the space file is in force (sites that changed: %s)", ", ".join(changed) or "none"
        )

    def tell() -> None:
        parts.service.tell_health()

    await watch.run(use, tell)


async def _tell_health(parts: Parts, clock: Clock, instance: str, watch: Watch | None) -> None:
    """Publish the gateway's health, from the loop that works: a wedged one is silent."""
    topic = parts.topics.gateway_health(instance)

    def tell() -> int | None:
        now = clock.now()
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
            space="faulty" if watch is not None and watch.is_faulty else "ok",
        )
        return parts.sessions.credentials.publish(Outgoing(topic, encode(health), retain=True), now)

    parts.service.tell_health = tell
    while True:
        pause_s = HEALTH_RETRY_S if tell() is None else HEALTH_S
        await asyncio.sleep(pause_s)
