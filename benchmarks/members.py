"""`seuil bench members`: the time of an import of a long list, and whether it is proportional.

The real command, each time on an empty data folder: a list of one member (the cost of any command),
a tenth of the members, and all of them. Ten times as many should take ten times as long: a linear
search for each member takes a hundred times as long.
"""

import asyncio
import csv
import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from openpyxl import Workbook  # type: ignore[import-untyped]

from benchmarks import synthetic_site
from benchmarks.processes import BenchError

RATIO_MAX: Final = 1.5
"""The time of all over ten times that of a tenth."""
SHARE: Final = 10
STEPS: Final = 6
COLUMNS: Final = ("ref", "name", "plan", "from", "badges")
_SEUIL: Final = "import sys; sys.argv[0] = 'seuil'; from gateway.cli import main; main()"

Form = Literal["csv", "xlsx"]
OnStep = Callable[[str], object]


class Import(Struct):
    """Lists of one format, in processor seconds. `ratio`: excess over proportional growth."""

    one_s: float
    tenth_s: float
    all_s: float
    ratio: float


class MembersResult(Struct):
    """The result that `--json` prints."""

    members: int
    csv: Import
    xlsx: Import

    @property
    def is_good(self) -> bool:
        """True if each is proportional."""
        return max(self.csv.ratio, self.xlsx.ratio) <= RATIO_MAX


async def measure(members: int, on_step: OnStep = lambda _step: None) -> MembersResult:
    """Write lists, and import them.

    Raises:
        BenchError: one could not be imported.
    """
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        numbers = synthetic_site.badges(members)
        return MembersResult(
            members,
            await _imports(Path(folder), "csv", numbers, on_step),
            await _imports(Path(folder), "xlsx", numbers, on_step),
        )


async def _imports(folder: Path, form: Form, numbers: list[str], on_step: OnStep) -> Import:
    took = []
    for count in (1, len(numbers) // SHARE, len(numbers)):
        on_step(f"{count} members as {form}")
        file = await asyncio.to_thread(_written, folder, form, numbers[:count])
        took.append(await _import(file, count))
    one, tenth, all_ = took
    return Import(
        one_s=round(one, 2),
        tenth_s=round(tenth, 2),
        all_s=round(all_, 2),
        ratio=round((all_ - one) / (SHARE * max(tenth - one, 0.001)), 2),
    )


async def _import(file: Path, count: int) -> float:
    """Return the command's seconds of processor: clock time would include other programs."""
    before = _processor_s()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SEUIL, "members", "import", str(file), "--timezone", "UTC"),
        "--json",
        env=os.environ | {"SEUIL_DATA_DIR": str(file.with_suffix(""))},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        told, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or json.loads(told)["added"] != count:
        raise BenchError(f"{count} members were not imported: {(told + said).decode()[-500:]}")
    return _processor_s() - before


def _processor_s() -> float:
    """Return the processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _written(folder: Path, form: Form, numbers: list[str]) -> Path:
    file = folder / f"{form}-{len(numbers)}.{form}"
    (_write_csv if form == "csv" else _write_xlsx)(file, numbers)
    return file


def _rows(numbers: list[str]) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for n, number in enumerate(numbers):
        yield f"M{n}", f"Name {n}", synthetic_site.PLAN, "2026-01-01", number


def _write_csv(file: Path, numbers: list[str]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows(_rows(numbers))


def _write_xlsx(file: Path, numbers: list[str]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in _rows(numbers):
        sheet.append(row)
    book.save(file)
