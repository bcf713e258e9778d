"""The daily rhythms of people by plan, and the pace of days and nights."""

from datetime import date, datetime, time, timedelta
from random import Random

from msgspec import Struct

from gateway.core.model.plans import Plan
from simulators.sessions import Hours

WAKES, SLEEPS = timedelta(hours=7.5), timedelta(hours=22.5)
"""Times of the local day between which people come and go."""
STAFF = "staff"
"""The rhythm of the staff."""


class Rhythm(Struct, frozen=True):
    """The rhythm of a plan's holders: local hours of arrival and departure; share of days."""

    arrives: float
    leaves: float
    spread: float
    comes: float


RHYTHMS = {
    "resident": Rhythm(arrives=8.8, leaves=17.9, spread=0.6, comes=0.95),
    "office": Rhythm(arrives=9.2, leaves=17.2, spread=0.5, comes=0.85),
    STAFF: Rhythm(arrives=9.4, leaves=19.5, spread=0.15, comes=1.0),
    "maker": Rhythm(arrives=10.5, leaves=20.5, spread=1.0, comes=0.7),
    "evening": Rhythm(arrives=17.8, leaves=21.6, spread=0.5, comes=0.7),
    "visitor": Rhythm(arrives=10.0, leaves=15.5, spread=1.0, comes=0.6),
}
"""Rhythms by the rights of a plan (`rhythm_of`)."""


def rhythm_of(plan: Plan | None) -> str:
    """Return the rhythm that fits the rights of a plan: machines, every hour, or some hours."""
    if plan is None:
        return "visitor"
    words = (plan.id, plan.name.en.lower(), plan.name.fr.lower())
    if any(word in text for text in words for word in ("evening", "soir", "night", "nuit")):
        return "evening"
    if any(word in text for text in words for word in ("day", "jour", "visit", "guest")):
        return "visitor"
    if any(right.machines for right in plan.rights):
        return "maker"
    return "resident" if any(right.hours == "24/7" for right in plan.rights) else "office"


def awake(habit: datetime, night_haste: float) -> timedelta:
    """Return the waking time until `habit`, if nights pass `night_haste` times faster than days."""
    clock = habit - datetime.combine(habit, time())
    day = min(max(clock, WAKES), SLEEPS) - WAKES
    full_day = SLEEPS - WAKES
    whole = full_day + (timedelta(days=1) - full_day) / night_haste
    return habit.toordinal() * whole + day + (clock - day) / night_haste


def hours_on(rhythm: str, on: date, draw: Random) -> Hours | None:
    """Return a person's hours on a day; None: they stay away. These are the day's first draws."""
    habit = RHYTHMS[rhythm]
    if draw.random() >= habit.comes:
        return None
    comes = local_hour(on, draw.gauss(habit.arrives, habit.spread))
    leaves = max(local_hour(on, draw.gauss(habit.leaves, habit.spread)), comes + timedelta(hours=1))
    return comes, leaves


def local_hour(on: date, hour: float) -> datetime:
    """Return a local time of that day, limited to it."""
    seconds = min(max(hour, 0.0), 23.9) * 3600
    return datetime.combine(on, time()) + timedelta(seconds=round(seconds, 1))
