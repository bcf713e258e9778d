"""What somebody asks of a demo, and how they end it early."""

from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.adapters.broker.embedded import Kind
from gateway.config import Settings
from simulators.scenarios import ScenarioName
from simulators.setup import FaultsName, Plot

PORT: Final = 8080
_OPENS: Final[dict[ScenarioName, time]] = {"ordinary-day": time(10, 20), "open-house": time(18, 15)}
"""The moment at which rooms fill: whoever came earlier stands before the doors at once."""
_MEMBERS: Final = 64
"""More than the rooms hold, so that somebody meets a full one."""
_NIGHT_HASTE: Final = 20.0
"""An empty house is dull to look at."""


class DemoError(Exception):
    """The demo cannot begin; one sentence says why and what would help."""


class Wishes(Struct, frozen=True):
    """One demo. `seconds` None: until it is told to end. `port` None: 8080, or else a free one."""

    folder: Path
    settings: Settings
    seconds: float | None = None
    seed: int = 1
    speed: float = 60.0
    scenario: ScenarioName = "ordinary-day"
    sites: int = 1
    faults: FaultsName = "ordinary"
    port: int | None = None
    broker: Kind | None = None

    @property
    def plot(self) -> Plot:
        """What is simulated."""
        return Plot(
            self.scenario,
            self.seed,
            self.speed,
            self.faults,
            _MEMBERS,
            opens=_OPENS[self.scenario],
            night_haste=_NIGHT_HASTE,
        )


class StopRequest:
    """Whether somebody said to end. The first time counts; the end is bounded, so more do nothing.

    Called by a signal handler at any moment, before there is a loop, too: `through` says how to
    reach one.
    """

    def __init__(self) -> None:
        self.yes = False
        self._act: Callable[[], object] = lambda: None
        self._through: Callable[[Callable[[], None]], object] = lambda _: None

    def __call__(self, *_: object) -> None:
        """End."""
        if not self.yes:
            self.yes = True
            self._through(self._do)

    def through(self, reach: Callable[[Callable[[], None]], object]) -> None:
        """How to call into the loop from a signal handler; at once when told already."""
        self._through = reach
        if self.yes:
            reach(self._do)

    def then(self, act: Callable[[], object]) -> None:
        """What to do when told; at once when told already. Replaces what was set before."""
        self._act = act
        if self.yes:
            act()

    def _do(self) -> None:
        self._act()
