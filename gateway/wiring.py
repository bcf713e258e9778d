"""Puts the gateway together: journal, members, drivers, sessions, outbox, and the service.

The only place that knows every part. A fault of a part that is not the service (InfluxDB, the
members file) never stops the doors.
"""

import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway import __version__
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryError, DirectoryStore, credential_hash, diff
from gateway.adapters.influx import InfluxSettings, Outbox
from gateway.adapters.journal import JOURNAL_FILE, Journal
from gateway.adapters.mqtt import Session, broker_address
from gateway.announce import Announcer
from gateway.clock import Clock
from gateway.config import Settings, credential_key
from gateway.core.directory import Directory, DirectoryChange
from gateway.core.events import DirectoryChanged
from gateway.core.site import Site, SiteId
from gateway.cutoff.keep import keep_rights
from gateway.intake import Intake
from gateway.recovery import recover
from gateway.service import Service
from gateway.wire import HealthMessage, Outgoing, Topics, encode
from sensors.driver import Subscription
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


@dataclass(frozen=True)
class Parts:
    """A gateway that is ready to run."""

    service: Service
    journal: Journal
    sessions: tuple[Session, ...]
    """The first one is the credentials', which publishes."""
    members: DirectoryStore
    topics: Topics
    outbox: Outbox | None
    key: bytes
    """Of the badge hashes."""


async def run(
    settings: Settings,
    sites: Sequence[Site],
    clock: Clock,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Run a gateway until cancelled.

    Raises:
        JournalError: the journal cannot be opened.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    async with _assembled(settings, sites, clock) as parts, asyncio.TaskGroup() as tasks:
        tasks.create_task(parts.service.run(), name="service")
        in_force = await _members_in_force(parts, await asyncio.to_thread(_members, parts))
        for session in parts.sessions:
            tasks.create_task(session.run(), name=session.client_id)
        tasks.create_task(_watch_members(parts, in_force), name="members")
        tasks.create_task(_keep_rights(parts, settings, clock), name="rights")
        tasks.create_task(_tell_health(parts, clock, settings.instance), name="health")
        if parts.outbox is not None:
            tasks.create_task(parts.outbox.run(), name="outbox")
        _calm_the_collector()
        tasks.create_task(_say_ready(parts, on_ready), name="ready")


async def _say_ready(parts: Parts, on_ready: Callable[[], None]) -> None:
    """Once the broker keeps our subscriptions: what is said from then on reaches us."""
    for session in parts.sessions:
        await session.came_up.wait()
    on_ready()


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
        intake=Intake(registry, partial(credential_hash, key)),
        announcer=Announcer(registry, topics),
        topics=topics,
        clock=clock,
        instance=settings.instance,
        backlog=(lambda: outbox.backlog) if outbox else (lambda: 0),
    )
    sessions = _sessions(settings, registry, topics, service)
    service.use(sessions)
    return Parts(service, journal, sessions, stores.members, topics, outbox, key)


def _sessions(
    settings: Settings, registry: Registry, topics: Topics, service: Service
) -> tuple[Session, Session, Session]:
    """Three sessions: doors, sensors, and strangers.

    No flood of sensor readings fills the queue of the doors. What nobody declared is heard through
    a wildcard, whose copies of declared devices' events are dropped, and only while nothing else
    waits.
    """
    name = f"{settings.prefix}-{settings.instance}"
    address = broker_address(settings)

    def wishes(session: str) -> list[Subscription]:
        return [wish for wish in registry.subscriptions if wish.session == session]

    declared = {wish.filter for wish in registry.subscriptions if wish.session != "strangers"}
    inbox = service.inbox
    credentials = Session(
        f"{name}-credentials",
        address,
        wishes("credentials"),
        on_message=lambda message: inbox.of_credentials(credentials, message),
        on_taken=service.taken,
        on_up=service.broker_is_up,
        on_down=service.broker_is_down,
        will=Outgoing(topics.gateway_state(settings.instance), b"offline", 1, retain=True),
    )
    sensors = Session(
        f"{name}-sensors",
        address,
        wishes("sensors"),
        on_message=lambda message: inbox.of_sensors(sensors, message),
    )
    strangers = Session(
        f"{name}-strangers",
        address,
        wishes("strangers"),
        on_message=lambda message: inbox.of_sensors(strangers, message),
        not_mine=declared,
    )
    inbox.when_idle = strangers
    return credentials, sensors, strangers


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


async def _members_in_force(parts: Parts, found: tuple[int, dict[SiteId, DirectoryChange]]) -> int:
    version, changes = found
    if changes:
        await asyncio.gather(
            *(
                parts.service.tell(site, DirectoryChanged(change))
                for site, change in changes.items()
            )
        )
        log.info("members are in force (sites: %s)", ", ".join(sorted(changes)))
    return version


async def _watch_members(parts: Parts, in_force: int) -> None:
    """Take every change of the members file into force within about a second."""
    while True:
        try:
            if await asyncio.to_thread(parts.members.version) != in_force:
                in_force = await _members_in_force(parts, await asyncio.to_thread(_members, parts))
        except DirectoryError as error:
            log.error("the members file cannot be read, its last state holds: %s", error)  # noqa: TRY400 - the text says it
        await asyncio.sleep(MEMBERS_POLL_S)


async def _keep_rights(parts: Parts, settings: Settings, clock: Clock) -> None:
    """Keep what readers may decide alone while they are cut off."""
    service = parts.service
    await keep_rights(
        lambda: [(site, service.states[site_id]) for site_id, site in service.sites.items()],
        address=broker_address(settings),
        client_id=f"{settings.prefix}-{settings.instance}-rights",
        topics=parts.topics,
        hashed=partial(credential_hash, parts.key),
        clock=clock,
    )


async def _tell_health(parts: Parts, clock: Clock, instance: str) -> None:
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
        )
        return parts.sessions[0].publish(Outgoing(topic, encode(health), retain=True), now)

    parts.service.tell_health = tell
    while True:
        pause_s = HEALTH_RETRY_S if tell() is None else HEALTH_S
        await asyncio.sleep(pause_s)
