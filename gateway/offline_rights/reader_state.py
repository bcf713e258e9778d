"""The state of a reader that can decide alone, with its list and the list's progress."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from gateway.core.access.offline_rights import RightsList, Standing
from gateway.core.events import ListConfirmed
from gateway.core.model.directory import Directory
from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.core.model.open_intervals import Window, frame_of
from gateway.core.model.site import Site
from gateway.core.state import NEVER, State
from gateway.offline_rights.esp_rfid import EspRfidBus
from gateway.offline_rights.paging import Posted
from gateway.offline_rights.reader_list import ReaderId
from gateway.wire.offline_rights import RightsState
from sensors.esp_rfid import EspRfidDriver
from sensors.native import NativeDriver


class Basis(Struct, frozen=True, eq=False):
    """All inputs on which a list depends."""

    site: Site
    directory: Directory
    mode: str
    service: str | None
    frame: Window
    revision: int
    """The revision of the members."""

    def same_as(self, other: "Basis | None") -> bool:
        """Return whether a list computed from this basis is still valid for `other`."""
        return (
            other is not None
            and self.site is other.site
            and self.directory is other.directory
            and (self.mode, self.service, self.frame) == (other.mode, other.service, other.frame)
        )


class Reader(Struct, eq=False):
    """A reader, its list, and the list's progress."""

    site: SiteId
    device: Device
    basis: Basis | None = None
    rights: RightsList | None = None
    list: Posted | None = None
    sent: str | None = None
    """The version that the broker has from us, on this connection."""
    in_force: str | None = None
    """The version that the reader has confirmed."""
    told: ListConfirmed | None = None
    """The last confirmation that was passed to the engine."""
    pages: int = 0
    """Pages that the broker may retain."""
    line: EspRfidBus | None = None
    """An esp-rfid reader's conversation; None: a native reader."""
    standing: Standing | None = None
    version: str = ""
    wished_until: datetime = NEVER
    """The next time when an entry of an esp-rfid list ends and has to be renewed."""
    shown: RightsState | None = None

    @property
    def id(self) -> ReaderId:
        """Return its site and device."""
        return (self.site, self.device.id)


def readers_of(sites: Iterable[Site]) -> Iterator[Reader]:
    """Yield the readers that can store a list."""
    for site in sites:
        for device in site.devices:
            native = device.driver == NativeDriver.name
            keeps = device.driver == EspRfidDriver.name and device.options.get("keeps_list") is True
            if device.role == "reader" and (native or keeps):
                yield Reader(site.id, device)


def basis_of(site: Site, state: State, device: Device, now: datetime) -> Basis:
    """Return the current basis of a reader's list."""
    point = device.access_point
    return Basis(
        site,
        state.directory,
        state.mode.mode,
        state.out_of_service.get(point) if point is not None else None,
        frame_of(site, device, now),
        state.past.revision,
    )


def unlock_s(site: Site, device: Device) -> float | None:
    """Return the seconds for which a reader releases its door by itself; None: it cannot."""
    door = site.door_of(site.point_of(device))
    return door.unlock_s if door is not None and door.lock in (None, device.id) else None


def shown(reader: Reader, at: datetime) -> RightsState | None:
    """Return the public state of a reader's list; None: it is not known yet."""
    rights = reader.rights
    if rights is None:
        return None
    if reader.line is not None and reader.standing is not None:
        progress = reader.line.progress(reader.id)
        confirmed, version = progress.confirmed, reader.version
        keys, missing, standing = progress.listed, progress.missing, reader.standing
    elif reader.list is not None:
        version, keys = reader.list.head.version, reader.list.head.keys
        confirmed = reader.in_force == version
        missing, standing = reader.list.missing, reader.list.standing
    else:
        return None
    return RightsState(
        at=at,
        state="confirmed" if confirmed else "waiting",
        who=standing.who,
        why=standing.why,
        version=version,
        expires=rights.frame.expires,
        keys=keys,
        missing=missing,
        left_out=rights.left_out,
    )


def confirmed(reader: Reader, state: State) -> ListConfirmed | None:
    """Return a native reader's confirmation for the engine; None: the engine already has it."""
    ready, rights, basis = reader.list, reader.rights, reader.basis
    if ready is None or rights is None or basis is None or reader.in_force != ready.head.version:
        return None
    known = state.cut_off.get(reader.device.id)
    if known is not None and known.lists and known.lists[-1].version == reader.in_force:
        return None
    who = ready.standing.who
    post = rights.post if who == "listed" else None
    news = ListConfirmed(reader.device.id, reader.in_force, who, basis.revision, post)
    return None if news == reader.told else news
