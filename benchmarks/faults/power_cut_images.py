"""Power cuts: the possible contents of the disk at any moment of a recorded life.

The shim recorded every operation on the journal's files. Synced data is on the disk; of later
writes, a disk may have kept any part, in any order, and a sector of 512 or 4,096 bytes is kept
whole or not at all. So an image is drawn: for each sector one of its versions since the last sync,
and likewise for the size. Each image is opened as by a restart, and judged.
"""

import random
import sqlite3
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from benchmarks.crash_judge import asked, numbered
from benchmarks.faults.rig import rig
from benchmarks.faults.shim import Op, Shim
from benchmarks.load_devices import Crowd, Number
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.adapters.journal.writer import JournalWriter
from gateway.analysis.replay import replay
from gateway.core.model.names import DeviceId, SiteId

SECTORS: Final = (512, 4096)
DRAWS: Final = 4
"""Images of one moment and one sector size."""
FILES: Final = (JOURNAL_FILE, f"{JOURNAL_FILE}-wal", f"{JOURNAL_FILE}-journal")
"""The order of `Op.file`; the last one exists while a new file is created."""
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only for folders that tempfile names
"""If it exists, images are opened in memory: thousands of files would slow a disk down."""
_UNDECIDED: Final = """
SELECT count(*) FROM journal AS j LEFT JOIN decision AS d USING (n)
WHERE j.kind = 'credential' AND d.n IS NULL"""
_ROWS: Final = "SELECT * FROM journal ORDER BY n"
_SNAPSHOTS: Final = "SELECT n, site, state FROM snapshot ORDER BY n, site"
_HOLES: Final = "SELECT max(n) - count(*) FROM journal"


class Images(Struct):
    """The result of power cuts; all but `images` must be 0."""

    images: int = 0
    lost: int = 0
    """Acknowledged events that an image lacks, over all images."""
    double: int = 0
    undecided: int = 0
    holes: int = 0
    """Numbers that no row has."""
    unreadable: int = 0
    replays_differ: int = 0
    wrong: list[str] = field(default_factory=list)
    """The first faults, for a person."""

    @property
    def is_good(self) -> bool:
        """True if every image is correct."""
        wrong = self.lost + self.double + self.undecided + self.holes + self.unreadable
        return bool(self.images) and not wrong + self.replays_differ


class Life(Struct, frozen=True):
    """A recorded life, and the events that devices had acknowledged, with their times."""

    site: SiteId
    ops: tuple[Op, ...]
    acks: tuple[tuple[float, DeviceId, int, int], ...]
    made: frozenset[Number]


class SimulatedFile:
    """One file: its synced content, and the writes since."""

    def __init__(self) -> None:
        self.exists = self.is_sure = False
        """`is_sure`: its name also survives a power cut."""
        self._gone: bytes | None = None
        """The content that a power cut may restore: it was removed, at an unknown time."""
        self._synced = bytearray()
        self._since: list[Op] = []

    def apply(self, op: Op) -> None:
        """Apply an operation that was carried out."""
        match op.kind:
            case "made":
                self.exists = True
            case "removed":
                self._gone = bytes(self._synced)
                self._synced, self.exists, self.is_sure = bytearray(), False, False
                self._since.clear()
            case "sync":
                self._synced = self._all(self._since)
                self._since.clear()
                self.exists = self.is_sure = True
            case _:
                self.exists = True
                self._since.append(op)

    def forget_gone(self) -> None:
        """Forget the removed content: the folder was synced since."""
        self._gone = None

    def image(self, draw: random.Random, sector: int) -> bytes | None:
        """Return a possible content after a power cut; None: no file."""
        if not self.is_sure and draw.getrandbits(1):
            return self._gone
        return bytes(self._drawn(draw, sector)) if self.exists else None

    def _drawn(self, draw: random.Random, sector: int) -> bytearray:
        how = draw.randrange(4)
        if how == 0:  # nothing of it
            return bytearray(self._synced)
        if how == 1:  # a beginning of it
            return self._all(self._since[: draw.randint(0, len(self._since))])
        whole = self._all(self._since)
        older = self._all(self._since[: draw.randint(0, len(self._since))])
        size = draw.choice((len(self._synced), len(older), len(whole)))
        kept, share = bytearray(size), draw.random()
        for at in range(0, size, sector):
            source = draw.choice((self._synced, older)) if draw.random() < share else whole
            part = source[at : min(at + sector, size)]
            kept[at : at + len(part)] = part
        return kept

    def _all(self, ops: Iterable[Op]) -> bytearray:
        content = bytearray(self._synced)
        for op in ops:
            if op.kind == "truncate":
                del content[op.offset :]
                content.extend(bytes(op.offset - len(content)))
                continue
            end = op.offset + len(op.content)
            content.extend(bytes(max(0, end - len(content))))
            content[op.offset : end] = op.content
        return content


async def recorded(folder: Path, seconds_of_acks: int, seed: int) -> Life:
    """Record a life: a first start, load, a stop with its last snapshot."""
    async with rig(folder, seed) as place:
        shim = Shim(folder / "shim", logs=True)
        place.use(shim.env)
        await place.gateway.start()
        async with place.busy():
            for _ in range(seconds_of_acks):
                await place.goes_on("it acknowledges")
        await place.gateway.stop()
        ops = tuple(shim.logged())
        shim.close()
        return Life(place.site.id, ops, tuple(place.people.seen.acks), _made(place.people))


def _made(people: Crowd) -> frozenset[Number]:
    return frozenset(people.made)


def cut(life: Life, count: int, seed: int, on_image: Callable[[int], object]) -> Images:
    """Draw images at random moments of a life, and judge each."""
    draw, done = random.Random(seed), Images()  # noqa: S311 - repeatable, no secret
    each = DRAWS * len(SECTORS)
    moments = sorted(draw.choices(range(len(life.ops)), k=max(1, count // each)))
    acked, judge = _Acked(life), _Judge(life.site)
    root = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="seuil-images-", dir=root) as folder:
        for at_s, disks in _at(life.ops, moments):
            for sector in SECTORS * DRAWS:
                drawn = [disk.image(draw, sector) for disk in disks]
                judge.judge(Path(folder), drawn, acked.until(at_s), done)
                done.images += 1
            on_image(done.images)
    return done


def _at(
    ops: Sequence[Op], moments: Sequence[int]
) -> Iterator[tuple[float, tuple[SimulatedFile, ...]]]:
    """Yield the files right after the operation of each moment, and its time."""
    disks, reached = tuple(SimulatedFile() for _ in FILES), 0
    for moment in moments:
        for op in ops[reached : moment + 1]:
            disk = disks[op.file]
            if op.kind == "sync" and not disk.is_sure:
                # SQLite syncs the folder with the first sync of a file: names are sure then.
                for each in disks:
                    each.forget_gone()
            disk.apply(op)
        reached = moment + 1
        yield ops[moment].at_s, disks


class _Acked:
    """The events that were acknowledged, by time."""

    def __init__(self, life: Life) -> None:
        self._acks = life.acks
        self._times = [at for at, *_ in life.acks]
        self._made = life.made

    def until(self, at_s: float) -> set[Number]:
        """Return every event that a device had seen acknowledged by then."""
        high: dict[tuple[DeviceId, int], int] = {}
        for _, device, boot, seq in self._acks[: bisect_right(self._times, at_s)]:
            high[device, boot] = seq
        return {
            (device, boot, seq)
            for (device, boot), last in high.items()
            for seq in range(1, last + 1)
            if (device, boot, seq) in self._made
        }


class _Found(Struct, frozen=True):
    """The content that a restart finds in an image."""

    rows: dict[Number, int]
    undecided: int
    holes: int
    differs: bool


class _Judge:
    """Opens images as a restart does; the same content is replayed only once."""

    def __init__(self, site: SiteId) -> None:
        self._site = site
        self._replayed: dict[bytes, bool] = {}

    def judge(
        self, folder: Path, drawn: Sequence[bytes | None], acked: set[Number], done: Images
    ) -> None:
        """Open an image, and compare it with the acknowledged events."""
        for file in folder.iterdir():
            file.unlink()
        for content, name in zip(drawn, FILES, strict=True):
            if content is not None:
                (folder / name).write_bytes(content)
        try:
            found = self._opened(folder / JOURNAL_FILE)
        except (sqlite3.Error, OSError, ValueError) as wrong:
            done.unreadable += 1
            _tell(done, f"unreadable: {wrong}")
            return
        lost = len(acked - found.rows.keys())
        done.lost += lost
        done.double += sum(count > 1 for count in found.rows.values())
        done.undecided += found.undecided
        done.holes += found.holes
        done.replays_differ += found.differs
        if lost or found.differs or found.holes:
            _tell(done, f"lost {lost}, holes {found.holes}, replay differs {found.differs}")

    def _opened(self, path: Path) -> _Found:
        writer = JournalWriter(path)
        try:
            writer.open()
        finally:
            writer.close()
        with asked(path) as ask:
            rows = numbered(ask)
            ((undecided,),) = ask(_UNDECIDED)
            ((holes,),) = ask(_HOLES)
            content = sha256(repr((ask(_ROWS), ask(_SNAPSHOTS))).encode()).digest()
        if content not in self._replayed:
            self._replayed[content] = self._differs(path)
        return _Found(rows, undecided, holes or 0, self._replayed[content])

    def _differs(self, path: Path) -> bool:
        with closing(JournalFile(path)) as file:
            return self._site in file.sites() and bool(replay(file, self._site).differences)


def _tell(done: Images, what: str) -> None:
    if len(done.wrong) < 5:  # noqa: PLR2004 - enough to look into it
        done.wrong.append(f"image {done.images}: {what}")
