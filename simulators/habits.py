"""People's habits: the times at which they come, have lunch, meet, make and leave.

A day is a list of stops in the site's local time. It is drawn from the seed, the person and the
date alone, so it does not depend on the answers at the doors.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random

from msgspec import Struct

from gateway.core.model.equipment import Machine
from gateway.core.model.names import MachineId, ZoneId
from gateway.core.model.plans import Plan
from gateway.core.model.site import Site
from simulators.rhythms import STAFF, hours_on, local_hour
from simulators.rooms import places_of
from simulators.routes import Place, SiteRoutes
from simulators.seeds import branch
from simulators.sessions import AWAY, Hours, MachineSession, sessions_of

CURIOUS = 0.08
"""Share of days on which a person tries a zone outside their plan."""
SMOKES = 0.25
"""Share of days on which a person goes out for a breath of air, or for a smoke."""
SHORT_MEETING_SEATS = 6
"""People invited where the room has no capacity."""
DAYS_KEPT = 4
"""Days whose sessions are remembered: all people are on the same day, or the next."""
_MEETS_AFTER = timedelta(minutes=2)
"""The time between the arrivals of a host and their guest."""
_VISITS = timedelta(minutes=25)
"""The time that a visitor stays in a room."""


class Stop(Struct, frozen=True):
    """A stop: from `at` (local) on, be in `place`, and use `machine` there until the next stop."""

    at: datetime
    place: Place
    machine: MachineId | None = None


class Maker(Struct, frozen=True):
    """A person who may use machines by their plan; `trained`, or not."""

    ref: str
    rhythm: str
    machines: tuple[MachineId, ...]
    trained: bool


class Agenda:
    """One site's days: the joint activities of its people, and each person's own."""

    def __init__(self, site: Site, seed: int, makers: Sequence[Maker] = ()) -> None:
        self.site = site
        self.routes = SiteRoutes(site)
        self.places = places_of(site, self.routes)
        self._seed = seed
        self._makers = makers
        self._sessions: dict[date, tuple[MachineSession, ...]] = {}
        self._behind_pin = {
            point.zone for point in site.access_points if point.min_credential == "number-and-pin"
        }
        """Visitors have no PIN."""

    def day(self, ref: str, plan: Plan | None, rhythm: str, on: date) -> tuple[Stop, ...]:
        """Return a person's stops on a day, in order; the last is the street. Empty: none."""
        draw = branch(self._seed, self.site.id, "day", ref, on)
        hours = hours_on(rhythm, on, draw)
        if hours is None:
            return ()
        comes, leaves = hours
        base = self._base(plan, rhythm, draw)
        stops = [Stop(comes, base), Stop(leaves, None)]
        busy = list(self._at_machines(ref, base, on))
        outings = (each for each in self._outings(plan, rhythm, on, draw) if _is_free(each, busy))
        for begin, end, visit in (*busy, *outings):
            if comes < begin and end < leaves:
                stops += [Stop(begin, visit.place, visit.machine), Stop(end, base)]
        return tuple(sorted(stops, key=lambda stop: stop.at))

    def visit(
        self, ref: str, plan: Plan | None, meets: datetime | None, on: date
    ) -> tuple[Stop, ...]:
        """Return a visitor's day: the rooms where things are made, a coffee, home.

        `meets` is the time when their host came; None: no host expects them.
        """
        draw = branch(self._seed, self.site.id, "visit", ref, on)
        given = self._given(plan)
        comes = local_hour(on, draw.gauss(11.0, 1.0)) if meets is None else meets + _MEETS_AFTER
        tour = [
            room
            for room in (*self.places.making, *self.places.eating)
            if room in given and room not in self._behind_pin
        ]
        rooms = tour or list(given)
        stops = [Stop(comes + n * _VISITS, room) for n, room in enumerate(rooms)]
        return (*stops, Stop(comes + len(rooms) * _VISITS, None))

    def comes(self, maker: str, on: date) -> datetime | None:
        """Return the time when a maker comes on a day; None: they stay away, or are no maker."""
        rhythm = next((one.rhythm for one in self._makers if one.ref == maker), None)
        if rhythm is None:
            return None
        hours = hours_on(rhythm, on, branch(self._seed, self.site.id, "day", maker, on))
        return None if hours is None else hours[0]

    def sessions(self, on: date) -> tuple[MachineSession, ...]:
        """Return the day's sessions at machines, with their company."""
        if on not in self._sessions:
            while len(self._sessions) >= DAYS_KEPT:
                del self._sessions[min(self._sessions)]
            self._sessions[on] = tuple(self._drawn_sessions(on))
        return self._sessions[on]

    def meetings(self, on: date) -> tuple[tuple[datetime, datetime, ZoneId], ...]:
        """Return the day's meetings: begin (on the half hour, so people queue), end and room."""
        draw = branch(self._seed, self.site.id, "meetings", on)
        if not self.places.meeting:
            return ()
        begins = sorted(draw.sample((9.5, 10.5, 11.0, 14.0, 15.0, 16.0), k=3))
        return tuple(
            (
                local_hour(on, hour),
                local_hour(on, hour + draw.choice((0.5, 0.75))),
                draw.choice(self.places.meeting),
            )
            for hour in begins
        )

    def _drawn_sessions(self, on: date) -> Iterator[MachineSession]:
        for machine in self.places.machines:
            there: dict[str, Hours] = {}
            trained = {maker.ref for maker in self._makers if maker.trained}
            for maker in self._makers:
                draw = branch(self._seed, self.site.id, "day", maker.ref, on)
                hours = hours_on(maker.rhythm, on, draw)
                if hours is not None and machine.id in maker.machines:
                    there[maker.ref] = hours
            draw = branch(self._seed, self.site.id, "sessions", machine.id, on)
            yield from sessions_of(machine, there, trained, on, draw)

    def _at_machines(
        self, ref: str, base: ZoneId, on: date
    ) -> Iterator[tuple[datetime, datetime, Stop]]:
        """Yield a person's own machine sessions, those as company, and the interruptions."""
        for session in self.sessions(on):
            machine = session.machine
            if ref == session.user:
                yield session.begin, session.end, Stop(session.begin, machine.zone, machine.id)
            elif ref == session.company and session.joins and session.parts:
                place = machine.demands.present_in or machine.zone
                yield session.joins, session.parts, Stop(session.joins, place)
                if session.parts < session.end and place in self.site.zone[base].lineage:
                    away = next(iter(self.places.eating), None)
                    yield session.parts, session.parts + AWAY, Stop(session.parts, away)

    def _base(self, plan: Plan | None, rhythm: str, draw: Random) -> ZoneId:
        given = self._given(plan)
        making = rhythm in {"maker", STAFF}
        wanted = self.places.making[:1] if making else self.places.desks
        return draw.choice([zone for zone in wanted if zone in given] or list(given))

    def _given(self, plan: Plan | None) -> tuple[ZoneId, ...]:
        """Return the rooms that a plan gives; all of them if it gives none."""
        places = self.places
        rooms = (*places.desks, *places.meeting, *places.making, *places.eating)
        rights = {zone for right in (plan.rights if plan else ()) for zone in right.zones}
        given = [room for room in rooms if rights & set(self.site.zone[room].lineage)]
        return tuple(given or rooms)

    def _outings(
        self, plan: Plan | None, rhythm: str, on: date, draw: Random
    ) -> Iterator[tuple[datetime, datetime, Stop]]:
        """Yield lunch, coffee, a meeting, a machine, the evening workshop, and a forbidden room."""
        noon = local_hour(on, draw.gauss(12.4, 0.2))
        fed = self.places.eating and draw.random() < 0.4  # noqa: PLR2004 - the rest eat outside
        yield _outing(noon, 0.75, draw.choice(self.places.eating) if fed else None)
        invited = SHORT_MEETING_SEATS / 20
        for begin, end, room in self.meetings(on):
            if draw.random() < invited:
                yield begin, end, Stop(begin, room)
        machine = self._machine(plan, draw)
        if machine is not None and draw.random() < 0.4:  # noqa: PLR2004 - on a whim
            begin = local_hour(on, draw.uniform(13.5, 17.0))
            end = begin + timedelta(minutes=draw.randint(20, 50))
            yield begin, end, Stop(begin, machine.zone, machine.id)
        if self.places.making and rhythm in {"evening", "maker"}:
            yield _outing(local_hour(on, 18.5), 1.5, self.places.making[0])
        if draw.random() < CURIOUS:
            yield _outing(
                local_hour(on, draw.uniform(10, 17)), 0.25, draw.choice(self.routes.reachable)
            )
        if draw.random() < SMOKES:
            yield _outing(local_hour(on, draw.uniform(10.4, 11.4)), 0.12, None)
        if self.places.eating:
            for hour in (draw.uniform(10.3, 11.8), draw.uniform(14.5, 16.8)):
                yield _outing(local_hour(on, hour), 0.3, draw.choice(self.places.eating))

    def _machine(self, plan: Plan | None, draw: Random) -> Machine | None:
        given = {machine for right in (plan.rights if plan else ()) for machine in right.machines}
        mine = [machine for machine in self.places.machines if machine.id in given]
        return draw.choice(mine) if mine else None


def _is_free(
    outing: tuple[datetime, datetime, Stop], busy: Sequence[tuple[datetime, datetime, Stop]]
) -> bool:
    """Return whether an outing overlaps with no commitment."""
    begin, end, _ = outing
    return not any(begin < until and since < end for since, until, _ in busy)


def _outing(begin: datetime, hours: float, place: Place) -> tuple[datetime, datetime, Stop]:
    return begin, begin + timedelta(hours=hours), Stop(begin, place)
