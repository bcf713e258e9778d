"""Opening hours in words: `Mo-Fr 08:00-20:00; PH off` as a sentence.

The words of the opening_hours syntax that space files use are replaced; an expression with anything
else in it stays as it is written, which is better than half a translation.
"""

import re
from functools import reduce
from typing import Final

from gateway.phrase import Phrase, joined, listed

_DAYS: Final = {
    "Mo": Phrase("Monday"),
    "Tu": Phrase("Tuesday"),
    "We": Phrase("Wednesday"),
    "Th": Phrase("Thursday"),
    "Fr": Phrase("Friday"),
    "Sa": Phrase("Saturday"),
    "Su": Phrase("Sunday"),
    "PH": Phrase("public holidays"),
    "SH": Phrase("school holidays"),
}
_RULE: Final = re.compile(
    r"(?P<days>(?:(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?:Mo|Tu|We|Th|Fr|Sa|Su))?|PH|SH)"
    r"(?:[, ](?:(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?:Mo|Tu|We|Th|Fr|Sa|Su))?|PH|SH))*)?"
    r" ?(?P<times>off|24/7|\d\d:\d\d-\d\d:\d\d(?:,\d\d:\d\d-\d\d:\d\d)*)?"
)


def in_words(hours: str) -> str:
    """Return the hours as a phrase; as they are written where a word is not known."""
    rules = [rule.strip() for rule in hours.split(";")]
    parts = [_RULE.fullmatch(rule) for rule in rules]
    if not all(parts) or not all(rules):
        return hours
    said = [_rule(part) for part in parts if part]
    return reduce(lambda first, then: Phrase("%(first)s; %(then)s", first=first, then=then), said)


def _rule(rule: re.Match[str]) -> str:
    days, times = rule["days"], rule["times"]
    if not days:
        return _times(times) if times else ""
    if times == "off":
        return Phrase("closed on %(days)s", days=_days(days))
    return joined([_days(days), _times(times)], " ") if times else _days(days)


def _days(days: str) -> str:
    """Return days in words; a blank after a holiday means both: `SH Mo`, a Monday in holidays."""
    kinds = [listed([_span(day) for day in kind.split(",")]) for kind in days.split(" ")]
    return reduce(
        lambda period, day: Phrase("%(day)s in %(period)s", day=day, period=period), kinds
    )


def _span(days: str) -> str:
    first, _, last = days.partition("-")
    if not last:
        return _DAYS[first]
    return Phrase("%(first)s to %(last)s", first=_DAYS[first], last=_DAYS[last])


def _times(times: str) -> str:
    if times == "off":
        return Phrase("closed")
    if times == "24/7":
        return Phrase("at any time")
    spans = [span.partition("-") for span in times.split(",")]
    return listed([Phrase("%(start)s to %(end)s", start=start, end=end) for start, _, end in spans])
