"""The use of the place by each holder: seconds of presence and entries per local day.

It is stored only for holders with a plan that has a quota, and only for its longest period. The
rules decide what a day counts (0, half, whole). A stay is added when it ends: when its holder
leaves, goes on to another zone or enters once more; it is split at local midnight.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from gateway.core.access.quotas import stay
from gateway.core.model.directory import HolderId
from gateway.core.model.plans import Per
from gateway.core.state import DayOfUse
from gateway.core.step_context import StepContext

PERIOD_MAX_D: Final[dict[Per, int]] = {"day": 1, "week": 7, "month": 31, "year": 366}
"""Days in the longest period of each kind: older ones no longer count."""


def stayed(context: StepContext, holder: HolderId, since: datetime, until: datetime) -> None:
    """Add a holder's stay at the site from `since` until `until`."""
    if not (kept_d := _kept_d(context, holder)):
        return
    for part in stay(since, until, context.site.clock):
        _add(context, holder, part, kept_d)


def entered(context: StepContext, holder: HolderId, at: datetime) -> None:
    """Add a holder's entry from the street."""
    if kept_d := _kept_d(context, holder):
        day = context.site.day_of(at)
        _add(context, holder, DayOfUse(day=day, entries=1), kept_d)


def _kept_d(context: StepContext, holder: HolderId) -> int:
    """Return the number of days that the quotas of the holder's plans need; 0: there are none."""
    member = context.directory.holders.get(holder)
    kept_d = 0
    for entry in member.memberships if member is not None else ():
        plan = context.site.plan.get(entry.plan)
        for quota in plan.quotas if plan is not None else ():
            kept_d = max(kept_d, PERIOD_MAX_D[quota.per])
    return kept_d


def _add(context: StepContext, holder: HolderId, more: DayOfUse, kept_d: int) -> None:
    """Add `more` to its day, and drop the days that no quota needs any longer."""
    days = {entry.day: entry for entry in context.usage.get(holder, ())}
    before = days.get(more.day, DayOfUse(day=more.day))
    days[more.day] = structs.replace(
        before, seconds=before.seconds + more.seconds, entries=before.entries + more.entries
    )
    oldest = max(days) - timedelta(days=kept_d)
    kept = tuple(days[day] for day in sorted(days) if day > oldest)
    context.usage = context.usage.set(holder, kept)
