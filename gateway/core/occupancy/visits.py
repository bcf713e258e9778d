"""A day's visits: their number, the number of visitors, and how long they stayed.

A visit begins with an entry from the street and ends with an exit to it. It counts on the local day
on which it began, its stay on the day on which it ended; events that arrive after their day was
closed no longer count. At midnight the day becomes one fact for the journal and InfluxDB. Fewer
than `FEW` people are not published: with four visitors a day, one of them is easily guessed.
"""

from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from immutables import Map
from msgspec import structs

from gateway.core.facts import VisitsDay
from gateway.core.model.directory import HolderId
from gateway.core.model.site import Site
from gateway.core.state import Visits
from gateway.core.step_context import StepContext

FEW = 5
"""Fewer people than this are not published (k-anonymity, k = 5)."""
STAY_MAX = timedelta(hours=16)
"""A longer visit is a forgotten badge-out: it counts as a visit, but not as a stay."""
STAYS_MAX = 10_000
"""Stays stored per day: more than any site of ours has visits."""


def began(context: StepContext, holder: HolderId, at: datetime) -> None:
    """Record a holder's entry from the street."""
    today = _today(context)
    if context.site.day_of(at) == today.day:
        count = today.visitors.get(holder, 0) + 1
        context.visits = structs.replace(today, visitors=today.visitors.set(holder, count))


def ended(context: StepContext, holder: HolderId, came: datetime, left: datetime) -> None:
    """Record a holder's exit to the street."""
    today, stay = _today(context), left - came
    counts = timedelta() < stay <= STAY_MAX and len(today.stays) < STAYS_MAX
    if counts and context.site.day_of(left) == today.day:
        more = (*today.stays, (holder, stay.total_seconds()))
        context.visits = structs.replace(today, stays=more)


def run_timers(context: StepContext) -> None:
    """Emit the figures of a day that is over, and begin the next."""
    before, day = context.visits, context.site.day_of(context.now)
    if before.day is not None and before.day < day:
        context.emit(figures(context.site, before, before.day))
    if before.day != day:
        context.visits = Visits(day=day)


def figures(site: Site, visits: Visits, day: date) -> VisitsDay:
    """Return a day's figures, as published."""
    people = len(visits.visitors)
    stayed = {holder for holder, _ in visits.stays}
    told = people >= FEW
    return VisitsDay(
        day=day,
        at=datetime.combine(day, time(), site.clock).astimezone(UTC),
        visits=sum(visits.visitors.values()) if told else None,
        visitors=people if told else None,
        stay_s=median(stay for _, stay in visits.stays) if len(stayed) >= FEW else None,
    )


def forget(context: StepContext, holder: HolderId) -> None:
    """Forget an erased holder; the day has one visitor less."""
    if holder in context.visits.visitors or any(who == holder for who, _ in context.visits.stays):
        context.visits = structs.replace(
            context.visits,
            visitors=Map({who: n for who, n in context.visits.visitors.items() if who != holder}),
            stays=tuple(stay for stay in context.visits.stays if stay[0] != holder),
        )


def _today(context: StepContext) -> Visits:
    if context.visits.day is None:
        context.visits = Visits(day=context.site.day_of(context.now))
    return context.visits
