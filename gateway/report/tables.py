"""The report's tables: the same rows for the page, the PDF and the CSV's readers."""

from collections.abc import Iterator

from msgspec import Struct

from gateway.core.access.reasons import REASONS
from gateway.core.facts import OccupancyDay
from gateway.report.month import MonthReport, ZoneMonth
from gateway.report.words import ReportTexts
from gateway.translation import in_lang


class ReportTable(Struct, frozen=True):
    """Cells as text; the first column names the row, the others are figures."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def summary(month: MonthReport, words: ReportTexts) -> ReportTable:
    """Return the main figures."""
    return ReportTable(
        title=words["summary"],
        head=("", words.month(month.first)),
        rows=(
            (words["visitors"], words.people(month.visitors)),
            (words["visits"], _visits(month, words)),
            (words["stay"], words.duration(month.stay_s)),
            (words["granted"], words.number(month.granted)),
            (
                words["refused"],
                words.number(sum(count for _, count in month.refused)),
            ),
            (words["watched"], words.share(month.watched)),
        ),
        note=words["visits_note"],
    )


def _visits(month: MonthReport, words: ReportTexts) -> str:
    """Return the sum over the closed days; a day with few visits hides its number."""
    told = [day.visits for day in month.visits if day.visits is not None]
    if not month.visits:
        return words["unknown"]
    if not told:
        return words["few_a_day"]
    whole = words.number(sum(told))
    return whole if len(told) == len(month.visits) else words.filled("at_least", value=whole)


def zones(month: MonthReport, words: ReportTexts) -> ReportTable:
    """Return one row per zone."""
    share = words.share(month.threshold)
    return ReportTable(
        title=words["zones"],
        head=tuple(words[key] for key in ("zone", "capacity", "mean", "peak", "in_use")),
        rows=tuple(
            (
                _name(each, words),
                "" if each.zone.capacity is None else words.number(each.zone.capacity),
                words.number(each.mean, 1) if each.days else words["unknown"],
                words.number(each.peak) if each.days else words["unknown"],
                words.share(each.in_use),
            )
            for each in month.zones
        ),
        note=words.filled("in_use_note", hours=month.hours, share=share),
    )


def zone_days(zone: ZoneMonth, words: ReportTexts) -> ReportTable:
    """Return one row per day of one zone."""
    return ReportTable(
        title=words["days"],
        head=tuple(words[key] for key in ("day", "mean", "peak", "in_use")),
        rows=tuple(
            (
                words.day(day.day),
                words.number(day.mean, 1),
                words.number(day.max),
                words.share(day.in_use),
            )
            for day in zone.days
        ),
    )


def zone_week(zone: ZoneMonth, words: ReportTexts) -> ReportTable:
    """Return the heat map's numbers."""
    return ReportTable(
        title=words["week"],
        head=(words["hour"], *(words.weekday(day) for day in range(7))),
        rows=tuple(
            (
                f"{hour} h",
                *(
                    "" if value is None else words.number(value, 1)
                    for value in (zone.week[day][hour] for day in range(7))
                ),
            )
            for hour in range(24)
        ),
        note=words["week_note"],
    )


def visit_days(month: MonthReport, words: ReportTexts) -> ReportTable:
    """Return one row per day of visits."""
    return ReportTable(
        title=words["visits"],
        head=tuple(words[key] for key in ("day", "visits", "visitors", "stay")),
        rows=tuple(
            (
                words.day(day.day),
                words.people(day.visits),
                words.people(day.visitors),
                words.duration(day.stay_s),
            )
            for day in month.visits
        ),
        note=words["visits_note"],
    )


def refusals(month: MonthReport, words: ReportTexts) -> ReportTable:
    """Return one row per reason."""
    return ReportTable(
        title=words["refused"],
        head=(words["reason"], words["count"]),
        rows=tuple(
            (_sentence(reason, words), words.number(count)) for reason, count in month.refused
        ),
    )


def csv_rows(month: MonthReport) -> Iterator[tuple[object, ...]]:
    """Yield every figure as one row: what, where, when, which, value; machine-readable."""
    yield "table", "zone", "day", "hour", "figure", "value"
    for zone in month.zones:
        for day in zone.days:
            for figure, value in _figures(day).items():
                yield "occupancy", zone.zone.id, day.day, "", figure, _plain(value)
        for weekday, row in enumerate(zone.week, start=1):
            for hour, people in enumerate(row):
                yield "week", zone.zone.id, weekday, hour, "mean", _plain(people)
    for visit in month.visits:
        for figure in ("visits", "visitors", "stay_s"):
            yield "visits", "", visit.day, "", figure, _plain(getattr(visit, figure))
    yield "passages", "", "", "", "granted", month.granted
    for reason, count in month.refused:
        yield "passages", "", "", "", f"refused {reason}", count


def _figures(day: OccupancyDay) -> dict[str, float | None]:
    return {"mean": day.mean, "peak": day.max, "in_use": day.in_use, "minutes": day.minutes}


def _plain(value: float | None) -> object:
    return "" if value is None else round(value, 4)


def _name(zone: ZoneMonth, words: ReportTexts) -> str:
    return in_lang(zone.zone.name, words.language)


def _sentence(reason: str, words: ReportTexts) -> str:
    known = REASONS.get(reason)
    if known is None:
        return reason
    return f"{in_lang(known.sentence, words.language)} ({reason})"
