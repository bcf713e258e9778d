"""Devices on the native wire: numbered events, kept until the gateway has stored them.

The protocol of a device, as a pure state machine (time is an argument, messages are values):

- each event has the device's `boot` and a `seq` that starts at 1 with every boot;
- an event stays in a bounded store until an ack covers it: {boot, seq} means "all of this boot up
  to seq". A broker's PUBACK frees nothing, because a broker may forget;
- unacknowledged events are sent again, oldest first: at once after a reconnect, and every few
  seconds otherwise;
- a full store refuses new events and counts them: the oldest are the ones that the gateway's gap
  detection waits for;
- an answer counts once per (boot, seq), and an unlock is obeyed only before it expires;
- a reader that is cut off decides by its rights list, if it has one, and reports that in the
  event (`decided`) when it is back. It is cut off without a connection, when the gateway is
  offline, and without an answer within 2 s: then it sends the same event again.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

import msgspec
from msgspec import Struct, structs

from gateway.core.model.names import DeviceId, SiteId
from gateway.core.readings import CredentialPresented, Reading, WireError
from gateway.wire.commands import AccessCommand, Ack, MachineOrder, UnlockCommand
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from sensors import badges
from simulators.rights import RightsBook

STORE_LIMIT = 1000
"""Events a device keeps: an hour of a busy door, and about 200 kB of a microcontroller's flash."""
RESEND_AFTER_S = 5.0
"""Seconds without an ack before an event is sent again; a commit takes milliseconds."""
RESEND_WINDOW = 200
"""Events sent again at once, so that a long outage does not end in one burst."""
ANSWERED_WITHIN_S = 2.0
"""Seconds after which a reader stops waiting for its answer."""
FIRMWARE = "simulated-1"
"""The firmware name that a simulated device reports."""
ANSWERS_KEPT = 1000
"""Answers remembered to recognise a repetition: far more than can be pending."""

Effect = Literal[
    "granted", "denied", "unlocked", "warned", "at ease", "stopping", "expired", "repeated",
    "not ours",
]  # fmt: skip
"""The effect of a command. `granted` and `denied` answer a credential, `unlocked` is an order to a
lock; a machine is `warned`, put `at ease` again, or `stopping`; `expired` came too late to be
obeyed, `repeated` was obeyed before, `not ours` requires nothing.
"""
Key = tuple[int, int]
"""An event's (boot, seq)."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
Command = AccessCommand | UnlockCommand | MachineOrder

read_command = msgspec.json.Decoder(Command).decode
"""Decode a payload of the command topic; raise `msgspec.DecodeError` if it is invalid."""
read_ack = msgspec.json.Decoder(Ack).decode
"""Decode a payload of the ack topic; raise `msgspec.DecodeError` if it is invalid."""


class Event(Struct, frozen=True):
    """A kept event: its number and its message, which is the same in each transmission.

    `decided` is the decision that the reader made alone about a credential.
    """

    boot: int
    seq: int
    message: Outgoing
    decided: Literal["granted", "denied"] | None = None

    @property
    def key(self) -> Key:
        """Its number."""
        return (self.boot, self.seq)


class _Kept(Struct):
    event: Event
    sent: datetime | None


class ReceivedCommand(Struct, frozen=True):
    """A command as the device received it; `key` is the credential event that it answers."""

    effect: Effect
    id: str
    key: Key | None = None
    reason: str = ""
    unlock_s: float | None = None


class NativeDevice:
    """A device on the native wire: it numbers, keeps and re-sends its events.

    `skew` is the error of its clock. `online` is whether it can send; the owner of the connection
    calls `went_offline` and `came_online`.
    """

    def __init__(
        self,
        site: SiteId,
        device: DeviceId,
        *,
        boot: int,
        topics: Topics | None = None,
        limit: int = STORE_LIMIT,
        resend_after_s: float = RESEND_AFTER_S,
        skew: timedelta = timedelta(),
    ) -> None:
        self.site = site
        self.device = device
        self.online = True
        self.refused = 0
        self.resent = 0
        self.skew = skew
        self._topics = topics or Topics()
        self._boot = boot
        self._seq = 0
        self._limit = limit
        self._resend_after = timedelta(seconds=resend_after_s)
        self._store: OrderedDict[Key, _Kept] = OrderedDict()
        self._answers: OrderedDict[Key | str, None] = OrderedDict()

    @property
    def unacknowledged(self) -> int:
        """Events in the store."""
        return len(self._store)

    @property
    def kept(self) -> tuple[Key, ...]:
        """The keys of the kept events, oldest first."""
        return tuple(self._store)

    def report(self, reading: Reading, now: datetime, at: datetime | None = None) -> Event | None:
        """Keep this reading as the next event, to be sent now if `online`; None: the store is full.

        `at` is the time of the reading; None means now.
        """
        if len(self._store) >= self._limit:
            self.refused += 1
            return None
        self._seq += 1
        return self._keep((self._boot, self._seq), reading, now, at or now)

    def on_ack(self, ack: Ack) -> int:
        """Delete the events that the gateway has stored, and return their number."""
        safe = [key for key in self._store if key[0] == ack.boot and key[1] <= ack.seq]
        for key in safe:
            del self._store[key]
        return len(safe)

    def due_resends(self, now: datetime, at_most: int = RESEND_WINDOW) -> list[Event]:
        """Return events that waited long enough for their ack, oldest first, to be sent now."""
        return list(islice(self._resend(now, self._resend_after), at_most)) if self.online else []

    def next_resend(self) -> datetime | None:
        """Return the time of the next `due_resends`; None: nothing is kept, or we are offline."""
        if not self._store or not self.online:
            return None
        oldest = (kept for kept, _ in zip(self._store.values(), range(RESEND_WINDOW), strict=False))
        return min((kept.sent or _LONG_AGO) for kept in oldest) + self._resend_after

    def went_offline(self) -> None:
        """Go offline: events are kept and not sent."""
        self.online = False

    def came_online(self, now: datetime) -> list[Event]:
        """Go online, and return the oldest unacknowledged events, to be sent now."""
        self.online = True
        return list(self._resend(now, timedelta()))

    def reboot(self, boot: int) -> None:
        """Start again under a higher boot number; kept events keep their own."""
        if boot <= self._boot:
            raise ValueError(f"boot {boot} must be higher than {self._boot}")
        self._boot, self._seq = boot, 0

    def _resend(self, now: datetime, after: timedelta) -> Iterator[Event]:
        """Yield the oldest events (`RESEND_WINDOW`) that were last sent `after` ago or never."""
        for kept, _ in zip(self._store.values(), range(RESEND_WINDOW), strict=False):
            if kept.sent is None or now - kept.sent >= after:
                self.resent += kept.sent is not None
                kept.sent = now
                yield kept.event

    def _keep(self, key: Key, reading: Reading, now: datetime, at: datetime) -> Event:
        message = self._spelled(key, reading, at + self.skew)
        event = Event(*key, message, getattr(reading, "decided", None))
        self._store[key] = _Kept(event, now if self.online else None)
        return event

    def _spelled(self, key: Key, reading: Reading, at: datetime) -> Outgoing:
        clock = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields: dict[str, object] = {"boot": key[0], "seq": key[1], "at": clock}
        told = msgspec.to_builtins(reading)
        told.pop("pin_failed", None)  # our wire has the PIN itself
        fields |= {name: value for name, value in told.items() if value is not None}
        topic = self._topics.event(self.site, self.device)
        return Outgoing(topic, msgspec.json.encode(fields), qos=1)


class SimulatedReader(NativeDevice):
    """A badge reader or a lock: a native device that also takes answers and orders.

    `unlocked_until` is the time at which its door locks again. `rights` is its rights list; None
    until it has the readers' key: then it decides nothing alone. Without a first list it decides
    nothing either.
    """

    unlocked_until: datetime | None = None
    rights: RightsBook | None = None
    _gateways: Mapping[str, bool] = {}
    """Known gateways, and whether they are online."""
    _waiting: Mapping[Key, tuple[CredentialPresented, datetime]] = {}
    """Badges that were sent and have no answer."""

    @property
    def is_cut_off(self) -> bool:
        """True if no gateway can be reached."""
        return not self.online or (bool(self._gateways) and not any(self._gateways.values()))

    def trust(self, key: bytes) -> None:
        """Give the reader the readers' key, so that it can read a rights list."""
        self.rights = RightsBook(key)

    def on_rights(self, topic: str, payload: bytes) -> Outgoing | None:
        """Take a head or a page of its rights list; return the status if a list came into force.

        Raises:
            msgspec.DecodeError: it is neither.
        """
        last = topic.rsplit("/", 1)[-1]
        page = int(last) if last.isdigit() else None
        if self.rights is None or not self.rights.receive(payload, page):
            return None
        return self.status()

    def on_gateway(self, topic: str, payload: bytes) -> None:
        """Take a gateway's retained state."""
        self._gateways = {**self._gateways, topic: payload == b"online"}

    def status(self) -> Outgoing:
        """Return the status message of a start, or of another rights list in force."""
        said = {"state": "online", "firmware": FIRMWARE}
        if self.rights is not None and self.rights.version is not None:
            said["rights"] = self.rights.version
        topic = self._topics.status(self.site, self.device)
        return Outgoing(topic, msgspec.json.encode(said), qos=1, retain=True)

    def report(self, reading: Reading, now: datetime, at: datetime | None = None) -> Event | None:
        """Report as every device; while cut off, decide about a badge and open the door."""
        if not self.has_list or not isinstance(reading, CredentialPresented):
            return super().report(reading, now, at)
        if self.is_cut_off:
            decided, lets_in = self._decided(reading, now)
            event = super().report(decided, now, at)
            self._open(now, lets_in=lets_in and event is not None)
            return event
        event = super().report(reading, now, at)
        if event is not None:
            self._waiting = {**self._waiting, event.key: (reading, now)}
        return event

    def give_up(self, key: Key, now: datetime) -> Event | None:
        """Decide alone about a badge that was sent; return the same event, to be sent again.

        None: it was answered, or this reader does not decide alone.
        """
        reading, asked = self._waiting.get(key, (None, now))
        full = len(self._store) >= self._limit and key not in self._store
        if reading is None or full or self._answered(key):
            return None
        decided, lets_in = self._decided(reading, now)
        event = self._keep(key, decided, now, asked)
        self._open(now, lets_in=lets_in)
        return event

    @property
    def has_list(self) -> bool:
        """True if it may decide alone."""
        return self.rights is not None and self.rights.version is not None

    def _decided(
        self, reading: CredentialPresented, now: datetime
    ) -> tuple[CredentialPresented, bool]:
        """Return a badge with the decision of the list, and whether it is let in."""
        lets_in = self._lets_in(reading, now)
        return structs.replace(reading, decided="granted" if lets_in else "denied"), lets_in

    def _open(self, now: datetime, *, lets_in: bool) -> None:
        unlock_s = self.rights.unlock_s if self.rights is not None else None
        if lets_in and unlock_s is not None:
            self.unlocked_until = now + timedelta(seconds=unlock_s)

    def _lets_in(self, reading: CredentialPresented, now: datetime) -> bool:
        try:
            canonical = badges.normalise(reading.credential, reading.format)
        except WireError:
            return False
        return self.rights is not None and self.rights.allows(canonical, now + self.skew)

    def present(
        self,
        credential: str,
        now: datetime,
        *,
        format: str = "hex",  # noqa: A002 - the wire's word for how a badge number is spelled
        pin: str | None = None,
    ) -> Event | None:
        """Keep a badge that is held to the reader now; None: the store is full."""
        return self.report(CredentialPresented(credential, format, pin), now)

    def on_command(self, command: Command, now: datetime) -> ReceivedCommand:
        """Take a command; unlock if it orders so, in time and for the first time."""
        heard = self._understood(command, now)
        if heard.effect in {"granted", "unlocked"} and heard.unlock_s is not None:
            self.unlocked_until = now + timedelta(seconds=heard.unlock_s)
        return heard

    def _understood(self, command: Command, now: datetime) -> ReceivedCommand:
        key: Key | None = None
        effect: Effect = "unlocked"
        if not isinstance(command, AccessCommand | UnlockCommand):
            return ReceivedCommand("not ours", command.id)
        if isinstance(command, AccessCommand):
            if command.boot is None or command.seq is None:
                return ReceivedCommand("not ours", command.id)
            key, effect = (command.boot, command.seq), command.decision
        if self._answered(key or command.id):
            effect = "repeated"
        elif now >= command.expires:
            effect = "expired"
        reason = command.reason if isinstance(command, AccessCommand) else ""
        return ReceivedCommand(effect, command.id, key, reason, command.unlock_s)

    def _answered(self, question: Key | str) -> bool:
        """Return whether this event or order had its command before, and record it."""
        self._waiting = {key: one for key, one in self._waiting.items() if key != question}
        if question in self._answers:
            return True
        self._answers[question] = None
        if len(self._answers) > ANSWERS_KEPT:
            self._answers.popitem(last=False)
        return False
