"""`seuil bench faults`: how much of each fault, and what came of all of them."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Literal, TypeVar

from msgspec import Struct

from gateway.bench.faults import broker, clocks, disk, images, store
from gateway.bench.faults.broker import Outcome
from gateway.bench.faults.disk import Disk, Kills
from gateway.bench.faults.images import Images
from gateway.bench.faults.rig import Judged
from gateway.bench.faults.store import Stored

T = TypeVar("T")
Name = Literal["short", "full"]


class Dose(Struct, frozen=True):
    """How much of each; `abreast` rigs run at a time, since they mostly wait."""

    io_faults: int
    images: int
    kills: int
    life: int
    """How long the recorded life is, in some twenty acknowledgements each."""
    scripts: tuple[str, ...]
    script_s: float
    clocks: tuple[tuple[float, float], ...]
    """By how much wrong, and how long the gateway is dead before."""
    abreast: int


DOSES: Final[dict[Name, Dose]] = {
    "short": Dose(
        io_faults=8,
        images=80,
        kills=3,
        life=4,
        scripts=("drops", "forgets"),
        script_s=3.0,
        clocks=((-600.0, clocks.OVER_S),),
        abreast=3,
    ),
    "full": Dose(
        io_faults=160,
        images=2400,
        kills=45,
        life=30,
        scripts=tuple(broker.SCRIPTS),
        script_s=10.0,
        clocks=tuple(
            (shift_s, dead_s)
            for shift_s in clocks.SHIFTS_S
            for dead_s in (clocks.AT_ONCE_S, clocks.OVER_S)
        ),
        abreast=2,
    ),
}


class Result(Struct):
    """What `--json` prints."""

    ok: bool
    io_faults: int
    cut_images: int
    kills: int
    disk: Disk
    killed: Kills
    images: Images
    broker: dict[str, Outcome]
    store: Stored
    clocks: dict[str, Outcome]
    wrong: list[str]
    """What did not hold, in a word each."""

    @property
    def is_good(self) -> bool:
        """Every promise was kept."""
        return self.ok


async def measure(
    name: Name, seed: int = 0, on_step: Callable[[str], object] = lambda _step: None
) -> Result:
    """Do all of it, and judge.

    Raises:
        BenchError: there is no gcc, or a gateway did not come back.
        BrokerError: there is no mosquitto.
    """
    dose = DOSES[name]
    with tempfile.TemporaryDirectory(prefix="seuil-bench-") as folder:
        return await _Doing(Path(folder), dose, seed, on_step).all()


class _Doing:
    """All faults, some at a time; each has a folder of its own."""

    def __init__(
        self, folder: Path, dose: Dose, seed: int, on_step: Callable[[str], object]
    ) -> None:
        self._folder = folder
        self._dose = dose
        self._seed = seed
        self._on_step = on_step
        self._few = asyncio.Semaphore(dose.abreast)

    async def all(self) -> Result:
        """Do all, and sum up."""
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
                f"{shift_s:+.0f} s, dead for {dead_s:g} s": tasks.create_task(
                    self._one(self._wrong(shift_s, dead_s))
                )
                for shift_s, dead_s in dose.clocks
            }
        return _result(
            failing.result(),
            killing.result(),
            cutting.result(),
            storing.result(),
            {script: task.result() for script, task in scripts.items()},
            {shift: task.result() for shift, task in wrong.items()},
        )

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

    async def _scripted(self, script: str) -> Outcome:
        self._on_step(f"a broker that misbehaves: {script}")
        folder = self._folder / script.replace(" ", "-")
        return await broker.misbehaving(folder, script, self._dose.script_s, self._seed)

    async def _wrong(self, shift_s: float, dead_s: float) -> Outcome:
        self._on_step(f"a clock that is wrong by {shift_s:+.0f} s")
        folder = self._folder / f"clock-{shift_s:.0f}-{dead_s:.0f}"
        return await clocks.wrong(folder, shift_s, dead_s, self._seed)


def _result(
    failing: Disk,
    killing: Kills,
    cut: Images,
    stored: Stored,
    scripts: dict[str, Outcome],
    shifts: dict[str, Outcome],
) -> Result:
    held = {
        "failing operations": failing.judged.is_good,
        "kills at an operation": killing.judged.is_good and not killing.miscounted,
        "power cuts": cut.is_good,
        "the store": stored.is_good,
        **{f"broker: {script}": outcome.is_good for script, outcome in scripts.items()},
        **{f"clock: {shift}": outcome.is_good for shift, outcome in shifts.items()},
    }
    wrong = [what for what, is_good in held.items() if not is_good]
    return Result(
        ok=not wrong,
        io_faults=failing.io_faults,
        cut_images=cut.images,
        kills=killing.kills,
        disk=failing,
        killed=killing,
        images=cut,
        broker=scripts,
        store=stored,
        clocks=shifts,
        wrong=wrong,
    )


def total(result: Result) -> Judged:
    """What became of everything that a gateway promised in a result."""
    outcomes = (*result.broker.values(), *result.clocks.values())
    parts = (result.disk.judged, result.killed.judged, *(one.judged for one in outcomes))
    whole = Judged()
    for part in parts:
        whole += part
    return whole
