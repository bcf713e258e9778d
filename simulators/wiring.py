"""A site's devices on the wire: their messages in both directions, and the wire's faults.

Outgoing messages collect in `said`. The owner of the connection takes them with `take`, and passes
incoming ones to `receive`.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial

import msgspec

from gateway.core.model.names import DeviceId, ZoneId
from gateway.core.readings import CredentialPresented, Reading
from gateway.wire.commands import AccessCommand, MachineOrder
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics
from simulators.badges import spelled
from simulators.clockwork import Clockwork
from simulators.devices import (
    ANSWERED_WITHIN_S,
    FIRMWARE,
    Event,
    NativeDevice,
    SimulatedReader,
    read_ack,
    read_command,
)
from simulators.equipment import Equipment, Hearing, InRoom, heard_as
from simulators.faults import FaultRates, happens
from simulators.judge import Must
from simulators.outcomes import READER_DECIDED, Bookkeeping
from simulators.questions import Answered, PendingQuestion, PendingQuestions, ReaderFeedback
from simulators.seeds import branch

BIRTHS_WITHIN_S = 2.0
"""Seconds within which devices come online one after the other, as after a power cut."""
DUPLICATE_AFTER_S = 0.2
DECIDES_AFTER_S = 0.1
"""The time that a cut-off reader needs to search its list."""
_STATES = {
    True: b'{"state":"online","firmware":"%s"}' % FIRMWARE.encode(),
    False: b'{"state":"offline"}',
}

Ordered = Callable[[MachineOrder], None]
"""Called with an order to a machine."""


class Wiring:
    """The devices of one site, and the faults between them and the broker."""

    def __init__(
        self,
        equipment: Equipment,
        clockwork: Clockwork,
        faults: FaultRates,
        seed: int,
        *,
        topics: Topics,
        tally: Bookkeeping,
    ) -> None:
        self.happened: Counter[str] = Counter()
        self._equipment = equipment
        self._clockwork = clockwork
        self._faults = faults
        self._topics = topics
        self._tally = tally
        self._site = equipment.site
        self._draw = branch(seed, self._site.id, "wire")
        self._connected = True
        self._was_connected = False
        self._mended = False
        self._said: list[Outgoing] = []
        self._questions = PendingQuestions()
        self._resending: set[DeviceId] = set()
        self._missed: dict[DeviceId, dict[str, tuple[Hearing, bytes]]] = {}
        """The retained messages for a cut-off reader: the last of each topic."""
        self._ordered: Ordered = lambda _order: None

    def begin(
        self, answered: Answered, ordered: Ordered, people_in: Callable[[ZoneId | None], int]
    ) -> None:
        """Bring every device online; `people_in` gives sensors the number of people in a zone."""
        self._questions.answered, self._ordered = answered, ordered
        for device in self._equipment.native.values():
            self._clockwork.after(self._delay(), partial(self._birth, device))
        self._say(self._equipment.births())
        for opener, reading in self._equipment.openers:
            self._clockwork.after(BIRTHS_WITHIN_S, partial(self._open, opener, reading))
        for room in self._equipment.rooms:
            wait = BIRTHS_WITHIN_S + self._draw.uniform(0, room.sensor.every_s / 10)
            self._clockwork.after(wait, partial(self._look, room, people_in))

    def take(self) -> list[Outgoing]:
        """Return the messages to be sent now."""
        said, self._said = self._said, []
        return said

    def report(self, device: DeviceId, reading: Reading) -> Event | None:
        """Report a reading of a device; return its event if the device numbers and keeps them."""
        foreign = self._equipment.foreign.get(device)
        if foreign is not None:
            self._say(foreign.says(reading, self._clockwork.now))
            return None
        native = self._equipment.native[device]
        event = native.report(reading, self._clockwork.now)
        if event is not None and native.online:
            self._send(native, event)
        return event

    def ask(
        self, reader: DeviceId, badge: str, pin: str | None = None, must: Must | None = None
    ) -> bool:
        """Hold a badge to a reader; return False if its store is full and it sends nothing.

        `must` is the required answer.
        """
        declared = self._site.device[reader]
        reading = CredentialPresented(spelled(badge, declared.format), declared.format, pin)
        event = self.report(reader, reading)
        native = self._equipment.native.get(reader)
        if native is not None and event is None:
            return False
        key = None if event is None else event.key
        decided = None if event is None else event.decided
        fresh = self._connected if native is None else native.online
        if native is not None or fresh:  # other devices lose their messages while they are cut off
            now = self._clockwork.now
            asked = partial(self._tally.asked, self._site.id, reader, key, now)
            asked(fresh=fresh, decided=decided, must=must)
        question = PendingQuestion(key, self._equipment.releaser(reader))
        self._questions.ask(reader, question)
        if decided is not None:
            alone = ReaderFeedback(decided == "granted", READER_DECIDED)
            self._clockwork.after(
                DECIDES_AFTER_S, partial(self._questions.decided_alone, reader, question, alone)
            )
        elif isinstance(native, SimulatedReader) and key is not None:
            self._clockwork.after(ANSWERED_WITHIN_S, partial(self._give_up, reader, question))
        return True

    def look_away(self, reader: DeviceId) -> None:
        """End the question at a reader without an answer."""
        self._questions.look_away(reader)

    def stir(self, zone: ZoneId | None, people: int) -> None:
        """Report movement of a person in a zone."""
        for room in self._equipment.rooms:
            if room.zone == zone and zone is not None:
                self._tell(room, people, stirred=True)

    def receive(self, topic: str, payload: bytes) -> None:
        """Take a message of the gateway."""
        if topic == self._topics.access(self._site.id):
            self._tally.overheard(self._site.id, payload, self._clockwork.now)
        for hearing, device in self._equipment.listens.get(heard_as(topic), ()):
            try:
                if hearing == "ack":
                    self._on_ack(self._equipment.native[device], payload)
                elif hearing == "command":
                    self._on_command(device, payload)
                elif hearing in ("rights", "gateway"):
                    self._on_retained(device, hearing, topic, payload)
                elif self._equipment.foreign[device].unlocks(payload):
                    self._questions.released(device)
            except msgspec.DecodeError:
                self._tally.garbled += 1

    def go_offline(self, *, only_farewell: bool = False) -> None:
        """Publish that native devices are offline; take them offline unless `only_farewell`."""
        self._connected = only_farewell and self._connected
        for device in self._equipment.native.values():
            self._say([self._status(device, online=False)])
            if not only_farewell:
                device.went_offline()

    def reconnect(self) -> None:
        """Reconnect the connection that all devices share.

        With one connection each, the broker would have published by then that they were offline.
        """
        self._connected = True
        self._say(self._equipment.births())
        for device in self._equipment.native.values():
            if self._was_connected:
                self._say([self._status(device, online=False)])
        self._was_connected = True
        for device in self._equipment.native.values():
            self._come_online(device)

    def mend(self) -> None:
        """Reconnect devices that are cut off by themselves; they stay connected."""
        self._mended = True
        if self._connected:
            for device in self._equipment.native.values():
                if not device.online:
                    self._come_online(device)

    def _on_ack(self, device: NativeDevice, payload: bytes) -> None:
        ack = read_ack(payload)
        if device.online:
            device.on_ack(ack)

    def _on_command(self, device: DeviceId, payload: bytes) -> None:
        command = read_command(payload)
        reader = self._equipment.native[device]
        if isinstance(command, AccessCommand) and (reader.online or not _decides(reader)):
            self._tally.heard(self._site.id, device, command, self._clockwork.now)
        if not isinstance(reader, SimulatedReader) or not reader.online:
            return
        if isinstance(command, MachineOrder):
            self._ordered(command)
            return
        self._questions.heard(device, reader.on_command(command, self._clockwork.now))

    def _on_retained(self, device: DeviceId, hearing: Hearing, topic: str, payload: bytes) -> None:
        """Take a part of a reader's list, or a gateway's state; a cut-off reader gets it later."""
        reader = self._equipment.native[device]
        if not isinstance(reader, SimulatedReader):
            return
        if not reader.online:
            self._missed.setdefault(device, {})[topic] = (hearing, payload)
        elif hearing == "gateway":
            reader.on_gateway(topic, payload)
        elif status := reader.on_rights(topic, payload):
            self._say([status])

    def _give_up(self, reader: DeviceId, question: PendingQuestion) -> None:
        """Have a reader decide alone, as no answer came in time; it sends the same event again."""
        native = self._equipment.native[reader]
        assert isinstance(native, SimulatedReader)  # noqa: S101 - see `ask`
        assert question.key is not None  # noqa: S101 - likewise
        event = native.give_up(question.key, self._clockwork.now)
        if event is None or event.decided is None:
            return
        self.happened["no answer"] += 1
        self._tally.gave_up(self._site.id, reader, question.key, event.decided)
        if native.online:
            self._send(native, event)
        alone = ReaderFeedback(event.decided == "granted", READER_DECIDED)
        self._questions.decided_alone(reader, question, alone)

    def _birth(self, device: NativeDevice) -> None:
        self._say([self._status(device, online=True)])
        self._plan_outage(device)

    def _open(self, device: DeviceId, reading: Reading) -> None:
        self.report(device, reading)

    def _plan_outage(self, device: NativeDevice) -> None:
        if self._faults.offline_per_hour:
            wait = self._draw.expovariate(self._faults.offline_per_hour / 3600)
            self._clockwork.after(wait, partial(self._outage, device))

    def _outage(self, device: NativeDevice) -> None:
        """Cut off a device: the broker publishes its last will, and it keeps its events."""
        if self._mended:
            return
        self.happened["offline"] += 1
        device.went_offline()
        self._say([self._status(device, online=False)])
        lasts = self._draw.expovariate(1 / self._faults.offline_s)
        self._clockwork.after(lasts, partial(self._back, device))

    def _back(self, device: NativeDevice) -> None:
        if self._connected:
            self._come_online(device)
        self._plan_outage(device)

    def _come_online(self, device: NativeDevice) -> None:
        kept = device.came_online(self._clockwork.now)
        self._say([self._status(device, online=True)])
        for topic, (hearing, payload) in self._missed.pop(device.device, {}).items():
            self._on_retained(device.device, hearing, topic, payload)
        for event in kept:
            self._tally.resent(self._site.id, device.device, event.key)
            self._send(device, event)

    def _send(self, device: NativeDevice, event: Event) -> None:
        self._say([event.message])
        if happens(self._faults.duplicate, self._draw):
            self._tally.duplicated += 1
            self.happened["duplicate"] += 1
            self._clockwork.after(DUPLICATE_AFTER_S, partial(self._say, [event.message]))
        self._plan_resend(device)

    def _plan_resend(self, device: NativeDevice) -> None:
        due = device.next_resend()
        if due is not None and device.device not in self._resending:
            self._resending.add(device.device)
            self._clockwork.at(due, partial(self._resend, device))

    def _resend(self, device: NativeDevice) -> None:
        self._resending.discard(device.device)
        for event in device.due_resends(self._clockwork.now):
            self._tally.resent(self._site.id, device.device, event.key)
            self._say([event.message])
        self._plan_resend(device)

    def _look(self, room: InRoom, people_in: Callable[[ZoneId | None], int]) -> None:
        self._tell(room, people_in(room.zone))
        self._clockwork.after(room.sensor.every_s, partial(self._look, room, people_in))

    def _tell(self, room: InRoom, people: int, *, stirred: bool = False) -> None:
        for reading in room.sensor.look(people, self._clockwork.now, stirred=stirred):
            self.report(room.device, reading)

    def _status(self, device: NativeDevice, *, online: bool) -> Outgoing:
        if online and isinstance(device, SimulatedReader):
            return device.status()
        topic = self._topics.status(self._site.id, device.device)
        return Outgoing(topic, _STATES[online], qos=1, retain=True)

    def _say(self, messages: list[Outgoing]) -> None:
        self._said += messages
        self._tally.sent += len(messages)

    def _delay(self) -> float:
        return self._draw.uniform(0, BIRTHS_WITHIN_S)


def _decides(reader: NativeDevice) -> bool:
    """Return whether a reader decides alone when it gets no answer."""
    return isinstance(reader, SimulatedReader) and reader.has_list
