"""`seuil bench faults`: the amount of each fault, and the overall result."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Literal, TypeVar

from msgspec import Struct, field

from benchmarks.faults import broker, clocks, disk, store
from benchmarks.faults import power_cut_images as images
from benchmarks.faults.broker import BrokerFaultResult
from benchmarks.faults.clocks import Case
from benchmarks.faults.disk import DiskFaultResult, Kills
from benchmarks.faults.power_cut_images import Images
from benchmarks.faults.rig import FaultVerdict
from benchmarks.faults.store import Stored

T = TypeVar("T")
Name = Literal["short", "full"]


class Dose(Struct, frozen=True):
    """The amount of each fault; `abreast` rigs run at a time, since they mostly wait."""

    io_faults: int
    images: int
    kills: int
    life: int
    """The length of the recorded life, in steps of some twenty acknowledgements."""
    scripts: tuple[str, ...]
    script_s: float
    clocks: tuple[Case, ...]
    abreast: int


DOSES: Final[dict[Name, Dose]] = {
    "short": Dose(
        io_faults=8,
        images=48,
        kills=3,
        life=3,
        scripts=("drops", "forgets"),
        script_s=3.0,
        clocks=(Case(-600.0, clocks.OVER_S),),
        abreast=6,
    ),
    "full": Dose(
        io_faults=160,
        images=2400,
        kills=45,
        life=30,
        scripts=tuple(broker.SCRIPTS),
        script_s=10.0,
        clocks=tuple(
            Case(shift_s, dead_s, badges_under_way=under_way)
            for shift_s in clocks.SHIFTS_S
            for dead_s, under_way in (
                (clocks.AT_ONCE_S, False),
                (clocks.OVER_S, False),
                (clocks.OVER_S, True),
            )
        ),
        abreast=2,
    ),
}


class FaultsResult(Struct):
    """The result that `--json` prints."""

    disk: DiskFaultResult
    killed: Kills
    images: Images
    store: Stored
    broker: dict[str, BrokerFaultResult]
    clocks: dict[str, BrokerFaultResult]
    io_faults: int = 0
    cut_images: int = 0
    kills: int = 0
    total: FaultVerdict = field(default_factory=FaultVerdict)
    wrong: list[str] = field(default_factory=list)
    """The promises that were not kept, a few words each."""
    ok: bool = False

    @property
    def is_good(self) -> bool:
        """True if every promise was kept."""
        return self.ok


async def measure(
    name: Name, seed: int = 0, on_step: Callable[[str], object] = lambda _step: None
) -> FaultsResult:
    """Run all faults, and judge.

    Raises:
        BenchError: there is no gcc, or a gateway did not come back.
        BrokerError: there is no mosquitto.
    """
    dose = DOSES[name]
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        try:
            return await _Doing(Path(folder), dose, seed, on_step).all()
        except BaseExceptionGroup as group:
            raise _first(group) from group


def _first(wrong: BaseException) -> BaseException:
    """Return the first exception of a group, which ended the others."""
    return _first(wrong.exceptions[0]) if isinstance(wrong, BaseExceptionGroup) else wrong


class _Doing:
    """Runs all faults, some at a time; each has its own folder."""

    def __init__(
        self, folder: Path, dose: Dose, seed: int, on_step: Callable[[str], object]
    ) -> None:
        self._folder = folder
        self._dose = dose
        self._seed = seed
        self._on_step = on_step
        self._few = asyncio.Semaphore(dose.abreast)

    async def all(self) -> FaultsResult:
        """Run all, and sum up."""
        dose, folder, seed = self._dose, self._folder, self._seed
        async with asyncio.TaskGroup() as tasks:
            failing = tasks.create_task(
                self._one(disk.failing(folder / "disk", dose.io_faults, seed, self._on_step))
            )
            killing = tasks.create_task(
                self._one(disk.kills(folder / "kills", dose.kills, seed, self._on_step))
            )
            cutting = tasks.create_task(self._one(self._cut()))
            storing = tasks.create_task(self._one(store.misbehaving(folder / "store")))
            scripts = {
                script: tasks.create_task(self._one(self._scripted(script)))
                for script in dose.scripts
            }
            wrong = {
                str(case): tasks.create_task(self._one(self._wrong(case))) for case in dose.clocks
            }
        result = FaultsResult(
            disk=failing.result(),
            killed=killing.result(),
            images=cutting.result(),
            store=storing.result(),
            broker={script: task.result() for script, task in scripts.items()},
            clocks={case: task.result() for case, task in wrong.items()},
        )
        return _judged(result)

    async def _one(self, work: Awaitable[T]) -> T:
        async with self._few:
            return await work

    async def _cut(self) -> Images:
        life = await images.recorded(self._folder / "images", self._dose.life, self._seed)
        return await asyncio.to_thread(
            images.cut,
            life,
            self._dose.images,
            self._seed,
            lambda done: self._on_step(f"{done} of {self._dose.images} power cuts"),
        )

    async def _scripted(self, script: str) -> BrokerFaultResult:
        self._on_step(f"a broker that misbehaves: {script}")
        folder = self._folder / script.replace(" ", "-")
        return await broker.misbehaving(folder, script, self._dose.script_s, self._seed)

    async def _wrong(self, case: Case) -> BrokerFaultResult:
        self._on_step(f"a clock that is wrong: {case}")
        folder = self._folder / f"clock {case}".replace(" ", "-")
        return await clocks.wrong(folder, case, self._seed)


def _judged(result: FaultsResult) -> FaultsResult:
    """Fill in the result's verdict."""
    held = {
        "failing operations": result.disk.judged.is_good,
        "kills at an operation": result.killed.judged.is_good and not result.killed.miscounted,
        "power cuts": result.images.is_good,
        "the store": result.store.is_good,
        **{f"broker: {script}": outcome.is_good for script, outcome in result.broker.items()},
        **{f"clock: {case}": outcome.is_good for case, outcome in result.clocks.items()},
    }
    result.wrong = [what for what, is_good in held.items() if not is_good]
    result.ok = not result.wrong
    result.io_faults = result.disk.io_faults
    result.cut_images = result.images.images
    result.kills = result.killed.kills
    result.total = _total(result)
    return result


def _total(result: FaultsResult) -> FaultVerdict:
    """Return the sum of all verdicts."""
    outcomes = (*result.broker.values(), *result.clocks.values())
    parts = (result.disk.judged, result.killed.judged, *(one.judged for one in outcomes))
    return sum(parts, FaultVerdict())
