"""Journal rows as line protocol."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway.adapters.influx.influx_points import points
from gateway.core.facts import (
    AlarmRaised,
    Decided,
    DeviceMinute,
    DoorChanged,
    Fact,
    GatewayMinute,
    HolderMoved,
    JournalRow,
    OccupancyChanged,
    OccupancyDay,
    OccupancyMinute,
    PeopleCrossed,
    Sensed,
    UnlockDoor,
    VisitsDay,
)
from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, SiteId, ZoneId

AT = datetime(2026, 11, 22, 8, 0, 0, 120_456, tzinfo=UTC)
US = 1_795_334_400_120_456
HALL = ZoneId("hall")
COUNTER = DeviceId("counter")
COUNTED = "sensor,site=atelier,zone=hall,device=counter"


def _row(*facts: Fact, n: int = 1_234_567, at: datetime = AT, late_ms: float = 3.25) -> JournalRow:
    return JournalRow(
        n=n,
        site=SiteId("atelier"),
        device=DeviceId("reader"),
        kind="credential",
        at=at,
        received=at + timedelta(milliseconds=late_ms),
        facts=facts,
    )


def _decided(access_point: str | None = "front-in", reason: str = "plan") -> Decided:
    return Decided(
        device=DeviceId("reader"),
        access_point=None if access_point is None else AccessPointId(access_point),
        decision="granted",
        reason=reason,
        holder=HolderId("h-0042"),
        verdicts=(),
    )


def _occupancy(capacity: int | None) -> OccupancyChanged:
    return OccupancyChanged(
        zone=HALL,
        at=AT,
        people=12,
        low=11,
        high=14,
        known=9,
        capacity=capacity,
        p_vacant=0.0,
        p_full=0.02,
        stale=False,
    )


def _device(*, online: bool | None, battery: float | None, last_seen_s: float | None) -> Fact:
    return DeviceMinute(
        device=COUNTER,
        at=AT,
        online=online,
        battery=battery,
        last_seen_s=last_seen_s,
        gaps=2,
        duplicates=1,
        ghosts=3,
    )


@pytest.mark.parametrize(
    ("fact", "lines"),
    [
        pytest.param(
            _occupancy(30),
            [
                (
                    "occupancy,site=atelier,zone=hall people=12i,low=11i,high=14i,known=9i,"
                    f"capacity=30i,p_vacant=0.0,p_full=0.02 {US}000"
                )
            ],
            id="a head count keeps its microsecond",
        ),
        pytest.param(
            _occupancy(None),
            [
                (
                    "occupancy,site=atelier,zone=hall people=12i,low=11i,high=14i,known=9i,"
                    f"p_vacant=0.0,p_full=0.02 {US}000"
                )
            ],
            id="a zone without a limit has no capacity field",
        ),
        pytest.param(
            OccupancyMinute(
                zone=HALL, minute=AT.replace(second=0, microsecond=0), mean=4, min=3, max=5
            ),
            ["occupancy_1m,site=atelier,zone=hall mean=4.0,min=3i,max=5i 1795334400000000000"],
            id="a minute stands at its start, and its mean is always a float",
        ),
        pytest.param(
            _decided(),
            [
                (
                    "access,site=atelier,access_point=front-in,decision=granted,reason=plan "
                    "count=1i,latency_ms=3.25 1795334400120234567"
                )
            ],
            id="a decision carries the row's number below its millisecond, and no holder",
        ),
        pytest.param(
            structs.replace(
                _decided(access_point=None, reason="exit-button"), door=DoorId("side"), holder=None
            ),
            [
                (
                    "access,site=atelier,door=side,decision=granted,reason=exit-button "
                    "count=1i,latency_ms=3.25 1795334400120234567"
                )
            ],
            id="an exit button has its door's tag",
        ),
        pytest.param(
            _decided(access_point=None, reason="unknown-reader"),
            [
                (
                    "access,site=atelier,decision=granted,reason=unknown-reader "
                    "count=1i,latency_ms=3.25 1795334400120234567"
                )
            ],
            id="a reader without an access point leaves the tag out",
        ),
        pytest.param(
            PeopleCrossed(device=COUNTER, zone=HALL, at=AT, entered=3, left=0),
            [
                f"{COUNTED},kind=in value=3.0 1795334400120234567",
                f"{COUNTED},kind=out value=0.0 1795334400120234567",
            ],
            id="a crossing is people in and people out, with the row's number",
        ),
        pytest.param(
            Sensed(device=COUNTER, zone=None, kind="in_total", value=19_597, at=AT),
            [f"sensor,site=atelier,device=counter,kind=in_total value=19597.0 {US}000"],
            id="a running total keeps its microsecond; no zone, no tag",
        ),
        pytest.param(
            _device(online=True, battery=88.5, last_seen_s=0.5),
            [
                (
                    "device,site=atelier,device=counter online=true,battery=88.5,last_seen_s=0.5,"
                    f"gaps=2i,duplicates=1i,ghosts=3i {US}000"
                )
            ],
            id="a device's health",
        ),
        pytest.param(
            _device(online=None, battery=None, last_seen_s=None),
            [f"device,site=atelier,device=counter gaps=2i,duplicates=1i,ghosts=3i {US}000"],
            id="what is not known of a device is left out",
        ),
        pytest.param(
            GatewayMinute(
                instance="gw-1", at=AT, backlog=7, commit_ms=0.5, decisions=40, dropped=0
            ),
            [f"gateway,instance=gw-1 backlog=7i,commit_ms=0.5,decisions=40i,dropped=0i {US}000"],
            id="the gateway's health has no site",
        ),
    ],
)
def test_a_fact_is_these_bytes(fact: Fact, lines: list[str]) -> None:
    """Each measurement, byte for byte (the id says which)."""
    assert points(_row(fact)) == lines


def test_what_is_personal_or_has_no_number_stays_in_the_journal() -> None:
    """Doors, orders, alarms and who went where are no points."""
    row = _row(
        UnlockDoor(DoorId("front"), DeviceId("lock"), 5.0, AT),
        DoorChanged(DoorId("front"), "open", AT),
        HolderMoved(HolderId("h-0042"), None, HALL, AT),
        AlarmRaised("forced", "front", AT),
    )
    assert points(row) == []


@pytest.mark.parametrize("kind", get_args(Fact), ids=lambda kind: str(kind.__name__))
def test_no_point_carries_a_person(kind: type[Fact]) -> None:
    """Whatever the fact: every text in it is a pseudonym here, and only those of places pass."""
    fact = _filled(kind)
    lines = points(_row(fact))
    assert not [line for line in lines if PERSON in line]
    assert PERSON in str(fact) or not _persons(kind)


PERSON = "h-0123456789ab"
_PERSONAL = {"holder", "by", "why", "missing", "verdicts"}
"""Fields that name people, or quote them."""


def _persons(kind: type[Fact]) -> set[str]:
    return {name for name in kind.__struct_fields__ if name in _PERSONAL}


def _filled(kind: type[Fact]) -> Fact:
    """A fact with something in each field; the pseudonym wherever a person may be named."""
    values = {field.name: _value(field.name, field.type) for field in msgspec.structs.fields(kind)}
    return msgspec.convert(values | {"fact": kind.__name__}, kind)


_VALUES: dict[str, object] = {
    "missing": [PERSON],
    "verdicts": [{"rule": "r", "saw": {"holder": PERSON}}],
    "reasons": [],
    "unreached": ["front"],
    "devices": ["reader"],
}
_TYPES: dict[object, object] = {datetime: AT, date: AT.date(), bool: True, int: 7, float: 7}


def _value(name: str, kind: object) -> object:
    if name in _VALUES:
        return _VALUES[name]
    if "Literal" in str(kind):
        return _choice(kind)
    for typed, value in _TYPES.items():
        if typed in (kind, *get_args(kind)):
            return value
    return PERSON if name in _PERSONAL or "HolderId" in str(kind) else "place"


def _choice(kind: object) -> object:
    """One of a literal's words."""
    found = get_args(kind)[0]
    return _choice(found) if get_args(found) else found


def test_a_device_whose_clock_is_ahead_has_latency_zero() -> None:
    """An answer never comes before its question."""
    (line,) = points(_row(_decided(), late_ms=-4000))
    assert "latency_ms=0.0 " in line


def test_times_are_utc_whatever_zone_they_are_told_in() -> None:
    """08:00 in UTC and 10:00 two hours east are one time."""
    east = AT.astimezone(timezone(timedelta(hours=2)))
    assert points(_row(_decided(), at=east)) == points(_row(_decided()))


def test_times_before_1970_are_times_too() -> None:
    """A device whose clock starts in 1969 gives an older point, not a wrong one."""
    before = datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    (line,) = points(_row(_decided(), n=0, at=before))
    assert line.endswith(" -1000000")


def _crossing(n: int, at: datetime) -> tuple[str, str]:
    fact = PeopleCrossed(device=COUNTER, zone=HALL, at=at, entered=1, left=1)
    entered, left = points(_row(fact, n=n, at=at))
    return entered.replace(" value=1.0", ""), left.replace(" value=1.0", "")


@given(
    numbers=st.lists(st.integers(1, 2**40), min_size=2, max_size=50, unique_by=lambda n: n % 10**6),
    at=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is in `timezones`
)
def test_counts_of_one_moment_never_replace_each_other(numbers: list[int], at: datetime) -> None:
    """Any rows at one microsecond have points of their own, while their numbers span no million."""
    places = {place for n in numbers for place in _crossing(n, at)}
    assert len(places) == 2 * len(numbers)
    decisions = {points(_row(_decided(), n=n, at=at))[0] for n in numbers}
    assert len(decisions) == len(numbers)


@given(
    first=st.integers(1, 10**6),
    apart=st.integers(1, 10**6 - 1),
    at=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is in `timezones`
    later_us=st.integers(0, 5000),
)
def test_counts_that_are_close_never_replace_each_other(
    first: int, apart: int, at: datetime, later_us: int
) -> None:
    """Numbers less than a million apart never meet, at the same moment or at near ones."""
    then = at + timedelta(microseconds=later_us)
    assert _crossing(first, at) != _crossing(first + apart, then)


@given(n=st.integers(1, 2**40), at=st.datetimes(timezones=st.just(UTC)))
def test_a_count_stays_in_its_millisecond(n: int, at: datetime) -> None:
    """The row's number never moves a point into another millisecond, hence into no other minute."""
    entered, _ = _crossing(n, at)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert int(entered.split(" ")[1]) // 10**6 == (at - epoch) // timedelta(milliseconds=1)


@given(reason=st.text(min_size=1, max_size=20))
def test_no_tag_breaks_a_line(reason: str) -> None:
    """Whatever a tag holds, the line keeps one line, four tags, two fields and a time."""
    (line,) = points(_row(_decided(reason=reason)))
    bare = line.replace("\\,", "").replace("\\ ", "").replace("\\=", "")
    assert "\n" not in line
    series, fields, time = bare.split(" ")
    assert series.count(",") == 4
    assert series.count("=") == 4
    assert "\\" not in bare
    assert fields == "count=1i,latency_ms=3.25"
    assert time == "1795334400120234567"


def test_a_day_of_visits_is_one_point_at_its_start() -> None:
    """A stay that is not told has no field."""
    day = VisitsDay(date(2026, 11, 22), AT, visits=30, visitors=21, stay_s=5400.0)
    assert points(_row(day)) == [
        f"visits_1d,site=atelier visits=30i,visitors=21i,stay_s=5400.0 {US * 1000}"
    ]
    without = VisitsDay(date(2026, 11, 22), AT, visits=30, visitors=21, stay_s=None)
    assert points(_row(without)) == [f"visits_1d,site=atelier visits=30i,visitors=21i {US * 1000}"]


def test_a_day_of_a_few_people_has_no_point() -> None:
    """Nothing of it leaves the journal."""
    assert points(_row(VisitsDay(date(2026, 11, 22), AT, None, None, None))) == []


def test_a_zones_day_is_one_point_at_its_start() -> None:
    """A day that was never open has no use, and no field for it."""
    day = OccupancyDay(ZoneId("hall"), date(2026, 11, 22), AT, 3.25, 0, 12, 0.4167, 1440)
    values = "mean=3.25,min=0i,max=12i,in_use=0.4167,minutes=1440i"
    assert points(_row(day)) == [f"occupancy_1d,site=atelier,zone=hall {values} {US * 1000}"]
    shut = OccupancyDay(ZoneId("hall"), date(2026, 11, 22), AT, 0.0, 0, 0, None, 60)
    assert points(_row(shut)) == [
        f"occupancy_1d,site=atelier,zone=hall mean=0.0,min=0i,max=0i,minutes=60i {US * 1000}"
    ]
