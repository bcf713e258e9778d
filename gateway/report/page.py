"""The report as one HTML file: no script, nothing to load, printable."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gateway.report import charts, tables
from gateway.report.month import MonthReport, ZoneMonth
from gateway.report.words import ReportTexts
from gateway.translation import in_lang

_PAGES = Environment(
    loader=PackageLoader("gateway.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(month: MonthReport, words: ReportTexts) -> str:
    """Return the text of the whole file."""
    site = in_lang(month.site.name, words.language)
    return _PAGES.get_template("report.html").render(
        words=words,
        month=month,
        site=site,
        summary=tables.summary(month, words),
        zones=tables.zones(month, words),
        visits=tables.visit_days(month, words),
        refusals=tables.refusals(month, words),
        chapters=[_chapter(zone, words) for zone in month.zones if zone.days],
    )


def _chapter(zone: ZoneMonth, words: ReportTexts) -> dict[str, object]:
    name = in_lang(zone.zone.name, words.language)
    week = charts.svg(charts.week(zone, words), f"{name}: {words['week']}")
    days = charts.svg(charts.days(zone, words), f"{name}: {words['days']}")
    return {
        "name": name,
        "week_chart": Markup(week),  # noqa: S704 - our own drawing, its texts escaped
        "days_chart": Markup(days),  # noqa: S704 - likewise
        "week": tables.zone_week(zone, words),
        "days": tables.zone_days(zone, words),
    }
