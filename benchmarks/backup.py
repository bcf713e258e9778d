"""`seuil bench backup`: backups of a busy gateway restore to what its journal explains.

A real mosquitto and 500 events per second, half of them badges; members are imported all the while.
Each backup is the command as an operator types it, in a process of its own. It is restored into a
new folder, where a replay must be equal and no row may be missing. Then backups are killed with
SIGKILL at seeded random moments: there must be the archive of before, or a new one that is whole.
"""

import asyncio
import json
import random
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from msgspec import Struct, convert, field

from benchmarks import gateway_process, synthetic_site
from benchmarks.gateway_child import gateway_child
from benchmarks.load_devices import Crowd, connected
from benchmarks.processes import BenchError
from benchmarks.sensor_site import with_sensors
from gateway.adapters.broker.embedded import EmbeddedBroker
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryStore, credential_key
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.replay import replay
from gateway.backup.archive import BackupError, Manifest, unpack
from gateway.backup.restore import restore
from gateway.clock import SystemClock
from gateway.config import load_settings

MEMBERS = 500
IMPORTED = 20
"""Members of each import, which all go with the next one."""
READERS = 20
BADGES_A_S = 250.0
SENSED_A_S = 250.0
IMPORT_S = 0.2
ROUND = 5
"""Backups of one gateway: each replay begins at the first row, so a journal should stay short."""
KILLED_AT = (0.2, 1.1)
"""The lifetime of a backup that is killed, as a part of the longest one; it starts Python first."""
_COMMAND = "from gateway.cli import main; main()"


class BackupResult(Struct):
    """The result that `--json` prints."""

    backups: int = 0
    unequal: int = 0
    """Restored journals whose replay differs, or that end before the backup began."""
    members_wrong: int = 0
    """Restored folders with a part of an import."""
    rows: int = 0
    """In the last journal that was restored."""
    imports: int = 0
    events_a_s: float = 0.0
    seconds_median: float = 0.0
    """Of one backup, with the start of Python."""
    megabytes: float = 0.0
    """Of the last archive."""
    kills: int = 0
    killed: int = 0
    """Kills that came before the end."""
    broken: int = 0
    """Archives that were neither whole nor those of before."""
    left: int = 0
    """Files that were still there after the next backup."""

    @property
    def is_good(self) -> bool:
        """True if every promise was kept."""
        return not (self.unequal or self.members_wrong or self.broken or self.left)


class _Tally(BackupResult):
    """The result while it grows."""

    took_s: list[float] = field(default_factory=list)
    stored: int = 0
    busy_s: float = 0.0


async def measure(
    times: int, seed: int = 0, on_backup: Callable[[int], None] = lambda _count: None
) -> BackupResult:
    """Make backups under load, kill as many, and restore each one that was made.

    Raises:
        BenchError: The gateway or a backup failed.
        BrokerError: There is no mosquitto.
    """
    result, draw = _Tally(), random.Random(seed)  # noqa: S311 - repeatable, no secret
    while result.backups < times:
        with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
            count = min(ROUND, times - result.backups)
            befores = await _round(Path(folder), count, draw, result)
            for archive, before in befores.items():
                await asyncio.to_thread(_judge, archive, before, result)
        on_backup(2 * result.backups)
    took = sorted(result.took_s)
    result.seconds_median = round(took[len(took) // 2], 3)
    result.events_a_s = round(result.stored / result.busy_s, 1)
    return convert(result, BackupResult, from_attributes=True)


async def _round(
    folder: Path, count: int, draw: random.Random, result: "_Tally"
) -> dict[Path, int]:
    """Back up a gateway of its own; return each archive with the rows before it."""
    data = folder / "data"
    data.mkdir()
    badges = synthetic_site.badges(MEMBERS)
    site = with_sensors(synthetic_site.place(READERS, contacts=True))
    key = credential_key(load_settings(data_dir=data))
    synthetic_site.enrol(data, key, badges)
    async with EmbeddedBroker(data / "broker", kind="mosquitto", autosave=False) as broker:
        order = gateway_process.GatewayChildConfig(broker.url, str(data), site)
        crowd = Crowd(broker.url, site, badges, seed=draw.getrandbits(32))
        async with gateway_child(order) as gateway, connected(crowd) as people:
            await gateway.start()
            load = asyncio.create_task(people.busy(BADGES_A_S, SENSED_A_S), name="load")
            importing = asyncio.create_task(_import(data, key), name="import")
            try:
                befores = await _back_up(data, count, draw, result)
            finally:
                load.cancel()
                importing.cancel()
                done = await asyncio.gather(load, importing, return_exceptions=True)
            if any(isinstance(each, Exception) for each in done) or not gateway.running:
                raise BenchError(f"the load or the gateway ended: {gateway.last_words()}")
            return befores


async def _back_up(
    data: Path, count: int, draw: random.Random, result: "_Tally"
) -> dict[Path, int]:
    archives, befores = data.parent / "archives", dict[Path, int]()
    loop = asyncio.get_running_loop()
    started, first = loop.time(), await asyncio.to_thread(_last_n, data)
    for number in range(count):
        archive, began = archives / f"{number}.tar.gz", loop.time()
        befores[archive] = await asyncio.to_thread(_last_n, data)
        await _command(data, archive)
        result.took_s.append(loop.time() - began)
        result.backups += 1
        result.megabytes = round(archive.stat().st_size / 1e6, 2)
    result.stored += await asyncio.to_thread(_last_n, data) - first
    result.busy_s += loop.time() - started
    again = archives / "killed.tar.gz"
    await _command(data, again)
    for _ in range(count):
        await _kill(data, again, max(result.took_s) * draw.uniform(*KILLED_AT), result)
    await _command(data, again)
    result.left += sum(1 for _ in archives.iterdir()) - count - 1
    result.imports += await asyncio.to_thread(_imports, data)
    return befores


async def _import(data: Path, key: bytes) -> None:
    """Replace the imported members by the next ones, again and again, each in one transaction."""
    number = 0
    while True:
        number += 1
        await asyncio.to_thread(_import_once, data, key, number)
        await asyncio.sleep(IMPORT_S)


def _import_once(data: Path, key: bytes, number: int) -> None:
    draw = random.Random(number)  # noqa: S311 - made-up badges
    numbers = [f"05{draw.getrandbits(48):012x}" for _ in range(IMPORTED)]
    coming = synthetic_site.members(key, numbers, f"import-{number}")
    with closing(DirectoryStore(data / MEMBERS_FILE)) as store:
        gone = [each.holder.id for each in store.members() if each.ref.startswith("import-")]
        store.apply(coming, gone)


def _judge(archive: Path, before: int, result: BackupResult) -> None:
    """Restore an archive and judge it."""
    with tempfile.TemporaryDirectory(prefix="seuil-restored-", dir=archive.parent.parent) as folder:
        restored = Path(folder)
        restore(archive, restored, None, SystemClock().now())
        with closing(JournalFile(restored / JOURNAL_FILE)) as file:
            differences = [replay(file, site, lambda: None).differences for site in file.sites()]
            result.rows = file.last_n()
        result.unequal += any(differences) or not differences or result.rows < before
        with closing(DirectoryStore(restored / MEMBERS_FILE)) as store:
            refs = [each.ref for each in store.members() if each.ref.startswith("import-")]
        waves = {ref.rpartition("-")[0] for ref in refs}
        result.members_wrong += len(refs) not in {0, IMPORTED} or len(waves) > 1


async def _kill(data: Path, archive: Path, after_s: float, result: BackupResult) -> None:
    before = await asyncio.to_thread(_time_of, archive)
    process = await _spawn(data, archive)
    await asyncio.sleep(after_s)
    if process.returncode is None:
        process.kill()
    status = await process.wait()
    result.kills += 1
    result.killed += status < 0
    try:
        after = await asyncio.to_thread(_time_of, archive)
    except BackupError:
        result.broken += 1
        return
    result.broken += after < before


def _time_of(archive: Path) -> datetime:
    """Return the time of an archive, after a look at all of it."""
    folder = Path(tempfile.mkdtemp(dir=archive.parent.parent))
    try:
        manifest: Manifest = unpack(archive, folder, None)
    finally:
        shutil.rmtree(folder)
    return manifest.at


async def _command(data: Path, archive: Path) -> None:
    process = await _spawn(data, archive)
    said, _ = await process.communicate()
    if process.returncode:
        raise BenchError(f"seuil backup failed: {said.decode(errors='replace')}")
    json.loads(said)


async def _spawn(data: Path, archive: Path) -> asyncio.subprocess.Process:
    words = ("backup", str(archive), "--data-dir", str(data), "--json")
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _COMMAND, *words, stdin=DEVNULL, stdout=PIPE
    )


def _last_n(data: Path) -> int:
    with closing(JournalFile(data / JOURNAL_FILE)) as file:
        return file.last_n()


def _imports(data: Path) -> int:
    with closing(DirectoryStore(data / MEMBERS_FILE)) as store:
        return store.version()
