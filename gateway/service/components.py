"""The parts of a gateway, opened and closed: journal, members, sessions, outbox, service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryStore, credential_hash, credential_key, reader_hash
from gateway.adapters.influx.outbox import Outbox
from gateway.adapters.influx.settings import influx_settings
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.mqtt.client_ids import ClientIds
from gateway.clock import Clock
from gateway.config import Settings
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.state import State
from gateway.service.bookings_sync import Calendars
from gateway.service.decoder import Intake
from gateway.service.messages import MessageFactory
from gateway.service.pipeline import Service
from gateway.service.recovery import recover
from gateway.service.sessions import Sessions
from gateway.wire.topics import Topics
from sensors.registry import Registry


@dataclass(frozen=True)
class _Stores:
    """The stores on disk, and the key of the badge hashes."""

    journal: Journal
    members: DirectoryStore
    key: bytes


@dataclass
class InForce:
    """The versions that were applied last."""

    members: int = -1
    """The version of the members; -1: none yet."""


@dataclass(frozen=True)
class Parts:
    """The parts of a gateway that is ready to run."""

    service: Service
    journal: Journal
    sessions: Sessions
    client_ids: ClientIds
    members: DirectoryStore
    calendars: Calendars
    topics: Topics
    outbox: Outbox | None
    latest: datetime
    """The newest time in the journal when it was opened."""
    key: bytes = field(repr=False)
    in_force: InForce = field(default_factory=InForce)


@contextlib.asynccontextmanager
async def assembled(
    settings: Settings, sites: Sequence[Site], clock: Clock
) -> AsyncIterator[Parts]:
    """Yield the parts of a gateway; close the files at the end."""
    journal = Journal(settings.data_dir / JOURNAL_FILE, clock.uptime)
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
    started, uptime, site_ids = clock.now(), clock.uptime(), [site.id for site in sites]
    recovered = await journal.read(lambda file: recover(file, site_ids, started, uptime))
    tell_addresses(registry, {name: one.state for name, one in recovered.sites.items()})
    outbox = _outbox(settings, journal, clock)
    service = Service(
        sites,
        recovered=recovered,
        journal=journal,
        intake=Intake(registry, partial(credential_hash, key), partial(reader_hash, key)),
        announcer=MessageFactory(registry, topics),
        topics=topics,
        clock=clock,
        instance=settings.instance,
        backlog=(lambda: outbox.backlog) if outbox else (lambda: 0),
    )
    ids = ClientIds(
        settings.data_dir, settings.prefix, settings.instance, is_new=not journal.last_n
    )
    return Parts(
        service=service,
        journal=journal,
        sessions=Sessions(settings, registry, topics, service, clock=clock, ids=ids),
        client_ids=ids,
        members=stores.members,
        calendars=Calendars(service, clock),
        topics=topics,
        outbox=outbox,
        latest=recovered.last_received,
        key=key,
    )


def tell_addresses(registry: Registry, states: Mapping[SiteId, State]) -> None:
    """Give a new registry the addresses that devices have told: orders have to name them."""
    for site, state in states.items():
        for device, known in state.devices.items():
            if known.address is not None:
                registry.moved(site, device, known.address)


def _outbox(settings: Settings, journal: Journal, clock: Clock) -> Outbox | None:
    """Return the outbox to InfluxDB; None: no address, history is kept in the journal only."""
    store = influx_settings(settings)
    return Outbox(store, journal, clock) if store is not None else None
