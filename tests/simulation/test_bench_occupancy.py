"""The occupancy benchmark: files are recognised, faults are drawn, methods are judged fairly."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean

import pytest
from typer.testing import CliRunner

from benchmarks import occupancy_made
from benchmarks.occupancy_methods import METHODS, ClampReset, ClampSilence, Raw
from benchmarks.occupancy_rooms import RoomRecording, Sample, read_rooms
from benchmarks.occupancy_score import ScoreRow, scored
from benchmarks.occupancy_sensing import FAULTS, ROOM, SensingFault, faults_of, sensed
from benchmarks.occupancy_story import ReceivedEvidence, Story, ZoneTruth
from benchmarks.processes import BenchError
from gateway.cli import app
from gateway.core.estimator.evidence import DeviceJudged, MotionSeen, PresenceSeen, TotalsTold
from gateway.core.model.names import DeviceId

START = datetime(2026, 11, 23, tzinfo=UTC)
BY_NAME = {fault.name: fault for fault in FAULTS}
DAY = [0] * 96 + [1, 3, 7, 12, 18, 22, 22, 21, 20, 20, 19, 12, 6, 2, 0, 0] + [0] * 32
DAY += [4, 9, 15, 20, 25, 25, 25, 24, 24, 25, 25, 25, 18, 9, 3, 0] + [0] * 128
"""A lecture room's day, five minutes a number."""


def lecture_room(days: int = 2) -> RoomRecording:
    """A recording of a room that fills and empties twice a day."""
    samples = tuple(
        Sample(START + timedelta(minutes=5 * number), people)
        for number, people in enumerate(DAY * days, start=1)
    )
    return RoomRecording("lectures.csv", "ROBOD", timedelta(minutes=5), timedelta(0), samples)


def write(file: Path, lines: list[str]) -> Path:
    """A file of these lines."""
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def robod(folder: Path, name: str = "combined_Room7.csv") -> Path:
    """A small file in the layout of ROBOD."""
    moments = (START + timedelta(minutes=5 * number) for number in range(len(DAY)))
    rows = [
        f"{at:%Y-%m-%d %H:%M} +08:00,1,{people}" for at, people in zip(moments, DAY, strict=True)
    ]
    return write(folder / name, ["timestamp,voc,occupant_count", *rows])


def test_robod_is_recognised_by_its_header(tmp_path: Path) -> None:
    """Whatever its name and its other columns; rows without a count are left out."""
    file = robod(tmp_path)
    file.write_text(file.read_text() + "2026-11-25 00:00 +08:00,1,\n")
    (room,) = read_rooms([file])
    assert (room.layout, room.every, len(room.samples)) == ("ROBOD", timedelta(minutes=5), len(DAY))
    assert room.local == timedelta(hours=8)
    assert room.samples[100].people == DAY[100]


@pytest.mark.parametrize("dash", ["-", "/"])
def test_uci_864_is_recognised_by_its_header(tmp_path: Path, dash: str) -> None:
    """Its own PIRs are kept; hours may have one digit, and dates either separator."""
    rows = [f"2017{dash}12{dash}22,9:0{n}:30,25.1,0,{n % 2},{n}" for n in range(4)]
    header = "Date,Time,S1_Temp,S6_PIR,S7_PIR,Room_Occupancy_Count"
    (room,) = read_rooms([write(tmp_path / "any.csv", [header, *rows])])
    assert room.layout == "UCI 864"
    assert [sample.motion for sample in room.samples] == [False, True, False, True]
    assert [sample.people for sample in room.samples] == [0, 1, 2, 3]


def test_calit2_is_recognised_without_a_header(tmp_path: Path) -> None:
    """Its crossings are told as they were, and nobody knows the truth."""
    lines = ["7,07/24/05,00:00:00,0", "9,07/24/05,00:00:00,2", "7,07/24/05,09:00:00,5"]
    (room,) = read_rooms([write(tmp_path / "door.data", lines)])
    (fault,) = faults_of(room)
    story = sensed(room, fault, 0)
    last = story.arrived[-1].evidence
    assert isinstance(last, TotalsTold)
    assert (last.in_total, last.out_total) == (2, 5)
    assert all(look.people is None for look in story.looks)
    row = scored(story, "estimator", fault.name, 0)
    assert (row.mae, row.vacancy, row.coverage, row.negative) == (None, None, None, 0)
    assert (row.nights, scored(story, "raw", fault.name, 0).negative) == (1, 1)


def test_a_folder_gives_every_file_that_is_known(tmp_path: Path) -> None:
    """However deep; others are passed over."""
    (tmp_path / "deep").mkdir()
    robod(tmp_path / "deep", "b.csv")
    robod(tmp_path, "a.csv")
    write(tmp_path / "notes.csv", ["just,notes"])
    assert [room.file for room in read_rooms([tmp_path])] == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["just,notes"], "line 1: no known layout; right would be ROBOD"),
        (["timestamp,occupant_count", "yesterday,3"], "line 2"),
        (["timestamp,occupant_count", "2026-11-23 00:00 +08:00,many"], "line 2"),
        (["timestamp,occupant_count", "2026-11-23 00:00 +08:00,3"], "fewer than two rows"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, lines: list[str], says: str) -> None:
    """And with what would be right."""
    file = write(tmp_path / "wrong.csv", lines)
    with pytest.raises(BenchError, match=says) as wrong:
        read_rooms([file])
    assert str(file) in str(wrong.value)


@pytest.mark.parametrize("name", ["", "nowhere.csv"])
def test_a_folder_without_a_recording_is_told(tmp_path: Path, name: str) -> None:
    """As is a path that does not exist."""
    with pytest.raises(BenchError, match="right would be"):
        read_rooms([tmp_path / name])


def test_made_up_rooms_are_the_same_everywhere(tmp_path: Path) -> None:
    """Two sets of them, read as ROBOD; nobody is there at night, and somebody each working day."""
    for name in ("a", "b"):
        occupancy_made.write(tmp_path / name)
    for which, kinds in occupancy_made.SETS.items():
        rooms = read_rooms([tmp_path / "a" / which])
        assert [room.layout for room in rooms] == ["ROBOD"] * len(kinds)
        assert rooms == read_rooms([tmp_path / "b" / which])
        for room in rooms:
            assert {one.at.weekday() for one in room.samples if one.people} == set(range(5))
            assert not any(one.people for one in room.samples if one.at.hour < 5)


def test_a_seed_tells_the_same_story() -> None:
    """And another one another."""
    room = lecture_room()
    told = [sensed(room, BY_NAME["misses-5"], seed).arrived for seed in (3, 3, 4)]
    assert told[0] == told[1] != told[2]


def test_a_perfect_door_counts_right() -> None:
    """Without misses and ghosts in less out is the truth, to which the faults are compared."""
    row = scored(sensed(lecture_room(), BY_NAME["none"], 0), "raw", "none", 0)
    assert (row.mae, row.exact, row.vacancy) == (0, 1, 1)


@pytest.mark.parametrize("share", [0.05, 0.10])
def test_a_door_misses_its_share(share: float) -> None:
    """Over many days."""
    room = lecture_room(60)
    story = sensed(room, SensingFault("some", misses=share, pir=False), 1)
    last = story.arrived[-1].evidence
    assert isinstance(last, TotalsTold)
    came = sum(max(0, b - a) for a, b in pairwise(DAY)) * 60
    assert 1 - last.in_total / came == pytest.approx(share, abs=0.02)


def test_a_stuck_radar_never_drops_again() -> None:
    """It works for a quarter of the time, then its next "on" is its last word."""
    story = sensed(lecture_room(8), BY_NAME["mmwave-stuck"], 0)
    said = [one.evidence for one in story.arrived if isinstance(one.evidence, PresenceSeen)]
    assert said[-1].active
    assert {one.active for one in said[:-1]} == {True, False}


def test_a_dead_pir_is_found_offline() -> None:
    """Two hours after its last word."""
    story = sensed(lecture_room(8), BY_NAME["pir-dies"], 0)
    last = max(one.now for one in story.arrived if isinstance(one.evidence, MotionSeen))
    judged = [one.evidence for one in story.arrived if isinstance(one.evidence, DeviceJudged)]
    assert [one.health for one in judged] == ["offline"]
    assert judged[0].at - last >= timedelta(hours=2)
    assert last < story.looks[len(story.looks) // 4].at < judged[0].at


def test_a_pause_of_the_recording_is_one_of_the_sensors() -> None:
    """Nothing is heard of them in it, and they are not taken to be silent."""
    room = lecture_room()
    gap = tuple(
        Sample(one.at + timedelta(days=3 * (number >= 150)), one.people)
        for number, one in enumerate(room.samples)
    )
    paused = RoomRecording(room.file, room.layout, room.every, room.local, gap)
    story = sensed(paused, BY_NAME["misses-5"], 0)
    begin, end = gap[149].at, gap[150].at - room.every
    assert not [one for one in story.arrived if begin < one.now < end]
    health = [one.evidence for one in story.arrived if isinstance(one.evidence, DeviceJudged)]
    assert [each.health for each in health] == ["offline", "offline", "well", "well"]
    dead = [one.evidence for one in sensed(paused, BY_NAME["pir-dies"], 0).arrived]
    revived = [each for each in dead if isinstance(each, DeviceJudged) and each.health == "well"]
    assert {each.device for each in revived} == {"counter"}, "a pause brings no dead PIR back"


def _story(arrived: list[tuple[float, TotalsTold | MotionSeen]]) -> Story:
    pieces = [ReceivedEvidence(START + timedelta(hours=at), evidence) for at, evidence in arrived]
    return Story("made", "made", {ROOM: None}, {ROOM: (ROOM,)}, pieces, [], timedelta(hours=1))


def _totals(entered: int, left: int, seq: int) -> TotalsTold:
    return TotalsTold(
        at=START,
        device=DeviceId("counter"),
        boot=1,
        seq=seq,
        inner=ROOM,
        outer=None,
        in_total=entered,
        out_total=left,
    )


def _motion(hours: float, *, active: bool) -> MotionSeen:
    at = START + timedelta(hours=hours)
    return MotionSeen(at=at, device=DeviceId("pir"), zone=ROOM, active=active)


def test_the_baselines_are_what_they_say() -> None:
    """Raw drifts below zero; the others do not; one forgets at 04:00 local, one in silence."""
    arrived: list[tuple[float, TotalsTold | MotionSeen]] = [
        (0, _totals(0, 0, 1)),
        (1, _totals(2, 5, 2)),
        (2, _totals(6, 5, 3)),
        (2, _motion(2, active=True)),
        (2.5, _motion(2.5, active=False)),
    ]
    story = _story(arrived)
    methods = {kind: kind(story) for kind in (Raw, ClampReset, ClampSilence)}
    for piece in story.arrived:
        for method in methods.values():
            method.tell(piece.evidence, piece.now)

    def people(kind: type[Raw], hours: float) -> int:
        return methods[kind].look(ROOM, START + timedelta(hours=hours)).people

    assert [people(kind, 2.6) for kind in methods] == [1, 4, 4]
    assert [people(kind, 2.7) for kind in methods] == [1, 4, 0], "ten minutes of silence"
    assert [people(kind, 3.1) for kind in methods] == [1, 0, 0], "04:00 in Paris"


def test_errors_are_counted_as_they_should() -> None:
    """By hand, on four looks at a method that always says two."""
    story = _story([(0, _totals(0, 0, 1)), (0.1, _totals(2, 0, 2))])
    looks = [
        ZoneTruth(START + timedelta(hours=hours), ROOM, people)
        for hours, people in ((1, 2), (2, 0), (3, 5), (4, 2))
    ]
    story = Story("made", "made", story.capacities, story.parts, story.arrived, looks, story.local)
    row = scored(story, "raw", "none", 0)
    assert (row.mae, row.exact, row.vacancy, row.vacancy_errors) == (1.25, 0.5, 0.75, 1)
    assert (row.coverage, row.night_max, row.nights) == (None, 2, 1)


def _rows(fault: str, days: int, seeds: int) -> dict[str, list[ScoreRow]]:
    room = lecture_room(days)
    stories = [sensed(room, BY_NAME[fault], seed) for seed in range(seeds)]
    return {
        name: [scored(story, name, fault, seed) for seed, story in enumerate(stories)]
        for name in METHODS
    }


def _figures(rows: list[ScoreRow]) -> tuple[list[float], list[float]]:
    return [row.mae or 0.0 for row in rows], [row.vacancy or 0.0 for row in rows]


@pytest.mark.parametrize(
    ("fault", "mae", "vacancy"),
    [
        ("none", 0.25, 0.99),
        ("misses-5", 0.45, 0.985),
        ("misses-10", 0.7, 0.98),
        ("mmwave", 0.45, 0.985),
        ("mmwave-stuck", 0.5, 0.95),
    ],
)
def test_the_estimator_is_good_and_better(fault: str, mae: float, vacancy: float) -> None:
    """On days that no file holds, under each fault; beside what is usual, where that fails."""
    rows = _rows(fault, days=2, seeds=2)
    errors, vacancies = _figures(rows["estimator"])
    assert max(errors) <= mae
    assert min(vacancies) >= vacancy
    for baseline in ("raw", "clamp-reset"):
        others, other_vacancies = _figures(rows[baseline])
        if fault != "none":
            assert mean(errors) < mean(others)
            assert mean(vacancies) > mean(other_vacancies)
    occupied = [row.coverage or 0.0 for row in rows["estimator"]]
    assert (
        min(occupied) >= 0.55
    )  # of two days: few people, and one odd hour is a tenth of the looks


def test_a_dead_pir_does_not_fill_or_empty_the_room() -> None:
    """Then the door alone counts, and what it leaves over is gone in the morning."""
    rows = _rows("pir-dies", days=3, seeds=1)["estimator"]
    assert max(row.mae or 0.0 for row in rows) < 1.0
    assert max(row.nights_above for row in rows) == 0


@pytest.mark.timeout(120)
def test_the_command_prints_a_row_a_file_method_fault_and_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the simulated days, and the time of an event."""
    monkeypatch.setattr("benchmarks.occupancy.DAYS_MIN", 2)
    file = robod(tmp_path)
    run = CliRunner().invoke(
        app, ["bench", "occupancy", "--data", str(file), "--seeds", "1", "--json"]
    )
    assert run.exit_code == 0, run.output
    printed = json.loads(run.stdout.splitlines()[-1])
    keys = [(row["file"], row["method"], row["fault"], row["seed"]) for row in printed["rows"]]
    assert len(keys) == len(set(keys))
    assert {key[:3] for key in keys if key[0] == file.name} == {
        (file.name, method, fault.name) for method in METHODS for fault in FAULTS
    }
    assert {key[3] for key in keys if key[0] == "coworking-day"} == {0, 1}
    assert printed["speed"]["us_at_60"] > 0


def test_the_command_says_what_cannot_be_read(tmp_path: Path) -> None:
    """Exit code 2, before anything is measured."""
    run = CliRunner().invoke(app, ["bench", "occupancy", "--data", str(tmp_path / "none.csv")])
    assert run.exit_code == 2
    assert "there is no such file or folder" in run.output
