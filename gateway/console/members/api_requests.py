"""The members' API's models of requests.

Days and moments are written as in the members' file, by the site's clocks.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.console.web.errors import Problem
from gateway.members.cells import MembershipStatus
from gateway.members.credentials import Status
from gateway.members.edit import LABEL_MAX
from gateway.members.wrong import Wrong
from gateway.phrase import Phrase


def _nothing() -> Any:  # noqa: ANN401 - of any field
    """Return the value of what was not sent; as no default is published, no client sends one."""


Short = Annotated[str, Field(max_length=200)]
GROUPS_MAX: Final = 50
"""Groups of one member."""


class MemberWanted(BaseModel):
    """A new member; days and moments are written as in the members' file, by the site's clocks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Lou Petit", "plan": "nomad", "until": "2027-06-30"}]
        }
    )
    name: Short
    plan: Short
    ref: Short = Field("", description="Empty: one is made.")
    email: Short = ""
    kind: Literal["member", "visitor"] = "member"
    groups: Short = ""
    from_: Short = Field("", alias="from")
    until: Short = ""
    where: Literal["here", "all"] = "here"


class IdentityWanted(BaseModel):
    """A member's new identity; what is not sent stays as it is, and null is none."""

    model_config = ConfigDict(
        extra="forbid",  # otherwise a misspelt name would change nothing silently
        json_schema_extra={
            "examples": [{"name": "Camille Moreau-Petit", "groups": ["association"]}]
        },
    )
    name: Short = ""
    email: Short | None = None
    kind: Literal["member", "visitor"] = "member"
    groups: list[Short] = Field([], max_length=GROUPS_MAX, description="All of them.")


class PlanWanted(BaseModel):
    """A plan that is given."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"plan": "nomad", "from": "2026-12-01"}]},
    )
    plan: Short
    from_: Short = Field("", alias="from", description="The first day. Empty: at once.")
    until: Short = Field("", description="The last day. Empty: without an end.")
    status: MembershipStatus = "active"
    where: Literal["here", "all"] = "here"


class PlanChanged(BaseModel):
    """A plan's changes; what is not sent stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"until": "2027-06-30"}]}
    )
    plan: Short = ""
    from_: Short = Field("", alias="from", description="The first day. Empty: at once.")
    until: Short = Field("", description="The last day. Empty: without an end.")
    status: MembershipStatus = "active"


class BadgeWanted(BaseModel):
    """A badge's new status, or its label; what is not sent stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "lost"}, {"label": "blue fob"}]}
    )
    status: Status = Field(default_factory=_nothing)
    label: Annotated[str, Field(max_length=LABEL_MAX)] = Field(default_factory=_nothing)


class TrainingWanted(BaseModel):
    """A training that is given now, by the user who sends the request."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"training": "laser", "until": "2027-11-22"}]}
    )
    training: Short
    until: Short = ""


class RoleWanted(BaseModel):
    """A role's new extent: not here, at this site, at every site."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "operator", "at": "here"}]})
    role: Short
    at: Literal["no", "here", "all"]


class ErasureWanted(BaseModel):
    """The member's reference, which prevents erasure by mistake."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ref": "M-0042"}]})
    ref: Short


def cells_of(wanted: BaseModel) -> dict[str, str]:
    """Return the request as a file's cells."""
    sent = wanted.model_dump(by_alias=True, exclude_unset=True)
    return {name: _cell(value) for name, value in sent.items()}


def _cell(value: str | list[str] | None) -> str:
    return " ".join(value).strip() if isinstance(value, list) else (value or "").strip()


def invalid(wrong: Wrong) -> Problem:
    """Return the problem of an invalid field, as for any request."""
    problem = Problem(
        422,
        "invalid-request",
        Phrase("Request not well formed"),
        Phrase("Correct what is named."),
    )
    problem.errors = [{"where": wrong.column, "what": str(wrong)}]
    return problem
