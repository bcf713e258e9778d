"""Texts for people beside decisions: about running machines, hints and requests.

Those of decisions are in `gateway.core.access.reasons`. A text says what to do next.
"""

from collections.abc import Mapping
from typing import Final

from gateway.phrase import Phrase

WARNINGS: Final[Mapping[str, Phrase]] = {
    "alone": Phrase("You are alone: have somebody come, or the machine will stop."),
    "role-absent": Phrase(
        "The person in charge has left: have them come back, or the machine will stop."
    ),
    "unattended": Phrase("You have left the room: come back, or the machine will stop."),
}
"""Warnings by the condition that a running machine lacks."""
OTHER_WARNING: Final = Phrase("Something that its use needs is missing: the machine will stop.")
WARNING_OVER: Final = Phrase("You may go on.")
SAFE_STOP: Final = Phrase("The machine is stopping: wait until nothing moves.")
SAFE_STOP_AND_LEAVE: Final = Phrase("Evacuation: the machine stops by itself. Leave.")

HINTS: Final[Mapping[str, Phrase]] = {
    "tailgating": Phrase(
        "%(where)s: more people than badges. Somebody may have come in behind another: have a look."
    ),
    "forgotten-exit": Phrase(
        "%(where)s: fewer people than badges. Somebody must have left without a badge."
    ),
    "passback": Phrase("%(where)s: a badge came in twice without leaving. Was it lent? Ask."),
    "too-many-attempts": Phrase(
        "%(where)s: too many wrong codes one after the other. Have a look."
    ),
}
"""Texts by the kind of hint; `where` is a room's or a door's name."""

CLOCK_RIGHT_S: Final = 1.0
"""A smaller deviation counts as correct: a message may take as long to arrive."""
_DEVIATIONS: Final = (
    (86_400, Phrase("%(count)s days ahead"), Phrase("%(count)s days behind")),
    (3600, Phrase("%(count)s h ahead"), Phrase("%(count)s h behind")),
    (60, Phrase("%(count)s min ahead"), Phrase("%(count)s min behind")),
    (1, Phrase("%(count)s s ahead"), Phrase("%(count)s s behind")),
)
"""Deviations by the seconds of their unit; the largest unit that fits twice is used."""


def clock_off(ahead_s: float) -> Phrase:
    """Return a clock's deviation and direction in words; below 0 it is behind."""
    off_s = abs(ahead_s)
    if off_s < CLOCK_RIGHT_S:
        return Phrase("right")
    fitting = (unit for unit in _DEVIATIONS if off_s >= 2 * unit[0])
    length, ahead, behind = next(fitting, _DEVIATIONS[-1])
    return (ahead if ahead_s > 0 else behind).filled(count=f"{off_s / length:.0f}")


DONE: Final = Phrase("Done.")
UNREACHED: Final = Phrase(
    "Evacuation started, but no device took the order here: %(doors)s. Open by hand."
)
REFUSALS: Final[Mapping[str, Phrase]] = {
    "not-allowed": Phrase(
        "Refused: only an operator or an administrator of this place may ask for it."
    ),
    "too-old": Phrase("Refused: the request is more than 5 seconds old. Ask again."),
    "clock-ahead": Phrase("Refused: this computer's clock is ahead. Set it right."),
    "unknown-object": Phrase(
        "Refused: this place has nothing and nobody of that name. Check the id."
    ),
    "busy": Phrase("Refused: this reader waits for a badge already. Try again in a minute."),
    "not-enrolling": Phrase(
        "Refused: no badge is enrolled at this reader. Choose one that enrols."
    ),
    "out-of-place": Phrase("Refused: it makes no sense now. Check the mode of the place."),
    "running": Phrase(
        "Refused: the machine runs. Stop it first, or ask to cut its power all the same."
    ),
    "not-on": Phrase(
        "Refused: this alarm is not on, or no longer. There is nothing to acknowledge."
    ),
    "not-connected": Phrase(
        "The door doesn't open: its reader isn't connected, so no device took the order."
    ),
    "never-heard": Phrase(
        "Refused: this device has not sent anything yet; there are no numbers to begin again."
    ),
    "retained": Phrase("Refused: a request must not be published as a retained message."),
    "malformed": Phrase("Refused: the request cannot be understood."),
}
"""Texts by a response's error: the engine's (`gateway.core.requests.ERRORS`) and the wire's two."""
OTHER_REFUSAL: Final = Phrase("Refused.")
