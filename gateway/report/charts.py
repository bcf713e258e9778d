"""The report's two charts, as drawings that become SVG in the page and vectors in the PDF.

Colours are of one hue from light to dark, so that they read in grey and by everybody; each chart's
numbers are in a table beside it.
"""

from typing import Final

from reportlab.graphics import renderSVG
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib.colors import Color, HexColor

from gateway.report.month import ZoneMonth
from gateway.report.words import ReportTexts

WIDTH: Final = 500
_CELL: Final = 18
_LEFT: Final = 44
_ROW: Final = 15
_TEXT: Final = HexColor("#3c4043")
_LOW: Final = HexColor("#eef3fb")
_HIGH: Final = HexColor("#1a4b8c")
_NOTHING: Final = HexColor("#f4f4f4")
_FONT: Final = "Helvetica"


def week(zone: ZoneMonth, words: ReportTexts) -> Drawing:
    """Draw the heat map of the mean week: one row per weekday, one column per hour."""
    drawing = Drawing(WIDTH, 8 * _ROW + 4)
    most = max((value for row in zone.week for value in row if value is not None), default=0.0)
    for hour in range(0, 24, 3):
        drawing.add(_label(_LEFT + hour * _CELL, 7 * _ROW + 6, f"{hour} h"))
    for weekday, row in enumerate(zone.week):
        bottom = (6 - weekday) * _ROW
        drawing.add(_label(2, bottom + 4, words.weekday(weekday)))
        for hour, people in enumerate(row):
            fill = _NOTHING if people is None else _shade(people / most if most else 0.0)
            cell = Rect(_LEFT + hour * _CELL, bottom, _CELL - 1, _ROW - 1)
            cell.fillColor, cell.strokeColor = fill, None
            drawing.add(cell)
    return drawing


def days(zone: ZoneMonth, words: ReportTexts) -> Drawing:
    """Draw the peak of each day as bars."""
    drawing, chart = Drawing(WIDTH, 140), VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = _LEFT, 20, WIDTH - _LEFT - 10, 100
    chart.data = [[day.max for day in zone.days] or [0]]
    chart.bars[0].fillColor = _HIGH
    chart.bars[0].strokeColor = None
    chart.barWidth, chart.groupSpacing = 4, 2
    chart.valueAxis.valueMin = 0
    chart.valueAxis.valueMax = max(zone.peak, zone.zone.capacity or 0, 1)
    chart.valueAxis.labels.fontName = chart.categoryAxis.labels.fontName = _FONT
    chart.valueAxis.labels.fontSize = chart.categoryAxis.labels.fontSize = 7
    chart.categoryAxis.categoryNames = [str(day.day.day) for day in zone.days] or [""]
    drawing.add(chart)
    drawing.add(_label(2, 128, words["peak"]))
    return drawing


def svg(drawing: Drawing, title: str) -> str:
    """Return a drawing as an SVG element for a page; `title` is the text for a screen reader."""
    whole = str(renderSVG.drawToString(drawing))
    element = whole[whole.index("<svg") :]
    return element.replace("<title>...</title>", f"<title>{_escaped(title)}</title>", 1).replace(
        "<desc>...</desc>", "", 1
    )


def _shade(share: float) -> Color:
    return Color(
        *(low + (high - low) * share for low, high in zip(_LOW.rgb(), _HIGH.rgb(), strict=True))
    )


def _label(x: float, y: float, text: str) -> String:
    return String(x, y, text, fontName=_FONT, fontSize=7, fillColor=_TEXT)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
