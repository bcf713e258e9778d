"""The hive: two zones, a door, a reader and a laser, and what its gateway says of it."""

from datetime import UTC, datetime

from gateway.clock import ManualClock
from gateway.config import SpaceApi
from gateway.console.feed.site_state import Picture, StateChange
from gateway.core.model.directory import HolderId
from gateway.core.model.equipment import Device, Machine
from gateway.core.model.names import (
    AccessPointId,
    DeviceId,
    DoorId,
    MachineId,
    SiteId,
    Text,
    ZoneId,
)
from gateway.core.model.places import AccessPoint, Door, Zone
from gateway.core.model.site import Site
from gateway.core.requests import Mode
from gateway.wire.message import encode
from gateway.wire.states import (
    AccessMessage,
    AlarmMessage,
    DoorMessage,
    ModeMessage,
    OccupancyMessage,
)
from gateway.wire.topics import Topics

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HUB, HALL, LAB, FRONT = SiteId("hub"), ZoneId("hall"), ZoneId("lab"), DoorId("front")
HOLDER = HolderId("h-0123456789ab")
SITE = Site(
    id=HUB,
    name=Text("La Ruche", "The Hive"),
    timezone="Europe/Paris",
    zones=(
        Zone(HALL, Text("Accueil", "Lobby"), 10),
        Zone(LAB, Text("Labo", "Lab"), None, (HALL,)),
    ),
    doors=(Door(FRONT, Text("Entrée", "Front door"), HALL, contact=True),),
    access_points=(AccessPoint(AccessPointId("front-in"), "entry", HALL, FRONT),),
    machines=(Machine(MachineId("laser"), Text("Laser", "Laser"), LAB),),
    devices=(Device(DeviceId("reader"), "reader", "native", "", AccessPointId("front-in")),),
    country="FR",
)
TOLD = SpaceApi(
    url="https://hive.example",
    logo="https://hive.example/logo.png",
    contact={"email": "us@hive.example"},
    lat=45.75,
    lon=4.85,
    open_zones=(HALL,),
    people_in=(HALL,),
)
TOPICS = Topics()


def picture(clock: ManualClock) -> Picture:
    """What a console that hears a running gateway knows of a site that has just opened its eyes."""
    seen = Picture((SITE,), "seuil", clock)
    hear_a_gateway(seen)
    return seen


def hear_a_gateway(seen: Picture) -> None:
    """The broker is there, and a gateway says that it runs."""
    seen.connected = True
    seen.apply(TOPICS.gateway_state("gw1"), b"online")


def people(seen: Picture, count: int, zone: ZoneId = HALL) -> StateChange | None:
    """A zone's head count."""
    message = OccupancyMessage(AT, count, count, count, count, 10, 0.0, 0.0, stale=False)
    return seen.apply(TOPICS.occupancy(HUB, zone), encode(message))


def door(seen: Picture, state: str, at: datetime = AT) -> StateChange | None:
    """The front door's state."""
    return seen.apply(TOPICS.door(HUB, FRONT), encode(DoorMessage(at, state)))  # type: ignore[arg-type]


def alarm(seen: Picture, kind: str, about: str, *, on: bool = True) -> StateChange | None:
    """An alarm that is raised, or cleared."""
    payload = encode(AlarmMessage(AT, kind, about)) if on else b""
    return seen.apply(TOPICS.alarm(HUB, kind, about), payload)


def mode(seen: Picture, word: Mode) -> StateChange | None:
    """The site's mode, set by somebody with words of their own."""
    message = ModeMessage(word, AT, HOLDER, "Jeanne has lost a key")
    return seen.apply(TOPICS.mode(HUB), encode(message))


def decision(id_: str = "1", reason: str = "plan") -> AccessMessage:
    """Somebody came in."""
    return AccessMessage(
        id=id_,
        at=AT,
        reader=DeviceId("reader"),
        access_point="front-in",
        zone=HALL,
        direction="entry",
        decision="granted",
        reason=reason,
        holder=HOLDER,
        message=Text("Bienvenue", "Welcome"),
        latency_ms=1.0,
    )
