"""Keeps what every reader may decide alone up to date: worked out, sent, confirmed, shown.

A few times a second each reader's list is compared with what it depends on: the space file, the
members, the site's mode, the point's service, and the frame of time (`gateway.core.rights`). Only
where one of these is another one now is the list worked out again, some hundred members at a time,
so that no badge waits for it. A revoked badge is so on its way to the readers within half a second.

The broker keeps each native list, so that a reader that starts finds it; whatever it keeps of
longer lists, or for readers that are gone, is taken back. A native reader confirms a list in its
status, an esp-rfid reader by telling its list; `rights-state` shows both to everyone.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct, structs
from paho.mqtt.client import MQTTMessage

from gateway.adapters.mqtt import BrokerAddress, Session
from gateway.clock import Clock
from gateway.core.directory import Credential, CredentialHash, Directory
from gateway.core.readings import WireError
from gateway.core.rights import (
    MINUTE,
    Entry,
    Frame,
    RightsList,
    Spans,
    Standing,
    collected,
    frame_of,
    hours_of,
    joined,
    open_spans,
    sift,
    standing_of,
)
from gateway.core.site import Device, DeviceId, Site, SiteId
from gateway.core.state import NEVER, State
from gateway.cutoff.pages import KEY_DIGITS, Posted, cleared, forgotten, posted
from gateway.cutoff.users import USERS_MAX, Line, Numbers, ReaderId, Wish, Wishes
from gateway.wire import Outgoing, RightsMessage, RightsState, Topics, encode
from sensors.driver import Subscription
from sensors.esp_rfid import EspRfid
from sensors.native import Native, rights_in_force

log = logging.getLogger(__name__)

POLL_S: Final = 0.25
"""How often lists are compared with what they depend on; no more than a few comparisons each."""
CREDENTIALS_AT_ONCE: Final = 200
"""Credentials that are sifted before the loop may do something else: below 1 ms."""
MINUTES_AT_ONCE: Final = 15
"""Minutes of opening hours that are looked up before the loop may do something else."""
PAGES_AT_ONCE: Final = 8
"""Messages that are handed over before the loop may do something else."""

Places = Callable[[], Iterable[tuple[Site, State]]]
"""The sites with their states, as they are in force."""

_read_head = msgspec.json.Decoder(RightsMessage).decode


async def keep_rights(
    places: Places,
    *,
    address: BrokerAddress,
    client_id: str,
    topics: Topics,
    hashed: Callable[[str], CredentialHash],
    clock: Clock,
) -> None:
    """Keep all readers' lists, until cancelled. `hashed` is the service's hash of a badge number.

    Another space file may have other readers: then all begins again, with another session.
    """
    numbers = Numbers(hashed)
    while True:
        keeper = Keeper([site for site, _ in places()], topics, numbers, clock)
        session = Session(
            client_id,
            address,
            keeper.subscriptions,
            on_message=lambda message, k=keeper: k.heard(message),  # type: ignore[misc]
            on_up=keeper.restart,
            expiry_s=0,
        )
        keeper.use(session)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(session.run(), name=client_id)
            await keeper.keep(places)
            running.cancel()


class _Basis(Struct, frozen=True, eq=False):
    """All that a list depends on."""

    site: Site
    directory: Directory
    mode: str
    service: str | None
    frame: Frame

    def same_as(self, other: "_Basis | None") -> bool:
        """Whether a list that was worked out from this need not be worked out again."""
        return (
            other is not None
            and self.site is other.site
            and self.directory is other.directory
            and (self.mode, self.service, self.frame) == (other.mode, other.service, other.frame)
        )


class _Reader(Struct, eq=False):
    """A reader, its list, and how far that is."""

    site: SiteId
    device: Device
    basis: _Basis | None = None
    rights: RightsList | None = None
    list: Posted | None = None
    sent: str | None = None
    """The version that the broker has from us, on this connection."""
    in_force: str | None = None
    """The version that the reader says it has."""
    pages: int = 0
    """Pages that the broker may keep."""
    line: Line | None = None
    standing: Standing | None = None
    version: str = ""
    wished_until: datetime = NEVER
    """When somebody's time on an esp-rfid list ends, so that the next one's is due."""
    shown: RightsState | None = None

    @property
    def id(self) -> ReaderId:
        """Its site and device."""
        return (self.site, self.device.id)


class Keeper:
    """The lists of the readers of some space files."""

    def __init__(
        self, sites: Iterable[Site], topics: Topics, numbers: Numbers, clock: Clock
    ) -> None:
        self._sites = {site.id: site for site in sites}
        self._topics = topics
        self._numbers = numbers
        self._clock = clock
        self._session: Session | None = None
        self._spans: dict[tuple[SiteId, str, Frame], Spans] = {}
        self._directories: dict[SiteId, Directory] = {}
        self._readers = {reader.id: reader for reader in _readers(self._sites.values())}
        self._lines = _lines(self._readers.values(), numbers)
        self._statuses = {
            topics.status(reader.site, reader.device.id): reader
            for reader in self._readers.values()
            if reader.line is None
        }
        self._heads = {
            topics.rights(site, device): (site, device) for site, device in self._readers
        }
        self._said = {
            f"{line.topic}/{ending}": line for line in self._lines for ending in ("send", "tag")
        }

    @property
    def subscriptions(self) -> list[Subscription]:
        """What readers say of their lists, and the heads that the broker keeps."""
        heads = [self._topics.rights(site, "+") for site in self._sites]
        filters = [*self._statuses, *self._said, *heads]
        return [Subscription(filter_, "sensors") for filter_ in filters]

    def use(self, session: Session) -> None:
        """The session to publish by."""
        self._session = session

    def restart(self) -> None:
        """We are connected: the broker may have forgotten everything, and readers their orders."""
        for reader in self._readers.values():
            reader.sent = reader.shown = None
        for line in self._lines:
            line.restart()

    def heard(self, message: MQTTMessage) -> None:
        """A message of our session."""
        assert self._session is not None  # noqa: S101 - it called us
        self._session.acknowledge(message)
        topic, payload = message.topic, bytes(message.payload)
        if line := self._said.get(topic):
            line.heard(payload, self._clock.now())
            self._converse(line)
        elif reader := self._statuses.get(topic):
            self._confirmed(reader, payload)
        elif message.retain and payload:
            self._kept(topic, payload)

    async def keep(self, places: Places) -> None:
        """Keep the lists; returns when a space file has other readers."""
        while True:
            for site, state in places():
                if self._sites[site.id] is not site and not self._same_readers(site):
                    return
                self._sites[site.id] = site
                await self._keep_site(site, state)
            for line in self._lines:
                self._converse(line)
            for reader in self._readers.values():
                self._show(reader)
            await asyncio.sleep(POLL_S)

    async def _keep_site(self, site: Site, state: State) -> None:
        if self._directories.get(site.id) is not state.directory:
            self._directories[site.id] = state.directory
            self._numbers.forget(self._is_good)
        for reader in self._readers.values():
            if reader.site != site.id:
                continue
            now = self._clock.now()
            basis = _basis(site, state, reader.device, now)
            if not basis.same_as(reader.basis):
                reader.rights = await self._worked_out(site, state, reader.device, basis.frame)
                reader.basis = basis
                reader.list, reader.wished_until = None, now
            if reader.line is not None:
                self._wish(reader, state.directory)
            else:
                await self._post(reader, site)

    async def _worked_out(
        self, site: Site, state: State, device: Device, frame: Frame
    ) -> RightsList:
        """The list, in small steps."""
        spans = {
            hours: await self._open_spans(site, hours, frame) for hours in hours_of(site, device)
        }
        sifted: list[Entry | str] = []
        for found in sift(site, state, device, frame, spans):
            sifted.append(found)
            if len(sifted) % CREDENTIALS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return collected(standing_of(site, state, device), frame, sifted)

    async def _open_spans(self, site: Site, hours: str, frame: Frame) -> Spans:
        """When hours are open, looked up a quarter of an hour at a time, and once a frame."""
        known = self._spans.get((site.id, hours, frame))
        if known is not None:
            return known
        found: list[tuple[datetime, datetime]] = []
        begins = frame.begins
        while begins < frame.expires:
            ends = min(begins + MINUTES_AT_ONCE * MINUTE, frame.expires)
            found += open_spans(site, hours, Frame(begins, ends))
            begins = ends
            await asyncio.sleep(0)
        now = self._clock.now()
        self._spans = {key: spans for key, spans in self._spans.items() if key[2].expires > now}
        self._spans[site.id, hours, frame] = spans = joined(found)
        return spans

    # -- native readers --------------------------------------------------------------------------

    async def _post(self, reader: _Reader, site: Site) -> None:
        """Hand a list over that the broker has not from us; pages first, the head last."""
        rights = reader.rights
        assert rights is not None  # noqa: S101 - worked out just now
        if reader.list is None:
            await asyncio.sleep(0)
            reader.list = posted(self._topics, *reader.id, rights, _unlock_s(site, reader.device))
            await asyncio.sleep(0)
        ready = reader.list
        if ready.head.version == reader.sent or self._session is None:
            return
        connection = self._session.connection
        gone = range(ready.head.pages, reader.pages)
        messages = (*ready.pages, *cleared(self._topics, *reader.id, gone), ready.last)
        for place, message in enumerate(messages, 1):
            if not self._publish(message):
                return  # not connected; all of it again when we are
            if place % PAGES_AT_ONCE == 0:
                await asyncio.sleep(0)
        reader.pages = ready.head.pages
        if connection == self._session.connection:  # else all of it goes again
            reader.sent = ready.head.version

    def _confirmed(self, reader: _Reader, payload: bytes) -> None:
        try:
            reader.in_force = rights_in_force(payload) if payload else None
        except WireError:
            return  # the way of the events has it in the dead letters

    def _kept(self, topic: str, payload: bytes) -> None:
        """A head that the broker keeps: it may have more pages than we know of, or no reader."""
        try:
            head = _read_head(payload)
        except msgspec.DecodeError:
            return
        known = self._heads.get(topic)
        reader = self._readers.get(known) if known else None
        if reader is None or reader.line is not None:
            site, device = topic.split("/")[-3:-1]
            for message in forgotten(self._topics, SiteId(site), DeviceId(device), head.pages):
                self._publish(message)
        elif reader.sent is None:
            reader.pages = max(reader.pages, head.pages)
        elif head.pages > reader.pages:
            for message in cleared(self._topics, *reader.id, range(reader.pages, head.pages)):
                self._publish(message)

    # -- esp-rfid readers ------------------------------------------------------------------------

    def _wish(self, reader: _Reader, directory: Directory) -> None:
        """Tell a reader's line who should be on its list now: each for the next of their times."""
        now = self._clock.now()
        if reader.line is None or reader.rights is None or now < reader.wished_until:
            return
        wishes = _wishes(reader.rights, directory, now)
        reader.standing = reader.rights.standing
        if len(wishes) > USERS_MAX:
            wishes, reader.standing = {}, Standing("nobody", "too-many")
        reader.wished_until = min((wish.until for wish in wishes.values()), default=NEVER)
        reader.version = _version(wishes)
        reader.line.wish(reader.id, wishes)

    def _converse(self, line: Line) -> None:
        """Send what is due on a TOPIC."""
        message = line.due(self._clock.now())
        if message is not None:
            self._publish(message)

    def _is_good(self, hashed: CredentialHash) -> bool:
        """Whether a badge is good at some site, so that its number may be kept."""
        return any(
            (credential := directory.credentials.get(hashed)) is not None
            and credential.status == "active"
            for directory in self._directories.values()
        )

    # -- for everyone ----------------------------------------------------------------------------

    def _show(self, reader: _Reader) -> None:
        """Publish how a reader stands, where that is news."""
        state = self._state(reader)
        if state is None or (
            reader.shown is not None and structs.replace(state, at=reader.shown.at) == reader.shown
        ):
            return
        topic = self._topics.rights_state(*reader.id)
        if not self._publish(Outgoing(topic, encode(state), retain=True)):
            return
        if reader.shown is None or state.state != reader.shown.state:
            what = "whoever comes" if state.who == "everybody" else f"{state.keys} badges"
            log.info(
                "%s: decides alone about %s%s: %s",
                reader.device.id,
                what,
                f" ({state.why})" if state.why else "",
                state.state,
            )
        reader.shown = state

    def _state(self, reader: _Reader) -> RightsState | None:
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
            at=self._clock.now(),
            state="confirmed" if confirmed else "waiting",
            who=standing.who,
            why=standing.why,
            version=version,
            expires=rights.frame.expires,
            keys=keys,
            missing=missing,
            left_out=rights.left_out,
        )

    def _publish(self, message: Outgoing) -> bool:
        session = self._session
        return session is not None and session.publish(message, self._clock.now()) is not None

    def _same_readers(self, site: Site) -> bool:
        """Whether a new space file has the same readers; then only their lists may be others."""
        here = [reader.device for reader in self._readers.values() if reader.site == site.id]
        same = [reader.device for reader in _readers([site])] == here
        if same:
            self._spans = {key: spans for key, spans in self._spans.items() if key[0] != site.id}
        return same


def _readers(sites: Iterable[Site]) -> Iterator[_Reader]:
    """The readers that can keep a list."""
    for site in sites:
        for device in site.devices:
            native = device.driver == Native.name
            keeps = device.driver == EspRfid.name and device.options.get("keeps_list") is True
            if device.role == "reader" and (native or keeps):
                yield _Reader(site.id, device)


def _lines(readers: Iterable[_Reader], numbers: Numbers) -> list[Line]:
    by_topic: dict[str, list[_Reader]] = {}
    for reader in readers:
        if reader.device.driver == EspRfid.name:
            by_topic.setdefault(reader.device.topic, []).append(reader)
    lines = []
    for topic, sharing in by_topic.items():
        line = Line(topic, [(reader.site, reader.device) for reader in sharing], numbers)
        lines.append(line)
        for reader in sharing:
            reader.line = line
    return lines


def _basis(site: Site, state: State, device: Device, now: datetime) -> _Basis:
    point = device.access_point
    return _Basis(
        site,
        state.directory,
        state.mode.mode,
        state.out_of_service.get(point) if point is not None else None,
        frame_of(site, device, now),
    )


def _unlock_s(site: Site, device: Device) -> float | None:
    """For how long a reader releases its door by itself; None: it can't."""
    door = site.door_of(site.point_of(device))
    return door.unlock_s if door is not None and door.lock in (None, device.id) else None


def _wishes(rights: RightsList, directory: Directory, now: datetime) -> Wishes:
    """Who should be on an esp-rfid list, each for the span that is running or comes next.

    At an exit that is everybody who is known, good badge or not.
    """
    entries: Iterable[tuple[Credential, Spans]] = (
        (entry.credential, entry.spans) for entry in rights.entries
    )
    if rights.standing.who == "everybody":
        always = ((rights.frame.begins, rights.frame.expires),)
        entries = ((credential, always) for credential in directory.credentials.values())
    found = {}
    for credential, spans in entries:
        span = next((span for span in spans if span[1] > now), None)
        if span is not None:
            found[credential.hash] = Wish(credential.holder, *span)
    return dict(sorted(found.items()))


def _version(wishes: Wishes) -> str:
    """Names a list of wishes."""
    said = [(hashed, wish.since, wish.until) for hashed, wish in wishes.items()]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:KEY_DIGITS]
