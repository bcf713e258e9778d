"""Record in the audit each look at what people did, before anything is shown."""

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
    """Record that a user looks at people: at one (`whom`, a pseudonym), or at all of a site.

    Raises:
        Problem: It cannot be recorded, so that nothing may be shown.
    """
    entry = AuditEntry(
        console.clock.now(), seat.holder.id, action, site=site, subject=whom, detail=what
    )
    await console.stores.audit(lambda log: log.record(entry))
