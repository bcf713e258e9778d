"""Trials for the console: a changed space file, applied to the past by a process of its own.

It is `seuil what-if`, run with the lowest processor priority and for a bounded time; one at a time,
so that an operator's trial never delays a door. Its result is kept until the next one.
"""

import asyncio
import csv
import itertools
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct, structs

from gateway.analysis.what_if import Reached
from gateway.config import ConfigError, ConfigFault, Settings, load_space
from gateway.console.web.errors import Problem
from gateway.core.model.names import SiteId
from gateway.phrase import Phrase

LIMIT_S: Final = 600
"""Seconds that a trial may take. Measured: 36 s of processor for 214,000 journal rows."""
BYTES_MAX: Final = 256 * 1024
"""Bytes of a space file: ten times that of a large site."""
SHOWN: Final = 200
"""Decisions that the page lists; the counts are of all of them."""
_REACHED: Final = msgspec.json.Decoder(Reached)
_RUN: Final = "import os; os.nice(19); from gateway.cli import main; main()"


class DecisionChange(Struct, frozen=True):
    """A number of decisions that would change in the same way."""

    was: str
    was_reason: str
    would_be: str
    reason: str
    count: int


class TrialResult(Struct, frozen=True):
    """The result of a trial; `first` are decisions as in the CSV of `seuil what-if`."""

    decisions: int
    changed: int
    changes: tuple[DecisionChange, ...]
    seconds: float
    first: tuple[dict[str, str], ...] = ()


class WhatIfTrial(Struct):
    """One trial of a site's rules; `failed` is what went wrong, in English as in the logs."""

    site: SiteId
    since: datetime
    until: datetime
    state: Literal["running", "done", "failed"] = "running"
    outcome: TrialResult | None = None
    failed: str = ""


class Trials:
    """One trial at a time, and the last one's result."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last: WhatIfTrial | None = None
        self._noted: Path | None = None
        self._task: asyncio.Task[None] | None = None

    def last(self, site: SiteId) -> WhatIfTrial | None:
        """Return this site's trial, running or done."""
        return self._last if self._last is not None and self._last.site == site else None

    def reached(self, site: SiteId) -> Reached | None:
        """Return this site's trial's progress; None: it has not begun to judge, or is over."""
        if self.last(site) is None or self._noted is None:
            return None
        try:
            return _REACHED.decode(self._noted.read_bytes())
        except FileNotFoundError:
            return None

    async def start(
        self, site: SiteId, text: bytes, since: datetime, until: datetime
    ) -> WhatIfTrial:
        """Begin to judge the past by a changed space file.

        Raises:
            Problem: Another trial is running, or the file is no space file of this site.
        """
        if self._task is not None and not self._task.done():
            raise _busy()
        self._last = trial = WhatIfTrial(site, since, until)
        self._task = asyncio.create_task(self._judge(trial, text), name="what-if")
        return trial

    def close(self) -> None:
        """Stop the running trial."""
        if self._task is not None:
            self._task.cancel()

    async def _judge(self, trial: WhatIfTrial, text: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="seuil-what-if-") as name:
            folder = Path(name)
            (folder / "space.toml").write_bytes(text)
            self._noted = folder / "progress.json"
            try:
                async with asyncio.timeout(LIMIT_S):
                    trial.outcome = await self._run(trial, folder)
                trial.state = "done"
            except TimeoutError:
                trial.state, trial.failed = "failed", f"not done within {LIMIT_S} s"
            except ConfigError as wrong:
                trial.state, trial.failed = "failed", str(wrong)
            finally:
                self._noted = None

    async def _run(self, trial: WhatIfTrial, folder: Path) -> TrialResult:
        """Run `seuil what-if` over the trial's time.

        Raises:
            ConfigError: It could not judge, and why.
        """
        told = folder / "told.json"
        with told.open("wb") as opened:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway.adapters.broker.embedded_child", str(os.getpid())),
                *("exec", sys.executable, "-c", _RUN, "what-if", "--json"),
                *("--rules", str(folder / "space.toml"), "--csv", str(folder / "changed.csv")),
                *("--progress", str(folder / "progress.json")),
                *("--since", trial.since.isoformat(), "--until", trial.until.isoformat()),
                *("--data-dir", str(self._settings.data_dir.absolute())),
                stdin=DEVNULL,
                stdout=opened,
                stderr=DEVNULL,
            )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return await asyncio.to_thread(_outcome, told.read_bytes(), folder / "changed.csv")


async def check(site: SiteId, text: bytes) -> None:
    """Check that this is a space file of the site.

    Raises:
        Problem: With every fault, as `seuil check` names them.
    """
    faults = await asyncio.to_thread(_faults, site, text)
    if faults:
        problem = Problem(
            422,
            "no-space-file",
            Phrase("This file doesn't describe this site"),
            Phrase("Please fix the fields named below."),
        )
        problem.errors = [{"where": fault.path, "what": fault.message} for fault in faults]
        raise problem


def _faults(site: SiteId, text: bytes) -> tuple[ConfigFault, ...]:
    if len(text) > BYTES_MAX:
        return (ConfigFault("", "", f"is longer than {BYTES_MAX // 1024} kB"),)
    with tempfile.TemporaryDirectory(prefix="seuil-what-if-") as folder:
        file = Path(folder) / "space.toml"
        file.write_bytes(text)
        try:
            found = load_space(file)
        except ConfigError as wrong:
            return wrong.faults
    if [each.id for each in found] != [site]:
        return (ConfigFault("", "site.id", f'must be "{site}"'),)
    return ()


def _outcome(told: bytes, changed: Path) -> TrialResult:
    try:
        outcome = msgspec.json.decode(told, type=TrialResult)
    except msgspec.MsgspecError:
        what = (
            _FAULTS.decode(told).faults[0]["message"] if told.startswith(b'{"ok"') else "it ended"
        )
        raise ConfigError((ConfigFault("", "", what),)) from None
    with changed.open(encoding="utf-8", newline="") as lines:
        first = tuple(itertools.islice(csv.DictReader(lines), SHOWN))
    return structs.replace(outcome, first=first)


class _Faults(Struct):
    faults: list[dict[str, str]]


_FAULTS: Final = msgspec.json.Decoder(_Faults)


def _busy() -> Problem:
    return Problem(
        409,
        "what-if-runs",
        Phrase("A test is already running"),
        Phrase("Wait for it to finish (up to ten minutes)."),
    )
