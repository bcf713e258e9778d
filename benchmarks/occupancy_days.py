"""Simulated days in a coworking space, with every fault on: the true count of each room is known.

The place is the example space file, equipped for counting: a counter over each inner door and a PIR
in each room, a radar where people sit still. The people, their doors and the faults are those of
`simulators`; a simple gateway answers the readers and lets in the enrolled people. The devices'
messages go through the real drivers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import as_file, files
from zoneinfo import ZoneInfo

from msgspec import structs

from benchmarks.occupancy_story import ReceivedEvidence, Story, ZoneTruth
from gateway.config import load_space
from gateway.core.estimator.evidence import BadgeTaken, DeviceHealth, DeviceJudged, Evidence
from gateway.core.estimator.layout import Layout
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, Text, ZoneId
from gateway.core.model.site import Site
from gateway.core.readings import Availability, CredentialPresented, Report
from gateway.wire.commands import AccessCommand, Ack
from gateway.wire.message import Outgoing, encode
from gateway.wire.topics import Topics
from sensors.registry import Registry
from simulators.drive import drive
from simulators.faults import FaultRates
from simulators.scenarios import SCENARIOS, Cast
from simulators.seeds import branch
from simulators.truth import TrueCount
from simulators.world import World

NAME = "coworking-day"
FAULT = "all"
START = datetime(2026, 11, 23, 7, 45, tzinfo=UTC)
"""An ordinary Monday, 08:45 in Paris: half an hour before the first members."""
LASTS = timedelta(hours=15)
LOOKS_EVERY = timedelta(minutes=1)
MEMBERS = 48
FAULTS = structs.replace(
    FaultRates.ordinary(), missed_crossing=0.05, stuck_presence=0.1, tailgating=0.15
)
"""The simulator's ordinary faults, but counters miss one in twenty, more people slip in behind
others, and a radar sticks each tenth time that its room empties.
"""
SILENT = timedelta(hours=2)
"""The silence after which a dead sensor is found offline (`silent_after_s`)."""
FRESH = timedelta(seconds=5)
_COUNTED = ("coworking", "meeting", "fablab", "laser-room")
_MOTION = ("hall", "laser-room")
_RADARS = ("meeting", "coworking")


def fitted_out() -> Site:
    """Return the example space, with a counter at each inner door and more sensors."""
    with as_file(files("gateway.examples") / "space.toml") as file:
        (site,) = load_space(file)
    added = [
        *(_sensor(f"{zone}-counter", zone) for zone in _COUNTED),
        *(_sensor(f"{zone}-pir", zone) for zone in _MOTION),
        *(_sensor(f"{zone}-radar", zone) for zone in _RADARS),
    ]
    return structs.replace(site, devices=(*site.devices, *added))


@cache
def lived(seed: int) -> Story:
    """Return one day as its devices reported it, with all faults."""
    site = fitted_out()
    scenario = SCENARIOS["ordinary-day"]
    truth: list[TrueCount] = []
    world = World(
        Cast(site, scenario, seed, MEMBERS), START, boot=1, faults=FAULTS, tell=truth.append
    )
    known = {one.badge for one in scenario.people(site, seed, MEMBERS) if one.enrolled}
    desk = _Desk(site, {badge for badge in known if badge is not None}, seed)
    for now, message in drive(world, START + LASTS, desk.answers):
        desk.hears(now, message)
    desk.finds_silent()
    rooms = [zone for zone, parts in desk.layout.parts.items() if zone in parts]
    return Story(
        name=NAME,
        layout="simulated",
        capacities=desk.layout.capacities,
        parts={room: desk.layout.parts[room] for room in rooms},
        arrived=sorted(desk.arrived, key=lambda each: each.now),
        looks=list(_looks(truth, rooms)),
        local=START.astimezone(ZoneInfo(site.timezone)).utcoffset() or timedelta(0),
        rooms=desk.layout.rooms,
    )


class _Desk:
    """The gateway's part: acknowledges, lets in enrolled people, and passes evidence on."""

    def __init__(self, site: Site, known: set[str], seed: int) -> None:
        self.layout = Layout(site)
        self.arrived: list[ReceivedEvidence] = []
        self._site, self._known = site, known
        self._topics = Topics()
        self._drivers = Registry([site])
        self._seen: set[tuple[DeviceId, int, int]] = set()
        draw = branch(seed, site.id, "silent")
        pirs = [device.id for device in site.devices if device.id.endswith("-pir")]
        self._dead = draw.choice(pirs)
        self._dies = START + LASTS * draw.uniform(0.3, 0.7)

    def answers(self, now: datetime, message: Outgoing | None) -> Iterator[Outgoing]:
        """Yield the acks, and the orders to open."""
        if message is None or not message.topic.endswith("/event"):
            return
        for report in self._drivers.decode(message.topic, message.payload):
            if report.boot is None or report.seq is None:
                continue
            ack = self._topics.ack(self._site.id, report.device)
            yield Outgoing(ack, encode(Ack(report.boot, report.seq)))
            if isinstance(report.reading, CredentialPresented) and self._is_fresh(report, now):
                command = self._topics.command(self._site.id, report.device)
                yield Outgoing(command, encode(self._command(report, now)))

    def hears(self, now: datetime, message: Outgoing) -> None:
        """Store the evidence of people in a message."""
        for report in self._drivers.decode(message.topic, message.payload):
            if report.device == self._dead and now >= self._dies:
                continue
            evidence = self._evidence(report, now)
            if evidence is not None:
                self.arrived.append(ReceivedEvidence(now, evidence))

    def finds_silent(self) -> None:
        """Mark the dead sensor as offline."""
        at = self._dies + SILENT
        self.arrived.append(
            ReceivedEvidence(at, DeviceJudged(at=at, device=self._dead, health="offline"))
        )

    def _evidence(self, report: Report, now: datetime) -> Evidence | None:
        device = self._site.device[report.device]
        at = min(report.at or now, now)
        reading = report.reading
        if isinstance(reading, Availability):
            health: DeviceHealth = "well" if reading.state == "online" else "offline"
            return DeviceJudged(at=at, device=device.id, health=health)
        if isinstance(reading, CredentialPresented):
            return self._badge(device, report, reading, now)
        return self.layout.evidence(device, reading, at, report.boot, report.seq)

    def _badge(
        self, reader: Device, report: Report, reading: CredentialPresented, now: datetime
    ) -> Evidence | None:
        """Return the evidence of a badge that let somebody through a door."""
        if reader.access_point is None or not self._is_good(reader, reading):
            return None
        point = self._site.access_point[reader.access_point]
        if point.door is None or self._is_copy(report):
            return None
        door = self._site.door[point.door]
        inner, outer = self.layout.sides(door)
        return BadgeTaken(
            at=min(report.at or now, now),
            device=reader.id,
            boot=report.boot,
            seq=report.seq,
            inner=inner,
            outer=outer,
            inward=point.direction == "entry",
            contact=door.contact,
            place=door.id,
        )

    def _is_good(self, reader: Device, reading: CredentialPresented) -> bool:
        return reading.credential in self._known or reader.id.endswith("-out")

    def _is_copy(self, report: Report) -> bool:
        if report.boot is None or report.seq is None:
            return False
        key = (report.device, report.boot, report.seq)
        copy = key in self._seen
        self._seen.add(key)
        return copy

    def _is_fresh(self, report: Report, now: datetime) -> bool:
        return report.at is not None and abs(now - report.at) < FRESH

    def _command(self, report: Report, now: datetime) -> AccessCommand:
        reading = report.reading
        assert isinstance(reading, CredentialPresented)  # noqa: S101 - the caller looked
        good = self._is_good(self._site.device[report.device], reading)
        return AccessCommand(
            id=f"{report.device}-{report.boot}-{report.seq}",
            decision="granted" if good else "denied",
            reason="plan" if good else "credential-unknown",
            boot=report.boot,
            seq=report.seq,
            unlock_s=5.0 if good else None,
            expires=now + FRESH,
            message=Text("", ""),
        )


def _looks(truth: list[TrueCount], rooms: list[ZoneId]) -> Iterator[ZoneTruth]:
    people = dict.fromkeys(rooms, 0)
    changes = iter(truth)
    change = next(changes, None)
    at = START
    while at < START + LASTS:
        at += LOOKS_EVERY
        while change is not None and change.time <= at:
            people[change.zone] = change.people
            change = next(changes, None)
        for room in rooms:
            yield ZoneTruth(at, room, people[room])


def _sensor(name: str, zone: str) -> Device:
    return Device(id=DeviceId(name), role="sensor", driver="native", topic="", zone=ZoneId(zone))
