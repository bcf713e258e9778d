"""The gateway's own parts in virtual time: drivers, intake, engine, announcer and rights lists.

What is left out is what takes time or may fail by itself: broker, journal and processes. A message
goes in, and what the gateway would publish comes out.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from gateway.adapters.directory import credential_hash, reader_key
from gateway.core.access.eligibility import Eligibility
from gateway.core.access.offline_decisions import open_question
from gateway.core.access.offline_rights import collected, hours_of, post_of, sift, standing_of
from gateway.core.engine import step
from gateway.core.events import (
    DecidedMeanwhile,
    DirectoryChanged,
    Event,
    GatewayAway,
    ListConfirmed,
    Reported,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import Decided, DuplicateDropped, Fact
from gateway.core.model.directory import Credential, DirectoryChange
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId
from gateway.core.model.open_intervals import Spans, Window, frame_of, open_spans
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented
from gateway.core.sequence import acknowledged
from gateway.core.state import State
from gateway.members.diff import change_of
from gateway.members.importer import read_members
from gateway.members.known import known_of
from gateway.offline_rights.paging import Posted, posted
from gateway.service.decoder import Intake
from gateway.service.messages import MessageFactory
from gateway.wire.commands import Ack
from gateway.wire.message import Outgoing, encode
from gateway.wire.topics import Topics
from sensors.native import rights_in_force
from sensors.registry import Registry
from simulators.people import SimulatedPerson
from simulators.roster import COLUMNS, roster

KEY: Final = b"0123456789abcdef0123456789abcdef"
READERS_KEY: Final = reader_key(KEY)


class Answered(Struct, frozen=True):
    """A decision: when the gateway took it, for which event, and what it was."""

    now: datetime
    event: Reported | DecidedMeanwhile
    decided: Decided

    @property
    def number(self) -> tuple[int | None, int | None]:
        """The event's boot and number."""
        if isinstance(self.event, DecidedMeanwhile):
            return self.event.number
        return self.event.boot, self.event.seq


class VirtualGateway:
    """One site's gateway. `until` the caller says so, it keeps all that it decided and said."""

    def __init__(self, site: Site, directory: DirectoryChange, now: datetime) -> None:
        self.site = site
        self.state = State()
        self.answers: list[Answered] = []
        self.facts: list[tuple[datetime, Fact]] = []
        self.confirmed: dict[DeviceId, str] = {}
        """By reader, the version of the rights list that it says is in force."""
        self.lists: dict[DeviceId, Posted] = {}
        self._topics = Topics()
        registry = Registry([site])
        self._intake = Intake(registry, partial(credential_hash, KEY))
        self._announcer = MessageFactory(registry, self._topics)
        self._spans: dict[tuple[str, Window], Spans] = {}
        self._basis: dict[DeviceId, tuple[object, str, Window]] = {}
        self._bases: dict[DeviceId, tuple[int, Eligibility | None]] = {}
        self._n = 0
        self._kept: list[Outgoing] | None = None
        """What it has not heard yet; None: it runs."""
        list(self._stepped(now, SpaceChanged(site)))
        self.tell(now, directory)

    @property
    def wakes(self) -> datetime | None:
        """When time alone has something to do."""
        return self.state.wake_at if self._kept is None else None

    def __call__(self, now: datetime, message: Outgoing | None) -> Iterator[Outgoing]:
        """Take a device's message, or let time pass; what the gateway says to it."""
        if self._kept is not None:
            self._kept += [message] if message is not None else []
        elif message is None:
            yield from self._stepped(now, Tick())
        else:
            for found in self._intake.events(_delivered(message), now):
                assert isinstance(found.event, Reported)
                yield from self._reported(now, found.event)
            yield from self._confirm(now, message)
        if self._kept is None:
            yield from self._rights(now)

    def stop(self, now: datetime) -> None:
        """It is down from now on: the broker keeps what is said to it, but for what goes alone."""
        list(self._stepped(now, GatewayAway(now)))
        self._kept = []

    def start(self, now: datetime) -> Iterator[Outgoing]:
        """It is back, and hears what was said meanwhile."""
        kept, self._kept = self._kept or [], None
        for message in kept:
            yield from self(now, message)
        yield from self._stepped(now, GatewayAway(now, now))

    def tell(self, now: datetime, change: DirectoryChange) -> None:
        """The members' list has changed."""
        list(self._stepped(now, DirectoryChanged(change)))

    def _reported(self, now: datetime, event: Reported) -> Iterator[Outgoing]:
        yield from self._stepped(now, self._meanwhile(event) or event)
        if event.boot is None:
            return
        seq = acknowledged(self.state.devices[event.device], event.boot, now)
        if seq is not None:
            topic = self._topics.ack(self.site.id, event.device)
            yield Outgoing(topic, encode(Ack(event.boot, seq)))

    def _meanwhile(self, event: Reported) -> DecidedMeanwhile | None:
        """An event that we had already, and about which its reader decided alone since."""
        reading = event.reading
        if not isinstance(reading, CredentialPresented) or reading.decided is None:
            return None
        if event.boot is None or event.seq is None:
            return None
        number = (event.boot, event.seq)
        if open_question(self.state, event.device, number, event.at, reading) is None:
            return None
        return DecidedMeanwhile(event.device, event.at, reading, number)

    def _stepped(self, now: datetime, event: Event) -> Iterator[Outgoing]:
        after = step(self.site, self.state, event, now)
        if len(after.facts) == 1 and isinstance(after.facts[0], DuplicateDropped):
            return
        self.state = after.state
        self._n += 1
        boot, seq = (event.boot, event.seq) if isinstance(event, Reported) else (None, None)
        for fact in after.facts:
            self.facts.append((now, fact))
            yield from self._announcer.orders(self.site.id, self._n, fact, boot, seq)
            yield from self._announcer.machines.because_of(self.site.id, self._n, fact, now)
            if isinstance(fact, Decided) and isinstance(event, Reported | DecidedMeanwhile):
                self.answers.append(Answered(now, event, fact))
                yield self._announcer.decision(self.site, self._n, fact, event.at, now)

    def _rights(self, now: datetime) -> Iterator[Outgoing]:
        """The lists that are others now than they were."""
        for device in self.site.devices:
            if device.role != "reader" or device.driver != "native":
                continue
            frame = frame_of(self.site, device, now)
            basis = (self.state.directory, self.state.mode.mode, frame)
            if self._basis.get(device.id) == basis:
                continue
            self._basis[device.id] = basis
            before, after = self.lists.get(device.id), self._listed(device, frame)
            if before is None or before.head != after.head:
                self.lists[device.id] = after
                yield from (*after.pages, after.last)

    def _listed(self, device: Device, frame: Window) -> Posted:
        for hours in hours_of(self.site, device):
            if (hours, frame) not in self._spans:
                self._spans[hours, frame] = open_spans(self.site, hours, frame)
        spans = {hours: self._spans[hours, frame] for hours in hours_of(self.site, device)}
        standing = standing_of(self.site, self.state, device)
        post = post_of(self.site, self.state, device, frame, spans)
        rights = collected(standing, frame, sift(self.state, post), post)
        self._bases[device.id] = (self.state.past.revision, post)
        door = self.site.door[device.door] if device.door is not None else None
        unlock_s = door.unlock_s if door is not None else None
        return posted(self._topics, self.site.id, device.id, rights, unlock_s)

    def _confirm(self, now: datetime, message: Outgoing) -> Iterator[Outgoing]:
        if not message.topic.endswith("/status"):
            return
        version = rights_in_force(message.payload)
        device = DeviceId(message.topic.split("/")[-2])
        if version is None or self.confirmed.get(device) == version:
            return
        self.confirmed[device] = version
        ready, (revision, post) = self.lists[device], self._bases[device]
        if ready.head.version == version:
            who = ready.standing.who
            yield from self._stepped(now, ListConfirmed(device, version, who, revision, post))


def enrolled(
    site: Site, people: Sequence[SimulatedPerson], now: datetime, folder: Path
) -> DirectoryChange:
    """The people's lines, through the real import, as a change of the directory."""
    file = folder / "roster.csv"
    today = now.astimezone(site.clock).date()
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, COLUMNS)
        writer.writeheader()
        writer.writerows(roster(site, people, today))
    read = read_members(file, known_of(KEY, ZoneInfo(site.timezone), [site]))
    assert read.faults == ()
    entering = change_of((), read).entering
    return DirectoryChange(
        tuple(member.holder for member in entering),
        tuple(each for member in entering for each in member.credentials),
    )


def badge_of(change: DirectoryChange, person: SimulatedPerson) -> Credential:
    """A person's badge as the directory has it."""
    assert person.badge is not None
    hashed = credential_hash(KEY, person.badge)
    return next(each for each in change.credentials if each.hash == hashed)


def reasons(answers: Iterable[Answered]) -> set[str]:
    """Why they were given."""
    return {one.decided.reason for one in answers}


def _delivered(message: Outgoing) -> MQTTMessage:
    """As a broker hands it over: live, so not marked as retained."""
    delivered = MQTTMessage(0, message.topic.encode())
    delivered.payload, delivered.qos = message.payload, message.qos
    return delivered
