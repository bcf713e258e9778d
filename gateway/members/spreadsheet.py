"""A members' file as lines of cells: CSV, or an XLSX workbook's first sheet.

Lines are passed on one by one, and all sizes are bounded: a file, its lines, a line.
"""

import csv
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Final

from gateway.members.sheet_lines import LINES_MAX, BadSheet, Sheet, SheetLine

FILE_BYTES_MAX: Final = 64 << 20
"""Ten times the size of 50,000 members with every column."""
LINE_CHARACTERS_MAX: Final = 1 << 20
"""A cell without its closing quote would swallow the rest of the file."""
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"


@contextmanager
def opened(file: Path) -> Generator[Sheet]:
    """Open a file of either format, and return its lines.

    Raises:
        OSError: It cannot be read.
        BadSheet: It is neither, or too large; so may reading the lines.
    """
    with file.open("rb") as content:
        begins = content.peek(len(_ZIP))[: len(_ZIP)]
        if begins == _OLD_EXCEL:
            raise BadSheet(1, "is an old Excel file (.xls): save it as .xlsx or as CSV UTF-8")
        if file.stat().st_size > FILE_BYTES_MAX:
            raise BadSheet(1, f"is larger than {FILE_BYTES_MAX >> 20} MiB, too large for a list")
        if begins == _ZIP:
            # Imported here: CSV files, and commands without a file, do not wait for openpyxl.
            from gateway.members.xlsx import workbook  # noqa: PLC0415

            with workbook(content) as sheet:
                yield sheet
        else:
            total = _count(content) if content.seekable() else None
            with closing(_csv(content)) as lines:
                yield Sheet(lines, total)


def _count(content: BufferedReader) -> int:
    lines = sum(chunk.count(b"\n") for chunk in iter(partial(content.read, 1 << 16), b""))
    content.seek(0)
    return lines


def _csv(content: BufferedReader) -> Generator[SheetLine]:
    text = TextIOWrapper(content, "utf-8-sig", errors="surrogateescape", newline="")
    read = _Lines(text)
    try:
        header = next(read, "")
        cells = csv.reader(_after(header, read), delimiter=_delimiter(header), strict=True)
        for row in cells:
            if read.count > LINES_MAX:
                raise BadSheet(read.count, f"is one line too many: {LINES_MAX} are read at most")
            yield SheetLine(cells.line_num, [cell.strip() for cell in row])
    except csv.Error as wrong:
        raise BadSheet(read.count, f"is not CSV: {wrong}") from None
    finally:
        text.detach()  # `opened` closes the file


def _after(header: str, read: Iterator[str]) -> Iterator[str]:
    if header:
        yield header
    yield from read


class _Lines(Iterator[str]):
    """Lines of text, counted, each of them UTF-8 and of a bounded length."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self.count = 0

    def __next__(self) -> str:
        line = self._text.readline(LINE_CHARACTERS_MAX)
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) == LINE_CHARACTERS_MAX:
            raise BadSheet(self.count, "is longer than a line of members can be")
        try:
            line.encode()
        except UnicodeEncodeError:  # bytes that are not UTF-8 were read as half a surrogate pair
            raise BadSheet(self.count, 'is not UTF-8; save as "CSV UTF-8"') from None
        return line


def _delimiter(header: str) -> str:
    """Return the separator of the header's names: French spreadsheets write `;`."""
    return max(",;\t", key=header.count)
