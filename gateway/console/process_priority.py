"""How the console behaves beside the gateway: it stands back.

Apart from `gateway.console.server`, so that a process can do it before its long imports.
"""

import os
from typing import Final

NICENESS: Final = 10
"""The gateway gets nine times the console's share where both want the same core (nice(2))."""


def yield_to_the_doors() -> None:
    """Let the gateway go first: a busy console waits, a door never does."""
    os.nice(NICENESS)
