"""Facts about operators' requests and their results: modes, musters, enrolments."""

from datetime import datetime
from typing import Literal

from gateway.core.facts.base import BaseFact
from gateway.core.model.directory import CredentialHash, HolderId
from gateway.core.model.names import DeviceId, DoorId, ZoneId
from gateway.core.requests import Mode, TransactionId


class ModeChanged(BaseFact, frozen=True):
    """The site's mode changed."""

    mode: Mode
    before: Mode
    by: HolderId
    why: str
    at: datetime


class RequestAnswered(BaseFact, frozen=True):
    """The result of a request; `error` is a code of `gateway.core.requests.ERRORS`, None: done.

    `unreached` are doors that an evacuation should unlock, and where no device is connected.
    """

    transaction: TransactionId
    verb: str
    by: HolderId
    error: str | None = None
    unreached: tuple[DoorId, ...] = ()


class MusterChanged(BaseFact, frozen=True):
    """The muster of a zone in an evacuation.

    `expected` were inside when it began or came since, and were last known in the zone or its inner
    zones; `seen` of them were at the muster point or left; `missing` are the others. With none
    expected, the muster is empty, or over.
    """

    zone: ZoneId
    at: datetime
    expected: int
    seen: int
    missing: tuple[HolderId, ...]


class EnrolmentEnded(BaseFact, frozen=True):
    """A reader stopped waiting for a badge, because one was `read`, or without one.

    `holder`: the member who holds the badge already. A credential is made of both hashes; the
    number is stored nowhere.
    """

    transaction: str
    device: DeviceId
    outcome: Literal["read", "known", "cancelled", "expired"]
    credential: CredentialHash | None = None
    reader_hash: CredentialHash | None = None
    holder: HolderId | None = None
