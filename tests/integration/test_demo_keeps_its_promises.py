"""`seuil demo` as a process: its promises against its own journal, and its end."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from gateway.adapters import journal as journal_adapter
from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.adapters.influx.influx_points import points
from gateway.adapters.journal.reader import JournalFile
from gateway.core.model.names import DeviceId, SiteId
from gateway.demo.ledger import Judgement, Ledger
from gateway.demo.report import Findings, complaints
from simulators.outcomes import Bookkeeping, PresentedCredential
from simulators.rhythms import awake
from tests.servers import InfluxDB, WriteProxy, get, until

ENDS_WITHIN_S = 3.0
_DEMO = "from gateway.cli import main; main()"


@asynccontextmanager
async def demo(*arguments: str, **variables: str) -> AsyncIterator[Process]:
    """The command, running; killed at the end if need be."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SEUIL_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _DEMO, "demo", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
        env=clean | {"LANG": "C", "LC_ALL": "C"} | variables,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ended(process: Process) -> tuple[int | None, str, str]:
    """How it ended, and what it said."""
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def family(process: Process) -> list[psutil.Process]:
    """The demo's process and all that it started."""
    root = psutil.Process(process.pid)
    return [root, *root.children(recursive=True)]


async def begun(process: Process) -> str:
    """The page's address, once people move."""
    assert process.stdout is not None
    page = (await process.stdout.readline()).decode()
    assert "http://" in page, page
    assert " granted, " in (await process.stdout.readline()).decode()
    return page.split("demo: ")[1].split(" ")[0]


async def test_promises(tmp_path: Path) -> None:
    """A demo with an end exits 0, and its one object says what its journal says."""
    kept = tmp_path / "kept"
    async with demo("--for", "12", "--json", "--data-dir", str(kept)) as process:
        status, out, err = await ended(process)
    assert status == 0, out + err
    told: dict[str, Any] = json.loads(out)
    assert told["ok"]
    assert told["wrong"] == []
    assert told["exactly_one_decision"]
    assert told["replay_equal"]
    assert told["unacknowledged"] == 0
    assert told["credentials"] == told["decisions"] > 5
    assert told["granted"] + told["denied"] == told["decisions"]
    assert sum(told["denied_by_reason"].values()) == told["denied"]
    assert 0 < told["answer_ms"]["p50"] <= told["answer_ms"]["p99"]
    assert told["people"]["building"]["known"] > 0
    with closing(sqlite3.connect(kept / "journal.db")) as db:
        events = Counter(
            db.execute(
                "SELECT j.site, j.device, json_extract(event, '$.boot'), json_extract(event,"
                " '$.seq') FROM journal AS j JOIN decision USING (n) WHERE kind = 'credential'"
            )
        )
        assert set(events.values()) == {1}
        assert len(events) == told["credentials"]
    with closing(JournalFile(kept / "journal.db")) as file:
        rows = await asyncio.to_thread(file.rows_after, 0, 1_000_000)
    assert told["journal"]["rows"] == len(rows)
    assert told["points_written"] == sum(len(points(row)) for row in rows) > told["decisions"]


async def test_cut_off_readers(tmp_path: Path) -> None:
    """On a bad day of the network readers decide alone, and the journal says so of each of them."""
    kept = tmp_path / "kept"
    options = ("--seed", "3", "--faults", "rough", "--data-dir", str(kept))
    async with demo("--for", "25", "--json", *options) as process:
        status, out, err = await ended(process)
    assert status == 0, out + err
    told: dict[str, Any] = json.loads(out)
    assert told["ok"]
    assert told["decided_alone"] > 0
    with closing(sqlite3.connect(kept / "journal.db")) as db:
        query = "SELECT reason, count(*) FROM decision WHERE reason IN (?, ?) GROUP BY 1"
        found = dict(db.execute(query, ("reader-decided", "claimed")).fetchall())
    # A simulator that was held up itself says that it had no answer: that is claimed.
    assert sum(found.values()) == told["decided_alone"]
    assert found["reader-decided"] > 0
    assert len(told["denied_by_reason"].keys() - {"reader-decided"}) >= 3


@pytest.fixture
def journal(tmp_path: Path) -> sqlite3.Connection:
    """Three credential events of one reader with their decisions, and one that it decided alone."""
    db = sqlite3.connect(tmp_path / "journal.db")
    db.executescript((Path(journal_adapter.__file__).with_name("schema.sql")).read_text())
    for n, why in ((1, "plan"), (2, "plan"), (3, "plan"), (4, "reader-decided")):
        told = json.dumps({"boot": 7, "seq": n})
        row = (n, "le-seuil", "front-in", "credential", 0, 0, told, "[]")
        db.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        granted = (n, "le-seuil", "front-in", None, None, "granted", why, 0, None, "none")
        sql = "INSERT INTO decision VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)"
        db.execute(sql, granted)
    return db


FRONT = (SiteId("le-seuil"), DeviceId("front-in"))
PRESENTED = [
    *(PresentedCredential(*FRONT, (7, seq), str(seq)) for seq in (1, 2, 3)),
    PresentedCredential(*FRONT, (7, 4), None, "granted"),
]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param("SELECT 1", {}, id="a whole journal is found whole"),
        pytest.param(
            "UPDATE decision SET reason = 'reader-decided' WHERE n = 2",
            {"other": 1},
            id="a reader decided that we had answered",
        ),
        pytest.param(
            "UPDATE decision SET reason = 'plan' WHERE n = 4", {"other": 1}, id="not said whose"
        ),
        pytest.param(
            "UPDATE decision SET decision = 'denied' WHERE n = 4",
            {"other": 1},
            id="otherwise than the reader decided",
        ),
        pytest.param("DELETE FROM decision WHERE n = 2", {"missing": 1, "other": 1}, id="missing"),
        pytest.param("DELETE FROM journal WHERE n = 2", {"missing": 1, "other": 1}, id="lost"),
        pytest.param(
            "UPDATE journal SET event = json_set(event, '$.seq', 1) WHERE n = 2",
            {"twice": 1, "missing": 1, "other": 1},
            id="one event twice",
        ),
        pytest.param(
            "UPDATE journal SET event = json_set(event, '$.seq', 9) WHERE n = 2",
            {"stray": 1, "missing": 1, "other": 1},
            id="one that nobody presented",
        ),
    ],
)
def test_judgement(
    journal: sqlite3.Connection, tmp_path: Path, change: str, found: dict[str, int]
) -> None:
    """The judge sees in the journal what is missing, doubled or made up."""
    with closing(journal), journal:
        journal.execute(change)
    judged = Ledger(tmp_path / "journal.db", influx=False).judge(PRESENTED, ())
    named = {name: getattr(judged, name) for name in ("missing", "twice", "other", "stray")}
    assert {name: count for name, count in named.items() if count} == found


def test_decided_after_it_was_asked(journal: sqlite3.Connection, tmp_path: Path) -> None:
    """One event: what the reader did is its decision, and our answer was void."""
    with closing(journal), journal:
        told = json.dumps({"number": [7, 3]})
        row = (5, "le-seuil", "front-in", "meanwhile", 0, 0, told, "[]")
        journal.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        journal.execute(
            "INSERT INTO decision SELECT 5, site, device, access_point, holder, 'denied',"
            " 'reader-decided', at, expires, handover, run, uptime FROM decision WHERE n = 3"
        )
    alone = msgspec.structs.replace(PRESENTED[2], decision="5", decided="denied")
    ledger = Ledger(tmp_path / "journal.db", influx=False)
    judged = ledger.judge([*PRESENTED[:2], alone, PRESENTED[3]], ())
    assert (judged.missing, judged.twice, judged.other, judged.stray) == (0, 0, 0, 0)
    assert (judged.decisions, judged.granted, judged.denied) == (4, 3, {"reader-decided": 1})


def test_not_acknowledged(journal: sqlite3.Connection, tmp_path: Path) -> None:
    """An event that is still under way may be absent."""
    with closing(journal), journal:
        journal.execute("DELETE FROM decision WHERE n = 3")
        journal.execute("DELETE FROM journal WHERE n = 3")
    waiting = {(one.site, one.reader, one.key) for one in PRESENTED[2:3]}
    heard_nothing = [*PRESENTED[:2], msgspec.structs.replace(PRESENTED[2], decision=None)]
    heard_nothing += PRESENTED[3:]
    judged = Ledger(tmp_path / "journal.db", influx=False).judge(heard_nothing, waiting)
    assert (judged.missing, judged.other) == (0, 0)


@pytest.mark.parametrize(("late", "is_well"), [(3, True), (4, False)])
def test_late(*, late: int, is_well: bool) -> None:
    """A few badges may come too late; more of them is a gateway that is too slow, and said."""
    tally = Bookkeeping()
    tally.late, tally.credentials, tally.slow = late - 1, 40, 1
    findings = Findings(
        tally=tally.result((), {}, {}),
        slow=tally.slow,
        journal=Judgement(40, 40, 40, {}, 0, 0, 0, 0, 0, 0),
        points=40,
        unwritten=0,
        replay_equal=True,
        interrupted=False,
        fault=None,
    )
    said = list(complaints(findings))
    assert said == ([] if is_well else ["4 of 40 badges had no answer in time; 3 may"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("contradicted", "2 readers decided alone, and the gateway told otherwise"),
        ("wrongly_granted", "2 badges that must never pass were let in"),
        ("wrongly_denied", "2 people were refused on the way out"),
    ],
)
def test_what_must_not_be(name: str, sentence: str) -> None:
    """Each of the simulators' own checkers is a complaint of the demo."""
    tally = Bookkeeping().result((), {}, {})
    findings = Findings(
        tally=msgspec.structs.replace(tally, **{name: 2}),
        slow=0,
        journal=Judgement(40, 40, 40, {}, 0, 0, 0, 0, 0, 0),
        points=40,
        unwritten=0,
        replay_equal=True,
        interrupted=False,
        fault=None,
    )
    assert list(complaints(findings)) == [sentence]


def test_nights() -> None:
    """A night passes faster than the day around it, and no moment is skipped or met twice."""
    evening = datetime.fromisoformat("2026-11-22T18:00")  # the habits' clock is local
    hours = [evening + timedelta(hours=hour) for hour in range(40)]
    steps = [later - earlier for earlier, later in pairwise(awake(hour, 20) for hour in hours)]
    assert min(steps) == timedelta(minutes=3)
    assert max(steps) == timedelta(hours=1)
    assert awake(hours[24], 20) - awake(hours[0], 20) == timedelta(hours=15, minutes=27)


@pytest.mark.parametrize("group", [True, False], ids=["a terminal's Ctrl-C", "only this process"])
async def test_ctrl_c(*, group: bool) -> None:
    """Ctrl-C, twice, ends a demo within 3 s with its summary, and leaves no process behind."""
    async with demo() as process:
        page = await begun(process)
        await until(lambda: get(page) is not None, "the page answers")
        running = family(process)
        assert len(running) == 4
        at = time.monotonic()
        for _ in range(2):
            (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
            await asyncio.sleep(0.1)
        status, out, err = await ended(process)
        assert time.monotonic() - at < ENDS_WITHIN_S
        _, alive = psutil.wait_procs(running, timeout=0)
        assert alive == []
        assert status == 0, err
        assert "decisions in the journal" in out
        assert "Traceback" not in err


async def test_stopped_early() -> None:
    """SIGTERM at any moment of the start ends it as fast, and leaves no process behind."""
    for wait_s in (0.5, 0.8, 1.1, 1.4):
        async with demo() as process:
            await asyncio.sleep(wait_s)
            running = family(process)
            at = time.monotonic()
            process.terminate()
            _, _, err = await ended(process)
            assert time.monotonic() - at < ENDS_WITHIN_S
            _, alive = psutil.wait_procs(running, timeout=1)
            assert alive == []
            assert "Traceback" not in err


async def test_killed(tmp_path: Path) -> None:
    """No process outlives a demo that was killed."""
    async with demo("--data-dir", str(tmp_path / "kept")) as process:
        page = await begun(process)
        await until(lambda: get(page) is not None, "the page answers")
        running = family(process)
        process.kill()
        await process.wait()
        _, alive = await asyncio.to_thread(psutil.wait_procs, running, timeout=ENDS_WITHIN_S)
        assert alive == []


async def test_without_mosquitto() -> None:
    """The broker of the Python packages does as well; the demo says that it forgets."""
    async with demo("--for", "5", "--json", "--broker", "iotcore") as process:
        status, out, err = await ended(process)
    told = json.loads(out)
    assert status == 0, out
    assert told["broker"] == {"kind": "iotcore", "durable": False}
    assert told["exactly_one_decision"]
    assert "forgets everything" in err


async def test_influx(influx_proxy: WriteProxy, influxdb: InfluxDB) -> None:
    """With InfluxDB, each point that is told of is there."""
    async with demo("--for", "4", "--json", SEUIL_INFLUX_URL=influx_proxy.url) as process:
        status, out, err = await ended(process)
    assert status == 0, out + err
    told = json.loads(out)
    assert told["store"] == "influxdb"
    rows = await asyncio.to_thread(influxdb.query, 'SELECT count("count") FROM "access"')
    assert [row["count"] for row in rows] == [told["decisions"]]
    assert told["points_written"] > told["decisions"]


async def test_cannot_begin(tmp_path: Path) -> None:
    """What stands in the way is one sentence and exit 2, and nothing is left behind."""
    file = tmp_path / "file"
    file.touch()
    used = tmp_path / "used"
    used.mkdir()
    (used / "journal.db").touch()
    new = tmp_path / "new"
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])
        cases = {
            "cannot be written: Not a directory": ("--data-dir", str(file / "in")),
            "is not empty": ("--data-dir", str(used)),
            f"port {port} is in use": ("--port", port, "--data-dir", str(new)),
        }
        for sentence, arguments in cases.items():
            async with demo(*arguments) as process:
                status, out, err = await ended(process)
            assert (status, out) == (2, "")
            assert sentence in err
            assert len(err.strip().splitlines()) == 1
    assert sorted(os.listdir(tmp_path)) == ["file", "used"]  # noqa: PTH208 - a test may block
    assert os.listdir(used) == ["journal.db"]  # noqa: PTH208 - likewise


async def test_no_broker(tmp_path: Path) -> None:
    """Without any broker the demo says what to install."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys; sys.modules['iotcore'] = None\n", encoding="utf-8"
    )
    port, kept = str(free_port()), tmp_path / "kept"
    arguments = ("--broker", "iotcore", "--port", port, "--data-dir", str(kept))
    async with demo(*arguments, PYTHONPATH=str(tmp_path)) as process:
        status, out, err = await ended(process)
    assert (status, out) == (2, "")
    assert "install mosquitto" in err
    assert not kept.exists()
