"""The device protocol under any loss, duplication and reordering, either way."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.core.model.names import DeviceId, SiteId
from gateway.wire.commands import Ack
from simulators.devices import Event, Key, SimulatedReader
from tests.doses import examples

LIMIT = 8


class Protocol(RuleBasedStateMachine):
    """A reader, a network that may do anything, and a gateway that acks all before a gap."""

    @initialize()
    def begin(self) -> None:
        """Nothing is said yet."""
        self.now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
        self.reader = SimulatedReader(SiteId("here"), DeviceId("r"), boot=1, limit=LIMIT)
        self.boot = 1
        self.presented: set[Key] = set()
        self.refused = 0
        self.under_way: list[Event] = []
        self.acks: list[Ack] = []
        self.on_disk: set[Key] = set()

    @rule()
    def present(self) -> None:
        """Somebody shows a badge."""
        event = self.reader.present("04a224b2c31990", self.now)
        if event is None:
            self.refused += 1
            return
        self.presented.add(event.key)
        if self.reader.online:
            self.under_way.append(event)

    @rule(seconds=st.integers(1, 8))
    def wait(self, seconds: int) -> None:
        """Time passes, and what is due is sent again."""
        self.now += timedelta(seconds=seconds)
        self.under_way += self.reader.due_resends(self.now)

    @rule(online=st.booleans())
    def connection(self, *, online: bool) -> None:
        """The connection comes or goes."""
        if online:
            self.under_way += self.reader.came_online(self.now)
        else:
            self.reader.went_offline()

    @rule()
    def reboot(self) -> None:
        """The reader starts again."""
        self.boot += 1
        self.reader.reboot(self.boot)

    @rule(place=st.integers(0, 1000), again=st.booleans())
    def arrives(self, place: int, *, again: bool) -> None:
        """Any message arrives at the gateway, perhaps to arrive once more; it acks what it has."""
        if self.under_way:
            event = self.under_way[place % len(self.under_way)]
            if not again:
                self.under_way.remove(event)
            self.on_disk.add(event.key)
            self.acks.append(Ack(event.boot, self._gapless(event.boot)))

    @rule(place=st.integers(0, 1000))
    def lost(self, place: int) -> None:
        """Any message is lost."""
        if self.under_way:
            self.under_way.pop(place % len(self.under_way))

    @rule(place=st.integers(0, 1000), again=st.booleans())
    def acknowledged(self, place: int, *, again: bool) -> None:
        """Any ack reaches the reader, perhaps to come once more, in any order."""
        if self.acks:
            ack = self.acks[place % len(self.acks)]
            if not again:
                self.acks.remove(ack)
            self.reader.on_ack(ack)

    @rule(place=st.integers(0, 1000))
    def ack_lost(self, place: int) -> None:
        """Any ack is lost."""
        if self.acks:
            self.acks.pop(place % len(self.acks))

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every event is on the gateway's disk or in the reader's store."""
        if hasattr(self, "reader"):
            assert self.presented <= self.on_disk | set(self.reader._store)

    @invariant()
    def the_store_is_bounded(self) -> None:
        """The store holds its limit at most, and what it refused is counted."""
        if hasattr(self, "reader"):
            assert self.reader.unacknowledged <= LIMIT
            assert self.reader.refused == self.refused

    def teardown(self) -> None:
        """Once the network works, everything arrives and the store empties."""
        if not hasattr(self, "reader"):
            return
        self.under_way += self.reader.came_online(self.now)
        for _ in range(3):
            for event in sorted(self.under_way, key=lambda one: one.key):
                self.on_disk.add(event.key)
                self.reader.on_ack(Ack(event.boot, self._gapless(event.boot)))
            self.now += timedelta(seconds=6)
            self.under_way = self.reader.due_resends(self.now)
        assert self.reader.unacknowledged == 0
        assert self.presented <= self.on_disk

    def _gapless(self, boot: int) -> int:
        seq = 0
        while (boot, seq + 1) in self.on_disk:
            seq += 1
        return seq


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(max_examples=examples(60), stateful_step_count=60, deadline=None)
