"""Reduce the journal: each stored event through the engine again."""

from gateway.adapters.journal.reader import StoredEvent
from gateway.core.engine import step
from gateway.core.events import SpaceChanged
from gateway.core.model.site import Site
from gateway.core.state import State


def follow(site: Site | None, state: State, stored: StoredEvent) -> tuple[Site, State]:
    """One stored event through the engine again, and the space file that is in force after it.

    Raises:
        ValueError: the journal's first row of a site does not say what the site is.
    """
    event = stored.event
    if isinstance(event, SpaceChanged):
        site = event.site
    if site is None:
        raise ValueError(f"row {stored.row.n} of {stored.row.site} comes before its space file")
    return site, step(site, state, event, stored.row.received).state
