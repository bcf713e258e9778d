"""Plans that members buy, and the days with other hours."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from gateway.config.schema.fields import (
    Id,
    Ids,
    Name,
    SpaceTable,
)


class AccountingTable(SpaceTable):
    """A day of presence shorter than the first counts 0, shorter than the second 0.5, else 1."""

    half_from_min: Annotated[float, Field(ge=0, le=1440)] = 15.0
    """Minutes of presence from which a day counts 0.5."""
    whole_from_min: Annotated[float, Field(gt=0, le=1440)] = 300.0
    """Minutes of presence from which a day counts 1."""


class RightTable(SpaceTable):
    """Zones and machines that a plan opens, and when."""

    zones: Ids = ()
    """These zones and the zones inside them. The way to a room must be given too."""
    machines: Ids = ()
    hours: str = "24/7"
    """OpenStreetMap opening_hours syntax, local time: "Mo-Fr 08:00-20:00; PH off"."""


class QuotaTable(SpaceTable):
    """The most use of a plan in a period."""

    kind: Literal["days", "half-days", "hours", "entries"]
    """Days of presence (0.5 or 1 each), halves of days, hours of presence, or entries."""
    amount: Annotated[float, Field(gt=0, le=10_000)]
    per: Literal["day", "week", "month", "year"]
    """A period of the site's calendar; weeks begin on Monday."""


class PlanTable(SpaceTable):
    """A plan that members buy."""

    id: Id
    name: Name
    quotas: Annotated[tuple[QuotaTable, ...], Field(strict=False)] = ()
    """All of them must have something left."""
    rights: Annotated[
        tuple[RightTable, ...], Field(strict=False, json_schema_extra={"minItems": 1})
    ]


class ExceptionalDayTable(SpaceTable):
    """A day on which the site has other hours than its plans say."""

    day: date
    """Written without quotes: 2026-12-24."""
    name: Name
    hours: str = "off"
    """`off`, or times such as "09:00-12:00": nobody's plan opens outside them on that day."""
