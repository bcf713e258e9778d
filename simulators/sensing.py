"""The measurements of each kind of sensor in a room.

`look` is called every `every_s` and when somebody moves; it yields the readings that the sensor
sends. The PIR's rates are those measured in UCI 864 (0.35, 0.64 and 0.77 of half minutes with a
trigger for one, two and three people; 0.003 for none).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import exp
from random import Random
from typing import Literal, Protocol

from gateway.core.model.equipment import Device
from gateway.core.readings import (
    Battery,
    Co2,
    Counted,
    Crossed,
    DoorReported,
    MachineReported,
    Motion,
    Presence,
    Reading,
    Tampered,
)
from simulators.faults import FaultRates, crossings_seen, happens

Kind = Literal[
    "contact", "exit-button", "machine", "crossing", "motion", "presence", "count", "co2", "silent"
]
"""The measurand of a sensor, from the space file, or else from the sensor's id."""
_MEANT: dict[object, Kind] = {
    "door": "contact",
    "motion": "motion",
    "presence": "presence",
    "exit-request": "exit-button",
    "tamper": "silent",
}
"""The meaning of a Tasmota switch's option `means`."""
_KIND_WORDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("crossing", ("counter", "crossing", "compteur", "flow", "roode", "line")),
    ("presence", ("mmwave", "presence", "radar")),
    ("co2", ("co2", "air")),
    ("count", ("camera", "people", "count")),
    ("motion", ("pir", "motion", "mouvement")),
)

TRIGGERS_PER_S = 0.0144
"""A PIR's triggers per second for one person: 0.35 of half minutes have one."""
FALSE_TRIGGERS_PER_S = 0.0001
MOTION_LASTS_S = 90
"""Seconds from a PIR's last trigger to its "no motion" (zigbee2mqtt's occupancy_timeout)."""
PRESENCE_LASTS_S = 15
"""Seconds from the last person's exit to a mmWave sensor's "nobody"."""
CO2_OUTSIDE_PPM = 420.0
CO2_PPM_PER_PERSON_S = 0.05
"""One person's breath in a room of about 100 m3."""
CO2_AIR_CHANGE_PER_S = 3 / 3600
"""Three air changes per hour."""


def kind_of(device: Device) -> Kind:
    """Return the measurand of a sensor."""
    if "means" in device.options:
        return _MEANT.get(device.options["means"], "silent")
    if device.door is not None:
        return "contact"
    if device.machine is not None:
        return "machine"
    named = (kind for kind, words in _KIND_WORDS if any(word in device.id for word in words))
    return next(named, "motion")


class SimulatedSensor(Protocol):
    """A sensor in a room."""

    every_s: float

    def look(self, people: int, now: datetime, *, stirred: bool = False) -> Iterator[Reading]:
        """Yield its readings for so many `people` in its room; `stirred`: somebody just moved."""
        ...


class Pir:
    """Passive infrared: detects movement, not people; blind for a while after each trigger."""

    every_s = 5.0

    def __init__(self, faults: FaultRates, draw: Random) -> None:
        self._blind = timedelta(seconds=faults.pir_blind_s)
        self._draw = draw
        self._active = False
        self._triggered: datetime | None = None

    def look(self, people: int, now: datetime, *, stirred: bool = False) -> Iterator[Reading]:
        """Yield motion, and after a while no motion."""
        rate = FALSE_TRIGGERS_PER_S + TRIGGERS_PER_S * people
        moved = happens(1 - exp(-rate * self.every_s), self._draw) or stirred
        quiet = None if self._triggered is None else now - self._triggered
        if moved and (quiet is None or quiet >= self._blind):
            self._triggered = now
            if not self._active:
                self._active = True
                yield Motion(active=True)
        elif self._active and quiet is not None and quiet >= timedelta(seconds=MOTION_LASTS_S):
            self._active = False
            yield Motion(active=False)


class MmWave:
    """Radar: detects people who sit still too, and sometimes stays on after somebody has left."""

    every_s = 5.0

    def __init__(self, faults: FaultRates, draw: Random) -> None:
        self._faults = faults
        self._draw = draw
        self._active = False
        self._clears: datetime | None = None

    def look(self, people: int, now: datetime, *, stirred: bool = False) -> Iterator[Reading]:
        """Yield presence as the room fills and empties."""
        del stirred  # it detects people, moving or not
        if people:
            self._clears = None
            if not self._active:
                self._active = True
                yield Presence(active=True)
        elif self._active and self._clears is None:
            stuck = happens(self._faults.stuck_presence, self._draw)
            lasts_s = self._faults.stuck_s if stuck else PRESENCE_LASTS_S
            self._clears = now + timedelta(seconds=lasts_s)
        elif self._clears is not None and now >= self._clears:
            self._active, self._clears = False, None
            yield Presence(active=False)


class Co2Meter:
    """Carbon dioxide in a ventilated room: rises slowly with people; it is not a count."""

    every_s = 60.0

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._ppm = CO2_OUTSIDE_PPM

    def look(self, people: int, now: datetime, *, stirred: bool = False) -> Iterator[Reading]:
        """Yield the CO2 level each minute."""
        del now
        if stirred:
            return
        breath = CO2_PPM_PER_PERSON_S * people
        air = CO2_AIR_CHANGE_PER_S * (self._ppm - CO2_OUTSIDE_PPM)
        self._ppm += (breath - air) * self.every_s
        yield Co2(ppm=round(max(0.0, self._ppm + self._draw.gauss(0, 5)), 1))


class Camera:
    """Counts the heads in view, always correctly."""

    every_s = 10.0

    def __init__(self) -> None:
        self._told: int | None = None

    def look(self, people: int, now: datetime, *, stirred: bool = False) -> Iterator[Reading]:
        """Yield the number of people when it changes."""
        del now, stirred
        if people != self._told:
            self._told = people
            yield Counted(people=people)


class Counter:
    """Counts people who pass a line, in each direction, since its start; with misses and doubles.

    `wraps_at` is the total after which it begins again at zero (65,536 for two bytes).
    """

    def __init__(self, faults: FaultRates, draw: Random, *, wraps_at: int | None = None) -> None:
        self._faults = faults
        self._draw = draw
        self._wraps_at = wraps_at
        self.entered = 0
        self.left = 0

    def totals(self) -> Crossed:
        """Return the current totals."""
        if self._wraps_at is None:
            return Crossed(self.entered, self.left)
        return Crossed(self.entered % self._wraps_at, self.left % self._wraps_at)

    def passed(self, *, inward: bool) -> Crossed | None:
        """Return the reading after one person passes, None if it missed them."""
        seen = crossings_seen(self._faults, self._draw)
        if inward:
            self.entered += seen
        else:
            self.left += seen
        return self.totals() if seen else None


class BatteryGauge:
    """A battery: it loses 1 % in three days, so that a simulation only shows its level."""

    every_s = 3600.0

    def __init__(self, faults: FaultRates, draw: Random) -> None:
        low = happens(faults.low_battery, draw)
        self._percent = 8.0 if low else float(draw.randint(60, 100))

    def look(self, people: int, now: datetime, *, stirred: bool = False) -> Iterator[Reading]:
        """Yield its level each hour."""
        del people, now
        if not stirred:
            self._percent = max(0.0, self._percent - 1 / 72)
            yield Battery(percent=round(self._percent, 1))


class CaseSwitch:
    """A reader's sign of life: its case is still shut. For readers that must not fall silent."""

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s

    def look(self, people: int, now: datetime, *, stirred: bool = False) -> Iterator[Reading]:
        """Yield that the case is shut."""
        del people, now
        if not stirred:
            yield Tampered(active=False)


def room_sensor(kind: Kind, faults: FaultRates, draw: Random) -> SimulatedSensor | None:
    """Return the sensor of this kind; None for those that only report passages."""
    if kind == "motion":
        return Pir(faults, draw)
    if kind == "presence":
        return MmWave(faults, draw)
    if kind == "co2":
        return Co2Meter(draw)
    return Camera() if kind == "count" else None


def first_words(kind: Kind) -> Reading | None:
    """Return the reading that a sensor sends at its start, as a base for differences."""
    if kind == "contact":
        return DoorReported("closed")
    if kind == "machine":
        return MachineReported("off", 0.0)
    return Crossed(0, 0) if kind == "crossing" else None


HAVE_BATTERY = frozenset({"contact", "motion"})
"""Kinds that run on a coin cell."""
