"""One load on one process: its answers, and what they cost it."""

import msgspec

from benchmarks.load import LoadConfig, Measured
from benchmarks.processes import answer_of, cpu_s


async def run_load(pid: int, order: LoadConfig) -> tuple[Measured, float]:
    """Return what a load measured, and the process's processor time for each answer, in us.

    Raises:
        BenchError: the load failed.
    """
    before_s = cpu_s(pid)
    output = await answer_of("benchmarks.load", msgspec.json.encode(order))
    measured = msgspec.json.decode(output, type=Measured)
    return measured, (cpu_s(pid) - before_s) * 1e6 / max(1, measured.answered)
