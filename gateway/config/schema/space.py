"""The whole file."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from gateway.config.schema.equipment import (
    LockTable,
    MachineTable,
    ReaderTable,
    SensorTable,
)
from gateway.config.schema.fields import Id, Name, NamedTable, SpaceTable
from gateway.config.schema.outside import CalendarTable, KioskTable, SpaceApiTable, WebhookTable
from gateway.config.schema.places import AccessPointTable, DoorTable, InterlockTable, ZoneTable
from gateway.config.schema.plans import AccountingTable, ExceptionalDayTable, PlanTable


class SiteTable(SpaceTable):
    """The place itself."""

    id: Id
    """A level of every topic of this site."""
    name: Name
    """One name, or { fr = "...", en = "..." }."""
    timezone: str
    """An IANA name such as "Europe/Paris": opening hours and membership dates are local."""
    country: str | None = None
    """Two letters (ISO 3166): which public holidays "PH" means in opening hours."""
    school_zone: Literal["A", "B", "C"] | None = None
    """The French zone whose school holidays "SH" means in opening hours."""
    opening_hours: str = "24/7"
    """Opening hours, for the figures of its use: "Mo-Fr 08:00-20:00". They open no door."""
    booking_margin_s: Annotated[float, Field(ge=0, le=86_400)] = 900.0
    """Seconds before and after a booking in which the doors on the way to it open."""
    desk_lock_min: Annotated[float, Field(ge=0, le=1440)] = 15.0
    """Minutes after which a console that nobody uses may only look, evacuate and lock down; 0:
    never."""
    company_trust_s: Annotated[float, Field(ge=60, le=86_400)] = 1800.0
    """Seconds for which a badge alone proves company, behind a door that is left without one."""
    accounting: AccountingTable = AccountingTable()
    """What a day of presence counts against a quota of days."""


class SpaceFile(SpaceTable):
    """One site of Seuil: its zones, doors, devices and plans."""

    model_config = ConfigDict(title="Seuil space file")

    site: SiteTable
    zones: tuple[ZoneTable, ...] = ()
    doors: tuple[DoorTable, ...] = ()
    access_points: tuple[AccessPointTable, ...] = ()
    machines: tuple[MachineTable, ...] = ()
    readers: tuple[ReaderTable, ...] = ()
    sensors: tuple[SensorTable, ...] = ()
    locks: tuple[LockTable, ...] = ()
    interlocks: tuple[InterlockTable, ...] = ()
    plans: tuple[PlanTable, ...] = ()
    trainings: tuple[NamedTable, ...] = ()
    roles: tuple[NamedTable, ...] = ()
    groups: tuple[NamedTable, ...] = ()
    exceptional_days: tuple[ExceptionalDayTable, ...] = ()
    calendars: tuple[CalendarTable, ...] = ()
    kiosk: KioskTable | None = None
    spaceapi: SpaceApiTable | None = None
    webhooks: tuple[WebhookTable, ...] = ()


def space_schema() -> dict[str, Any]:
    """Return the JSON schema of a space file, for editors."""
    schema = SpaceFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
