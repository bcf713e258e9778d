"""The fuzz's ledger: the messages sent, and whether the gateway's journal explains each one.

Each message must be found: as a dead letter, as a row (or several), as one of the copies of a
number that has its row, or it reports nothing. A reading that a device is not wired for is a letter
and a row. The drivers' pure rules classify a message before it is sent; the journal's file shows
its fate. The two are compared per topic and per device.
"""

from collections import Counter

from benchmarks.crash_judge import Ask
from benchmarks.fuzz_place import MARKERS, STRANGER, is_wild
from gateway.core.access.wiring import refusal
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import Firmware, WireError
from gateway.service.decoder import TOPIC_KEPT
from gateway.wire.topics import Topics
from sensors.registry import Registry

Number = tuple[DeviceId, int, int]


class Books:
    """The messages sent, by their expected fate."""

    def __init__(self, site: Site) -> None:
        self.sent = 0
        self.silent = 0
        """Well-formed messages that report nothing."""
        self._site = site
        self._registry = Registry([site])
        self._marked = Topics().event(site.id, STRANGER)
        self._driver = {device.id: device.driver for device in site.devices}
        self._native = {
            Topics().event(site.id, device.id): device.id
            for device in site.devices
            if device.driver == "native" and device.id not in MARKERS
        }
        self.letters: Counter[str] = Counter()
        """Dead letters by topic."""
        self._newest_letter = 0
        self._on_topic: Counter[str] = Counter()
        self._wrong: Counter[str] = Counter()
        self._unnumbered: Counter[str] = Counter()
        self._copies: Counter[Number] = Counter()

    def number(self, topic: str, payload: bytes) -> tuple[int, int] | None:
        """Return the boot and seq that can be read from a native message."""
        try:
            reports = self._registry.decode(topic, payload)
        except WireError as error:
            origin = error.origin
            if origin is None or origin.boot is None or origin.seq is None:
                return None
            return origin.boot, origin.seq
        (report,) = reports
        assert report.boot is not None  # noqa: S101 - native events are numbered
        assert report.seq is not None  # noqa: S101 - likewise
        return report.boot, report.seq

    def note(self, topic: str, payload: bytes) -> None:
        """Record a message that is being sent."""
        kept = topic[:TOPIC_KEPT]
        self.sent += 1
        self._on_topic[kept] += 1
        try:
            reports = self._registry.decode(topic, payload)
        except WireError as error:
            self._wrong[kept] += 1
            origin = error.origin
            if origin is not None and origin.boot is not None and origin.seq is not None:
                self._copies[origin.device, origin.boot, origin.seq] += 1
            return
        self.silent += not reports
        for report in reports:
            if report.boot is not None and report.seq is not None:
                self._copies[report.device, report.boot, report.seq] += 1
            elif not isinstance(report.reading, Firmware):  # a known one is not journaled again
                self._unnumbered[self._driver[report.device]] += 1
                device = self._site.device[report.device]
                self._wrong[kept] += refusal(self._site, device, report.reading) is not None

    def count_letters(self, ask: Ask) -> None:
        """Count the dead letters since the last call: the journal keeps only the newest ones."""
        for topic, count, newest in ask(_LETTERS.format(self._newest_letter)):
            self.letters[topic] += count
            self._newest_letter = max(self._newest_letter, newest)

    def unaccounted(self, ask: Ask) -> int:
        """Return the number of messages that the journal explains not at all, or too often."""
        self.count_letters(ask)
        letters = self.letters.copy()
        del letters[self._marked]
        numbers = {tuple(found) for found in ask(_NUMBERS) if found[0] not in MARKERS}
        meant: Counter[str] = Counter(dict(ask(_MEANT)))
        wrong = len(numbers - self._copies.keys()) + (letters - self._on_topic).total()
        for topic, device in self._native.items():
            unexplained = self._on_topic[topic] - letters[topic] - meant[device]
            wrong += self._not_copies(device, unexplained, numbers)
        for topic in self._on_topic.keys() - self._native.keys():
            wrong += abs(self._wrong[topic] - letters[topic])
        return wrong + self._rows_amiss(ask)

    def _not_copies(self, device: DeviceId, unexplained: int, numbers: set[Number]) -> int:
        """Return the difference between a device's messages without a trace and its copies.

        Where numbers run wild, a copy may also be a dead letter: its boot was forgotten meanwhile.
        """
        copies = sum(self._copies[number] - 1 for number in numbers if number[0] == device)
        least = 0 if is_wild(device) else copies
        return max(least - unexplained, unexplained - copies, 0)

    def _rows_amiss(self, ask: Ask) -> int:
        """Return the number of unnumbered rows that are too many or too few, by driver."""
        rows: Counter[str] = Counter()
        for device, count in ask(_UNNUMBERED):
            rows[self._driver[device]] += count
        drivers = self._unnumbered.keys() | rows.keys()
        return sum(abs(self._unnumbered[driver] - rows[driver]) for driver in drivers)


_LETTERS = """
SELECT topic, count(*), max(id) FROM (SELECT * FROM dead_letter WHERE id > {}) GROUP BY topic"""
_NUMBERS = """
SELECT device, event ->> 'boot', event ->> 'seq' FROM journal WHERE event ->> 'seq' IS NOT NULL"""
_MEANT = """
SELECT device, count(*) FROM journal
WHERE event ->> 'seq' IS NOT NULL AND kind <> 'misunderstood'
  AND NOT instr(facts, '"NotWired"') GROUP BY device"""
_UNNUMBERED = """
SELECT device, count(*) FROM journal
WHERE event ->> 'seq' IS NULL AND device IS NOT NULL AND kind <> 'firmware' GROUP BY device"""
