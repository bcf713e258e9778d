"""One seed, and a separate random stream for every purpose.

A stream is named by its path ("site-001", "person", "7"), so adding a device does not change what a
person does.
"""

from random import Random


def branch(seed: int, *path: object) -> Random:
    """Return the random stream of `path` under `seed`: the same in every process and machine."""
    name = "/".join(str(part) for part in (seed, *path))
    return Random(name)  # noqa: S311 - a simulation has to be repeatable, and guards nothing
