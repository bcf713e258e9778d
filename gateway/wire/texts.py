"""Texts for people beside decisions: about running machines, hints and requests.

Those of decisions are in `gateway.core.access.reasons`. A text says what to do next.
"""

from collections.abc import Mapping
from typing import Final

from gateway.phrase import Phrase

WARNINGS: Final[Mapping[str, Phrase]] = {
    "alone": Phrase("You're alone: call someone, or the machine will stop."),
    "role-absent": Phrase(
        "The person in charge has left: call them back, or the machine will stop."
    ),
    "unattended": Phrase("You've left the room: come back, or the machine will stop."),
}
"""Warnings by the condition that a running machine lacks."""
OTHER_WARNING: Final = Phrase("A condition for its use is no longer met: the machine will stop.")
WARNING_OVER: Final = Phrase("You can continue.")
SAFE_STOP: Final = Phrase("The machine is stopping. Wait until nothing moves.")
SAFE_STOP_AND_LEAVE: Final = Phrase("Evacuation: leave. The machine stops by itself.")

HINTS: Final[Mapping[str, Phrase]] = {
    "tailgating": Phrase("%(where)s: possible tailgating, more people than badges."),
    "forgotten-exit": Phrase(
        "%(where)s: fewer people than badges. Someone left without badging out."
    ),
    "passback": Phrase("%(where)s: a badge entered twice without leaving. Has it been lent?"),
    "too-many-attempts": Phrase("%(where)s: too many wrong PINs in a row. Worth checking."),
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
    "not-allowed": Phrase("Refused: only an operator or administrator of this site can do this."),
    "too-old": Phrase("Refused: the request is more than 5 seconds old. Try again."),
    "clock-ahead": Phrase("Refused: this computer's clock is ahead. Correct it."),
    "unknown-object": Phrase("Refused: unknown id at this site. Check it."),
    "busy": Phrase("Refused: this reader is already waiting for a badge. Try again in a minute."),
    "not-enrolling": Phrase("Refused: this reader can't enrol badges. Choose one that can."),
    "out-of-place": Phrase("Refused: not possible right now. Check the site's mode."),
    "running": Phrase("Refused: the machine is running. Stop it first, or cut its power anyway."),
    "not-on": Phrase("Refused: this alarm is not active. Nothing to acknowledge."),
    "not-connected": Phrase(
        "The door doesn't open: its reader isn't connected, so no device took the order."
    ),
    "never-heard": Phrase(
        "Refused: this device hasn't sent anything yet; there is no numbering to restart."
    ),
    "retained": Phrase("Refused: requests must not be published as retained messages."),
    "malformed": Phrase("Refused: the request isn't understood."),
}
"""Texts by a response's error: the engine's (`gateway.core.requests.ERRORS`) and the wire's two."""
OTHER_REFUSAL: Final = Phrase("Refused.")
