"""What a server's answer means, and how long to wait after it.

A server's answer is one of four, and each has one consequence:

| answer      | when                               | then                                          |
|-------------|------------------------------------|-----------------------------------------------|
| written     | 204                                | the cursor moves                              |
| unreachable | no answer, 408, 425, 429, 5xx      | try again for ever, 30 s apart at most        |
| refused     | 401, 403, 404, anything unexpected | the same, slowly: somebody must mend it       |
| rejected    | 400, 413, 422, or a 5xx whose words| halve until the bad points are alone: while   |
|             | are about the data                 | others are taken, they become dead letters    |

A 5xx that stays while another write is taken is a rejection, too (`influx_delivery`).
"""

import re
from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

RETRY_AFTER_MAX_S = 300.0
"""A server that asks for more patience than this is asked again anyway."""
_LONGEST_TRIES = 10
"""After so many tries a backoff has reached its longest pauses."""
Backoff = Callable[[int], float]
"""Seconds to wait after so many failures in a row."""
Verdict = Literal["written", "unreachable", "refused", "rejected"]


_SERVER_ERROR: Final = 500
_ABOUT_DATA: Final = re.compile(
    r"field type conflict|partial write|unable to parse|beyond retention|points? dropped",
    re.IGNORECASE,
)
"""What InfluxDB says of points that it will never take, whatever the status (2.0 and 2.1: 500)."""


class WriteResult(Struct, frozen=True):
    """What became of a write; `why` is the server's or the network's reason, 0 no answer at all."""

    verdict: Verdict
    why: str = ""
    retry_after_s: float = 0.0
    status: int = 0

    @property
    def is_failure(self) -> bool:
        """The server itself says that it failed."""
        return self.verdict == "unreachable" and self.status >= _SERVER_ERROR


def answer_to_status(status: int, why: str, retry_after_s: float = 0.0) -> WriteResult:
    """What an HTTP status other than success means for the points (the table above)."""
    is_about_data = status >= _SERVER_ERROR and _ABOUT_DATA.search(why)
    if status in {400, 413, 422} or is_about_data:
        return WriteResult("rejected", why, status=status)
    if status in {408, 425, 429} or status >= _SERVER_ERROR:
        return WriteResult("unreachable", why, retry_after_s, status)
    return WriteResult("refused", why, status=status)


def pause_s(answer: WriteResult, attempt: int, backoff: Backoff) -> float:
    """Seconds until the next try: what the server asked for, and then our own backoff.

    A refusal starts at the longest pauses: no person mends a token within a second.
    """
    tries = _LONGEST_TRIES if answer.verdict == "refused" else attempt
    return min(answer.retry_after_s, RETRY_AFTER_MAX_S) + backoff(tries)
