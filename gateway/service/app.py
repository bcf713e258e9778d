"""Assembles the gateway: journal, members, calendars, drivers, sessions, outbox, service.

This is the only module that uses every part. A fault outside the service (InfluxDB, the members
file) never stops the doors.
"""

import asyncio
import gc
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Final

from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import credential_hash, reader_hash
from gateway.adapters.journal.folder_lock import FolderLock, folder_lock
from gateway.adapters.mqtt.address import broker_address
from gateway.adapters.time_sync import is_synchronised
from gateway.backup import READY
from gateway.clock import Clock
from gateway.config import ConfigError, ConfigFault, Settings
from gateway.core.model.site import Site
from gateway.offline_rights.synchroniser import keep_rights
from gateway.privacy.keeper import RetentionKeeper
from gateway.privacy.retention import Kept
from gateway.service.backup_watch import BackupWatch
from gateway.service.batch import EngineFaultError
from gateway.service.clock_check import ClockCare, wait_for_time
from gateway.service.components import Parts, assembled, tell_addresses
from gateway.service.conditions import report
from gateway.service.decoder import Intake
from gateway.service.disk_check import DiskCare
from gateway.service.health import measured, tell_health, tell_systemd
from gateway.service.journal_check import JournalCare
from gateway.service.members_watcher import take_members, watch_members
from gateway.service.memory import return_freed_memory
from gateway.service.messages import MessageFactory
from gateway.service.space_watcher import Space, SpaceWatcher
from sensors.registry import Registry

log = logging.getLogger(__name__)

GC_ALLOCATIONS: Final = 20_000
"""Allocations between two collections of the youngest generation; Python's 700 come every batch."""
SWITCH_INTERVAL_S: Final = 0.001
"""The longest wait of the journal's thread for Python's lock beside a busy loop (default 5 ms)."""


async def run(
    settings: Settings,
    sites: Sequence[Site],
    clock: Clock,
    on_ready: Callable[[], None] = lambda: None,
    *,
    watch: SpaceWatcher | None = None,
    lock: FolderLock | None = None,
) -> None:
    """Run a gateway until cancelled; `watch` watches the space file that defines the sites.

    `lock` is the data folder's lock if the caller already holds it.

    Raises:
        FolderTakenError: another gateway uses the data folder.
        JournalError: the journal cannot be opened.
        ForeignJournalError: another program replaced the journal, or wrote to it, while we ran.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    return_freed_memory()
    now = clock.now()
    holding = nullcontext() if lock else folder_lock(settings.data_dir, settings.instance, now)
    with holding:
        if (settings.data_dir / READY).exists():
            _finish_restore(settings.data_dir)
        await wait_for_time(clock, settings.clock_wait_s, is_synchronised)
        async with (
            assembled(settings, sites, clock) as parts,
            measured(parts, settings, clock),
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(parts.service.run(), name="service")
            parts.calendars.use(watch.in_force.feeds if watch else ())
            await take_members(parts)
            tasks.create_task(parts.sessions.run(), name="sessions")
            tasks.create_task(watch_members(parts), name="members")
            tasks.create_task(parts.calendars.run(), name="calendars")
            time = ClockCare(parts.service, clock, parts.latest, is_synchronised)
            tasks.create_task(time.run(), name="clock")
            disk = DiskCare(parts.service, settings.data_dir)
            tasks.create_task(disk.run(), name="disk")
            telling = tell_health(
                parts, clock, settings.instance, watch, lambda: (time.doubt, disk.trouble)
            )
            tasks.create_task(telling, name="health")
            if watch is not None:
                tasks.create_task(_watch_space(parts, settings.prefix, watch), name="space")
            tasks.create_task(_keep_rights(parts, settings, clock), name="rights")
            tasks.create_task(_keeper(parts, settings, clock).run(), name="privacy")
            care = JournalCare(parts.journal, parts.service, clock)
            tasks.create_task(care.run(), name="journal")
            backups = BackupWatch(parts.journal, parts.service, settings.data_dir, clock)
            tasks.create_task(backups.run(), name="backup")
            if parts.outbox is not None:
                tasks.create_task(parts.outbox.run(), name="outbox")
            _calm_the_collector()
            tasks.create_task(_say_ready(parts, on_ready), name="ready")
            tasks.create_task(tell_systemd(parts), name="systemd")


def _finish_restore(folder: Path) -> None:
    """Go on with a restore that was killed; no other start pays 7 MB for its imports."""
    from gateway.backup.restore import finish_restore  # noqa: PLC0415 - as it says

    log.warning("a restore was interrupted: its stores are put into place")
    finish_restore(folder)


async def _keep_rights(parts: Parts, settings: Settings, clock: Clock) -> None:
    """Keep the readers' offline rights up to date for the sites in force."""
    service = parts.service
    await keep_rights(
        lambda: [(site, service.states[site.id]) for site in service.sites.values()],
        address=broker_address(settings),
        client_id=parts.client_ids.of("rights"),
        topics=parts.topics,
        hashed=partial(credential_hash, parts.key),
        clock=clock,
        note=service.note,
    )


def _keeper(parts: Parts, settings: Settings, clock: Clock) -> RetentionKeeper:
    """Return the keeper that purges old passages and erases members."""
    service = parts.service
    return RetentionKeeper(
        parts.journal,
        settings.data_dir / MEMBERS_FILE,
        Kept(settings.passage_days, settings.audit_days),
        clock,
        lambda: (service.sites, service.states),
        is_sure=lambda: is_synchronised() is True,
    )


async def _say_ready(parts: Parts, on_ready: Callable[[], None]) -> None:
    """Call `on_ready` once the broker has our subscriptions, so that no later message is lost."""
    await parts.sessions.came_up()
    on_ready()


def _calm_the_collector() -> None:
    """Exclude permanent objects (5,000 members) from garbage collection, and run it more rarely.

    A full collection would block the loop for 10 to 30 ms; facts and events contain no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 20)


async def _watch_space(parts: Parts, prefix: str, watch: SpaceWatcher) -> None:
    """Apply every change of the space file, or log its faults."""

    async def use(space: Space) -> None:
        try:
            registry = await asyncio.to_thread(Registry, space.sites, prefix)
        except ValueError as clash:  # with a site that went, and is run until a restart
            raise ConfigError([ConfigFault("space", "", f"{clash}; or restart")]) from None
        tell_addresses(registry, parts.service.states)
        intake = Intake(
            registry, partial(credential_hash, parts.key), partial(reader_hash, parts.key)
        )
        try:
            changed = await parts.service.renew(
                space.sites, intake, MessageFactory(registry, parts.topics)
            )
        except EngineFaultError as error:
            raise ConfigError([ConfigFault("space", "", str(error))]) from None
        parts.sessions.follow(registry)
        parts.calendars.use(space.feeds)
        log.info(
            "the space file is in force (sites that changed: %s)", ", ".join(changed) or "none"
        )

    async def tell() -> None:
        parts.service.tell_health()
        await report(parts.service, "space-faulty", active=watch.is_faulty)

    await watch.run(use, tell)
