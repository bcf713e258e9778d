"""The last decisions after a start, from the journal: the broker retains none of them."""

import logging
from functools import partial
from typing import Final, Literal, cast

from gateway.adapters.journal.queries import DecisionLine, DecisionQuery, decisions
from gateway.console.context import AppContext
from gateway.console.feed.page_snapshot import SHOWN_DECISIONS
from gateway.console.feed.site_state import DECISIONS_KEPT
from gateway.console.web.errors import Problem
from gateway.console.web.labels import button_door
from gateway.core.access.reasons import REASONS
from gateway.core.model.names import AccessPointId, DeviceId
from gateway.core.model.site import Site
from gateway.translation import both
from gateway.wire.states import AccessMessage

_log: Final = logging.getLogger(__name__)


async def recall(console: AppContext) -> None:
    """Add the journal's last decisions behind those received meanwhile; redraw every page."""
    for site in console.sites.values():
        query = DecisionQuery(site.id, limit=SHOWN_DECISIONS)
        try:
            page = await console.stores.past(partial(decisions, query=query))
        except Problem as wrong:
            _log.info("the last passages are not shown: %s", wrong.detail)
            return
        heard = console.picture.sites[site.id].decisions
        known = {each.id for each in heard}
        heard += [_told(site, line) for line in page.lines if str(line.n) not in known]
        del heard[DECISIONS_KEPT:]
    console.hub.show_all_again()


def _told(site: Site, line: DecisionLine) -> AccessMessage:
    """Return a decision as it was published when it was made; its response time is not stored."""
    point = site.access_point.get(AccessPointId(line.access_point or ""))
    door = button_door(site, line.reason, line.device) or site.door_of(point)
    reason = REASONS.get(line.reason)  # a journal may be older than its reasons
    return AccessMessage(
        id=str(line.n),
        at=line.at,
        reader=DeviceId(line.device),
        access_point=line.access_point,
        zone=point.zone if point else door.zone if door else None,
        direction=point.direction if point else "exit" if door else None,
        decision=cast(Literal["granted", "denied"], line.decision),
        reason=line.reason,
        holder=line.holder,
        message=both(reason.sentence if reason else line.reason),
        latency_ms=0.0,
        late=line.late,
        door=door.id if door else None,
    )
