"""A reader that decides alone, its list, and how far that is."""

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
    """All that a list depends on."""

    site: Site
    directory: Directory
    mode: str
    service: str | None
    frame: Window
    revision: int
    """Of the members."""

    def same_as(self, other: "Basis | None") -> bool:
        """Return whether a list that was computed from this need not be computed again."""
        return (
            other is not None
            and self.site is other.site
            and self.directory is other.directory
            and (self.mode, self.service, self.frame) == (other.mode, other.service, other.frame)
        )


class Reader(Struct, eq=False):
    """A reader, its list, and how far that is."""

    site: SiteId
    device: Device
    basis: Basis | None = None
    rights: RightsList | None = None
    list: Posted | None = None
    sent: str | None = None
    """The version that the broker has from us, on this connection."""
    in_force: str | None = None
    """The version that the reader says it has."""
    told: ListConfirmed | None = None
    """What the engine was told last of what it confirmed."""
    pages: int = 0
    """Pages that the broker may keep."""
    line: EspRfidBus | None = None
    """An esp-rfid reader's way to its list; None: a native reader."""
    standing: Standing | None = None
    version: str = ""
    wished_until: datetime = NEVER
    """When somebody's time on an esp-rfid list ends, so that the next one's is due."""
    shown: RightsState | None = None

    @property
    def id(self) -> ReaderId:
        """Its site and device."""
        return (self.site, self.device.id)


def readers_of(sites: Iterable[Site]) -> Iterator[Reader]:
    """The readers that can keep a list."""
    for site in sites:
        for device in site.devices:
            native = device.driver == NativeDriver.name
            keeps = device.driver == EspRfidDriver.name and device.options.get("keeps_list") is True
            if device.role == "reader" and (native or keeps):
                yield Reader(site.id, device)


def basis_of(site: Site, state: State, device: Device, now: datetime) -> Basis:
    """Return the basis of a reader's list: all that it depends on now."""
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
    """For how long a reader releases its door by itself; None: it can't."""
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
    """Return the event of a list that a native reader confirmed; None: the engine has it."""
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
