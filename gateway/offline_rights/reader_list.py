"""One reader's list: who should be on it, and what is known of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from gateway.core.model.directory import CredentialHash, HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId
from sensors import esp_rfid_users

REFRESH: Final = timedelta(hours=3)
"""How often a list is looked at when nothing happened: somebody may have changed it there."""
ReaderId = tuple[SiteId, DeviceId]


class ListedHolder(Struct, frozen=True):
    """Somebody who should be on a list: from `since` until before `until`."""

    name: HolderId
    since: datetime
    until: datetime


Wishes = Mapping[CredentialHash, ListedHolder]


class ListEntry(Struct, frozen=True):
    """Somebody on a reader's list, as far as we know; None for times that we can't read."""

    hashed: CredentialHash | None
    since: int | None
    until: int | None
    allowed: bool


class ListedReader(Struct, eq=False):
    """One reader, and what is known of its list; `listed` is None while nothing is."""

    id: ReaderId
    hostname: str
    address: str
    format: str
    wishes: Wishes = field(default_factory=dict)
    listed: dict[str, ListEntry] | None = None
    changed: bool = False
    """Orders were sent since the list was told."""
    alive: bool = False
    looked: datetime | None = None
    """When it last told its list."""
    rounds: int = 0
    rests_until: datetime | None = None
    settled: int | None = None
    """The numbers' version at which its list was as wanted; None: that has to be looked at."""
    missing: int = 0


def listed_reader(site: SiteId, device: Device) -> ListedReader:
    """A reader of which nothing is known yet."""
    hostname = str(device.options.get("hostname", device.id))
    return ListedReader((site, device.id), hostname, str(device.options["ip"]), device.format)


def silence(reader: ListedReader) -> None:
    """Nothing is known of it any more, and it has to speak first."""
    reader.alive, reader.listed, reader.changed, reader.settled = False, None, False, None


def has_to_tell(reader: ListedReader, now: datetime, *, busy: bool) -> bool:
    """Return whether it is time for a reader to report its list."""
    if reader.listed is None or reader.looked is None:
        return True
    return (reader.changed and not busy) or now >= reader.looked + REFRESH


def as_wished(hashed: CredentialHash, wish: ListedHolder) -> ListEntry:
    """The entry that a wish wants."""
    since = esp_rfid_users.first_second(wish.since)
    return ListEntry(hashed, since, esp_rfid_users.last_second(wish.until), allowed=True)
