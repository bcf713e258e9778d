"""The space file's tables for other tools: the public's SpaceAPI, and webhooks.

They are not part of a `Site`: a webhook's secret must not be journaled, and a new logo does not
concern the doors. So the console alone reads them, beside the sites.
"""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from gateway.config.draft import Draft
from gateway.config.faults import ConfigError, ConfigFault
from gateway.config.schema.outside import SpaceApiTable, WebhookTable
from gateway.config.space import read_space
from gateway.core.model.names import DoorId, SiteId, ZoneId

SECRET_PREFIX = "whsec_"  # noqa: S105 - Standard Webhooks' mark of a secret, not one
_SECRET_BYTES = (24, 64)
"""Standard Webhooks: between 192 and 512 bits."""
_SECRET_FILE_MAX = 4096

HookEvent = Literal["mode", "alarm", "zone", "door"]


class SpaceApi(Struct, frozen=True):
    """The public data of a site; `contact` is SpaceAPI's own object."""

    url: str
    logo: str
    contact: dict[str, str]
    address: str | None = None
    lat: float | None = None
    lon: float | None = None
    open_zones: tuple[ZoneId, ...] = ()
    open_doors: tuple[DoorId, ...] = ()
    people_in: tuple[ZoneId, ...] = ()


class Webhook(Struct, frozen=True):
    """A server that receives a site's events, and the key that signs them."""

    site: SiteId
    url: str
    secret: bytes
    events: frozenset[HookEvent]

    def __repr__(self) -> str:
        """Return a representation without the secret, and without the address, which may be one."""
        return f"Webhook({self.site}, {sorted(self.events)})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Return the same fields for tracebacks."""
        return [("site", self.site)]


class OtherTools(Struct, frozen=True):
    """All settings for other tools in the space files."""

    spaceapi: dict[SiteId, SpaceApi] = {}
    webhooks: tuple[Webhook, ...] = ()


def load_other_tools(path: Path) -> OtherTools:
    """Return the settings for other tools of a space file, or of a folder's *.toml files.

    Raises:
        ConfigError: With every fault of every file, or every secret that cannot be read.
    """
    faults: list[ConfigFault] = []
    drafts = [(draft, SiteId(draft.site.id)) for draft in read_space(path) if draft.site]
    hooks = tuple(hook for draft, site in drafts for hook in _webhooks(draft, site, faults))
    if faults:
        raise ConfigError(faults)
    told = {site: _spaceapi(draft.spaceapi) for draft, site in drafts if draft.spaceapi}
    return OtherTools(told, hooks)


def _spaceapi(table: SpaceApiTable) -> SpaceApi:
    return SpaceApi(
        url=table.url,
        logo=table.logo,
        contact=table.contact.model_dump(exclude_none=True),
        address=table.address,
        lat=table.lat,
        lon=table.lon,
        open_zones=tuple(ZoneId(zone) for zone in table.open_when.zones),
        open_doors=tuple(DoorId(door) for door in table.open_when.doors),
        people_in=tuple(ZoneId(zone) for zone in table.people_in),
    )


def _webhooks(draft: Draft, site: SiteId, faults: list[ConfigFault]) -> Iterator[Webhook]:
    folder = Path(draft.file).parent
    for index, table in draft.webhooks.items():
        try:
            yield _webhook(table, site, folder / table.secret_file)
        except ValueError as wrong:
            faults.append(draft.fault(f"webhooks[{index}].secret_file", str(wrong)))


def _webhook(table: WebhookTable, site: SiteId, file: Path) -> Webhook:
    """Return one webhook.

    Raises:
        ValueError: Its file holds no secret; the message does not show what is there instead.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(_SECRET_FILE_MAX).decode("ascii").strip()
    except OSError as unreadable:
        raise ValueError(f"{file} cannot be read: {unreadable.strerror}") from None
    except UnicodeDecodeError:
        text = ""
    return Webhook(site, table.url, _secret(file, text), frozenset(table.events))


def _secret(file: Path, text: str) -> bytes:
    least, most = _SECRET_BYTES
    right = f"{file} holds no secret; write {SECRET_PREFIX} and {least} to {most} bytes in base64"
    if not text.startswith(SECRET_PREFIX):
        raise ValueError(right)
    try:
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(right) from None
    if not least <= len(secret) <= most:
        raise ValueError(right)
    return secret
