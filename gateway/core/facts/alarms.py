"""Facts about alarms: raised, acknowledged, cleared."""

from datetime import datetime
from typing import Literal

from gateway.core.facts.base import BaseFact
from gateway.core.model.directory import HolderId

AlarmKind = Literal[
    "forced",
    "held",
    "over-capacity",
    "device-silent",
    "device-offline",
    "tamper",
    "clock-skew",
    "battery-low",
    "address-changed",
    "lone-worker",
    "unsupervised",
    "unattended",
    "safe-stop",
    "duress",
    "flooding",
    "numbering-restarted",
    "numbering-refused",
    "unproven-claim",
    "not-wired",
    "engine-fault",
    "clock-unsure",
    "journal-damaged",
    "disk-low",
    "space-faulty",
    "backup-late",
]
"""A running machine misses company (`lone-worker`), a role (`unsupervised`) or its user
(`unattended`).

Of a device: it sends more than its budget (`flooding`), its numbers restarted or cannot be
distinguished from old ones (`numbering-restarted`, `numbering-refused`), it reported that it had
granted a passage and nothing shows that it was allowed to (`unproven-claim`), it reported a reading
that it is not wired for (`not-wired`). Of a device or a part of the engine: it met a bug
(`engine-fault`). Of the gateway itself, whose object is `GATEWAY`: those of
`OF_GATEWAY`.
"""
GATEWAY = "gateway"
"""The object of an alarm about the gateway itself."""
OF_GATEWAY: tuple[AlarmKind, ...] = (
    "clock-unsure",
    "journal-damaged",
    "disk-low",
    "space-faulty",
    "backup-late",
)
"""Alarms about the gateway's machine, which only its operator can clear: its clock, its journal,
its disk, a space file that is wrong while the last good one is in force, no backup for days."""
UNTIL_ACKNOWLEDGED: frozenset[AlarmKind] = frozenset(
    {"duress", "numbering-restarted", "unproven-claim", "not-wired", "engine-fault"}
)
"""Alarms about an event, not about a condition: an operator's acknowledgement ends them."""


class AlarmRaised(BaseFact, frozen=True):
    """A fault of `object` (a door, zone or device) since `at`.

    `ahead_s` is by how much a clock is ahead (below 0: behind); None where it is about no clock.
    """

    kind: AlarmKind
    object: str
    at: datetime
    ahead_s: float | None = None


class AlarmAcknowledged(BaseFact, frozen=True):
    """An operator takes care of an alarm that was raised at `raised` and is still active."""

    kind: AlarmKind
    object: str
    raised: datetime
    at: datetime
    by: HolderId
    why: str = ""
    ahead_s: float | None = None


class AlarmOver(BaseFact, frozen=True):
    """The cause of an alarm is over, but nobody has acknowledged it: it stays listed."""

    kind: AlarmKind
    object: str
    raised: datetime
    at: datetime


class AlarmCleared(BaseFact, frozen=True):
    """The cause of an alarm is over, and nobody needs to look at it any more."""

    kind: AlarmKind
    object: str
    at: datetime
