"""Whoever looks at what people did leaves a line in the audit, before they see anything."""

from gateway.adapters.audit import LOOK, AuditEntry
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.core.model.names import SiteId


async def look(
    console: AppContext,
    seat: Principal,
    site: SiteId,
    what: str,
    whom: str | None = None,
    *,
    action: str = LOOK,
) -> None:
    """Note that somebody looks at people: at one (`whom`, a pseudonym), or at all of a site.

    Raises:
        Problem: It cannot be noted, so that nothing may be shown.
    """
    entry = AuditEntry(
        console.clock.now(), seat.holder.id, action, site=site, subject=whom, detail=what
    )
    await console.stores.audit(lambda log: log.record(entry))
