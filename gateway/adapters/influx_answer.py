"""What a server's answer means, and how long to wait after it.

A server's answer is one of four, and each has one consequence:

| answer      | when                               | then                                          |
|-------------|------------------------------------|-----------------------------------------------|
| written     | 204                                | the cursor moves                              |
| unreachable | no answer, 408, 425, 429, 5xx      | try again for ever, 30 s apart at most        |
| refused     | 401, 403, 404, anything unexpected | the same, slowly: somebody must mend it       |
| rejected    | 400, 413, 422: the data is wrong   | halve until the bad points are alone: they    |
|             |                                    | become dead letters, the others are written   |
"""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

RETRY_AFTER_MAX_S = 300.0
"""A server that asks for more patience than this is asked again anyway."""
_LONGEST_TRIES = 10
"""After so many tries a backoff has reached its longest pauses."""
Backoff = Callable[[int], float]
"""Seconds to wait after so many failures in a row."""
Verdict = Literal["written", "unreachable", "refused", "rejected"]


class Answer(Struct, frozen=True):
    """What became of a write; `why` is the server's or the network's reason."""

    verdict: Verdict
    why: str = ""
    retry_after_s: float = 0.0


def answer_to_status(status: int, why: str, retry_after_s: float = 0.0) -> Answer:
    """What an HTTP status other than success means for the points (the table above)."""
    if status in {400, 413, 422}:
        return Answer("rejected", why)
    if status in {408, 425, 429} or status >= 500:  # noqa: PLR2004 - HTTP's own numbers
        return Answer("unreachable", why, retry_after_s)
    return Answer("refused", why)


def pause_s(answer: Answer, attempt: int, backoff: Backoff) -> float:
    """Seconds until the next try: what the server asked for, and then our own backoff.

    A refusal starts at the longest pauses: no person mends a token within a second.
    """
    tries = attempt if answer.verdict != "refused" else _LONGEST_TRIES
    return min(answer.retry_after_s, RETRY_AFTER_MAX_S) + backoff(tries)
