"""Small doses of the benchmarks: the promises hold, and each prints the object that it promises."""

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
from gateway.snapshots import SNAPSHOT_EVERY
from tests.servers import PATIENCE_S, until

COMMAND = "import sys; sys.argv[0] = 'seuil'; from gateway.cli import main; main()"


def bench(*arguments: str, ends_with: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """The object that a benchmark prints last."""
    run = CliRunner().invoke(app, ["bench", *arguments, "--json"])
    assert run.exit_code in ends_with, run.output
    *_, last = run.stdout.splitlines()
    printed: dict[str, Any] = json.loads(last)
    return printed


@pytest.mark.timeout(900)  # half a minute alone
def test_ten_kills_lose_double_and_forget_nothing() -> None:
    """Whatever a device saw acknowledged is in the journal once, with one decision and its fate."""
    figures = bench("crash", "--kills", "10", "--seed", "1")
    promised = {"kills", "acknowledged", "lost", "double", "undecided", "replay_equal"}
    assert promised <= figures.keys()
    assert figures["kills"] == 10
    assert figures["acknowledged"] == figures["sent"] == figures["events"]
    assert figures["acknowledged"] > 10 * 100
    for wrong in ("lost", "double", "undecided", "unexplained", "stale_unlocks", "tracebacks"):
        assert figures[wrong] == 0, wrong
    assert figures["replay_equal"] is True
    assert figures["snapshots_compared"] >= 1


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


def test_a_door_opens_soon_after_a_start_with_a_long_journal() -> None:
    """The longest tail is replayed, and the first badge is granted."""
    figures = bench("start", "--rows", "20000", ends_with=(0, 1))
    assert {"rows", "first_decision_s"} <= figures.keys()
    assert figures["rows"] == 20_000
    assert figures["tail_rows"] == SNAPSHOT_EVERY - 1
    assert figures["granted"] is True
    assert figures["first_decision_s"] > 0


def test_an_outage_of_influxdb_and_a_broker_restart_lose_nothing() -> None:
    """Badges are answered, every point is written afterwards, every event is in the journal."""
    # 1: the answers were slower than before, or seemed so in such short times.
    figures = bench("outage", "--minutes", "0.06", ends_with=(0, 1))
    promised = {"minutes", "before_p50_ms", "outage_p50_ms", "ratio", "missing_points"}
    assert promised | {"rss_growth_mb", "broker_restart"} <= figures.keys()
    assert figures["missing_points"] == figures["foreign_points"] == 0
    assert figures["refused_writes"] > 0, "there was no outage"
    assert figures["points"] > figures["badges"] > 1000
    assert figures["ratio"] > 0
    assert figures["rss_growth_mb"] <= 20
    assert figures["broker_restart"]["lost"] == 0
    assert figures["broker_restart"]["gap_s"] > 0


def test_answers_are_compared_with_an_echo() -> None:
    """Shapes only: how fast this machine is at this moment is no test's business."""
    figures = bench("answer", "--rounds", "1", "--seconds", "0.5")
    assert {"p50_ms", "p99_ms", "rate"} <= figures["echo"].keys()
    assert {"p50_ms", "p99_ms", "rate", "rss_mb"} <= figures["gateway"].keys()
    assert {"p50", "p99", "rate"} <= figures["ratio"].keys()


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


def test_an_import_of_a_long_list_is_set_beside_one_of_a_tenth() -> None:
    """Shapes only, of so short a list."""
    figures = bench("members", "--members", "200", ends_with=(0, 1))
    assert figures["members"] == 200
    for form in ("csv", "xlsx"):
        assert {"one_s", "tenth_s", "all_s", "ratio"} == figures[form].keys()
        assert figures[form]["all_s"] > 0


def test_open_pages_cost_little_and_no_door_waits_for_a_console() -> None:
    """Every page hears what changes; a console that is killed, stopped or clogged delays nobody."""
    small = ("--clients", "20", "--seconds", "1", "--pause", "1", "--faults")
    figures = bench("console", *small, ends_with=(0, 1))  # a busy machine is no judge of times
    assert figures["heard"]["changes"] > 20
    assert figures["heard"]["refused"] == figures["heard"]["lost"] == 0
    assert 0 < figures["console_rss_mb"] < 120
    told = {row["what"]: row["answers"] for row in figures["faults"]}
    assert set(told) == {"quiet", "SIGSTOP 1 s", "1000 stuck clients", "kill -9"}
    assert all(answers >= 3 for answers in told.values())
