"""Converts journal rows to InfluxDB line protocol (design section 6).

Lines are built by hand: an `influxdb_client.Point` costs 7 us where this costs 2 us, and the
gateway's loop must answer a door meanwhile (docs/influxdb.md has the measurement).

**Time.** InfluxDB keeps one point for each series and nanosecond: a second replaces the first.

- A *state* (`occupancy`, `device`, a sensor's level or running total, ...) keeps the event's own
  microsecond. If two have the same time, the later row is newer and correctly replaces the first.
- A *count* (`access`; a sensor's `in` and `out`) is summed, so none may replace another: its time
  is cut to the millisecond, and the six digits below carry the row's number modulo a million. Two
  counts of one series meet only if a million rows were journaled while the device's clock showed
  one millisecond. Only the three digits below the microsecond would not do: a clock of whole
  seconds shows the same microsecond again and again, and one row in a thousand has those digits.

Both depend on the row alone, so that a replay writes the same points.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from gateway.adapters.journal.rows import to_us
from gateway.core.facts import (
    Decided,
    DeviceMinute,
    Fact,
    GatewayMinute,
    JournalRow,
    MachineChanged,
    OccupancyChanged,
    OccupancyDay,
    OccupancyMinute,
    PeopleCrossed,
    Sensed,
    VisitsDay,
)

_MILLISECOND = timedelta(milliseconds=1)
_NUMBERS = 1_000_000
"""Journal numbers that the six digits below the millisecond tell apart."""
_SERIES_KEPT = 4096
"""Series remembered, about 200 bytes each: those of some hundred zones, readers and sensors."""
_ESCAPED = str.maketrans(
    {",": r"\,", "=": r"\=", " ": r"\ ", "\\": "_"} | {chr(code): "_" for code in range(32)}
)
"""Line protocol has no way to write a backslash at a tag's end, nor a line break."""


def points(row: JournalRow) -> list[str]:
    """Return the row's points, in the order of its facts; many rows have none."""
    return [line for fact in row.facts for line in _lines(row, fact)]


def _lines(row: JournalRow, fact: Fact) -> tuple[str, ...]:  # noqa: C901 - a dispatch, one line a fact
    lines: tuple[str, ...] = ()
    match fact:
        case OccupancyChanged():
            lines = (_occupancy(row, fact),)
        case OccupancyMinute():
            lines = (_occupancy_1m(row, fact),)
        case OccupancyDay():
            lines = (_occupancy_1d(row, fact),)
        case Decided():
            lines = (_access(row, fact),)
        case PeopleCrossed():
            lines = _crossing(row, fact)
        case Sensed():
            series = _sensor(row, fact, fact.kind)
            lines = (f"{series} value={float(fact.value)} {_own_time(fact.at)}",)
        case MachineChanged():
            lines = (_machine(row, fact),)
        case DeviceMinute():
            lines = (_device(row, fact),)
        case GatewayMinute():
            lines = (_gateway(fact),)
        case VisitsDay(visits=int(), visitors=int()):
            lines = (_visits_1d(row, fact),)
        case _:
            pass  # doors, alarms, orders and people's ways are the journal's alone
    return lines


def _occupancy(row: JournalRow, fact: OccupancyChanged) -> str:
    series = _series("occupancy", ("site", row.site), ("zone", fact.zone))
    capacity = "" if fact.capacity is None else f"capacity={fact.capacity}i,"
    return (
        f"{series} people={fact.people}i,low={fact.low}i,high={fact.high}i,known={fact.known}i,"
        f"{capacity}p_vacant={float(fact.p_vacant)},p_full={float(fact.p_full)} "
        f"{_own_time(fact.at)}"
    )


def _occupancy_1m(row: JournalRow, fact: OccupancyMinute) -> str:
    series = _series("occupancy_1m", ("site", row.site), ("zone", fact.zone))
    values = f"mean={float(fact.mean)},min={fact.min}i,max={fact.max}i"
    return f"{series} {values} {_own_time(fact.minute)}"


def _occupancy_1d(row: JournalRow, fact: OccupancyDay) -> str:
    """Return a zone's day; a day that was never open has no `in_use`."""
    series = _series("occupancy_1d", ("site", row.site), ("zone", fact.zone))
    use = "" if fact.in_use is None else f"in_use={float(fact.in_use)},"
    values = f"mean={float(fact.mean)},min={fact.min}i,max={fact.max}i,{use}minutes={fact.minutes}i"
    return f"{series} {values} {_own_time(fact.at)}"


def _visits_1d(row: JournalRow, fact: VisitsDay) -> str:
    """Return a day's visits; days with too few people are left out by `points`."""
    stay = "" if fact.stay_s is None else f",stay_s={float(fact.stay_s)}"
    series = _series("visits_1d", ("site", row.site))
    return f"{series} visits={fact.visits}i,visitors={fact.visitors}i{stay} {_own_time(fact.at)}"


def _access(row: JournalRow, fact: Decided) -> str:
    series = _series(
        "access",
        ("site", row.site),
        ("access_point", fact.access_point),
        ("door", fact.door),
        ("decision", fact.decision),
        ("reason", fact.reason),
    )
    # A device whose clock is ahead would otherwise have been answered before it asked.
    latency = max(0.0, (row.received - row.at) / _MILLISECOND)
    return f"{series} count=1i,latency_ms={latency} {_counted_time(row.at, row.n)}"


def _crossing(row: JournalRow, fact: PeopleCrossed) -> tuple[str, str]:
    time = _counted_time(fact.at, row.n)
    return (
        f"{_sensor(row, fact, 'in')} value={float(fact.entered)} {time}",
        f"{_sensor(row, fact, 'out')} value={float(fact.left)} {time}",
    )


def _machine(row: JournalRow, fact: MachineChanged) -> str:
    """Return a machine's state, without its user; `runs` only where something reports it."""
    series = _series("machine", ("site", row.site), ("machine", fact.machine))
    runs = "" if fact.state == "powered" else f",runs={_flag(fact.state == 'running')}"
    watts = "" if fact.watts is None else f",watts={float(fact.watts)}"
    flags = f"powered={_flag(fact.state != 'off')},used={_flag(fact.holder is not None)}"
    return f"{series} {flags}{runs}{watts} {_own_time(fact.at)}"


def _flag(is_so: bool) -> str:  # noqa: FBT001 - one value, as it is written
    return "true" if is_so else "false"


def _device(row: JournalRow, fact: DeviceMinute) -> str:
    series = _series("device", ("site", row.site), ("device", fact.device))
    online = "" if fact.online is None else f"online={'true' if fact.online else 'false'},"
    battery = "" if fact.battery is None else f"battery={float(fact.battery)},"
    seen = "" if fact.last_seen_s is None else f"last_seen_s={float(fact.last_seen_s)},"
    counts = f"gaps={fact.gaps}i,duplicates={fact.duplicates}i,ghosts={fact.ghosts}i"
    return f"{series} {online}{battery}{seen}{counts} {_own_time(fact.at)}"


def _gateway(fact: GatewayMinute) -> str:
    series = _series("gateway", ("instance", fact.instance))
    return (
        f"{series} backlog={fact.backlog}i,commit_ms={float(fact.commit_ms)},"
        f"decisions={fact.decisions}i,dropped={fact.dropped}i {_own_time(fact.at)}"
    )


def _sensor(row: JournalRow, fact: PeopleCrossed | Sensed, kind: str) -> str:
    return _series(
        "sensor", ("site", row.site), ("zone", fact.zone), ("device", fact.device), ("kind", kind)
    )


@lru_cache(maxsize=_SERIES_KEPT)
def _series(measurement: str, *tags: tuple[str, str | None]) -> str:
    """Return measurement and tags, without empty tags, which InfluxDB refuses."""
    pairs = (f",{key}={value.translate(_ESCAPED)}" for key, value in tags if value)
    return measurement + "".join(pairs)


def _own_time(at: datetime) -> int:
    return to_us(at) * 1000


def _counted_time(at: datetime, n: int) -> int:
    return to_us(at) // 1000 * 1_000_000 + n % _NUMBERS
