"""The API's models of decisions."""

from datetime import datetime
from typing import Any, Final, Literal

from msgspec.structs import asdict
from pydantic import BaseModel, ConfigDict

from gateway.core.access.explanation import title_of
from gateway.core.access.reasons import REASONS
from gateway.translation import both

_LINE: Final[dict[str, Any]] = {
    "n": 4711,
    "at": "2026-11-22T08:01:02+00:00",
    "reader": "front-in",
    "access_point": "front-entry",
    "door": "front",
    "holder": "h-0123456789ab",
    "name": "Ada Lovelace",
    "decision": "denied",
    "reason": "membership-expired",
    "message": asdict(both(REASONS["membership-expired"].sentence)),
    "late": False,
    "handover": "delivered",
}
_VERDICT: Final[dict[str, Any]] = {
    "rule": "zone_has_room",
    "title": asdict(both(title_of("zone_has_room"))),
    "outcome": "deny",
    "reason": "zone-full",
    "saw": {"zone": "lab", "people": 12, "capacity": 12},
}
RULING: Final[dict[str, Any]] = {
    "decision": "denied",
    "reason": "zone-full",
    "message": {"fr": "C'est complet : revenez plus tard.", "en": "It is full: come back later."},
    "bacnet": "DENIED_OCCUPANCY_LIMIT",
    "verdicts": [_VERDICT],
    "not_asked": ["membership_is_active"],
}
"""An example of a ruling."""


class DecisionBody(BaseModel):
    """One decision. `late`: a reader decided alone, or says that it did, and reported it later.

    A press of an exit button stands at no access point: `door` says which one opened.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_LINE]})

    n: int
    at: datetime
    reader: str
    access_point: str | None
    door: str | None
    holder: str | None
    name: str | None
    decision: str
    reason: str
    message: dict[str, str]
    late: bool
    handover: str


class DecisionsBody(BaseModel):
    """A page of decisions, newest first; ask for the next with `cursor`, None: it is the last."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decisions": [_LINE], "cursor": 4661}]}
    )

    decisions: list[DecisionBody]
    cursor: int | None


class VerdictBody(BaseModel):
    """A rule's verdict, and the values that it saw."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VERDICT]})

    rule: str
    title: dict[str, str]
    outcome: Literal["pass", "grant", "deny"]
    reason: str | None
    saw: dict[str, str | int | float | bool | None]


class WhyBody(BaseModel):
    """A decision with every rule that was asked, in order, and those that were not.

    `door`: of a press of an exit button.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "n": 4711,
                    "site": "le-seuil",
                    "at": "2026-11-22T08:01:02Z",
                    "received": "2026-11-22T08:01:02.120Z",
                    "reader": "lab-in",
                    "access_point": "lab-entry",
                    "door": None,
                    "holder": "h-0123456789ab",
                    "late": False,
                    "handover": "delivered",
                    **RULING,
                }
            ]
        }
    )

    n: int
    site: str
    at: datetime
    received: datetime
    reader: str
    access_point: str | None
    door: str | None
    holder: str | None
    late: bool
    handover: str
    decision: str
    reason: str
    message: dict[str, str]
    bacnet: str
    verdicts: list[VerdictBody]
    not_asked: list[str]
