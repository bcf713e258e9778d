"""Watches the members file while the gateway runs: changes are in force within about a second."""

import asyncio
import logging
from typing import Final

from gateway.adapters.directory import DirectoryError, diff
from gateway.core.events import DirectoryChanged
from gateway.core.model.directory import Directory, DirectoryChange
from gateway.core.model.names import SiteId
from gateway.service.batch import EngineFaultError
from gateway.service.components import Parts

log = logging.getLogger(__name__)

MEMBERS_POLL_S: Final = 1.0
"""Seconds between two checks of the members file."""


async def take_members(parts: Parts) -> None:
    """Apply all changes of the members file."""
    version, changes = await asyncio.to_thread(_members, parts)
    if changes:
        try:
            await asyncio.gather(
                *(
                    parts.service.tell(site, DirectoryChanged(change))
                    for site, change in changes.items()
                )
            )
        except EngineFaultError as error:  # the next change is tried again, not this one
            log.error("the members are those of before: %s", error)  # noqa: TRY400 - the text says it
        else:
            log.info("members are in force (sites: %s)", ", ".join(sorted(changes)))
    if parts.calendars.has_feeds:
        parts.calendars.know(await asyncio.to_thread(parts.members.holders_by_email))
    parts.in_force.members = version
    parts.service.tell_health()


async def watch_members(parts: Parts) -> None:
    """Apply every change of the members file within about a second, until cancelled."""
    while True:
        try:
            version = await asyncio.to_thread(parts.members.version)
            if version != parts.in_force.members or parts.calendars.wants_holders:
                await take_members(parts)
        except DirectoryError as error:
            log.error("the members file cannot be read, its last state holds: %s", error)  # noqa: TRY400 - the text says it
        await asyncio.sleep(MEMBERS_POLL_S)


def _members(parts: Parts) -> tuple[int, dict[SiteId, DirectoryChange]]:
    """Return the members file's version, and its changes at each site (blocking)."""
    version = parts.members.version()
    directory: Directory = parts.members.load()
    changes = {
        site_id: diff(state.directory, directory) for site_id, state in parts.service.states.items()
    }
    return version, {site_id: change for site_id, change in changes.items() if change is not None}
