"""The members' API's models of responses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from gateway.adapters.directory import Member
from gateway.adapters.journal.queries import LastUse
from gateway.console.members.imports import Preview
from gateway.members.sheet_lines import LineFault

FAULTS_TOLD: Final = 1000
"""Faults per file; the others are reported when these are corrected."""


_CAMILLE: Final[dict[str, Any]] = {
    "holder": "h-0123456789ab",
    "ref": "M-0001",
    "name": "Camille Moreau",
    "email": "camille.moreau@example.org",
    "kind": "member",
    "groups": ["association"],
    "plans": [{"place": 1, "plan": "resident", "sites": [], "status": "active"}],
    "trainings": [{"training": "laser"}],
    "roles": [{"role": "operator", "sites": []}],
    "credentials": [
        {
            "place": 1,
            "kind": "badge",
            "label": "blue fob",
            "status": "active",
            "pin": True,
            "enrolled": "2026-11-03T09:00:00Z",
            "last_used": {
                "at": "2026-11-22T08:00:00Z",
                "site": "le-seuil",
                "access_point": "front-entry",
                "device": "front-in",
                "decision": "granted",
            },
        }
    ],
}
_UNUSED: Final[Mapping[str, LastUse]] = {}


class PlanBody(BaseModel):
    """A purchased plan, by its place; no sites: every site."""

    place: int
    plan: str
    sites: list[str] = []
    starts: datetime | None = None
    ends: datetime | None = Field(None, description="Exclusive.")
    status: str = "active"


class TrainingBody(BaseModel):
    """A completed training."""

    training: str
    given_by: str | None = None
    given: datetime | None = None
    ends: datetime | None = None


class RoleBody(BaseModel):
    """A role; no sites: every site."""

    role: str
    sites: list[str] = []


class LastUseBody(BaseModel):
    """The time and place at which a badge was last held to a reader."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    site: str
    access_point: str | None
    device: str
    decision: str


class CredentialBody(BaseModel):
    """A badge, code or QR code; never its number or a hash.

    `place` counts a member's and stays the same while others come and go. `enrolled` null: before
    this was recorded. `last_used` null: not lately, or not asked for (in a list of members).
    """

    place: int
    kind: str
    label: str
    status: str
    starts: datetime | None = None
    ends: datetime | None = None
    pin: bool
    enrolled: datetime | None
    last_used: LastUseBody | None


class MemberBody(BaseModel):
    """A member or visitor with everything that they have."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CAMILLE]})
    holder: str
    ref: str
    name: str
    email: str | None
    kind: str
    groups: list[str]
    plans: list[PlanBody]
    trainings: list[TrainingBody]
    roles: list[RoleBody]
    credentials: list[CredentialBody]


class MembersBody(BaseModel):
    """A page of members, by name; `total` is of all that were found."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"members": [_CAMILLE], "start": 0, "total": 1}]}
    )

    members: list[MemberBody]
    start: int
    total: int


class FaultBody(BaseModel):
    """A fault in a line of a file, and its correction."""

    line: int
    column: str
    message: str


class PreviewBody(BaseModel):
    """A file's changes; apply them by the preview's id within a quarter of an hour."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "Zk3vQ0bXq1Yt9w8e",
                    "until": "2026-11-22T09:15:00Z",
                    "rows": 120,
                    "added": 3,
                    "changed": 5,
                    "unchanged": 112,
                    "removed": 0,
                    "faults": [],
                }
            ]
        }
    )
    id: str
    until: datetime
    rows: int
    added: int
    changed: int
    unchanged: int
    removed: int
    faults: list[FaultBody]


def body_of(member: Member, used: Mapping[str, LastUse] = _UNUSED) -> MemberBody:
    """Return a member as a model of the API, with the last uses of their badges."""
    holder = member.holder
    return MemberBody(
        holder=holder.id,
        ref=member.ref,
        name=member.name,
        email=member.email,
        kind=holder.kind,
        groups=list(holder.groups),
        plans=[
            PlanBody(
                place=place,
                plan=each.plan,
                sites=list(each.sites),
                starts=each.starts,
                ends=each.ends,
                status=each.status,
            )
            for place, each in enumerate(holder.memberships, start=1)
        ],
        trainings=[
            TrainingBody(
                training=each.training, given_by=each.given_by, given=each.given, ends=each.ends
            )
            for each in holder.trainings
        ],
        roles=[RoleBody(role=each.role, sites=list(each.sites)) for each in holder.roles],
        credentials=[
            CredentialBody(
                place=tag.number,
                kind=each.kind,
                label=tag.label,
                status=each.status,
                starts=each.starts,
                ends=each.ends,
                pin=each.pin is not None,
                enrolled=tag.enrolled,
                last_used=LastUseBody.model_validate(used[each.hash])
                if each.hash in used
                else None,
            )
            for tag, each in member.tagged
        ],
    )


def preview_of(made: Preview) -> PreviewBody:
    """Return a preview as a model of the API."""
    return PreviewBody(
        id=made.id,
        until=made.until,
        rows=made.read.rows,
        added=len(made.change.added),
        changed=len(made.change.changed),
        unchanged=len(made.change.unchanged),
        removed=len(made.change.removed),
        faults=[
            FaultBody(line=each.line, column=each.column, message=each.message)
            for each in (*made.faults, *_open_questions(made))[:FAULTS_TOLD]
        ],
    )


def _open_questions(made: Preview) -> list[LineFault]:
    """Return what the file leaves open, as faults: it is answered on the page, or in the file."""
    return [LineFault(1, each.key, each.text) for each in made.read.questions]
