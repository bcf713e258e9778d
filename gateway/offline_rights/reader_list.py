"""One reader's list: the wanted entries, and the entries known to be stored."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from gateway.core.model.directory import CredentialHash, HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId
from sensors import esp_rfid_users

REFRESH: Final = timedelta(hours=3)
"""The interval of queries without changes: a list may have been changed at the reader."""
ReaderId = tuple[SiteId, DeviceId]


class ListedHolder(Struct, frozen=True):
    """A wanted entry of a list, valid from `since` until before `until`."""

    name: HolderId
    since: datetime
    until: datetime


Wishes = Mapping[CredentialHash, ListedHolder]


class ListEntry(Struct, frozen=True):
    """An entry of a reader's list, as far as known; None for times that cannot be parsed."""

    hashed: CredentialHash | None
    since: int | None
    until: int | None
    allowed: bool


class ListedReader(Struct, eq=False):
    """One reader, and the known entries of its list; `listed` None: unknown."""

    id: ReaderId
    hostname: str
    address: str
    format: str
    addresses: set[str]
    """Every address that it had: entries of its list keep the one of then."""
    wishes: Wishes = field(default_factory=dict)
    listed: dict[str, ListEntry] | None = None
    changed: bool = False
    """Orders were sent since the list was received."""
    alive: bool = False
    looked: datetime | None = None
    """The time when it last sent its list."""
    rounds: int = 0
    rests_until: datetime | None = None
    settled: int | None = None
    """The numbers' version at which its list was as wanted; None: to be checked."""
    missing: int = 0


def listed_reader(site: SiteId, device: Device) -> ListedReader:
    """Return a reader of which nothing is known yet."""
    hostname = str(device.options.get("hostname", device.id))
    address = str(device.options["ip"])
    return ListedReader((site, device.id), hostname, address, device.format, {address})


def silence(reader: ListedReader) -> None:
    """Mark a reader as silent: nothing is known of its list, and it has to send first."""
    reader.alive, reader.listed, reader.changed, reader.settled = False, None, False, None


def has_to_tell(reader: ListedReader, now: datetime, *, busy: bool) -> bool:
    """Return whether a reader's list is due to be queried."""
    if reader.listed is None or reader.looked is None:
        return True
    return (reader.changed and not busy) or now >= reader.looked + REFRESH


def as_wished(hashed: CredentialHash, wish: ListedHolder) -> ListEntry:
    """Return the entry for a wanted holder."""
    since = esp_rfid_users.first_second(wish.since)
    return ListEntry(hashed, since, esp_rfid_users.last_second(wish.until), allowed=True)
