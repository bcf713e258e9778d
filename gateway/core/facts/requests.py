"""What operators wished for, and what came of it: modes, musters, enrolments."""

from datetime import datetime
from typing import Literal

from gateway.core.facts.base import BaseFact
from gateway.core.model.directory import CredentialHash, HolderId
from gateway.core.model.names import DeviceId, ZoneId
from gateway.core.requests import Mode, TransactionId


class ModeChanged(BaseFact, frozen=True):
    """The site's mode is another one now."""

    mode: Mode
    before: Mode
    by: HolderId
    why: str
    at: datetime


class RequestAnswered(BaseFact, frozen=True):
    """What became of a request; `error` is a code of `gateway.core.requests.ERRORS`, None: done."""

    transaction: TransactionId
    verb: str
    by: HolderId
    error: str | None = None


class MusterChanged(BaseFact, frozen=True):
    """In an evacuation: whose being safe a zone waits for.

    `expected` were inside when it began or came since, and were last known in the zone or its inner
    zones; `seen` of them were at the muster point or left; `missing` are the others. Nobody
    expected: nothing to show, or no more.
    """

    zone: ZoneId
    at: datetime
    expected: int
    seen: int
    missing: tuple[HolderId, ...]


class EnrolmentEnded(BaseFact, frozen=True):
    """A reader waits for no badge any more, because one was `read`, or without one.

    `holder`: who holds the badge already. Both hashes are what a credential is made of; the number
    is nowhere.
    """

    transaction: str
    device: DeviceId
    outcome: Literal["read", "known", "cancelled", "expired"]
    credential: CredentialHash | None = None
    reader_hash: CredentialHash | None = None
    holder: HolderId | None = None
