"""The priority of the console's process, below the gateway's.

Apart from `gateway.console.server`, so that a process can set it before its long imports.
"""

import os
from typing import Final

NICENESS: Final = 10
"""The gateway gets nine times the console's share where both want the same core (nice(2))."""


def yield_to_the_doors() -> None:
    """Lower the priority of this process: a busy console waits, a door never does."""
    os.nice(NICENESS)
