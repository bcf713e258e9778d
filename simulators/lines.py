"""The queue at each door: one gesture at a time, and people who slip in behind it."""

from collections import defaultdict
from typing import Literal

from msgspec import Struct

from gateway.core.model.names import DoorId
from simulators.person_routine import Stand
from simulators.routes import RouteStep


class _Line(Struct):
    busy: bool = False
    waiting: list[Stand] = []


class Lines:
    """The people in the queue of each door; without a badge they get no turn, but may be let in."""

    def __init__(self) -> None:
        self._at: defaultdict[DoorId, _Line] = defaultdict(_Line)

    def join(self, stand: Stand) -> Literal["turn", "wait"]:
        """Join the queue; return `turn` if it is empty."""
        line = self._line(stand.passage)
        if stand.has_badge and not line.busy:
            line.busy = True
            return "turn"
        line.waiting.append(stand)
        return "wait"

    def leave(self, stand: Stand) -> bool:
        """Give up; return False if the person is no longer in the queue."""
        line = self._line(stand.passage)
        if stand not in line.waiting:
            return False
        line.waiting.remove(stand)
        return True

    def behind(self, passage: RouteStep, most: int) -> list[Stand]:
        """Return the first of the waiting people who go the same way."""
        line = self._line(passage)
        return [stand for stand in line.waiting if stand.passage == passage][:most]

    def next_turn(self, door: DoorId) -> Stand | None:
        """Free the door, and return the next in the queue."""
        line = self._at[door]
        line.busy = False
        able = (stand for stand in line.waiting if stand.has_badge)
        stand = next(able, None)
        if stand is not None:
            line.waiting.remove(stand)
            line.busy = True
        return stand

    def _line(self, passage: RouteStep) -> _Line:
        if passage.door is None:
            raise ValueError("nobody stands in line where there is no door")
        return self._at[passage.door]
