"""The report's words in both languages, and the format of numbers and days in each."""

from datetime import date
from typing import Final

from babel.dates import format_date, get_day_names
from babel.numbers import format_decimal, format_percent

from gateway.phrase import Phrase
from gateway.translation import LOCALES, Lang, in_lang

_WORDS: Final[dict[str, Phrase]] = {
    "title": Phrase("Attendance"),
    "summary": Phrase("Summary"),
    "visits": Phrase("Visits"),
    "visits_note": Phrase(
        "A visit runs from the entrance badge to the exit. Figures under 5 are shown "
        'as "fewer than 5".'
    ),
    "visitors": Phrase("Unique visitors"),
    "stay": Phrase("Median stay"),
    "zones": Phrase("Spaces"),
    "zone": Phrase("Space"),
    "capacity": Phrase("Capacity"),
    "mean": Phrase("Average"),
    "peak": Phrase("Peak"),
    "in_use": Phrase("Use"),
    "in_use_note": Phrase(
        "Use: share of open minutes (%(hours)s) with the space at least %(share)s "
        "full, or occupied where it has no capacity."
    ),
    "watched": Phrase("Recorded minutes"),
    "week": Phrase("Average week"),
    "week_note": Phrase("Average number of people, by local hour."),
    "days": Phrase("Day by day"),
    "days_note": Phrase("Peak number of people, day by day."),
    "day": Phrase("Day"),
    "hour": Phrase("Hour"),
    "doors": Phrase("Passages"),
    "granted": Phrase("Granted passages"),
    "refused": Phrase("Refused passages"),
    "reason": Phrase("Reason"),
    "count": Phrase("Times"),
    "few": Phrase("fewer than 5"),
    "few_a_day": Phrase("fewer than 5 a day"),
    "at_least": Phrase("at least %(value)s"),
    "unknown": Phrase("not measured"),
    "closed": Phrase("closed"),
    "privacy": Phrase("No personal data: no names, badges or paths."),
    "made": Phrase("Made by Seuil."),
}


class ReportTexts:
    """The words of one language."""

    def __init__(self, language: Lang) -> None:
        self.language = language
        self._locale = LOCALES[language]

    def __getitem__(self, key: str) -> str:
        return in_lang(_WORDS[key], self.language)

    def filled(self, key: str, **values: object) -> str:
        """Return a sentence with its values."""
        return in_lang(_WORDS[key].filled(**values), self.language)

    def month(self, first: date) -> str:
        """Return the month as `novembre 2026`."""
        return str(format_date(first, "LLLL y", locale=self._locale))

    def weekday(self, number: int) -> str:
        """Return the weekday as `lun.`; Monday is 0."""
        return str(get_day_names("abbreviated", locale=self._locale)[number])

    def day(self, day: date) -> str:
        """Return the day as `lun. 2 nov.`, `Mon 2 Nov`."""
        return str(format_date(day, "EEE d MMM", locale=self._locale))

    def number(self, value: float | None, digits: int = 0) -> str:
        """Return a number in the language's format, or the word for not measured."""
        if value is None:
            return self["unknown"]
        places = "." + "0" * digits if digits else ""
        return str(format_decimal(value, f"#,##0{places}", locale=self._locale))

    def people(self, value: int | None) -> str:
        """Return a count of people, or the word for one that is too small to publish."""
        return self["few"] if value is None else self.number(value)

    def share(self, value: float | None) -> str:
        """Return `42 %`, `42%`, or the word for closed when there are no open hours."""
        if value is None:
            return self["closed"]
        return str(format_percent(value, locale=self._locale))

    def duration(self, seconds: float | None) -> str:
        """Return a duration as `2 h 05`."""
        if seconds is None:
            return self["few"]
        minutes = round(seconds / 60)
        return f"{minutes // 60} h {minutes % 60:02}"
