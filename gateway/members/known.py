"""Reference data to check lines against: plans, trainings, roles and groups of the space file."""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.core.model.names import ADMINISTRATOR, OPERATOR, VIEWER, SiteId
from gateway.core.model.site import Site

STANDING_ROLES: Final = frozenset({OPERATOR, ADMINISTRATOR, VIEWER})
"""Roles that every site has, in addition to those of its space file."""


class ReferenceData(Struct, frozen=True):
    """Reference data to check lines against.

    `plans` and `roles` are those of each site, `trainings` and `groups` those of any; None: not
    checked. `timezone` converts dates to moments; None: a date is a fault.
    """

    key: bytes
    timezone: ZoneInfo | None = None
    plans: Mapping[SiteId, frozenset[str]] | None = None
    trainings: frozenset[str] | None = None
    roles: Mapping[SiteId, frozenset[str]] | None = None
    groups: frozenset[str] | None = None
    formats: frozenset[str] = frozenset()
    """The formats in which the readers of the space file spell badges; empty: not known."""


def known_of(key: bytes, timezone: ZoneInfo | None, sites: Sequence[Site] | None) -> ReferenceData:
    """Return the reference data of the sites; None: there is no space file to check against."""
    if sites is None:
        return ReferenceData(key, timezone)
    return ReferenceData(
        key,
        timezone,
        plans={site.id: frozenset(plan.id for plan in site.plans) for site in sites},
        trainings=frozenset(each.id for site in sites for each in site.trainings),
        roles={site.id: STANDING_ROLES | {each.id for each in site.roles} for site in sites},
        groups=frozenset(each.id for site in sites for each in site.groups),
        formats=frozenset(
            device.format
            for site in sites
            for device in site.devices
            if device.role == "reader" and device.format not in ("pin", "qr")
        ),
    )
