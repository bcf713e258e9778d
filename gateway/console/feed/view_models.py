"""The page's parts as template and browser receive them, with every text ready to place."""

import msgspec
from msgspec import Struct

from gateway.core.model.names import ZoneId


class ZoneView(Struct, frozen=True):
    """A zone's card, and its room on the plan.

    `fill`, `low` and `high` are places on the bar, 0 to 100. `told` is all of it in a sentence;
    `because` is what influenced an estimate most.
    """

    id: ZoneId
    name: str
    state: str
    word: str
    people: str
    of: str
    known: str
    range: str
    trend: str
    trend_icon: str
    limited: bool
    fill: float
    low: float
    high: float
    stale: bool
    because: tuple[str, ...]
    told: str


class DoorView(Struct, frozen=True):
    """A door's line."""

    id: str
    name: str
    state: str
    word: str
    since: str
    told: str


class MachineView(Struct, frozen=True):
    """A machine's line. `who` is empty for a reader who may see no names, and where nobody is."""

    id: str
    name: str
    state: str
    word: str
    since: str
    who: str


class DecisionView(Struct, frozen=True):
    """A decision's line. `who` is empty for a reader who may see no names."""

    id: str
    at: str
    time: str
    decision: str
    word: str
    place: str
    way: str
    reason: str
    who: str


class HintView(Struct, frozen=True):
    """A hint that is no alarm. `who` is as a decision's."""

    id: str
    at: str
    time: str
    text: str
    who: str


class AlarmView(Struct, frozen=True):
    """An alarm's line in the banner."""

    id: str
    word: str
    about: str
    since: str
    seen_to: str
    """The time since which the alarm is acknowledged; empty: it is not."""


class MusterView(Struct, frozen=True):
    """A zone's muster, as numbers: only those who may see people see the missing by name."""

    id: ZoneId
    expected: int
    seen: int


class HouseView(Struct, frozen=True):
    """The whole site: its mode, the gateway, and the last message from the broker."""

    mode: str
    mode_word: str
    gateway: str
    gateway_word: str
    heard: str


class SiteView(Struct, frozen=True):
    """Everything on the page."""

    zones: tuple[ZoneView, ...]
    doors: tuple[DoorView, ...]
    machines: tuple[MachineView, ...]
    alarms: tuple[AlarmView, ...]
    decisions: tuple[DecisionView, ...]
    hints: tuple[HintView, ...]
    musters: tuple[MusterView, ...]
    house: HouseView


class ChangeView(Struct, frozen=True):
    """A change: what to replace, or for `access` and `hint` to put on top; `heard` is its time."""

    part: str
    heard: str
    value: (
        ZoneView
        | DoorView
        | MachineView
        | DecisionView
        | HintView
        | HouseView
        | MusterView
        | tuple[AlarmView, ...]
    )


_encode = msgspec.json.Encoder().encode


def as_json(view: Struct) -> str:
    """Return a view as one line of JSON."""
    return _encode(view).decode()
