"""Python's garbage collector while something is timed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def frozen() -> Iterator[None]:
    """What exists now is not looked through again: in a program with many imports a pause of 50 ms.

    Whoever measures others in milliseconds would take its own pause for theirs.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
