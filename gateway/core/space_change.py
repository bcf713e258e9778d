"""A change of the space file: state of removed parts is forgotten, people stay."""

from collections.abc import Container
from typing import Final, TypeVar

from immutables import Map

from gateway.core.access import doors, enrolment, machines, modes, offline_decisions, proof
from gateway.core.facts import OF_GATEWAY, AlarmKind
from gateway.core.model.bookings import machine_target, zone_target
from gateway.core.model.site import Site
from gateway.core.occupancy import fusion, occupancy, presence
from gateway.core.step_context import StepContext

K = TypeVar("K")
V = TypeVar("V")

DOORS: Final[frozenset[AlarmKind]] = frozenset({"forced", "held"})
MACHINES: Final[frozenset[AlarmKind]] = frozenset(
    {"lone-worker", "unsupervised", "unattended", "safe-stop"}
)
"""The kinds of alarms about machines."""
OUR_OWN: Final[frozenset[AlarmKind]] = frozenset({"engine-fault", *OF_GATEWAY})
"""Alarms about the gateway: a new space file does not affect them."""


def changed(context: StepContext) -> None:
    """Put the context's site, which is new, into force."""
    site = context.site
    doors.space_changed(context)
    context.devices = _still(context.devices, site.device)
    offline_decisions.space_changed(context)
    context.counters = _still(context.counters, site.device)
    presence.space_changed(context)
    inside = presence.inside(site, context.presence.values())
    fusion.space_changed(context)
    context.zones = Map(
        {zone.id: occupancy.opened(inside[zone.id], context.now) for zone in site.zones}
    )
    context.opened = _still(context.opened, site.zone)
    context.days = _still(context.days, site.zone)
    enrolment.space_changed(context)
    context.out_of_service = _still(context.out_of_service, site.access_point)
    context.bookings = _still(context.bookings, _targets(site))
    proof.space_changed(context)
    machines.space_changed(context)
    modes.space_changed(context)
    for kind, about in sorted(context.alarms):
        if kind not in OUR_OWN and about not in _objects(site, kind):
            context.clear_alarm(kind, about)
    context.touched = dict.fromkeys(site.zone)
    context.wake(context.now)  # every timer is checked under the new file


def _still(before: Map[K, V], there: Container[object]) -> Map[K, V]:
    """Return the entries of things that still exist."""
    return Map({key: entry for key, entry in before.items() if key in there})


def _targets(site: Site) -> set[str]:
    return {zone_target(zone) for zone in site.zone} | {
        machine_target(machine) for machine in site.machine
    }


def _objects(site: Site, kind: AlarmKind) -> set[str]:
    """Return all objects that an alarm of this kind may be about."""
    if kind in DOORS:
        return set(site.door)
    if kind in MACHINES:
        return set(site.machine)
    if kind == "duress":
        return set(site.access_point)
    return set(site.zone) if kind == "over-capacity" else set(site.device)
