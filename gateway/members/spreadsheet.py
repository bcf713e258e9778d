"""A members' file as lines of cells: CSV, or an XLSX workbook's sheet.

A CSV is UTF-8, UTF-16 or, as French spreadsheets write it, Windows-1252.

Lines are passed on one by one, and all sizes are bounded: a file, its lines, a line.
"""

import codecs
import csv
import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from io import BufferedReader, TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Final

from gateway.members.sheet_lines import LINES_MAX, BadSheet, Sheet, SheetLine

FILE_BYTES_MAX: Final = 64 << 20
"""Ten times the size of 50,000 members with every column."""
LINE_CHARACTERS_MAX: Final = 1 << 20
"""A cell without its closing quote would swallow the rest of the file."""
_HEAD_LINES: Final = 20
"""Lines among which the header is, and so the delimiter shows."""
_SEP: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""Excel's own first line, which names the delimiter."""
_NOT_OURS: Final = frozenset(b"\x81\x88\x8d\x8e\x8f\x90\x9d")
"""Bytes that are nothing in Windows-1252, or letters of an old Macintosh there."""
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"


@contextmanager
def opened(file: Path, wanted: str | None = None) -> Generator[Sheet]:
    """Open a file of either format, and return its lines; `wanted` is a workbook's sheet.

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

            with workbook(content, wanted) as sheet:
                yield sheet
        else:
            total = _count(content) if content.seekable() else None
            encoding = _encoding(content) if content.seekable() else "utf-8-sig"
            with closing(_csv(content, encoding)) as lines:
                yield Sheet(lines, total)


def _count(content: BufferedReader) -> int:
    lines = sum(chunk.count(b"\n") for chunk in iter(partial(content.read, 1 << 16), b""))
    content.seek(0)
    return lines


def _encoding(content: BufferedReader) -> str:
    """Return how the text is encoded: UTF-8 unless its bytes cannot be."""
    if content.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, strange = True, False
    for chunk in iter(partial(content.read, 1 << 16), b""):
        strange = strange or not _NOT_OURS.isdisjoint(chunk)
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            is_utf8 = False
    content.seek(0)
    return "utf-8-sig" if is_utf8 or strange else "cp1252"


def _csv(content: BufferedReader, encoding: str) -> Generator[SheetLine]:
    text = TextIOWrapper(content, encoding, errors="surrogateescape", newline="")
    read = _Lines(text)
    try:
        first = next(read, "")
        told = _SEP.fullmatch(first)
        head = [*([] if told else [first]), *islice(read, _HEAD_LINES)]
        delimiter = told[1] if told else _delimiter(head)
        cells = csv.reader(chain(head, read), delimiter=delimiter, strict=True)
        for row in cells:
            if read.count > LINES_MAX:
                raise BadSheet(read.count, f"is one line too many: {LINES_MAX} are read at most")
            number = cells.line_num + (told is not None)
            yield SheetLine(number, [cell.strip() for cell in row])
    except (csv.Error, UnicodeError) as wrong:
        raise BadSheet(read.count, f"is not CSV: {wrong}") from None
    finally:
        text.detach()  # `opened` closes the file


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


def _delimiter(head: list[str]) -> str:
    """Return the separator of the first lines: French spreadsheets write `;`."""
    return max(",;\t", key=lambda mark: max(line.count(mark) for line in head))
