"""How long to wait before another try: full jitter, so that clients do not come back in step."""

from random import SystemRandom
from typing import Final

FIRST_S: Final = 0.2
LONGEST_S: Final = 30.0
_DOUBLINGS: Final = 10
_random = SystemRandom()


def full_jitter_s(attempt: int, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> float:
    """Seconds to wait after `attempt` failures in a row: evenly drawn, at most `longest_s`.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    return _random.uniform(0, min(longest_s, first_s * 2 ** min(attempt, _DOUBLINGS)))
