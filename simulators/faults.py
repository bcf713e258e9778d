"""Faults and their rates. Every fault is drawn from the seed.

A rate is a share of its occasions (0 to 1); each field names its occasion. Lengths are in seconds
of the wire.
"""

from datetime import timedelta
from random import Random

from msgspec import Struct, structs


class FaultRates(Struct, frozen=True):
    """The rates of one simulation."""

    tailgating: float = 0.0
    """Of the people behind one who is let in: those who slip in on the same badge."""
    forgotten_exit: float = 0.0
    """Of the people who leave through a door with an exit reader: those who do not use it."""
    missed_crossing: float = 0.0
    """Of the people who pass a counter: those it does not see."""
    double_crossing: float = 0.0
    """Of the people who pass a counter: those it sees twice."""
    duplicate: float = 0.0
    """Of the messages of numbered devices: those the wire delivers twice."""
    pir_blind_s: float = 0.0
    """Seconds for which a PIR sees nothing after a trigger (60 s for an Aqara RTCGQ11LM)."""
    stuck_presence: float = 0.0
    """Of the times when a room empties: those when its mmWave sensor stays on."""
    stuck_s: float = 1800.0
    """Seconds for which it then stays on, unless somebody comes."""
    offline_per_hour: float = 0.0
    """Times per hour that a numbered device loses its connection, and keeps its events."""
    offline_s: float = 20.0
    """The mean length of an interruption."""
    skew_s: float = 0.0
    """The largest error of a clock, in either direction."""
    badly_wrong_s: float = 0.0
    """The error of one sensor of each site. Not a reader: it would open nothing at all."""
    mistyped_pin: float = 0.0
    """Of the PINs that are typed: those with a wrong digit."""
    low_battery: float = 0.0
    """Of the devices with a battery: those that begin at 8 %."""

    @classmethod
    def none(cls) -> "FaultRates":
        """Return no faults: a perfect world."""
        return cls()

    @classmethod
    def ordinary(cls) -> "FaultRates":
        """Return the usual faults of a space. Sources are in docs/simulators.md."""
        return cls(
            tailgating=0.08,
            forgotten_exit=0.05,
            missed_crossing=0.02,
            double_crossing=0.01,
            duplicate=0.01,
            pir_blind_s=60.0,
            stuck_presence=0.02,
            offline_per_hour=0.2,
            skew_s=2.0,
            badly_wrong_s=420.0,
            mistyped_pin=0.05,
            low_battery=0.2,
        )

    @classmethod
    def rough(cls) -> "FaultRates":
        """Return the rates of a bad network day: each device is cut off a tenth of the time."""
        return structs.replace(cls.ordinary(), offline_per_hour=24.0, offline_s=15.0)


def crossings_seen(faults: FaultRates, draw: Random) -> int:
    """Return how often a counter sees one person who passes: 0, 1 or 2."""
    at = draw.random()
    if at < faults.missed_crossing:
        return 0
    return 2 if at < faults.missed_crossing + faults.double_crossing else 1


def happens(rate: float, draw: Random) -> bool:
    """Return whether a fault of this rate happens now; draw once even at a rate of 0."""
    return draw.random() < rate


def clock_skew(faults: FaultRates, draw: Random) -> timedelta:
    """Return the error of one device's clock."""
    return timedelta(seconds=round(draw.uniform(-faults.skew_s, faults.skew_s), 3))
