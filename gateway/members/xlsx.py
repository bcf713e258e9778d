"""An XLSX workbook's sheet with the list, as lines of cells.

Hidden sheets and charts are no lists; of several sheets it is the one whose columns are understood.

A workbook is a zip of XML, and a small one can unpack to any size; openpyxl yields rows one by one,
but reads a row, the table of texts, the styles and the XML around the rows as a whole. So
everything is measured first as it unpacks: the size of each part, and the distance between two rows
(or two texts). A workbook that cannot be a list of members is never given to openpyxl.
"""

import re
import warnings
import zipfile
import zlib
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from functools import partial
from io import BufferedReader
from itertools import islice
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl.reader.excel import ExcelReader  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from gateway.members.headers import LINES_BEFORE_MAX, header_place
from gateway.members.sheet_lines import LINES_MAX, BadSheet, Sheet, SheetLine

PARTS_MAX: Final = 500
UNPACKED_BYTES_MAX: Final = 256 << 20
"""50,000 members with every column take about 60 MiB."""
SMALL_BYTES: Final = 4 << 20
"""A part below this size is not searched: styles of a real list are far smaller."""
GAP_BYTES_MAX: Final = 1 << 20
"""XML between two rows or two texts: a row of 256 long cells."""
TEXTS_MAX: Final = 2_000_000
"""Different texts of a workbook: ten per line."""
CELLS_MAX: Final = 256
_MARK: Final = re.compile(rb"[<:/](row|si)[\s/>]")
_OVERLAP: Final = 4
"""A mark may span two chunks: its length minus one."""
_EXACT_MAX: Final = 10**15
"""A spreadsheet stores 15 digits of a number and replaces the rest by zeros."""
_BROKEN: Final = (
    AttributeError,
    EOFError,
    IndexError,
    InvalidFileException,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Exceptions of openpyxl and zipfile at a file that is damaged, encrypted or not a workbook."""


@contextmanager
def workbook(content: BufferedReader, wanted: str | None = None) -> Generator[Sheet]:
    """Open the sheet with the list; formulas have the values that the spreadsheet saved with them.

    Raises:
        BadSheet: It is no workbook, or larger than a list of members can be.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="openpyxl")  # on unknown styles and features
        rows = _measured(content)
        try:
            reader = _Reader(content, read_only=True, data_only=True, keep_links=False)
            reader.read()
            book = reader.wb
        except _BROKEN as wrong:
            raise BadSheet(1, _broken(wrong)) from None
        try:
            visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            if not visible:
                raise BadSheet(
                    1, "has no sheet that is shown; charts and hidden sheets are no lists"
                )
            lists = _lists(visible, wanted)
            with closing(_lines(lists[0])) as lines:
                title = lists[0].title if len(book.sheetnames) > 1 else ""
                titles = tuple(sheet.title for sheet in lists) if len(lists) > 1 else ()
                yield Sheet(lines, rows, title, titles)
        finally:
            book.close()


class _Reader(ExcelReader):  # type: ignore[misc]
    """openpyxl's reader; without charts, at which it fails when it reads row by row."""

    def read_chartsheet(self, sheet: Any, rel: Any) -> None:  # noqa: ANN401 - openpyxl has no types
        """Pass a chart by."""


def _lists(visible: list[Any], wanted: str | None) -> list[Any]:
    """Return the sheets that may be the list: the wanted one, else those that are understood."""
    chosen = [sheet for sheet in visible if sheet.title == wanted]
    if chosen or len(visible) == 1:
        return chosen or visible
    understood = []
    for sheet in visible:
        with closing(_lines(sheet)) as lines:
            head = list(islice(lines, LINES_BEFORE_MAX))
        if header_place(head, {}) is not None:
            understood.append(sheet)
    return understood or visible[:1]


def _measured(content: BufferedReader) -> int:
    """Unpack every part once, storing nothing; return the number of rows in the largest one."""
    try:
        with zipfile.ZipFile(content) as archive:
            parts = archive.infolist()
            # zipfile never unpacks more of a part than the directory states
            if len(parts) > PARTS_MAX or sum(p.file_size for p in parts) > UNPACKED_BYTES_MAX:
                raise BadSheet(1, f"unpacks to more than {UNPACKED_BYTES_MAX >> 20} MiB, or parts")
            return max((_rows(archive, part) for part in parts), default=0)
    except _BROKEN as wrong:
        raise BadSheet(1, _broken(wrong)) from None


def _rows(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    marks = {b"row": 0, b"si": 0}
    gap, kept = 0, b""
    with archive.open(part) as unpacking:
        for chunk in iter(partial(unpacking.read, 1 << 16), b""):
            text, at = kept + chunk, 0
            for mark in _MARK.finditer(text):
                marks[mark[1]] += not mark[0].startswith(b"/")
                at, gap = mark.end(), 0
            gap += len(text) - max(at, len(kept))
            kept = text[max(at, len(text) - _OVERLAP) :]
            if gap > GAP_BYTES_MAX and part.file_size > SMALL_BYTES:
                message = f'is no list alone: "{part.filename}" is very large; save it without'
                raise BadSheet(1, f"{message} pictures and other sheets, or as CSV UTF-8")
    if marks[b"row"] > LINES_MAX or marks[b"si"] > TEXTS_MAX:
        raise BadSheet(1, f"has more than {LINES_MAX} lines or {TEXTS_MAX} texts")
    return marks[b"row"]


def _lines(sheet: Any) -> Generator[SheetLine]:  # noqa: ANN401 - openpyxl has no types
    sheet.reset_dimensions()  # some programs write it wrongly
    number = width = 0
    try:
        for number, row in enumerate(sheet.iter_rows(max_col=CELLS_MAX, values_only=True), start=1):
            if number > LINES_MAX:
                raise BadSheet(number, f"is one line too many: {LINES_MAX} are read at most")
            numbers = frozenset(
                place for place, value in enumerate(row) if type(value) in (int, float)
            )
            cells = [_text(value, number) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            if number <= LINES_BEFORE_MAX:
                width = max(width, len(cells))
            cells += [""] * (width - len(cells))  # a row ends with its last used cell
            yield SheetLine(number, cells, numbers)
    except _BROKEN as wrong:
        raise BadSheet(number + 1, _broken(wrong)) from None


def _text(value: Any, line: int) -> str:  # noqa: ANN401 - whatever a cell may hold
    """Return a cell as a user would type it into a CSV."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, datetime):
        whole_day = value.time() == time()
        return value.date().isoformat() if whole_day else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) >= _EXACT_MAX:
        raise BadSheet(
            line,
            "has a number of more than 15 digits, of which a spreadsheet keeps no more: make the "
            "column text and type it again",
        )
    return str(value)


def _broken(wrong: Exception) -> str:
    said = f" ({wrong})" if isinstance(wrong, (zipfile.BadZipFile, ParseError)) else ""
    return f"cannot be read as an XLSX workbook{said}; is it damaged or locked with a password?"
