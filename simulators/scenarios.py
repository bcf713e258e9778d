"""Two kinds of day, for one site or a network of them."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Literal, Protocol

from msgspec import Struct, structs

from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId, Text
from gateway.core.model.site import Site
from simulators.faults import FaultRates
from simulators.habits import Agenda, Stop
from simulators.people import MEMBERS, SimulatedPerson, guests, members, visitors
from simulators.seeds import branch

ScenarioName = Literal["ordinary-day", "open-house"]
CROWD_OF_ROOM = 1.3
"""Visitors of an open house per place in the largest public room."""
CROWD_MAX = 120
CROWD_WITHOUT_CAPACITY = 40
SITES_MAX = 999
"""site-001 to site-999."""


class Scenario(Protocol):
    """The people of a scenario, and their days."""

    name: ScenarioName
    opens: time
    """Local time at which the simulation begins."""
    followers: int
    """People who may slip in behind one who was let in."""

    def people(self, site: Site, seed: int, count: int) -> list[SimulatedPerson]:
        """Return everyone who may come."""
        ...

    def day(self, agenda: Agenda, seed: int, person: SimulatedPerson, on: date) -> tuple[Stop, ...]:
        """Return one person's stops on a day."""
        ...

    def faults(self, faults: FaultRates) -> FaultRates:
        """Return the faults of this kind of day."""
        ...


class OrdinaryDay:
    """Members come, lunch, meet, make and leave, some with a guest; a workshop in the evening."""

    name: ScenarioName = "ordinary-day"
    opens = time(8, 45)
    followers = 1

    def people(self, site: Site, seed: int, count: int) -> list[SimulatedPerson]:
        """Return the members and their guests."""
        crowd = members(site, seed, count)
        return [*crowd, *guests(site, seed, crowd)]

    def day(self, agenda: Agenda, seed: int, person: SimulatedPerson, on: date) -> tuple[Stop, ...]:
        """Return a day by the rhythm of the plan; a guest's day follows the host's arrival."""
        del seed
        plan = None if person.plan is None else agenda.site.plan[person.plan]
        if person.kind == "member":
            return agenda.day(person.ref, plan, person.rhythm, on)
        if person.host is None:
            return agenda.visit(person.ref, plan, None, on)
        meets = agenda.comes(person.host, on)
        return () if meets is None else agenda.visit(person.ref, plan, meets, on)

    def faults(self, faults: FaultRates) -> FaultRates:
        """Return the faults unchanged."""
        return faults


class OpenHouse:
    """An evening for the public: some members are hosts, and a crowd comes without badges.

    People without a badge come in behind somebody who has one, so five times as many slip in.
    """

    name: ScenarioName = "open-house"
    opens = time(18, 0)
    followers = 3

    def people(self, site: Site, seed: int, count: int) -> list[SimulatedPerson]:
        """Return the members and the crowd."""
        rooms = [zone.capacity for zone in site.zones if zone.capacity is not None]
        crowd = min(CROWD_MAX, round(CROWD_OF_ROOM * max(rooms, default=CROWD_WITHOUT_CAPACITY)))
        return [*members(site, seed, count), *visitors(site, seed, crowd)]

    def day(self, agenda: Agenda, seed: int, person: SimulatedPerson, on: date) -> tuple[Stop, ...]:
        """Return one evening: hosts before the crowd, a walk from room to room, home by ten."""
        draw = branch(seed, agenda.site.id, "evening", person.ref, on)
        host = person.kind == "member"
        if host and draw.random() < 0.5:  # noqa: PLR2004 - half of the members are hosts
            return ()
        evening = datetime.combine(on, self.opens)
        comes = evening + timedelta(minutes=draw.uniform(1, 20) if host else draw.gauss(35, 15))
        leaves = evening + timedelta(
            minutes=draw.uniform(200, 240) if host else draw.gauss(140, 25)
        )
        rooms = [draw.choice(agenda.places.desks), *draw.choices(agenda.routes.reachable, k=2)]
        walk = [comes + (leaves - comes) * share for share in (0.0, 0.4, 0.7)]
        stops = [Stop(at, room) for at, room in zip(walk, rooms, strict=True)]
        return (*stops, Stop(leaves, None))

    def faults(self, faults: FaultRates) -> FaultRates:
        """Return the faults with more people who slip in."""
        return structs.replace(faults, tailgating=min(1.0, faults.tailgating * 5))


SCENARIOS: dict[ScenarioName, Scenario] = {
    scenario.name: scenario for scenario in (OrdinaryDay(), OpenHouse())
}


def network(site: Site, sites: int) -> tuple[Site, ...]:
    """Return so many sites with the doors and plans of `site`, named site-001, site-002 and so on.

    Raises:
        ValueError: Fewer than one, or more than `SITES_MAX`.
    """
    if not 1 <= sites <= SITES_MAX:
        raise ValueError(f"{sites} sites; must be 1 to {SITES_MAX}")
    return (site,) if sites == 1 else tuple(_clones(site, sites))


def _clones(site: Site, sites: int) -> Iterator[Site]:
    for number in range(1, sites + 1):
        name = SiteId(f"site-{number:03d}")
        yield structs.replace(
            site,
            id=name,
            name=Text(f"{site.name.fr} {number}", f"{site.name.en} {number}"),
            devices=tuple(_moved(device, name) for device in site.devices),
        )


def _moved(device: Device, site: SiteId) -> Device:
    """Return the device on its own topics; those of a native one follow from its site."""
    return structs.replace(device, topic=f"{device.topic}-{site}") if device.topic else device


def enrolled(
    site: Site, seed: int, scenario: Scenario, count: int = MEMBERS
) -> list[SimulatedPerson]:
    """Return the people of a scenario who are in the members' list."""
    return [person for person in scenario.people(site, seed, count) if person.enrolled]


class Cast(Struct, frozen=True):
    """A scenario with its place and seed."""

    site: Site
    scenario: Scenario
    seed: int
    members: int = MEMBERS
    opens: time | None = None
    """Local time at which the simulation begins; None: the scenario's own."""
    night_haste: float = 1.0
    """The factor by which the hours without people pass faster."""
