"""The report of a demo: its figures and its faults."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from gateway.console.feed.site_state import Picture
from gateway.core.model.site import Site
from gateway.demo.ledger import Judgement
from gateway.demo.scene import BrokerUsed, Scene
from gateway.demo.wishes import Wishes
from simulators.outcomes import RunTally
from simulators.scenarios import ScenarioName

LATE_SHARE: Final = 0.05
LATE_FLOOR: Final = 3
"""Events that may come or be answered too late: a reader that was offline keeps a few. More than
this share (and number) of them shows that the gateway is too slow.
"""


class Findings(Struct, frozen=True):
    """The findings at the end of a demo."""

    tally: RunTally
    """The figures of the simulated readers."""
    slow: int
    """Fresh events that were answered after people had stopped waiting."""
    journal: Judgement
    points: int
    """Points in the store."""
    unwritten: int
    """Points on disk that are not in the store."""
    replay_equal: bool | None
    interrupted: bool
    fault: str | None

    @property
    def late(self) -> int:
        """Events without an answer in time, for any reason."""
        return self.tally.late + self.slow


class Headcount(Struct, frozen=True):
    """A zone at the end: the people inside according to the gateway, and the true number."""

    known: int | None
    true: int
    capacity: int | None


class AnswerTime(Struct, frozen=True):
    """Milliseconds from a badge to its answer."""

    p50: float | None
    p99: float | None


class JournalFigures(Struct, frozen=True):
    """The journal's size."""

    rows: int
    decisions: int
    dead_letters: int


class DemoReport(Struct, frozen=True):
    """The one object that `--json` prints."""

    ok: bool
    wrong: list[str]
    """The promises that were not kept; empty when `ok`."""
    interrupted: bool
    seconds: float
    seed: int
    scenario: ScenarioName
    speed: float
    sites: int
    page: str
    broker: BrokerUsed
    store: str
    credentials: int
    decisions: int
    granted: int
    denied: int
    denied_by_reason: dict[str, int]
    people: dict[str, Headcount]
    points_written: int
    answer_ms: AnswerTime
    decided_alone: int
    """Credential events that a reader decided by its rights list while it was cut off."""
    machines: dict[str, int]
    """How often machines were switched on and off, warned, and ordered to stop."""
    late: int
    """Credential events that came too late to be answered (a reader was offline), or were answered
    after 2 s."""
    exactly_one_decision: bool
    """Each credential event that was presented has exactly one decision in the journal."""
    unacknowledged: int
    journal: JournalFigures
    replay_equal: bool | None
    """None: there was no time for the replay."""
    faults: dict[str, int]
    """Simulated faults that happened."""


def drawn_up(wishes: Wishes, scene: Scene, findings: Findings) -> DemoReport:
    """Return the report of a demo."""
    tally, found = findings.tally, findings.journal
    wrong = list(complaints(findings))
    return DemoReport(
        ok=not wrong,
        wrong=wrong,
        interrupted=findings.interrupted,
        seconds=round(scene.seconds, 1),
        seed=wishes.seed,
        scenario=wishes.scenario,
        speed=wishes.speed,
        sites=wishes.sites,
        page=scene.page,
        broker=scene.broker,
        store=scene.store,
        credentials=tally.credentials,
        decisions=found.decisions,
        granted=found.granted,
        denied=sum(found.denied.values()),
        denied_by_reason=found.denied,
        people=headcounts(scene.sites, tally.people, scene.picture),
        points_written=findings.points - found.rejected_points,
        answer_ms=AnswerTime(tally.answer_ms.p50, tally.answer_ms.p99),
        decided_alone=tally.decided_alone,
        machines=tally.machines,
        late=findings.late,
        exactly_one_decision=not (found.missing or found.twice or found.other or found.stray),
        unacknowledged=tally.unacknowledged,
        journal=JournalFigures(found.rows, found.decisions, found.dead_letters),
        replay_equal=findings.replay_equal,
        faults=tally.faults,
    )


def headcounts(
    sites: Sequence[Site], people: Mapping[str, Mapping[str, int]], picture: Picture
) -> dict[str, Headcount]:
    """Return the known and the true count of each zone; with its site's name where several."""
    counts: dict[str, Headcount] = {}
    for site in sites:
        told = picture.sites[site.id].zones
        for zone in site.zones:
            name = zone.id if len(sites) == 1 else f"{site.id}/{zone.id}"
            now = told.get(zone.id)
            known = None if now is None else now.count.known
            counts[name] = Headcount(known, people[site.id][zone.id], zone.capacity)
    return counts


def complaints(findings: Findings) -> Iterator[str]:
    """Yield each broken promise as a sentence."""
    tally, found, late = findings.tally, findings.journal, findings.late
    if not (found.decisions or findings.interrupted):
        yield "nobody presented a badge"
    for count, what in (
        (found.missing, "credential events have no decision in the journal"),
        (found.twice, "credential events have two decisions in the journal"),
        (found.other, "readers heard another decision than the journal's"),
        (found.stray, "decisions answer no credential event that was presented"),
        (tally.undecided, "fresh credential events were never answered"),
        (tally.decided_twice, "credential events got two different answers"),
        (tally.contradicted, "readers decided alone, and the gateway told otherwise"),
        (tally.wrongly_granted, "badges that must never pass were let in"),
        (tally.wrongly_denied, "people were refused on the way out"),
        (tally.unacknowledged, "events were never acknowledged"),
        (tally.refused, "events were lost, because a device's store was full"),
        (findings.unwritten, "points are not in the store"),
        (found.rejected_points, "points were rejected by the store"),
    ):
        if count:
            yield f"{count} {what}"
    limit = max(LATE_FLOOR, LATE_SHARE * tally.credentials)
    if late > limit:
        yield f"{late} of {tally.credentials} badges had no answer in time; {limit:.0f} may"
    if findings.replay_equal is False:
        yield "a replay of the journal says something else"
    if findings.fault is not None:
        yield findings.fault
