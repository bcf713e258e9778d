"""How much a test tries: some of it in scripts/test, all of it in scripts/test-all."""

import os
from typing import Final

IS_LONG: Final = os.environ.get("TEST_DOSE") == "long"
"""scripts/test-all says so."""


def examples(long: int) -> int:
    """How many examples Hypothesis draws: all in scripts/test-all, else a third."""
    return long if IS_LONG else -(-long // 3)
