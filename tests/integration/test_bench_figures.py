"""Small doses of the benchmarks that measure: each prints the object that it promises.

How fast this machine is at this moment is no test's business.
"""

import pytest

from gateway.service.snapshots import SNAPSHOT_EVERY
from tests.integration.test_bench_promises import bench


def test_a_door_opens_soon_after_a_start_with_a_long_journal() -> None:
    """The longest tail is replayed, and the first badge is granted."""
    figures = bench("start", "--rows", "6000", ends_with=(0, 1))
    assert {"rows", "first_decision_s"} <= figures.keys()
    assert figures["rows"] == 6_000
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
    """Shapes only."""
    figures = bench("answer", "--rounds", "1", "--seconds", "0.5")
    one_side = {"p50_ms", "p99_ms", "rate", "cpu_us", "cpu_us_max"}
    assert one_side <= figures["echo"].keys()
    assert one_side | {"rss_mb"} <= figures["gateway"].keys()
    assert figures["flush_ms"] > 0
    assert {"p50", "p99", "rate"} <= figures["ratio"].keys()


def test_a_decisions_time_is_told_by_stage() -> None:
    """All of it is somewhere, and each part of a badge's way was met."""
    figures = bench("profile", "--seconds", "3", "--rate", "100")
    stages = {one["stage"]: one for one in figures["stages"]}
    assert sum(one["us"] for one in stages.values()) == pytest.approx(figures["cpu_us"], rel=0.02)
    assert sum(one["us_max"] for one in stages.values()) == pytest.approx(
        figures["cpu_us_max"], rel=0.02
    )
    assert stages["decide"]["us_max"] > 0
    assert stages["read and write packets"]["us_max"] > 0
    assert figures["flush_ms"] > 0


@pytest.mark.long
def test_growth_is_told_beside_the_smallest_of_its_kind() -> None:
    """Shapes only, of so little."""
    arguments = ("--seconds", "0.5", "--rows", "1000", "--members", "200")
    rows = bench("growth", *arguments)["rows"]
    assert [row["size"] for row in rows if row["what"] == "sites"] == [1, 10, 100]
    for what in ("sites", "members", "people inside", "rows in the journal"):
        first, *more = [row for row in rows if row["what"] == what]
        assert first["ratio"] == 1
        assert all(row["cpu_us_max"] > 0 and row["rss_mb"] > 0 for row in more)


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
