"""The current state of each site, built from the broker's messages and kept in memory only.

`Picture.apply` takes one message and returns what changed. It never raises on a bad payload: that
is counted and the picture stays as it was. All bounds are constants, so a hostile broker client
cannot fill the memory: zones, doors and machines are those of the space file, the rest is counted.
"""

from collections.abc import Sequence
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.clock import Clock
from gateway.core.model.names import DeviceId, DoorId, MachineId, SiteId, ZoneId
from gateway.core.model.site import Site
from gateway.core.requests import Mode
from gateway.wire.message import PAYLOAD_LIMIT
from gateway.wire.offline_rights import RightsState
from gateway.wire.states import (
    AccessMessage,
    AlarmMessage,
    DoorMessage,
    HealthMessage,
    HintMessage,
    MachineMessage,
    ModeMessage,
    MusterMessage,
    OccupancyMessage,
)

DECISIONS_KEPT = 100
"""Decisions per site: what an operator scrolls back through; older ones are in the journal."""
HINTS_KEPT = 20
"""Hints per site: they are checked soon, or later in the journal."""
ALARMS_KEPT = 100
"""Alarms per site: more at once is a fault of the sender, and too many to read."""
GATEWAYS_KEPT = 64
"""Gateway instances per prefix: one per shard, with room."""

Presence = Literal["online", "offline"]
Part = Literal["zone", "door", "machine", "access", "hint", "alarms", "house", "muster"]
"""`house` concerns the whole site: mode, gateway, the console's connection to the broker."""


class StateChange(Struct, frozen=True):
    """A change by a message. `site` None: every site. `key`: a zone's, door's or decision's id."""

    part: Part
    site: SiteId | None
    key: str = ""


class ZoneNow(Struct, frozen=True):
    """A zone's last head count, and its last movement: +1, -1, or 0 while that is unknown."""

    count: OccupancyMessage
    trend: Literal[-1, 0, 1] = 0
    moved: datetime | None = None


class GatewayNow(Struct, frozen=True):
    """One gateway instance as it describes itself."""

    state: Presence | None = None
    health: HealthMessage | None = None


class SitePicture(Struct):
    """One site's current state. What was never received is absent."""

    zones: dict[ZoneId, ZoneNow] = {}
    doors: dict[DoorId, DoorMessage] = {}
    machines: dict[MachineId, MachineMessage] = {}
    alarms: dict[str, AlarmMessage] = {}
    mode: Mode | None = None
    set: ModeMessage | None = None
    """The mode with its time, author and reason."""
    muster: dict[ZoneId, MusterMessage] = {}
    """In an evacuation, by zone."""
    rights: dict[DeviceId, RightsState] = {}
    """The states of the readers' rights lists."""
    decisions: list[AccessMessage] = []
    """Newest first."""
    hints: list[HintMessage] = []
    """Newest first, too."""


class _UnfitError(Exception):
    """A message that does not fit into the picture."""


class Picture:
    """Every site of the space file, as the broker's messages describe it."""

    def __init__(self, sites: Sequence[Site], prefix: str, clock: Clock) -> None:
        self.sites = {site.id: SitePicture() for site in sites}
        self.gateways: dict[str, GatewayNow] = {}
        self.connected = False
        """The console has a connection to the broker and its subscriptions."""
        self.lost = ""
        """The reason why it has none, in the client's words; empty before the first attempt."""
        self.heard: datetime | None = None
        """The time of the last message, good or bad."""
        self.rejected = 0
        """Messages that were not understood, since the start."""
        self._plans = {site.id: site for site in sites}
        self._subjects = {site.id: _names_of(site) for site in sites}
        self._prefix = f"{prefix}/"
        self._clock = clock

    def apply(self, topic: str, payload: bytes) -> StateChange | None:
        """Apply one message, and return the change; None when nothing changed."""
        self.heard = self._clock.now()
        try:
            return self._take(topic.removeprefix(self._prefix).split("/"), payload)
        except (_UnfitError, msgspec.MsgspecError, ValueError, RecursionError):
            self.rejected += 1
            return None

    def begin_again(self) -> None:
        """Forget all retained state: the broker sends it again, and only what is still true."""
        for site in self.sites.values():
            site.zones, site.doors, site.machines, site.alarms, site.muster = {}, {}, {}, {}, {}
            site.mode, site.set, site.rights = None, None, {}
        self.gateways = {}

    def _take(self, levels: list[str], payload: bytes) -> StateChange | None:
        if len(payload) > PAYLOAD_LIMIT:
            raise _UnfitError
        match levels:
            case ["gateway", instance, "state" | "health" as what]:
                return self._take_gateway(instance, what, payload)
            case [site, *rest] if site in self.sites:
                return self._take_site(SiteId(site), rest, payload)
            case _:
                raise _UnfitError

    def _take_site(self, site: SiteId, levels: list[str], payload: bytes) -> StateChange | None:
        picture = self.sites[site]
        match levels:
            case ["access"]:
                new = _put_decision(picture, payload)
                return StateChange("access", site, new) if new is not None else None
            case ["hint", kind, about] if about in self._subjects[site]:
                noticed = _put_hint(picture, kind, about, payload)
                return StateChange("hint", site, hint_id(noticed)) if noticed is not None else None
            case [device, "rights-state"] if device in self._plans[site].device:
                _put_rights(picture, DeviceId(device), payload)
                return None  # no open page shows it
            case _:
                return self._take_state(site, levels, payload)

    def _take_state(self, site: SiteId, levels: list[str], payload: bytes) -> StateChange:
        """Apply a retained message: the current state of something."""
        picture, plan = self.sites[site], self._plans[site]
        match levels:
            case ["zone", zone, "occupancy"] if zone in plan.zone:
                _put_zone(picture, ZoneId(zone), payload)
                return StateChange("zone", site, zone)
            case ["zone", zone, "muster"] if zone in plan.zone:
                _put_muster(picture, ZoneId(zone), payload)
                return StateChange("muster", site, zone)
            case ["door", door, "state"] if door in plan.door:
                _put_door(picture, DoorId(door), payload)
                return StateChange("door", site, door)
            case ["machine", machine, "state"] if machine in plan.machine:
                _put_machine(picture, MachineId(machine), payload)
                return StateChange("machine", site, machine)
            case ["alarm", kind, about] if about in self._subjects[site]:
                _put_alarm(picture, kind, about, payload)
                return StateChange("alarms", site)
            case ["mode"]:
                picture.set = _read_mode(payload)
                picture.mode = picture.set.mode if picture.set else None
                return StateChange("house", site)
            case _:
                raise _UnfitError

    def _take_gateway(self, instance: str, what: str, payload: bytes) -> StateChange:
        if instance not in self.gateways and len(self.gateways) >= GATEWAYS_KEPT:
            raise _UnfitError
        before = self.gateways.get(instance, GatewayNow())
        if what == "state":
            after = GatewayNow(state=_read_presence(payload), health=before.health)
        else:
            after = GatewayNow(state=before.state, health=_read_health(payload))
        self.gateways[instance] = after
        return StateChange("house", None)


_occupancy = msgspec.json.Decoder(OccupancyMessage).decode
_door = msgspec.json.Decoder(DoorMessage).decode
_machine = msgspec.json.Decoder(MachineMessage).decode
_access = msgspec.json.Decoder(AccessMessage).decode
_alarm = msgspec.json.Decoder(AlarmMessage).decode
_hint = msgspec.json.Decoder(HintMessage).decode
_muster = msgspec.json.Decoder(MusterMessage).decode
_rights = msgspec.json.Decoder(RightsState).decode
_mode = msgspec.json.Decoder(ModeMessage).decode
_health = msgspec.json.Decoder(HealthMessage).decode


def _names_of(site: Site) -> frozenset[str]:
    """Return every id that an alarm of this site may be about."""
    points = frozenset(point.id for point in site.access_points)
    machines = frozenset(machine.id for machine in site.machines)
    return points | machines | site.zone.keys() | site.door.keys() | site.device.keys()


def _put_zone(picture: SitePicture, zone: ZoneId, payload: bytes) -> None:
    if not payload:
        picture.zones.pop(zone, None)
        return
    count = _occupancy(payload)
    _check_time(count.at)
    before = picture.zones.get(zone)
    if before is None:
        picture.zones[zone] = ZoneNow(count)
    elif before.count.people == count.people:
        picture.zones[zone] = ZoneNow(count, before.trend, before.moved)
    else:
        trend: Literal[-1, 1] = 1 if count.people > before.count.people else -1
        picture.zones[zone] = ZoneNow(count, trend, count.at)


def _put_muster(picture: SitePicture, zone: ZoneId, payload: bytes) -> None:
    if not payload:
        picture.muster.pop(zone, None)
        return
    message = _muster(payload)
    _check_time(message.at)
    picture.muster[zone] = message


def _put_door(picture: SitePicture, door: DoorId, payload: bytes) -> None:
    if not payload:
        picture.doors.pop(door, None)
        return
    message = _door(payload)
    _check_time(message.at)
    picture.doors[door] = message


def _put_machine(picture: SitePicture, machine: MachineId, payload: bytes) -> None:
    if not payload:
        picture.machines.pop(machine, None)
        return
    message = _machine(payload)
    _check_time(message.at)
    picture.machines[machine] = message


def _put_alarm(picture: SitePicture, kind: str, about: str, payload: bytes) -> None:
    key = f"{kind}/{about}"
    if not payload:
        picture.alarms.pop(key, None)
        return
    message = _alarm(payload)
    _check_time(message.at)
    _check_time(message.acknowledged_at or message.at)
    _check_time(message.over_at or message.at)
    full = key not in picture.alarms and len(picture.alarms) >= ALARMS_KEPT
    if full or (message.kind, message.object) != (kind, about):
        raise _UnfitError
    picture.alarms[key] = message


def _put_rights(picture: SitePicture, device: DeviceId, payload: bytes) -> None:
    if not payload:
        picture.rights.pop(device, None)
        return
    message = _rights(payload)
    _check_time(message.at)
    _check_time(message.expires)
    picture.rights[device] = message


def _put_decision(picture: SitePicture, payload: bytes) -> str | None:
    """Store a decision, and return its id if it is new: the broker may deliver a message twice."""
    message = _access(payload)
    _check_time(message.at)
    if any(message.id == other.id for other in picture.decisions):
        return None
    picture.decisions.insert(0, message)
    del picture.decisions[DECISIONS_KEPT:]
    return message.id


def _put_hint(picture: SitePicture, kind: str, about: str, payload: bytes) -> HintMessage | None:
    """Store a hint, and return it if it is new."""
    message = _hint(payload)
    _check_time(message.at)
    if (message.kind, message.object) != (kind, about):
        raise _UnfitError
    if message in picture.hints:
        return None
    picture.hints.insert(0, message)
    del picture.hints[HINTS_KEPT:]
    return message


def hint_id(message: HintMessage) -> str:
    """Return a key that distinguishes two hints: no two occur in the same microsecond."""
    return f"{message.kind}/{message.object}/{message.at.isoformat()}"


def _read_mode(payload: bytes) -> ModeMessage | None:
    if not payload:
        return None
    message = _mode(payload)
    if message.since is not None:
        _check_time(message.since)
    return message


def _read_presence(payload: bytes) -> Presence | None:
    match payload.decode().strip('"'):
        case "":
            return None
        case "online" | "offline" as state:
            return state
        case _:
            raise _UnfitError


def _read_health(payload: bytes) -> HealthMessage | None:
    if not payload:
        return None
    message = _health(payload)
    _check_time(message.at)
    return message


def _check_time(at: datetime) -> None:
    """Refuse a time without an offset, or one that no time zone could show."""
    if at.tzinfo is None or not MINYEAR < at.year < MAXYEAR:
        raise _UnfitError
