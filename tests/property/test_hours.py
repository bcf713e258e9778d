"""Opening hours against a second evaluator, written from docs/space-file.md alone."""

from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct

from gateway.core.model.names import SiteId, Text
from gateway.core.model.opening_hours import opening
from gateway.core.model.site import Site

DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
SITE: Final = Site(SiteId("hub"), Text("H", "H"), "UTC")
MONDAY: Final = datetime(2026, 11, 23, tzinfo=UTC)
Span = tuple[int, int]
"""Half hours of the day, from (inclusive) until; until the next day where it is not later."""


class Rule(Struct, frozen=True):
    """The days that a rule names, and its spans; none: off."""

    days: frozenset[int]
    spans: tuple[Span, ...]

    def __str__(self) -> str:
        """As it is written."""
        days = ",".join(DAYS[day] for day in sorted(self.days))
        times = ",".join(f"{_time(begins)}-{_time(ends)}" for begins, ends in self.spans)
        return f"{days} {times or 'off'}"


def is_open(rules: list[Rule], day: int, half: int) -> bool:
    """Whether it is open: by the day's last rule, or in the night of the evening's last rule."""
    today = next((rule for rule in reversed(rules) if day in rule.days), None)
    if today is not None and any(
        begins <= half < ends if begins < ends else half >= begins for begins, ends in today.spans
    ):
        return True
    eve = max((n for n, rule in enumerate(rules) if (day - 1) % 7 in rule.days), default=None)
    if eve is None or any(day in rule.days for rule in rules[eve + 1 :]):
        return False
    return any(begins >= ends > half for begins, ends in rules[eve].spans)


def _time(half: int) -> str:
    return f"{half // 2:02}:{half % 2 * 30:02}"


SPANS = st.tuples(st.integers(16, 46), st.integers(1, 48)).filter(
    lambda span: span[0] != span[1] and (span[0] < span[1] or span[1] <= 12)
)
RULES = st.builds(
    Rule,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.lists(SPANS, max_size=1).map(tuple),
)
NIGHTS: Final = [
    Rule(frozenset(range(7)), ((20, 44),)),
    Rule(frozenset({4, 5}), ((20, 4),)),
]
"""`Mo-Su 10:00-22:00; Fr,Sa 10:00-02:00`."""


@given(st.lists(RULES, min_size=1, max_size=4))
@example(NIGHTS)
def test_it_is_open_when_the_documents_say_so(rules: list[Rule]) -> None:
    """Each half hour of a week."""
    hours = "; ".join(map(str, rules))
    wrong = [
        (DAYS[day], _time(half))
        for day in range(7)
        for half in range(48)
        if (opening(SITE, hours, MONDAY + timedelta(days=day, minutes=30 * half)) == "open")
        != is_open(rules, day, half)
    ]
    assert wrong == [], hours
