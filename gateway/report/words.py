"""The report's words in both languages, and the format of numbers and days in each."""

from datetime import date
from typing import Final

from gateway.translation import Lang

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Fréquentation", "Attendance"),
    "summary": ("En bref", "In short"),
    "visits": ("Visites", "Visits"),
    "visits_note": (
        (
            "Une visite commence au badge de l'entrée et finit à la sortie. "
            "Moins de 5 personnes : « moins de 5 »."
        ),
        (
            "A visit begins with the badge at the entrance and ends with the way out. Fewer than 5 "
            'people are told as "fewer than 5".'
        ),
    ),
    "visitors": ("Personnes différentes", "Different people"),
    "stay": ("Durée médiane", "Median stay"),
    "zones": ("Espaces", "Spaces"),
    "zone": ("Espace", "Space"),
    "capacity": ("Capacité", "Capacity"),
    "mean": ("Moyenne", "Mean"),
    "peak": ("Pic", "Peak"),
    "in_use": ("Utilisation", "Use"),
    "in_use_note": (
        (
            "Utilisation : part des minutes d'ouverture ({hours}) où l'espace est rempli à "
            "{share} au moins (sans capacité : où quelqu'un est là)."
        ),
        (
            "Use: the share of the open minutes ({hours}) in which the space is filled to "
            "{share} at least (without a capacity: in which anybody is there)."
        ),
    ),
    "watched": ("Minutes enregistrées", "Minutes on record"),
    "week": ("La semaine moyenne", "The mean week"),
    "week_note": (
        "Personnes présentes en moyenne, par heure locale.",
        "People present on average, by local hour.",
    ),
    "days": ("Jour par jour", "Day by day"),
    "days_note": (
        "Le plus de personnes à la fois, jour par jour.",
        "The most people at once, day by day.",
    ),
    "day": ("Jour", "Day"),
    "hour": ("Heure", "Hour"),
    "doors": ("Passages", "Passages"),
    "granted": ("Accordés", "Granted"),
    "refused": ("Refusés", "Refused"),
    "reason": ("Motif", "Reason"),
    "count": ("Nombre", "Count"),
    "few": ("moins de 5", "fewer than 5"),
    "few_a_day": ("moins de 5 par jour", "fewer than 5 a day"),
    "at_least": ("au moins {}", "at least {}"),
    "unknown": ("non mesuré", "not measured"),
    "closed": ("fermé", "closed"),
    "privacy": (
        "Aucune donnée personnelle : ni nom, ni badge, ni trajet.",
        "No personal data: no name, no badge, no path.",
    ),
    "made": ("Établi par Seuil.", "Made by Seuil."),
}
_WEEKDAYS: Final = {
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS: Final = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


class ReportTexts:
    """The words of one language."""

    def __init__(self, language: Lang) -> None:
        self.language = language

    def __getitem__(self, key: str) -> str:
        return _WORDS[key][self.language == "en"]

    def part(self, whole: str, part: str) -> str:
        """Return a label such as `Passages : refusés`, `Passages: refused`."""
        colon = "\N{NO-BREAK SPACE}:" if self.language == "fr" else ":"
        return f"{self[whole]}{colon} {self[part].lower()}"

    def month(self, first: date) -> str:
        """Return the month as `novembre 2026`."""
        return f"{_MONTHS[self.language][first.month - 1]} {first.year}"

    def weekday(self, number: int) -> str:
        """Return the weekday as `lun.`; Monday is 0."""
        return _WEEKDAYS[self.language][number]

    def day(self, day: date) -> str:
        """Return the day as `lun. 02/11`, `Mon 2 Nov`."""
        name = self.weekday(day.weekday())
        if self.language == "fr":
            return f"{name} {day:%d/%m}"
        return f"{name} {day.day} {_MONTHS['en'][day.month - 1][:3]}"

    def number(self, value: float | None, digits: int = 0) -> str:
        """Return a number in the language's format, or the word for not measured."""
        if value is None:
            return self["unknown"]
        text = f"{value:,.{digits}f}"
        if self.language == "fr":
            text = text.replace(",", "\u202f").replace(".", ",")
        return text

    def people(self, value: int | None) -> str:
        """Return a count of people, or the word for one that is too small to publish."""
        return self["few"] if value is None else self.number(value)

    def share(self, value: float | None) -> str:
        """Return `42 %`, `42%`, or the word for closed when there are no open hours."""
        if value is None:
            return self["closed"]
        return f"{100 * value:.0f}\u202f%" if self.language == "fr" else f"{100 * value:.0f}%"

    def duration(self, seconds: float | None) -> str:
        """Return a duration as `2 h 05`."""
        if seconds is None:
            return self["few"]
        minutes = round(seconds / 60)
        return f"{minutes // 60} h {minutes % 60:02}"
