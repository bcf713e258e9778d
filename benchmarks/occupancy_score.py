"""The score of a method on a story: its errors against the truth, and its cost."""

from time import process_time

from msgspec import Struct

from benchmarks.occupancy_methods import METHODS, Guess
from benchmarks.occupancy_story import ReceivedEvidence, Story, ZoneTruth

NIGHT_HOUR = 4
NIGHT_PEOPLE = 10
"""More than this at 04:00 are imaginary."""


class ScoreRow(Struct, frozen=True):
    """One file, method, fault and seed. A figure that the file cannot give is None."""

    file: str
    layout: str
    method: str
    fault: str
    seed: int
    looks: int
    events: int
    mae: float | None
    """Mean absolute error, in people."""
    exact: float | None
    """Share of looks with the right number."""
    vacancy: float | None
    """Share of looks at which "empty" or "not empty" is right."""
    vacancy_errors: int | None
    coverage: float | None
    """Share of looks with people there at which the 80 % interval holds their number."""
    coverage_all: float | None
    """The same over all looks; an empty room is nearly always recognised."""
    negative: int
    """Looks with a negative count."""
    night_max: int
    """The most people at 04:00."""
    nights_above: int
    """Nights with more than `NIGHT_PEOPLE` then."""
    nights: int
    us_per_event: float
    """Mean CPU time to process one event and read the zone, in microseconds."""
    rooms: dict[str, float]
    """The mean absolute error of each zone, where there are several."""


class _Errors:
    """Sums over looks."""

    def __init__(self) -> None:
        self.judged = self.exact = self.vacancy = self.occupied = 0
        self.covered = self.covered_occupied = self.spoke = 0
        self.error = 0
        self.negative = 0
        self.nights: list[int] = []
        self.of_zone: dict[str, list[int]] = {}

    def take(self, look: ZoneTruth, guess: Guess) -> None:
        self.negative += guess.people < 0
        if look.people is None:
            return
        self.judged += 1
        error = abs(guess.people - look.people)
        self.error += error
        self.of_zone.setdefault(look.zone, []).append(error)
        self.exact += error == 0
        self.vacancy += (guess.people <= 0) == (look.people == 0)
        self.occupied += look.people > 0
        if guess.low is not None and guess.high is not None:
            self.spoke += 1
            holds = guess.low <= look.people <= guess.high
            self.covered += holds
            self.covered_occupied += holds and look.people > 0


def scored(story: Story, method: str, fault: str, seed: int) -> ScoreRow:
    """Score one method on one story."""
    counts = METHODS[method](story)
    errors, events, spent = _Errors(), 0, 0.0
    home = next(iter(story.parts))
    for piece in story.told():
        if isinstance(piece, ReceivedEvidence):
            begin = process_time()
            counts.tell(piece.evidence, piece.now)
            counts.look(home, piece.now)
            spent += process_time() - begin
            events += 1
            continue
        guess = counts.look(piece.zone, piece.at)
        errors.take(piece, guess)
        clock = piece.at.replace(tzinfo=None) - (piece.at.utcoffset() or story.local * 0)
        local = clock + story.local
        if (local.hour, local.minute) == (NIGHT_HOUR, 0):
            errors.nights.append(guess.people)
    return _row(story, method, fault, seed, errors, events, spent)


def _row(  # noqa: PLR0917 - a row, whole
    story: Story, method: str, fault: str, seed: int, errors: _Errors, events: int, spent: float
) -> ScoreRow:
    judged = errors.judged
    several = len(errors.of_zone) > 1
    return ScoreRow(
        file=story.name,
        layout=story.layout,
        method=method,
        fault=fault,
        seed=seed,
        looks=len(story.looks),
        events=events,
        mae=_share(errors.error, judged),
        exact=_share(errors.exact, judged),
        vacancy=_share(errors.vacancy, judged),
        vacancy_errors=judged - errors.vacancy if judged else None,
        coverage=_share(errors.covered_occupied, errors.occupied) if errors.spoke else None,
        coverage_all=_share(errors.covered, judged) if errors.spoke else None,
        negative=errors.negative,
        night_max=max(errors.nights, default=0),
        nights_above=sum(people > NIGHT_PEOPLE for people in errors.nights),
        nights=len(errors.nights),
        us_per_event=round(1e6 * spent / events, 2) if events else 0.0,
        rooms={zone: round(sum(each) / len(each), 4) for zone, each in errors.of_zone.items()}
        if several
        else {},
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
