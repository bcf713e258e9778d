"""Plans with their rights and quotas, and the days on which their hours change."""

from datetime import date
from typing import Literal

from msgspec import Struct

from gateway.core.model.names import MachineId, PlanId, Text, ZoneId

Per = Literal["day", "week", "month", "year"]


class Right(Struct, frozen=True):
    """A plan's right: these zones (and the zones inside them) and machines, during `hours`.

    `hours` is in the OpenStreetMap opening_hours syntax, in the site's local time.
    """

    zones: tuple[ZoneId, ...] = ()
    machines: tuple[MachineId, ...] = ()
    hours: str = "24/7"


class Quota(Struct, frozen=True):
    """A limit on the use of a plan in a period of the site's calendar.

    `days` counts days of presence, 0.5 or 1 each (`Accounting`); `half-days` counts each half as 1;
    `hours` counts presence; `entries` counts entries from the street.
    """

    kind: Literal["days", "half-days", "hours", "entries"]
    amount: float
    per: Per


class Accounting(Struct, frozen=True):
    """The value of a day of presence: below `half_from_s` 0, below `whole_from_s` 0.5, else 1."""

    half_from_s: float = 900.0
    whole_from_s: float = 18_000.0


class Plan(Struct, frozen=True):
    """A plan that members buy. All of its quotas must have something left."""

    id: PlanId
    name: Text
    rights: tuple[Right, ...] = ()
    quotas: tuple[Quota, ...] = ()


class PlanRight(Struct, frozen=True):
    """A plan's right that names an access point."""

    plan: Plan
    right: Right


class ExceptionalDay(Struct, frozen=True):
    """A local day on which the site's hours differ from those of the plans.

    `hours` is in the opening_hours syntax and limits every plan on that day ("off": closed to all).
    """

    day: date
    name: Text
    hours: str = "off"
