"""The report as PDF, to send by post."""

import io
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Table as PdfTable

from gateway.report import charts, tables
from gateway.report.month import MonthReport
from gateway.report.tables import ReportTable
from gateway.report.words import ReportTexts
from gateway.translation import in_lang

_STYLES: Final = getSampleStyleSheet()
_HEADINGS: Final = {
    name: ParagraphStyle(f"own {name}", parent=_STYLES[name], keepWithNext=True)
    for name in ("Title", "Heading2", "Heading3")
}
_CELL: Final = ParagraphStyle("cell", parent=_STYLES["BodyText"], fontSize=8, leading=10)
_NOTE: Final = ParagraphStyle("note", parent=_CELL, textColor=colors.HexColor("#55606e"))
_LOOK: Final = TableStyle(
    [
        ("FONTSIZE", (0, 0), (-1, -1), 8),
        ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#d5d9e0")),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
)


def pdf(month: MonthReport, words: ReportTexts) -> bytes:
    """Return the content of the whole file."""
    site = in_lang(month.site.name, words.language)
    title = f"{words['title']}, {words.month(month.first)}"
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        title=f"{site} · {title}",
        author="Seuil",
        lang=words.language,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        invariant=True,  # the same month gives the same file
    )
    document.build([_heading(site, "Title"), _heading(title, "Heading2"), *_body(month, words)])
    return target.getvalue()


def _body(month: MonthReport, words: ReportTexts) -> Iterator[Flowable]:
    yield from _table(tables.summary(month, words))
    yield from _table(tables.zones(month, words))
    for zone in month.zones:
        if not zone.days:
            continue
        name = in_lang(zone.zone.name, words.language)
        yield KeepTogether(
            [
                _heading(name, "Heading2"),
                charts.week(zone, words),
                Paragraph(escape(words["week_note"]), _NOTE),
                charts.days(zone, words),
            ]
        )
        yield from _table(tables.zone_days(zone, words))
    yield from _table(tables.visit_days(month, words))
    yield from _table(tables.refusals(month, words))
    yield Paragraph(escape(f"{words['privacy']} {words['made']}"), _NOTE)


def _heading(text: str, style: str) -> Paragraph:
    return Paragraph(escape(text), _HEADINGS[style])


def _table(table: ReportTable) -> Iterator[Flowable]:
    yield _heading(table.title, "Heading3")
    rows = [[Paragraph(escape(row[0]), _CELL), *map(_plain, row[1:])] for row in table.rows]
    yield PdfTable(
        [list(map(_plain, table.head)), *rows],
        colWidths=_widths(len(table.head)),
        style=_LOOK,
        repeatRows=1,
        hAlign="LEFT",
    )
    if table.note:
        yield Paragraph(escape(table.note), _NOTE)
    yield Spacer(1, 4 * mm)


def _widths(columns: int) -> list[float]:
    whole = A4[0] - 36 * mm
    first = whole * (0.6 if columns == 2 else 0.28)  # noqa: PLR2004 - a table of words and numbers
    return [first, *[(whole - first) / (columns - 1)] * (columns - 1)]


def _plain(text: str) -> str:
    """Replace the narrow no-break space, which the base fonts lack."""
    return text.replace("\u202f", "\u00a0")
