"""Small doses of the benchmarks that judge promises: they hold."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.servers import PATIENCE_S, until

COMMAND = "import sys; sys.argv[0] = 'seuil'; from gateway.cli import main; main()"


def bench(*arguments: str, ends_with: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """The object that a benchmark prints last."""
    run = CliRunner().invoke(app, ["bench", *arguments, "--json"])
    assert run.exit_code in ends_with, run.output
    *_, last = run.stdout.splitlines()
    printed: dict[str, Any] = json.loads(last)
    return printed


@pytest.mark.timeout(900)  # a quarter of a minute alone
def test_kills_lose_double_and_forget_nothing() -> None:
    """Whatever a device saw acknowledged is in the journal once, with one decision and its fate."""
    figures = bench("crash", "--kills", "5", "--seed", "1")
    promised = {"kills", "acknowledged", "lost", "double", "undecided", "replay_equal"}
    assert promised <= figures.keys()
    assert figures["kills"] == 5
    assert figures["acknowledged"] == figures["sent"] == figures["events"]
    assert figures["acknowledged"] > 5 * 100
    for wrong in ("lost", "double", "undecided", "unexplained", "stale_unlocks", "tracebacks"):
        assert figures[wrong] == 0, wrong
    assert figures["replay_equal"] is True
    assert figures["snapshots_compared"] >= 1


@pytest.mark.timeout(900)  # half a minute alone
def test_backups_under_load_restore_equal_and_killed_ones_are_whole_or_none() -> None:
    """Five while 500 events a second are stored and members imported, and five that are killed."""
    figures = bench("backup", "--times", "5", "--seed", "1")
    assert (figures["backups"], figures["kills"]) == (5, 5)
    for wrong in ("unequal", "members_wrong", "broken", "left"):
        assert figures[wrong] == 0, wrong
    assert figures["rows"] > 500
    assert figures["imports"] > 5
    assert figures["killed"] >= 1, "each backup was faster than its kill"


@pytest.mark.timeout(900)  # half a minute alone
def test_a_failing_disk_power_cuts_a_broker_a_store_and_a_clock_break_no_promise() -> None:
    """Some of each: nothing acknowledged is lost or there twice, and no order outlives itself."""
    figures = bench("faults", "--dose", "short", "--seed", "1")
    assert figures["wrong"] == []
    assert figures["ok"] is True
    assert (figures["io_faults"], figures["kills"]) == (8, 3)
    assert figures["cut_images"] >= 40
    total = figures["total"]
    assert total.pop("acknowledged") > 500
    assert set(total.values()) == {0}
    assert figures["store"]["answers"] > 20, "this store is too tame"


def test_mutated_messages_break_open_and_hide_nothing() -> None:
    """Each of 2,000 is a dead letter, a row, a known copy, or says nothing."""
    figures = bench("fuzz", "--payloads", "2000", "--seed", "1")
    assert {"payloads", "crashes", "unlocks", "unaccounted", "rss_growth_mb"} <= figures.keys()
    assert figures["payloads"] == 2000
    assert figures["crashes"] == figures["unlocks"] == figures["unaccounted"] == 0
    assert figures["letters"] > 500, "these messages are too tame"
    assert figures["rows"] > 200, "these messages are all noise: nothing deep is reached"


def test_no_sequence_of_events_makes_the_engine_raise() -> None:
    """Anything after anything, and the way out stays open; the long dose is 200,000."""
    figures = bench("sequences", "--steps", "6000", "--seed", "1")
    assert figures["steps"] == 6000
    assert figures["first"] == []
    assert figures["exceptions"] == figures["refused_exits"] == figures["differs"] == 0
    assert figures["granted"] > 300, "nobody passes here"
    assert figures["reasons"] >= 15, "these lives are too tame"
    assert figures["facts"] >= 18, "these lives are too tame"


async def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    """In the middle of a benchmark, with a broker and a gateway running."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND, "bench", "crash", "--kills", "1000", "--json"),
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    children: list[psutil.Process] = []
    try:
        await until(lambda: list(tmp_path.glob("seuil-bench-*/journal.db")), "a gateway runs")
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 130
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert children
    assert not [child for child in children if child.is_running()]
    assert _left_in(tmp_path) == []


def _left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())
