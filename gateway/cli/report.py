"""`seuil report`: the report of a month for a funder or a city council."""

import csv
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.adapters.journal import occupancy_history
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.cli import errors
from gateway.cli.journal_option import open_journal
from gateway.config import ConfigError, ConfigFault, load_settings
from gateway.config.faults import unknown
from gateway.config.time_checks import unknown_holidays, wrong_hours
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.core.occupancy.daily_statistics import THRESHOLD
from gateway.files import write_whole
from gateway.report.month import MonthReport, month_of
from gateway.report.page import page
from gateway.report.pdf import pdf
from gateway.report.tables import csv_rows
from gateway.report.words import ReportTexts
from gateway.translation import Lang


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m")  # noqa: DTZ007 - a month has no time zone
    except ValueError:
        raise typer.BadParameter(f"{text}: a month is wanted, such as 2026-11") from None


def report(
    month: Annotated[datetime, typer.Argument(parser=_month, help="The month: 2026-11.")],
    *,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    site: Annotated[
        str | None, typer.Option(help="Of this site; needed where there are more.")
    ] = None,
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    hours: Annotated[
        str | None,
        typer.Option(
            help="Open then, for its use (opening_hours syntax), not as in the space file."
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="In use from this share of the capacity.")
    ] = THRESHOLD,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
) -> None:
    """Write a month as HTML, PDF and CSV: how full, how long, how many. No personal data."""
    with errors.told(as_json=False):
        words = ReportTexts(_language(language))
        with open_journal(data_dir) as file:
            described = _site(file, site)
        folder = data_dir or load_settings().data_dir
        opened = _hours(described, hours)
        figures = _figures(folder / JOURNAL_FILE, described, month.date(), opened, threshold)
        written = _written(figures, words, out)
    console = Console(highlight=False)
    for path in written:
        console.print(f"wrote {path}")


def _language(text: str) -> Lang:
    if text == "fr":
        return "fr"
    if text == "en":
        return "en"
    raise ConfigError((ConfigFault("", "--language", unknown(text, "language", ("fr", "en"))),))


def _site(file: JournalFile, wanted: str | None) -> Site:
    known = file.sites()
    if wanted is None and len(known) == 1:
        wanted = known[0]
    if wanted is None or wanted not in known:
        right = unknown(wanted or "", "site", known)
        raise ConfigError((ConfigFault("", "--site", right),))
    found = file.space_in_force(SiteId(wanted), file.last_n())
    assert found is not None  # noqa: S101 - a site is known by its space file
    return found


def _hours(site: Site, wanted: str | None) -> str:
    if wanted is None:
        return site.opening_hours
    wrong = wrong_hours(wanted) or unknown_holidays(wanted, site.country, site.school_zone)
    if wrong:
        raise ConfigError((ConfigFault("", "--hours", wrong),))
    return wanted


def _figures(journal: Path, site: Site, first: date, hours: str, threshold: float) -> MonthReport:
    try:
        with occupancy_history.opened(journal) as connection:
            return month_of(connection, site, first, hours=hours, threshold=threshold)
    except occupancy_history.HistoryError as error:
        raise ConfigError((ConfigFault(str(journal), "", str(error)),)) from error


def _written(figures: MonthReport, words: ReportTexts, out: Path) -> list[Path]:
    stem = f"{figures.site.id}-{figures.label}"
    targets = [out / f"{stem}.{kind}" for kind in ("html", "pdf", "csv")]
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(targets[0], page(figures, words).encode())
        write_whole(targets[1], pdf(figures, words))
        lines = StringIO(newline="")
        csv.writer(lines, lineterminator="\n").writerows(csv_rows(figures))
        write_whole(targets[2], lines.getvalue().encode())
    except OSError as wrong:
        raise ConfigError(
            (ConfigFault(str(out), "", f"cannot be written: {wrong.strerror}"),)
        ) from wrong
    return targets
