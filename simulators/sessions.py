"""The sessions at a machine on a day, with their company.

    the first one in    tries the machine as soon as it is warm, whoever else is there
    pairs, in turn      the company leaves early | stays to the end | comes late
    the last one        works on while the others go home

Where nobody may use the machine alone, each of these is another story: refused until somebody
comes, granted, warned when the company leaves.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from msgspec import Struct

from gateway.core.model.equipment import Machine

FIRST_CUT: Final = timedelta(hours=10, minutes=20)
"""Time of the local day from which machines are used."""
APART: Final = timedelta(minutes=70)
"""From the beginning of a pair's session to that of the next one."""
SETTLES: Final = timedelta(minutes=5)
"""The time that a person needs to arrive, or to leave."""
AWAY: Final = timedelta(minutes=12)
"""The time for which a person is called away."""
COMES_LATE: Final = timedelta(minutes=8)
STAYS: Final = 0.6
"""Share of a session after which company leaves early."""
_FIRST_LASTS: Final = timedelta(minutes=20)
_LAST_LASTS: Final = timedelta(minutes=45)
_BEFORE_THEY_GO: Final = timedelta(minutes=15)

Hours = tuple[datetime, datetime]
"""A person's hours on a day: local times of arrival and departure."""


class MachineSession(Struct, frozen=True):
    """A session at a machine, local times; the company is there from `joins` until `parts`."""

    machine: Machine
    begin: datetime
    end: datetime
    user: str
    company: str | None = None
    joins: datetime | None = None
    parts: datetime | None = None


def sessions_of(
    machine: Machine,
    hours: Mapping[str, Hours],
    trained: Container[str],
    on: date,
    draw: Random,
) -> Iterator[MachineSession]:
    """Yield a machine's sessions on a day. `hours` are those of its possible users, by ref."""
    if not hours:
        return
    midnight = datetime.combine(on, time())
    able = [ref for ref in hours if ref in trained] or list(hours)
    first = min(able, key=lambda ref: hours[ref][0])
    begin = max(hours[first][0] + SETTLES, midnight + FIRST_CUT)
    morning = MachineSession(machine, begin, begin + _FIRST_LASTS, first)
    yield morning
    last = max(able, key=lambda ref: hours[ref][1])
    evening = _works_on(machine, hours, last)
    begin = midnight + FIRST_CUT + timedelta(minutes=10)
    turn = 0
    while begin + APART < evening.begin:
        end = begin + timedelta(minutes=draw.randint(30, 50))
        there = [
            ref
            for ref in sorted(hours)
            if _is_there(hours[ref], begin, end) and (ref != first or morning.end <= begin)
        ]
        yield from _pair(machine, begin, end, draw.sample(there, k=min(2, len(there))), turn)
        begin, turn = begin + APART, turn + 1
    yield evening


def _works_on(machine: Machine, hours: Mapping[str, Hours], last: str) -> MachineSession:
    """Return the evening's session: it begins before the others go home, and ends after that."""
    closes = hours[last][1] - SETTLES
    goes = max((ends for ref, (_, ends) in hours.items() if ref != last), default=closes)
    begin = min(goes - _BEFORE_THEY_GO, closes - _LAST_LASTS)
    return MachineSession(machine, begin, begin + _LAST_LASTS, last)


def _pair(
    machine: Machine, begin: datetime, end: datetime, pair: Sequence[str], turn: int
) -> Iterator[MachineSession]:
    if len(pair) == 1:
        yield MachineSession(machine, begin, end, pair[0])
    elif pair:
        joins, parts = (
            (begin, begin + (end - begin) * STAYS),
            (begin, end + SETTLES),
            (begin + COMES_LATE, end + SETTLES),
        )[turn % 3]
        yield MachineSession(machine, begin, end, pair[0], pair[1], joins, parts)


def _is_there(hours: Hours, begin: datetime, end: datetime) -> bool:
    return hours[0] + SETTLES < begin and end + SETTLES < hours[1]
