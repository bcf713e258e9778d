"""The options of a demo, and the request to end it early."""

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
"""The local time at which rooms fill; people who came earlier are at the doors at once."""
_MEMBERS: Final = 64
"""More people than the rooms hold, so that some meet a full room."""
_NIGHT_HASTE: Final = 20.0
"""Nights pass faster, as an empty house is dull to watch."""


class DemoError(Exception):
    """The demo cannot begin; one sentence gives the reason and a remedy."""


class Wishes(Struct, frozen=True):
    """The options of one demo.

    `seconds` None: until it is stopped. `port` None: 8080, or else a free one.
    """

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
        """The plot of the simulation."""
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
    """A request to end the demo; only the first one counts, as the end is bounded.

    A signal handler may call it at any moment, even before there is a loop: `through` sets how to
    reach the loop.
    """

    def __init__(self) -> None:
        self.yes = False
        self._act: Callable[[], object] = lambda: None
        self._through: Callable[[Callable[[], None]], object] = lambda _: None

    def __call__(self, *_: object) -> None:
        """Request the end."""
        if not self.yes:
            self.yes = True
            self._through(self._do)

    def through(self, reach: Callable[[Callable[[], None]], object]) -> None:
        """Set how to call into the loop from a signal handler; call at once after a request."""
        self._through = reach
        if self.yes:
            reach(self._do)

    def then(self, act: Callable[[], object]) -> None:
        """Set the action of a request, in place of an earlier one; act at once after a request."""
        self._act = act
        if self.yes:
            act()

    def _do(self) -> None:
        self._act()
