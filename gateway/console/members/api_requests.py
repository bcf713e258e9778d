"""The members' API's models of requests.

Days and moments are written as in the members' file, by the site's clocks.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.console.web.errors import Problem
from gateway.console.web.requests import RequestBody, unsent
from gateway.members.cells import MembershipStatus
from gateway.members.credentials import Status
from gateway.members.edit import LABEL_MAX
from gateway.members.wrong import Wrong
from gateway.phrase import Phrase

Short = Annotated[str, Field(max_length=200)]
GROUPS_MAX: Final = 50
"""Groups of one member."""


class MemberWanted(RequestBody):
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


class IdentityWanted(RequestBody):
    """A member's new identity; what is not sent stays as it is, and null is none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Camille Moreau-Petit", "groups": ["association"]}]
        },
    )
    name: Short = unsent()
    email: Short | None = unsent()
    kind: Literal["member", "visitor"] = unsent()
    groups: list[Short] = unsent(max_length=GROUPS_MAX, description="All of them.")


class PlanWanted(RequestBody):
    """A plan that is given."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"plan": "nomad", "from": "2026-12-01"}]},
    )
    plan: Short
    from_: Short = Field("", alias="from", description="The first day. Empty: at once.")
    until: Short = Field("", description="The last day. Empty: without an end.")
    status: MembershipStatus = "active"
    where: Literal["here", "all"] = "here"


class PlanChanged(RequestBody):
    """A plan's changes; what is not sent stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"until": "2027-06-30"}]})
    plan: Short = unsent()
    from_: Short = unsent(alias="from", description="The first day. Empty: at once.")
    until: Short = unsent(description="The last day. Empty: without an end.")
    status: MembershipStatus = unsent()


class BadgeWanted(RequestBody):
    """A badge's new status, or its label; what is not sent stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "lost"}, {"label": "blue fob"}]}
    )
    status: Status = unsent()
    label: Annotated[str, Field(max_length=LABEL_MAX)] = unsent()


class TrainingWanted(RequestBody):
    """A training that is given now, by the user who sends the request."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"training": "laser", "until": "2027-11-22"}]}
    )
    training: Short
    until: Short = ""


class RoleWanted(RequestBody):
    """A role's new extent: not here, at this site, at every site."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "operator", "at": "here"}]})
    role: Short
    at: Literal["no", "here", "all"]


class ErasureWanted(RequestBody):
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
        Phrase("Invalid request"),
        Phrase("Please fix the fields named below."),
    )
    problem.errors = [{"where": wrong.column, "what": str(wrong)}]
    return problem
