"""Who lives in the simulation: members of the site's plans and visitors, each with their badge.

Most badges are good. Some are not, so that every reason of a denial is met: a badge that was never
enrolled, a suspended or expired membership, no badge at all. What their holders do with a day is in
`simulators.habits`; how they get through doors, in `simulators.walks`.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Literal

from msgspec import Struct

from gateway.core.site import Plan, PlanId, Site
from simulators.badges import badge_bytes
from simulators.habits import rhythm_of
from simulators.routes import Place
from simulators.seeds import branch

Trouble = Literal["none", "unknown badge", "suspended", "expired", "no badge"]
TROUBLES: dict[int, Trouble] = {3: "unknown badge", 7: "suspended", 11: "expired", 15: "no badge"}
"""By a person's place among sixteen, so that even a small space has each."""
_OF = 16
MEMBERS = 48
"""People of a site, unless told otherwise: as many as a small space has seats."""
COLUMNS = (
    "ref",
    "name",
    "email",
    "kind",
    "plan",
    "from",
    "until",
    "status",
    "badges",
    "badge_format",
)
"""Of `seuil members import`."""
_FIRST = ("Ada", "Bruno", "Chloé", "Driss", "Emma", "Farid", "Gaëlle", "Hugo", "Inès", "Jules")
_LAST = ("Aubry", "Benali", "Costa", "Durand", "Evrard", "Fabre", "Garnier", "Hamon", "Imbert")


class Person(Struct, eq=False):
    """Somebody: what they hold, and where they are (None: the street)."""

    ref: str
    name: str
    kind: Literal["member", "visitor"]
    plan: PlanId | None
    rhythm: str
    trouble: Trouble
    badge: str | None
    zone: Place = None

    @property
    def enrolled(self) -> bool:
        """Whether the members' list knows them."""
        return self.plan is not None and self.trouble not in {"unknown badge", "no badge"}


def members(site: Site, seed: int, count: int = MEMBERS) -> list[Person]:
    """The people who come as a habit."""
    return [_person(site, seed, "m", number, "member") for number in range(1, count + 1)]


def visitors(site: Site, seed: int, count: int) -> list[Person]:
    """People who come for one evening: half with a visitor's badge, half with none."""
    crowd = [_person(site, seed, "v", number, "visitor") for number in range(1, count + 1)]
    for number, person in enumerate(crowd):
        person.rhythm = "visitor"
        person.trouble = "none" if number % 2 else "no badge"
        person.badge = person.badge if number % 2 else None
    return crowd


def roster(people: Iterable[Person], today: date) -> Iterator[dict[str, str]]:
    """The lines of `seuil members import` for those who are enrolled."""
    for person in people:
        if not person.enrolled or person.plan is None or person.badge is None:
            continue
        until = today + timedelta(days=-30 if person.trouble == "expired" else 365)
        yield {
            "ref": person.ref,
            "name": person.name,
            "email": f"{person.ref}@example.org",
            "kind": person.kind,
            "plan": person.plan,
            "from": (today - timedelta(days=365)).isoformat(),
            "until": until.isoformat(),
            "status": "suspended" if person.trouble == "suspended" else "active",
            "badges": person.badge,
            "badge_format": "hex",
        }


def _person(
    site: Site, seed: int, letter: str, number: int, kind: Literal["member", "visitor"]
) -> Person:
    draw = branch(seed, site.id, "person", letter, number)
    plan = _plan(site.plans, kind, draw)
    trouble = TROUBLES.get(number % _OF, "none")
    badge = bytes([4, *draw.choices(range(16, 256), k=badge_bytes(site) - 1)]).hex()
    return Person(
        ref=f"{site.id}-{letter}{number:03d}",
        name=f"{draw.choice(_FIRST)} {draw.choice(_LAST)}",
        kind=kind,
        plan=plan.id if plan else None,
        rhythm=rhythm_of(plan),
        trouble=trouble,
        badge=None if trouble == "no badge" else badge,
    )


def _plan(plans: tuple[Plan, ...], kind: str, draw: Random) -> Plan | None:
    """A plan: for a visitor one that is made for visitors, where there is one.

    Plans that hold at every hour are three times as frequent: a demo may be shown at any hour.
    """
    fitting = [plan for plan in plans if (rhythm_of(plan) == "visitor") == (kind == "visitor")]
    offered = fitting or list(plans)
    weights = [3 if any(right.hours == "24/7" for right in plan.rights) else 1 for plan in offered]
    return draw.choices(offered, weights)[0] if offered else None
