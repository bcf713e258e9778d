"""Data from and for the outside: bookings, the kiosk, SpaceAPI, webhooks."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from gateway.config.schema.fields import Id, Ids, SpaceTable, Words


class CalendarTable(SpaceTable):
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


class KioskTable(SpaceTable):
    """A public page with this site's counts in bands, for a wall screen or another website."""

    zones: Annotated[tuple[Id, ...], Field(strict=False, min_length=1, max_length=20)]
    """The zones that it shows, in this order. Nobody needs to sign in to see them."""
    embed: Annotated[tuple[Origin, ...], Field(strict=False, max_length=20)] = ()
    """Websites whose pages may show it in a frame, such as "https://example.org"."""


class ContactTable(SpaceTable):
    """The public's ways to reach the place; at least one of them."""

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


class OpenWhenTable(SpaceTable):
    """The place is open under any of these; never in a lockdown or evacuation."""

    zones: Ids = ()
    """Somebody is in one of these zones."""
    doors: Ids = ()
    """One of these doors is unlocked or open."""


class SpaceApiTable(SpaceTable):
    """The public data of the place at `/spaceapi.json` (https://spaceapi.io)."""

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
    """Absent: SpaceAPI does not state whether the place is open."""
    people_in: Ids = ()
    """Zones whose head count is public, in bands of five people and more: never exactly."""


class WebhookTable(SpaceTable):
    """A server that receives events as signed CloudEvents (https://standardwebhooks.com)."""

    url: Annotated[str, Field(max_length=2000)]
    """https://…; its host must be in the setting SEUIL_WEBHOOK_HOSTS."""
    secret_file: Words
    """A file that holds whsec_… and 32 random bytes in base64; relative to the space file."""
    events: Annotated[
        tuple[Literal["mode", "alarm", "zone", "door"], ...],
        Field(strict=False, json_schema_extra={"minItems": 1}),
    ] = ("mode", "alarm", "zone", "door")
    """mode changed; alarm raised or cleared; zone full or with room; door forced or held open."""
