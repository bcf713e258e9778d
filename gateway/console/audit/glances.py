"""Screens that show where people are now: an open one is recorded once in a while.

A page that refreshes every few seconds is one look, not a thousand. In an evacuation the list is
shown even where nothing can be recorded: it is there to find people.
"""

import logging

from gateway.console.audit.recording import look
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.web.errors import Problem
from gateway.core.model.names import SiteId

_log = logging.getLogger(__name__)


async def glance(console: AppContext, seat: Principal, site: SiteId, what: str) -> None:
    """Record that a user sees who is where, unless it was recorded recently.

    Raises:
        Problem: It cannot be recorded, and there is no evacuation.
    """
    now = console.clock.now()
    if not console.glances.is_new(seat.key, site, what, now):
        return
    try:
        await look(console, seat, site, what)
    except Problem as wrong:
        if console.picture.sites[site].mode != "evacuation":
            raise
        _log.warning("%s: a look at %s is not noted: %s", site, what, wrong.detail)
        return
    console.glances.note(seat.key, site, what, now)
