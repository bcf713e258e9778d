"""Classifies a server's answer to a write, and gives the time to wait after it.

A server's answer has one of four meanings, each with one consequence:

| answer      | when                               | then                                          |
|-------------|------------------------------------|-----------------------------------------------|
| written     | 204                                | the cursor moves                              |
| unreachable | no answer, 408, 425, 429, 5xx      | retry forever, at most 30 s apart             |
| refused     | 401, 403, 404, anything unexpected | the same, slowly: an operator must fix it     |
| rejected    | 400, 413, 422, or a 5xx whose text | halve until the bad points are alone: if      |
|             | is about the data                  | others are accepted, they become dead letters |

A 5xx that persists while another write is accepted is a rejection, too (`delivery`).
"""

import re
from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

RETRY_AFTER_MAX_S = 300.0
"""The longest Retry-After that is followed."""
_LONGEST_TRIES = 10
"""Tries after which a backoff has reached its longest pauses."""
Backoff = Callable[[int], float]
"""Returns the seconds to wait after a number of consecutive failures."""
Verdict = Literal["written", "unreachable", "refused", "rejected"]


_SERVER_ERROR: Final = 500
_ABOUT_DATA: Final = re.compile(
    r"field type conflict|partial write|unable to parse|beyond retention|points? dropped",
    re.IGNORECASE,
)
"""InfluxDB's messages for points that it will never accept, at any status (2.0 and 2.1: 500)."""


class WriteResult(Struct, frozen=True):
    """The result of a write; `why` is the server's or the network's reason, status 0 no answer."""

    verdict: Verdict
    why: str = ""
    retry_after_s: float = 0.0
    status: int = 0

    @property
    def is_failure(self) -> bool:
        """Return whether the server itself reported a failure (5xx)."""
        return self.verdict == "unreachable" and self.status >= _SERVER_ERROR


def answer_to_status(status: int, why: str, retry_after_s: float = 0.0) -> WriteResult:
    """Return the result for an HTTP status other than success (the table above)."""
    is_about_data = status >= _SERVER_ERROR and _ABOUT_DATA.search(why)
    if status in {400, 413, 422} or is_about_data:
        return WriteResult("rejected", why, status=status)
    if status in {408, 425, 429} or status >= _SERVER_ERROR:
        return WriteResult("unreachable", why, retry_after_s, status)
    return WriteResult("refused", why, status=status)


def pause_s(answer: WriteResult, attempt: int, backoff: Backoff) -> float:
    """Return the seconds until the next try: the server's Retry-After plus our own backoff.

    A refusal starts at the longest pauses: an operator cannot replace a token within a second.
    """
    tries = _LONGEST_TRIES if answer.verdict == "refused" else attempt
    return min(answer.retry_after_s, RETRY_AFTER_MAX_S) + backoff(tries)
