"""Keeps every reader's rights list up to date: computed, sent, confirmed, published.

A few times per second the inputs of each reader's list are compared: the space file, the members,
the site's mode, the point's service, and the frame of time
(`gateway.core.access.offline_rights`). Only if one of them has changed is the list computed again,
some hundred members at a time, so that no badge waits for it. A revocation is thus sent to the
readers within half a second.

The broker retains each native list, so that a reader finds it at its start; retained pages of
longer lists, or of removed readers, are cleared. A native reader confirms a list in its status, an
esp-rfid reader by sending its list; `rights-state` publishes both.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import structs
from paho.mqtt.client import MQTTMessage

from gateway.adapters.mqtt.address import BrokerAddress
from gateway.adapters.mqtt.session import MqttSession
from gateway.clock import Clock
from gateway.core.events import ListConfirmed
from gateway.core.model.directory import CredentialHash, Directory
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.state import State
from gateway.offline_rights import native
from gateway.offline_rights.esp_rfid import EspRfidBus
from gateway.offline_rights.esp_rfid_schedule import lines_of, wish
from gateway.offline_rights.incremental import Sifting
from gateway.offline_rights.known_numbers import Numbers
from gateway.offline_rights.reader_state import Reader, basis_of, confirmed, readers_of, shown
from gateway.wire.message import Outgoing, encode
from gateway.wire.topics import Topics
from sensors.driver import Subscription

log = logging.getLogger(__name__)

POLL_S: Final = 0.25
"""Seconds between two comparisons of the lists' inputs, each of which is only a few comparisons."""

Places = Callable[[], Iterable[tuple[Site, State]]]
"""Returns the sites with their states in force."""
Note = Callable[[SiteId, ListConfirmed], object]
"""Passes a confirmed list to the engine."""


async def keep_rights(
    places: Places,
    *,
    address: BrokerAddress,
    client_id: str,
    topics: Topics,
    hashed: Callable[[str], CredentialHash],
    clock: Clock,
    note: Note = lambda _site, _event: None,
) -> None:
    """Keep all readers' lists up to date until cancelled; `hashed` hashes a badge number.

    `note` gets the lists in force, so that the engine knows what a reader may decide alone.

    If a new space file has other readers, everything starts again with a new session.
    """
    numbers = Numbers(hashed)
    while True:
        keeper = RightsSynchroniser([site for site, _ in places()], topics, numbers, clock, note)
        session = MqttSession(
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


class RightsSynchroniser:
    """Synchronises the lists of the readers of some sites."""

    def __init__(
        self,
        sites: Iterable[Site],
        topics: Topics,
        numbers: Numbers,
        clock: Clock,
        note: Note,
    ) -> None:
        self._note = note
        self._sites = {site.id: site for site in sites}
        self._topics = topics
        self._numbers = numbers
        self._clock = clock
        self._sifting = Sifting(clock)
        self._session: MqttSession | None = None
        self._directories: dict[SiteId, Directory] = {}
        self._readers = {reader.id: reader for reader in readers_of(self._sites.values())}
        self._lines = lines_of(self._readers.values(), numbers)
        self._statuses = {
            topics.status(reader.site, reader.device.id): reader
            for reader in self._readers.values()
            if reader.line is None
        }
        self._said = {
            f"{line.topic}/{ending}": line for line in self._lines for ending in ("send", "tag")
        }

    @property
    def subscriptions(self) -> list[Subscription]:
        """Return the topics of readers' confirmations, and of retained heads."""
        heads = [self._topics.rights(site, "+") for site in self._sites]
        filters = [*self._statuses, *self._said, *heads]
        return [Subscription(filter_) for filter_ in filters]

    def use(self, session: MqttSession) -> None:
        """Set the session through which lists are published."""
        self._session = session

    def restart(self) -> None:
        """Reset after a connection: the broker and the readers may have lost everything."""
        for reader in self._readers.values():
            reader.sent = reader.shown = None
        for line in self._lines:
            line.restart()

    def heard(self, message: MQTTMessage) -> None:
        """Handle a message of our session."""
        assert self._session is not None  # noqa: S101 - it called us
        self._session.acknowledge(message)
        topic, payload = message.topic, bytes(message.payload)
        if line := self._said.get(topic):
            line.heard(payload, self._clock.now())
            self._converse(line)
        elif reader := self._statuses.get(topic):
            native.confirmed(reader, payload)
        elif message.retain and payload:
            native.kept(topic, payload, self._topics, self._readers, self._publish)

    async def keep(self, places: Places) -> None:
        """Keep the lists up to date; return when a space file has other readers."""
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
            basis = basis_of(site, state, reader.device, now)
            if not basis.same_as(reader.basis):
                reader.rights = await self._sifting.list_of(site, state, reader.device, basis.frame)
                reader.basis = basis
                reader.list, reader.wished_until = None, now
            if reader.line is not None:
                wish(reader, state.directory, self._clock.now())
            elif self._session is not None:
                await native.post(reader, site, self._topics, self._session, self._publish)
                self._tell(reader, state)

    def _tell(self, reader: Reader, state: State) -> None:
        """Pass a list that its reader confirmed to the engine."""
        news = confirmed(reader, state)
        if news is not None:
            reader.told = news
            self._note(reader.site, news)

    def _converse(self, line: EspRfidBus) -> None:
        """Send the message that is due on a TOPIC."""
        message = line.due(self._clock.now())
        if message is not None:
            self._publish(message)

    def _is_good(self, hashed: CredentialHash) -> bool:
        """Return whether a badge is valid at some site, so that its number may be kept."""
        return any(
            (credential := directory.credentials.get(hashed)) is not None
            and credential.status == "active"
            for directory in self._directories.values()
        )

    def _show(self, reader: Reader) -> None:
        """Publish the state of a reader's list if it has changed."""
        state, before = shown(reader, self._clock.now()), reader.shown
        if state is None or (before and structs.replace(state, at=before.at) == before):
            return
        topic = self._topics.rights_state(*reader.id)
        if not self._publish(Outgoing(topic, encode(state), retain=True)):
            return
        if before is None or state.state != before.state:
            what = "whoever comes" if state.who == "everybody" else f"{state.keys} badges"
            log.info(
                "%s: decides alone about %s%s: %s",
                reader.device.id,
                what,
                f" ({state.why})" if state.why else "",
                state.state,
            )
        reader.shown = state

    def _publish(self, message: Outgoing) -> bool:
        session = self._session
        return session is not None and session.publish(message, self._clock.now()) is not None

    def _same_readers(self, site: Site) -> bool:
        """Return whether a new space file has the same readers, so that only lists may change."""
        here = [reader.device for reader in self._readers.values() if reader.site == site.id]
        same = [reader.device for reader in readers_of([site])] == here
        if same:
            self._sifting.forget(site.id)
        return same
