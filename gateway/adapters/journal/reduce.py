"""Reduces the journal to a state: passes each stored event through the engine again."""

from gateway.adapters.journal.reader import StoredEvent
from gateway.core.engine import step
from gateway.core.events import SpaceChanged
from gateway.core.model.site import Site
from gateway.core.state import State


def follow(site: Site | None, state: State, stored: StoredEvent) -> tuple[Site, State]:
    """Pass one stored event through the engine; return the space file in force and the state.

    Raises:
        ValueError: the journal's first row of a site contains no space file.
    """
    event = stored.event
    if isinstance(event, SpaceChanged):
        site = event.site
    if site is None:
        raise ValueError(f"row {stored.row.n} of {stored.row.site} comes before its space file")
    return site, step(site, state, event, stored.row.received).state
