"""What is wrong: raised, looked after, over."""

from datetime import datetime
from typing import Literal

from gateway.core.directory import HolderId
from gateway.core.facts.base import BaseFact

AlarmKind = Literal[
    "forced",
    "held",
    "over-capacity",
    "device-silent",
    "device-offline",
    "tamper",
    "clock-skew",
    "battery-low",
    "lone-worker",
    "unsupervised",
    "unattended",
    "safe-stop",
    "duress",
]
"""A machine that runs misses company (`lone-worker`), a role (`unsupervised`) or its user
(`unattended`)."""


class AlarmRaised(BaseFact, frozen=True):
    """Something is wrong with `object` (a door, zone or device) since `at`."""

    kind: AlarmKind
    object: str
    at: datetime


class AlarmAcknowledged(BaseFact, frozen=True):
    """Somebody looks after an alarm that was raised at `raised` and is still on."""

    kind: AlarmKind
    object: str
    raised: datetime
    at: datetime
    by: HolderId
    why: str = ""


class AlarmCleared(BaseFact, frozen=True):
    """What was wrong is over."""

    kind: AlarmKind
    object: str
    at: datetime
