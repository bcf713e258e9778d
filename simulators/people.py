"""The simulated people: members of the site's plans, their guests, visitors.

Most badges are good. Some are not, so that every reason for a refusal occurs: a badge that was
never enrolled or that was lost, a membership that is suspended, expired or not paid, no badge at
all. Of those who may use a machine some were never trained for it, and some too long ago. Their
days are in `simulators.habits`, their way through doors in `simulators.person_routine`, and their
lines in the members' list in `simulators.roster`.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Literal

from msgspec import Struct

from gateway.core.model.names import MachineId, PlanId, RoleId, TrainingId
from gateway.core.model.places import AccessPoint
from gateway.core.model.plans import Plan
from gateway.core.model.site import Site
from simulators.badges import badge_bytes
from simulators.habits import Maker
from simulators.rhythms import STAFF, rhythm_of
from simulators.routes import Place
from simulators.seeds import branch

Trouble = Literal[
    "none", "unknown badge", "lost badge", "suspended", "expired", "unpaid", "no badge"
]  # fmt: skip
TROUBLES: dict[int, Trouble] = {
    3: "unknown badge",
    7: "suspended",
    10: "lost badge",
    13: "expired",
    17: "unpaid",
    20: "no badge",
}
"""By a person's place among twenty-four, so that even a small space has each."""
_OF = 24
MEMBERS = 48
"""The default number of people per site: as many as a small space has seats."""
MEMBERS_A_GUEST = 12
"""The number of members per guest and day."""
TRAINED: tuple[Literal["yes", "expired", "no"], ...] = ("yes", "yes", "yes", "no", "expired")
"""Users of a machine that requires a training, in turn; the first one also has a duty."""
_FIRST = ("Ada", "Bruno", "Chloé", "Driss", "Emma", "Farid", "Gaëlle", "Hugo", "Inès", "Jules")
_LAST = ("Aubry", "Benali", "Costa", "Durand", "Evrard", "Fabre", "Garnier", "Hamon", "Imbert")


class SimulatedPerson(Struct, eq=False):
    """A person: their credentials, and their position (None: the street).

    `host` is the person whom a guest visits. `told` is the reason of the last answer that they
    read.
    """

    ref: str
    name: str
    kind: Literal["member", "visitor"]
    plan: PlanId | None
    rhythm: str
    trouble: Trouble
    badge: str | None
    pin: str | None = None
    trained: Literal["yes", "expired", "no"] = "no"
    roles: tuple[RoleId, ...] = ()
    host: str | None = None
    zone: Place = None
    told: str = ""

    @property
    def enrolled(self) -> bool:
        """True if the members' list has them."""
        return self.plan is not None and self.trouble not in {"unknown badge", "no badge"}


def members(site: Site, seed: int, count: int = MEMBERS) -> list[SimulatedPerson]:
    """Return the regular people. The first one has the site's own roles, if it has any."""
    crowd = [_person(site, seed, "m", number, "member") for number in range(1, count + 1)]
    for first in crowd[:1] if site.roles else ():
        first.roles = tuple(RoleId(role.id) for role in site.roles)
        first.plan, first.rhythm = _widest(site.plans), STAFF
    users = [person for person in crowd if trainings_of(site, person)]
    for place, person in enumerate(users):
        person.trained = TRAINED[place % len(TRAINED)]
    _give_pins(site, seed, crowd)
    return crowd


def guests(site: Site, seed: int, hosts: Sequence[SimulatedPerson]) -> list[SimulatedPerson]:
    """Return visitors of one day: most visit a maker, every third comes alone."""
    able = [maker.ref for maker in makers(site, hosts)]
    if not any(rhythm_of(plan) == "visitor" for plan in site.plans):
        return []
    found = []
    for number in range(1, len(hosts) // MEMBERS_A_GUEST + 1):
        guest = _person(site, seed, "g", number, "visitor")
        draw = branch(seed, site.id, "guest", number)
        guest.trouble, guest.badge = "none", _badge(site, draw)
        guest.host = draw.choice(able) if able and number % 3 else None
        found.append(guest)
    return found


def visitors(site: Site, seed: int, count: int) -> list[SimulatedPerson]:
    """Return people who come for one evening: half with a visitor's badge, half without."""
    crowd = [_person(site, seed, "v", number, "visitor") for number in range(1, count + 1)]
    for number, person in enumerate(crowd):
        person.rhythm = "visitor"
        person.trouble = "none" if number % 2 else "no badge"
        person.badge = person.badge if number % 2 else None
    return crowd


def makers(site: Site, people: Iterable[SimulatedPerson]) -> tuple[Maker, ...]:
    """Return the people who may use machines by their plan, trained or not."""
    return tuple(
        Maker(person.ref, person.rhythm, tuple(sorted(machines)), person.trained == "yes")
        for person in people
        if person.trouble == "none" and (machines := _machines(site, person.plan))
    )


def trainings_of(site: Site, person: SimulatedPerson) -> tuple[TrainingId, ...]:
    """Return the trainings for the machines of a person's plan."""
    machines = _machines(site, person.plan)
    wanted = (each.demands.trainings for each in site.machines if each.id in machines)
    return tuple(dict.fromkeys(training for trainings in wanted for training in trainings))


def _give_pins(site: Site, seed: int, crowd: Iterable[SimulatedPerson]) -> None:
    """Give a PIN to everyone whose plan leads through a door that requires one."""
    asking = [one for one in site.access_points if one.min_credential == "number-and-pin"]
    for person in crowd:
        plan = site.plan[person.plan] if person.plan is not None else None
        if person.badge is not None and plan and any(_leads(site, plan, one) for one in asking):
            person.pin = f"{branch(seed, site.id, 'pin', person.ref).randrange(10_000):04d}"


def _leads(site: Site, plan: Plan, point: AccessPoint) -> bool:
    lineage = site.zone[point.zone].lineage
    return any(
        point.machine in right.machines if point.machine else set(right.zones) & set(lineage)
        for right in plan.rights
    )


def _machines(site: Site, plan: PlanId | None) -> set[MachineId]:
    rights = site.plan[plan].rights if plan is not None else ()
    return {machine for right in rights for machine in right.machines}


def _widest(plans: Sequence[Plan]) -> PlanId | None:
    """Return the plan of the staff: the one with the most machines."""
    by_machines = {plan.id: sum(len(right.machines) for right in plan.rights) for plan in plans}
    return max(by_machines, key=lambda plan: by_machines[plan], default=None)


def _person(
    site: Site, seed: int, letter: str, number: int, kind: Literal["member", "visitor"]
) -> SimulatedPerson:
    draw = branch(seed, site.id, "person", letter, number)
    plan = _plan(site.plans, kind, draw)
    trouble = TROUBLES.get(number % _OF, "none")
    badge = _badge(site, draw)
    return SimulatedPerson(
        ref=f"{site.id}-{letter}{number:03d}",
        name=f"{draw.choice(_FIRST)} {draw.choice(_LAST)}",
        kind=kind,
        plan=plan.id if plan else None,
        rhythm=rhythm_of(plan),
        trouble=trouble,
        badge=None if trouble == "no badge" else badge,
    )


def _badge(site: Site, draw: Random) -> str:
    return bytes([4, *draw.choices(range(16, 256), k=badge_bytes(site) - 1)]).hex()


def _plan(plans: tuple[Plan, ...], kind: str, draw: Random) -> Plan | None:
    """Return a plan; for a visitor one that is made for visitors, where there is one.

    Plans that are valid at every hour are three times as frequent: a demo may run at any hour.
    """
    fitting = [plan for plan in plans if (rhythm_of(plan) == "visitor") == (kind == "visitor")]
    offered = fitting or list(plans)
    weights = [3 if _is_always_open(plan) and not plan.quotas else 1 for plan in offered]
    return draw.choices(offered, weights)[0] if offered else None


def _is_always_open(plan: Plan) -> bool:
    return any(right.hours == "24/7" for right in plan.rights)
