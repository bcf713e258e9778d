"""Synchronises the lists stored in esp-rfid readers with the wanted lists.

The protocol: a reader sends its list on request, entry by entry, without an end mark, and on a
shared TOPIC without naming itself. It acknowledges an order without naming it. So a TOPIC is one
conversation, with one query or order outstanding, and only a received list proves the state:

    unknown --getuserlist, then 2 s of silence--> known --orders, one by one--> changed
    changed --getuserlist--> known, and the same as wanted: confirmed
                             known, and not the same: orders again, 3 times, then a pause

Removals come first, at all readers, before any addition. An added entry counts as stored once its
order was sent: if its badge is revoked before the reader has answered, it is removed. A reader that
does not answer 3 times counts as silent, and is left alone until it sends a message. An empty list
looks like no answer, and is requested 3 times.

Time is an argument and messages are return values, so that a test needs no broker.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct, field

from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.offline_rights.known_numbers import Numbers
from gateway.offline_rights.reader_list import (
    ListedReader,
    ListEntry,
    ReaderId,
    Wishes,
    as_wished,
    has_to_tell,
    listed_reader,
    silence,
)
from gateway.wire.message import Outgoing
from sensors import esp_rfid_users
from sensors.esp_rfid_users import Alive, Obeyed, Order, Scanned, User

QUIET: Final = timedelta(seconds=2)
"""The pause after which a list counts as complete; a reader reads a file for each entry."""
ANSWER: Final = timedelta(seconds=5)
"""The time to wait for the acknowledgement of an order, which then expires."""
TRIES: Final = 3
"""Tries of an order before its reader counts as silent."""
ROUNDS: Final = 3
"""Consecutive lists that may differ from the wanted one before a pause."""
PAUSE: Final = timedelta(minutes=10)
USERS_MAX: Final = 2000
"""Entries of a reader: more do not fit on an ESP8266. Further entries are ignored."""


class Progress(Struct, frozen=True):
    """The progress of a reader's list. `missing`: wanted, but their number is not known yet."""

    confirmed: bool
    listed: int
    missing: int


class _UnderWay(Struct, eq=False):
    """The outstanding query or order to a reader; `uid` is empty if it concerns no entry.

    `sent` is the entry of an `adduser`, `heard` are the entries of a list so far.
    """

    reader: ListedReader
    kind: Literal["list"] | Order
    uid: str
    until: datetime
    tries: int = 1
    sent: ListEntry | None = None
    heard: dict[str, ListEntry] = field(default_factory=dict)


class EspRfidBus:
    """The conversation on one TOPIC, with all of its readers that keep a list.

    The owner calls `heard` for each message, and `due` several times per second, whose results it
    sends.
    """

    def __init__(
        self, topic: str, readers: Sequence[tuple[SiteId, Device]], numbers: Numbers
    ) -> None:
        self.topic = topic
        self._numbers = numbers
        self._readers = {(site, device.id): listed_reader(site, device) for site, device in readers}
        self._under_way: _UnderWay | None = None

    def wish(self, reader: ReaderId, wishes: Wishes) -> None:
        """Set the wanted entries of a reader's list."""
        one = self._readers[reader]
        if one.wishes != wishes:
            one.wishes, one.rounds, one.rests_until, one.settled = wishes, 0, None, None

    def restart(self) -> None:
        """Reset after a lost connection: nothing is known, and readers have to send first."""
        self._under_way = None
        for reader in self._readers.values():
            silence(reader)

    def heard(self, payload: bytes, now: datetime) -> None:
        """Handle a message on TOPIC/send or TOPIC/tag."""
        said = esp_rfid_users.read(payload)
        match said:
            case Alive(hostname, address):
                for reader in self._named(hostname):
                    reader.alive = True
                    if address is not None:
                        reader.address = address
                        reader.addresses.add(address)
            case Scanned(uid, hostname):
                self._scanned(uid, hostname)
            case Obeyed(order, hostname):
                self._obeyed(order, hostname)
            case User():
                self._listed(said, now)
            case None:
                pass

    def due(self, now: datetime) -> Outgoing | None:
        """Return the message to send now, if any."""
        asked = self._under_way
        if asked is not None and now < asked.until:
            return None
        if asked is not None and not self._is_over(asked, now):
            asked.tries, asked.until = asked.tries + 1, now + ANSWER
            return self._message(asked, now)
        self._under_way = asked = self._next(now)
        return None if asked is None else self._message(asked, now)

    def progress(self, reader: ReaderId) -> Progress:
        """Return the progress of a reader's list."""
        one = self._readers[reader]
        is_known = one.alive and one.listed is not None and not one.changed
        return Progress(
            confirmed=is_known and self._order(one) is None,
            listed=len(one.listed or ()),
            missing=one.missing if is_known else len(one.wishes),
        )

    def _scanned(self, uid: str, hostname: str | None) -> None:
        readers = self._named(hostname) if hostname else tuple(self._readers.values())
        for reader in readers:
            reader.alive = True
            hashed = self._numbers.hear(uid, reader.format, keep=False)
            if hashed is not None and any(hashed in one.wishes for one in self._readers.values()):
                self._numbers.hear(uid, reader.format)

    def _obeyed(self, order: str, hostname: str) -> None:
        for reader in self._named(hostname):
            reader.alive = True
        asked = self._under_way
        if asked is None or asked.kind != order or asked.reader.hostname != hostname:
            return  # another client's order, or one that we gave up
        self._under_way = None
        reader = asked.reader
        reader.settled = None
        if reader.listed is None:
            return
        if asked.kind == "deletusers":
            reader.listed.clear()
        elif asked.kind == "deletuid":
            reader.listed.pop(asked.uid, None)
        elif asked.sent is not None:
            reader.listed[asked.uid] = asked.sent

    def _listed(self, user: User, now: datetime) -> None:
        asked = self._under_way
        if asked is None or asked.kind != "list":
            return
        reader = asked.reader
        if user.address not in (None, *reader.addresses) or user.uid in asked.heard:
            return
        if len(asked.heard) >= USERS_MAX:
            return
        reader.alive = True
        asked.until = now + QUIET
        hashed = self._numbers.hear(user.uid, reader.format, keep=False)
        if hashed in reader.wishes:
            self._numbers.hear(user.uid, reader.format)
        allowed = user.kind == esp_rfid_users.ALWAYS
        asked.heard[user.uid] = ListEntry(hashed, user.since, user.until, allowed)

    def _is_over(self, asked: _UnderWay, now: datetime) -> bool:
        """Handle a timeout; return whether it ends the exchange (complete list, silent reader)."""
        reader = asked.reader
        if asked.kind == "list" and (asked.heard or asked.tries >= TRIES):
            self._told(reader, asked.heard, now)
            return True
        if asked.tries >= TRIES:
            silence(reader)
            return True
        return False

    def _told(self, reader: ListedReader, listed: dict[str, ListEntry], now: datetime) -> None:
        """Handle a reader's complete list."""
        reader.listed, reader.changed, reader.looked, reader.settled = listed, False, now, None
        reader.rounds += 1
        if self._order(reader) is None:
            reader.rounds = 0
        elif reader.rounds > ROUNDS:
            reader.rounds, reader.rests_until = 0, now + PAUSE

    def _next(self, now: datetime) -> _UnderWay | None:
        """Return the most urgent step on this TOPIC: remove, then query, then add."""
        readers = [
            reader
            for reader in self._readers.values()
            if reader.alive and (reader.rests_until is None or now >= reader.rests_until)
        ]
        coming = [(reader, self._order(reader)) for reader in readers]
        for reader, order in coming:
            if order is not None and order[0] != "adduser":
                return self._begin(reader, order, now)
        for reader, order in coming:
            if has_to_tell(reader, now, busy=order is not None):
                return _UnderWay(reader, "list", "", now + ANSWER)
        for reader, order in coming:
            if order is not None:
                return self._begin(reader, order, now)
        return None

    def _begin(self, reader: ListedReader, order: tuple[Order, str], now: datetime) -> _UnderWay:
        kind, uid = order
        reader.changed, reader.settled = True, None
        return _UnderWay(reader, kind, uid, now + ANSWER)

    def _order(self, reader: ListedReader) -> tuple[Order, str] | None:
        """Return the next step to the wanted list; None: reached, as far as numbers are known."""
        if reader.listed is None or reader.settled == self._numbers.version:
            return None
        order = next(self._orders(reader, reader.listed), None)
        if order is None:
            there = {entry.hashed for entry in reader.listed.values()}
            reader.missing = sum(hashed not in there for hashed in reader.wishes)
            reader.settled = self._numbers.version
        return order

    def _orders(
        self, reader: ListedReader, listed: dict[str, ListEntry]
    ) -> Iterator[tuple[Order, str]]:
        """Yield the orders that turn a known list into the wanted one, removals first."""
        unwanted = [uid for uid, entry in listed.items() if not self._is_wanted(reader, uid, entry)]
        if len(unwanted) > 1 and not reader.wishes:
            yield "deletusers", ""
            return
        for uid in unwanted:
            yield "deletuid", uid
        for hashed, wish in reader.wishes.items():
            number = self._numbers.of(hashed, reader.format)
            if number is not None and listed.get(number) != as_wished(hashed, wish):
                yield "adduser", number

    def _is_wanted(self, reader: ListedReader, uid: str, entry: ListEntry) -> bool:
        """Return whether an entry may stay; one with another spelling only while it is correct."""
        if entry.hashed is None or entry.hashed not in reader.wishes:
            return False
        is_right = entry == as_wished(entry.hashed, reader.wishes[entry.hashed])
        return is_right or uid == self._numbers.of(entry.hashed, reader.format)

    def _message(self, asked: _UnderWay, now: datetime) -> Outgoing | None:
        """Return the order as it should be now: the wanted list may have changed since."""
        payload: bytes | None
        address = asked.reader.address
        match asked.kind:
            case "list":
                payload = esp_rfid_users.ask(address)
            case "deletuid":
                payload = esp_rfid_users.delete(address, asked.uid)
            case "deletusers":
                payload = esp_rfid_users.delete_all(address) if not asked.reader.wishes else None
            case "adduser":
                payload = self._addition(asked)
        if payload is None:
            self._under_way = None
            return None
        return Outgoing(f"{self.topic}/cmd", payload, qos=1, expires=now + ANSWER)

    def _addition(self, asked: _UnderWay) -> bytes | None:
        """Return the order to add an entry, which then counts as stored; None: not wanted."""
        reader = asked.reader
        hashed = self._numbers.hear(asked.uid, reader.format, keep=False)
        wish = reader.wishes.get(hashed) if hashed is not None else None
        if hashed is None or wish is None or reader.listed is None:
            return None
        asked.sent = as_wished(hashed, wish)
        reader.listed[asked.uid] = ListEntry(hashed, None, None, allowed=True)
        return esp_rfid_users.add(reader.address, asked.uid, wish.name, wish.since, wish.until)

    def _named(self, hostname: str | None) -> tuple[ListedReader, ...]:
        return tuple(one for one in self._readers.values() if one.hostname == hostname)
