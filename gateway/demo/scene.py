"""The current state of a demo, as every screen draws it."""

from collections.abc import Sequence
from typing import Literal, Protocol, Self

from msgspec import Struct

from gateway.adapters.broker.embedded import Kind
from gateway.console.feed.site_state import Picture
from gateway.core.model.site import Site
from simulators.outcomes import RunTally


class BrokerUsed(Struct, frozen=True):
    """The broker; `durable`: acknowledged messages survive a kill."""

    kind: Kind
    durable: bool


class Scene(Struct):
    """The current state. `tally` is None until people move."""

    sites: Sequence[Site]
    page: str
    broker: BrokerUsed
    store: str
    picture: Picture
    tally: RunTally | None = None
    points: int = 0
    seconds: float = 0.0
    """Since people began to move."""
    phase: Literal["starting", "live", "ending"] = "starting"


class Screen(Protocol):
    """A screen; open while the demo runs."""

    every_s: float

    def draw(self, scene: Scene) -> None:
        """Draw this scene."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *_: object) -> None:
        """End; restore the terminal."""
        ...
