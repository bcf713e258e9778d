"""What a demo was, in figures, and what was wrong with it."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from gateway.adapters.embedded_broker import Kind
from gateway.console.picture import Picture
from gateway.demo.ledger import Judgement
from simulators.scenarios import ScenarioName
from simulators.tally import Tally

LATE_SHARE: Final = 0.05
LATE_FLOOR: Final = 3
"""Events that may come or be answered too late: a reader that was offline keeps a few. More than
this share (and number) of them is a gateway that is too slow."""


class BrokerUsed(Struct, frozen=True):
    """The broker; `durable`: what it acknowledged survives its kill."""

    kind: Kind
    durable: bool


class Headcount(Struct, frozen=True):
    """A zone at the end: whom the gateway knows to be inside, and who truly is."""

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


class Report(Struct, frozen=True):
    """The one object that `--json` prints."""

    ok: bool
    wrong: list[str]
    """What is not as it must be; empty when `ok`."""
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
    late: int
    """Credential events that came too late to be answered (a reader was offline), or were answered
    after 2 s."""
    exactly_one_decision: bool
    """Each credential event that was presented has exactly one decision in the journal."""
    unacknowledged: int
    journal: JournalFigures
    replay_equal: bool | None
    """None: there was no time to look."""
    faults: dict[str, int]
    """Simulated faults that happened."""


def headcounts(tally: Tally, picture: Picture) -> dict[str, Headcount]:
    """Each zone, as the gateway told it and as it truly is; with the site's name where several."""
    counts: dict[str, Headcount] = {}
    for site in picture.plans:
        told = picture.sites[site.id].zones
        for zone in site.zones:
            name = zone.id if len(picture.plans) == 1 else f"{site.id}/{zone.id}"
            now = told.get(zone.id)
            counts[name] = Headcount(
                None if now is None else now.count.known,
                tally.people[site.id][zone.id],
                zone.capacity,
            )
    return counts


def complaints(
    tally: Tally, found: Judgement, late: int, unwritten: int, *, interrupted: bool
) -> Iterator[str]:
    """What is not as it must be, each as a sentence."""
    if not (found.decisions or interrupted):
        yield "nobody presented a badge"
    for count, what in (
        (found.missing, "credential events have no decision in the journal"),
        (found.twice, "credential events have two decisions in the journal"),
        (found.other, "readers heard another decision than the journal's"),
        (found.stray, "decisions answer no credential event that was presented"),
        (tally.undecided, "fresh credential events were never answered"),
        (tally.decided_twice, "credential events got two different answers"),
        (tally.unacknowledged, "events were never acknowledged"),
        (tally.refused, "events were lost, because a device's store was full"),
        (unwritten, "points are not in the store"),
        (found.rejected_points, "points were rejected by the store"),
    ):
        if count:
            yield f"{count} {what}"
    limit = max(LATE_FLOOR, LATE_SHARE * tally.credentials)
    if late > limit:
        yield f"{late} of {tally.credentials} badges were answered late or never; {limit:.0f} may be"
