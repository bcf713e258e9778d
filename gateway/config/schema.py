"""The space file's tables and keys, in the operator's words. docs/space-file.md tells the whys.

These models say what each table may hold; the JSON schema for editors is made of them. What ties
tables together (a door's zone exists, a driver knows its options) is in `gateway.config.checks`.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from gateway.wire.topics import RESERVED

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"
ID_RULE = 'lowercase letters, digits and "-", 32 at most, beginning with a letter or a digit'


def _not_reserved(word: str) -> str:
    if word in RESERVED:
        raise ValueError(f'"{word}" is a word of the topics; choose another id')
    return word


def _in_both_languages(name: object) -> object:
    return {"fr": name, "en": name} if isinstance(name, str) else name


class Table(BaseModel):
    """A table of the file: no other keys, no values of another type."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


Id = Annotated[str, Field(pattern=ID_PATTERN), AfterValidator(_not_reserved)]
Words = Annotated[str, Field(min_length=1, max_length=120)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Ids = Annotated[tuple[Id, ...], Field(strict=False)]  # TOML has lists, never tuples
Options = dict[str, str | int | float | bool]
Metres = Annotated[float, Field(ge=-10_000, le=10_000)]
Place = Annotated[tuple[Metres, Metres], Field(strict=False)]
Outline = Annotated[tuple[Place, ...], Field(strict=False, min_length=3, max_length=100)]


class BothLanguages(Table):
    """A name in French and in English."""

    fr: Words
    en: Words


_NAME_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": 120},
        {
            "type": "object",
            "properties": {"fr": {"type": "string"}, "en": {"type": "string"}},
            "required": ["fr", "en"],
            "additionalProperties": False,
        },
    ]
}
Name = Annotated[BothLanguages, BeforeValidator(_in_both_languages), WithJsonSchema(_NAME_SCHEMA)]


class AccountingTable(Table):
    """A day of presence shorter than the first counts 0, shorter than the second 0.5, else 1."""

    half_from_min: Annotated[float, Field(ge=0, le=1440)] = 15.0
    """Minutes of presence from which a day counts 0.5."""
    whole_from_min: Annotated[float, Field(gt=0, le=1440)] = 300.0
    """Minutes of presence from which a day counts 1."""


class SiteTable(Table):
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
    """When the place is open, for the figures of its use: "Mo-Fr 08:00-20:00". It opens no door."""
    booking_margin_s: Annotated[float, Field(ge=0, le=86_400)] = 900.0
    """Seconds before and after a booking in which the doors on the way to it open."""
    accounting: AccountingTable = AccountingTable()
    """What a day of presence counts against a quota of days."""


class DemandsTable(Table):
    """What is asked of somebody beside a plan's right."""

    trainings: Ids = ()
    """All of these, each given and not expired."""
    min_present: Annotated[int, Field(ge=1, le=100)] = 1
    """People who must be there, the one who asks among them: 2 is "never alone"."""
    role_present: Id | None = None
    """Somebody with this role must be there; it may be the one who asks."""
    present_in: Id | None = None
    """Where "there" is, rooms inside it included; absent: the zone itself, or the machine's."""
    booking: Literal["ignored", "respected", "required"] = "ignored"
    """respected: while booked, only for who booked. required: never without a booking."""


class MachineDemandsTable(DemandsTable):
    """What a machine asks, when it is switched on and while it runs."""

    check_in: bool = False
    """Its user must have badged into its zone."""
    grace_s: Annotated[float, Field(ge=5, le=3600)] = 60.0
    """Seconds to mend what is missing while it runs, before it is asked to stop."""


class ZoneTable(Table):
    """A room, or an area that holds rooms."""

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"capacity": ["capacity_source"]}}
    )

    id: Id
    name: Name
    parent: Id | None = None
    """The zone that this one is inside of."""
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """People who may be inside at once; absent: no limit."""
    capacity_source: Words | None = None
    """Where that number comes from, such as "fire certificate 2024-03"."""
    demands: DemandsTable = DemandsTable()
    """What the zone asks of those who enter."""
    passback: Literal["off", "soft", "hard", "timed"] = "off"
    """Who is in already and enters again: soft notes it, hard refuses, timed for `passback_s`."""
    passback_s: Seconds | None = None
    """Seconds after an entry in which `passback = "timed"` refuses another one."""
    opened_by: Id | None = None
    """Each day the zone is shut until somebody with this role has entered it."""
    escort: bool = False
    """A visitor may enter only while a member is inside."""
    outline: Outline | None = None
    """Its corners on the floor plan, each [x, y] in metres; y grows towards the reader."""


class DoorTable(Table):
    """A door and the side it protects."""

    id: Id
    name: Name
    zone: Id
    """The zone that one enters through it."""
    outside: Id | None = None
    """The zone on the other side; absent: the street."""
    contact: bool | None = None
    """true: a reader or lock of this door reports open and closed; so does a sensor with `door`."""
    lock: Id | None = None
    """The lock or reader that releases it; absent: the reader that was asked does so itself."""
    exit: Literal["handle", "button", "reader"] = "handle"
    """How people get out. Life safety: "reader" needs an exit access point with a reader."""
    unlock_s: Seconds = 5.0
    """Seconds that it stays released after a grant."""
    held_open_max_s: Seconds = 30.0
    """Seconds that it may stand open before the alarm."""
    rights_valid_s: Annotated[float, Field(ge=0, le=604_800)] = 86_400.0
    """Seconds for which a rights list lets its reader decide alone when it is cut off; 0: never."""
    fail_mode: Literal["safe", "secure"] = "safe"
    """In an evacuation: safe is released, secure stays locked from outside. Needs a handle."""
    at: Place | None = None
    """Where it is on the floor plan: [x, y] in metres, on a wall of a zone with an `outline`."""


class InterlockTable(Table):
    """Doors of which one is let open at a time: an airlock."""

    doors: Ids


class AccessPointTable(Table):
    """One direction through a door, one machine, or a place where people gather."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["door", "direction"]},
                {"required": ["machine"]},
                {"required": ["muster"]},
            ]
        }
    )

    id: Id
    door: Id | None = None
    direction: Literal["entry", "exit"] | None = None
    machine: Id | None = None
    muster: Id | None = None
    """The zone whose people gather here in an evacuation."""
    min_credential: Literal["pin", "number", "number-and-pin"] = "number"
    """The weakest that is accepted: a code alone, a badge, or a badge and its PIN."""


class DeviceTable(Table):
    """What every device has."""

    id: Id
    """Devices of a site share one set of ids: each is a level of the topics."""
    driver: str = "native"
    """The wire that it speaks: native, esp-rfid, zigbee2mqtt, tasmota."""
    topic: Annotated[str, Field(max_length=200)] = ""
    """Its MQTT topic, for drivers other than native."""
    silent_after_s: Seconds | None = None
    """Quiet for so many seconds means broken; absent: it may stay silent."""
    options: Options = {}
    """The driver's own settings."""


class ReaderTable(DeviceTable):
    """A badge reader."""

    access_point: Id
    """Where it stands. Several readers may serve one access point."""
    format: str = "hex"
    """How it spells badge numbers; never guessed."""


class SensorTable(DeviceTable):
    """A counter, a motion sensor, a door contact, a power meter."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["zone"]}, {"required": ["door"]}, {"required": ["machine"]}]
        }
    )

    zone: Id | None = None
    """The zone that it watches; of a people counter, the zone that one enters past it."""
    door: Id | None = None
    """The door whose contact it is."""
    machine: Id | None = None
    """The machine that it measures."""


class LockTable(DeviceTable):
    """A lock or relay that a door's `lock` names."""


class MachineTable(Table):
    """A machine that a badge switches on."""

    id: Id
    name: Name
    zone: Id
    """The zone in which it stands."""
    demands: MachineDemandsTable = MachineDemandsTable()
    """What it asks of its user."""


class RightTable(Table):
    """Zones and machines that a plan opens, and when."""

    zones: Ids = ()
    """These zones and the zones inside them. The way to a room must be given too."""
    machines: Ids = ()
    hours: str = "24/7"
    """OpenStreetMap opening_hours syntax, local time: "Mo-Fr 08:00-20:00; PH off"."""


class QuotaTable(Table):
    """How much of a plan may be used in a period."""

    kind: Literal["days", "half-days", "hours", "entries"]
    """Days of presence (0.5 or 1 each), halves of days, hours of presence, or entries."""
    amount: Annotated[float, Field(gt=0, le=10_000)]
    per: Literal["day", "week", "month", "year"]
    """A period of the site's calendar; weeks begin on Monday."""


class PlanTable(Table):
    """What members buy."""

    id: Id
    name: Name
    quotas: Annotated[tuple[QuotaTable, ...], Field(strict=False)] = ()
    """All of them must have something left."""
    rights: Annotated[
        tuple[RightTable, ...], Field(strict=False, json_schema_extra={"minItems": 1})
    ]


class NamedTable(Table):
    """A training, a role or a group: an id that members are given, and its name."""

    id: Id
    name: Name


class ExceptionalDayTable(Table):
    """A day on which the site has other hours than its plans say."""

    day: date
    """Written without quotes: 2026-12-24."""
    name: Name
    hours: str = "off"
    """`off`, or times such as "09:00-12:00": nobody's plan opens outside them on that day."""


class CalendarTable(Table):
    """An iCalendar file or feed: who booked a zone or a machine."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"oneOf": [{"required": ["zone"]}, {"required": ["machine"]}]},
                {
                    "oneOf": [
                        {"required": ["file"]},
                        {"required": ["url"]},
                        {"required": ["url_file"]},
                    ]
                },
            ]
        }
    )

    zone: Id | None = None
    """The zone that it books."""
    machine: Id | None = None
    """The machine that it books."""
    file: Words | None = None
    """An .ics file; its path is relative to the space file."""
    url: Annotated[str, Field(max_length=2000)] | None = None
    """The address of a feed that anybody may read."""
    url_file: Words | None = None
    """A file that holds a secret address; its path is relative to the space file."""
    refresh_s: Annotated[float, Field(ge=60, le=86_400)] = 300.0
    """Seconds between two readings."""


Origin = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.*-]+(:[0-9]+)?$")]


class KioskTable(Table):
    """A public page with this site's counts in bands, for a wall screen or another website."""

    zones: Annotated[tuple[Id, ...], Field(strict=False, min_length=1, max_length=20)]
    """The zones that it shows, in this order. Nobody needs to sign in to see them."""
    embed: Annotated[tuple[Origin, ...], Field(strict=False, max_length=20)] = ()
    """Websites whose pages may show it in a frame, such as "https://example.org"."""


class ContactTable(Table):
    """How the public reaches the place; at least one of them."""

    email: Words | None = None
    phone: Words | None = None
    """With the country's code: "+33 4 00 00 00 00"."""
    mastodon: Words | None = None
    """As "@place@server.example"."""
    matrix: Words | None = None
    """A room or community: "#place:server.example"."""
    irc: Words | None = None
    """The channel's URL."""
    ml: Words | None = None
    """The mailing list's address."""


class OpenWhenTable(Table):
    """When the place is said to be open: any of these. In a lockdown or evacuation it never is."""

    zones: Ids = ()
    """Somebody is in one of these zones."""
    doors: Ids = ()
    """One of these doors is unlocked or open."""


class SpaceApiTable(Table):
    """What the public is told of the place at `/spaceapi.json` (https://spaceapi.io)."""

    url: Annotated[str, Field(max_length=2000)]
    """The place's web site."""
    logo: Annotated[str, Field(max_length=2000)]
    """The address of its logo."""
    contact: ContactTable
    """How to reach it."""
    address: Words | None = None
    """Its postal address."""
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    """Degrees north; with `lon`. Version 14 of SpaceAPI needs both."""
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Degrees east."""
    open_when: OpenWhenTable = OpenWhenTable()
    """Absent: nothing is said about being open."""
    people_in: Ids = ()
    """Zones whose head count is public, in bands of five people and more: never exactly."""


class WebhookTable(Table):
    """A server that is told what happens, as signed CloudEvents (https://standardwebhooks.com)."""

    url: Annotated[str, Field(max_length=2000)]
    """https://…; its host must be in the setting SEUIL_WEBHOOK_HOSTS."""
    secret_file: Words
    """A file that holds whsec_… and 32 random bytes in base64; relative to the space file."""
    events: Annotated[
        tuple[Literal["mode", "alarm", "zone", "door"], ...],
        Field(strict=False, json_schema_extra={"minItems": 1}),
    ] = ("mode", "alarm", "zone", "door")
    """mode changed; alarm raised or cleared; zone full or with room; door forced or held open."""


class SpaceFile(Table):
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
    """The JSON schema of a space file, for editors."""
    schema = SpaceFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
