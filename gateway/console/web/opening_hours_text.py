"""Opening hours in words: `Mo-Fr 08:00-20:00; PH off` as a sentence.

The words of the opening_hours syntax that space files use are replaced; an expression with anything
else in it stays as it is written, which is better than half a translation.
"""

import re
from typing import Final

from gateway.core.model.names import Text

_DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_NAMES: Final = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_OTHERS: Final = {
    "fr": {"PH": "jours fériés", "SH": "vacances scolaires", "24/7": "à toute heure"},
    "en": {"PH": "public holidays", "SH": "school holidays", "24/7": "at any time"},
}
_RULE: Final = re.compile(
    r"(?P<days>(?:(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?:Mo|Tu|We|Th|Fr|Sa|Su))?|PH|SH)"
    r"(?:[, ](?:(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?:Mo|Tu|We|Th|Fr|Sa|Su))?|PH|SH))*)?"
    r" ?(?P<times>off|24/7|\d\d:\d\d-\d\d:\d\d(?:,\d\d:\d\d-\d\d:\d\d)*)?"
)


def in_words(hours: str) -> Text:
    """Return the hours in both languages."""
    rules = [rule.strip() for rule in hours.split(";")]
    parts = [_RULE.fullmatch(rule) for rule in rules]
    if not all(parts) or not all(rules):
        return Text(hours, hours)
    said = {lang: [_rule(part, lang) for part in parts if part] for lang in ("fr", "en")}
    return Text(" ; ".join(said["fr"]), "; ".join(said["en"]))


def _rule(rule: re.Match[str], lang: str) -> str:
    days, times = rule["days"], rule["times"]
    when = _times(times, lang) if times else ""
    if not days:
        return when
    who = _days(days, lang)
    if times == "off":
        return f"fermé : {who}" if lang == "fr" else f"closed on {who}"
    return f"{who} {when}".strip()


def _days(days: str, lang: str) -> str:
    """Return days in words; a blank after a holiday means both: `SH Mo`, a Monday in holidays."""
    within = " pendant les " if lang == "fr" else " in "
    kinds = days.split(" ")
    said = [_list([_span(day, lang) for day in kind.split(",")], lang) for kind in kinds]
    return within.join(reversed(said))


def _span(days: str, lang: str) -> str:
    if days in _OTHERS[lang]:
        return _OTHERS[lang][days]
    first, _, last = days.partition("-")
    names = _NAMES[lang]
    if not last:
        return names[_DAYS.index(first)]
    if lang == "fr":
        return f"du {names[_DAYS.index(first)]} au {names[_DAYS.index(last)]}"
    return f"{names[_DAYS.index(first)]} to {names[_DAYS.index(last)]}"


def _times(times: str, lang: str) -> str:
    if times == "off":
        return "fermé" if lang == "fr" else "closed"
    if times in _OTHERS[lang]:
        return _OTHERS[lang][times]
    said = []
    for span in times.split(","):
        start, _, end = span.partition("-")
        said.append(f"de {start} à {end}" if lang == "fr" else f"{start} to {end}")
    return _list(said, lang)


def _list(words: list[str], lang: str) -> str:
    last = " et " if lang == "fr" else " and "
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])}{last}{words[-1]}"
