"""Members for programs: changes to one member, under /api/v1.

As on the member's page, each request changes one thing. A response has an ETag; sent back as
If-Match, the change is made to that very version of the member, or not at all.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Response

from gateway.adapters.directory import Member
from gateway.adapters.journal.queries import LastUse
from gateway.console.auth.roles import (
    Administrator,
    ConsoleHere,
    GraveAdministrator,
    Operator,
    SiteHere,
)
from gateway.console.identity import Principal
from gateway.console.members.actions import (
    badge_change,
    last_uses_of,
    plan_change,
    plan_part,
    role_change,
)
from gateway.console.members.api_models import MemberBody, body_of
from gateway.console.members.api_requests import (
    BadgeWanted,
    IdentityWanted,
    PlanChanged,
    PlanWanted,
    RoleWanted,
    TrainingWanted,
    cells_of,
    invalid,
)
from gateway.console.members.authorised_change import CHANGED_MEANWHILE, change, mark
from gateway.console.members.dependencies import OfficeHere
from gateway.console.members.imports import known_here
from gateway.console.members.member_text import STANDING
from gateway.console.web.errors import RESPONSES, Problem, phrase
from gateway.core.model.names import RoleId, TrainingId
from gateway.members import edit
from gateway.members.known import ReferenceData
from gateway.members.wrong import Wrong

api = APIRouter(prefix="/api/v1/sites/{site}", tags=["members"], responses=RESPONSES)
_ETAG: Final = {
    "description": "The member as they are now: for If-Match.",
    "schema": {"type": "string"},
    "example": '"9f86d081884c7d65"',
}
_READ: Final[dict[int | str, dict[str, Any]]] = {200: {"headers": {"ETag": _ETAG}}}
_REVISED: Final = _READ | {412: {"description": phrase(412)}}
_ADDED: Final[dict[int | str, dict[str, Any]]] = {201: _READ[200], 412: _REVISED[412]}


class Revised:
    """A member that is to be changed."""

    def __init__(
        self,
        response: Response,
        here: SiteHere,
        console: ConsoleHere,
        holder: str,
        if_match: Annotated[
            str | None,
            Header(
                max_length=100,
                description="The ETag of the member as you know them: nothing is done to another.",
                examples=['"9f86d081884c7d65"'],
            ),
        ] = None,
    ) -> None:
        self.here = here
        self._response = response
        self._console = console
        self._holder = holder
        self._was = None if if_match in (None, "*") else if_match.strip('"')

    @property
    def known(self) -> ReferenceData:
        """Return the reference data against which the request is checked."""
        return known_here(self._console, self.here)

    async def by(self, seat: Principal, revise: edit.Revise, action: str) -> MemberBody:
        """Change the member, and return the result.

        Raises:
            Problem: Nothing was changed, and why.
        """
        try:
            after = await change(
                *(self._console, seat, self.here, self._holder, revise),
                action=action,
                was=self._was,
            )
        except Wrong as wrong:
            raise invalid(wrong) from None
        except Problem as wrong:
            if self._was is not None and wrong.code == CHANGED_MEANWHILE:
                wrong.status = 412  # RFC 9110, 13.1.1
            raise
        return _tagged(self._response, after)


OneMember = Annotated[Revised, Depends()]


@api.get("/members/{holder}", responses=_READ)
async def member(
    response: Response,
    seat: Operator,
    here: SiteHere,
    console: ConsoleHere,
    office: OfficeHere,
    holder: str,
) -> MemberBody:
    """One member, and when and where each badge was last used."""
    found = await office.roster.member(here.id, holder)
    return _tagged(response, found, await last_uses_of(console, seat, found))


@api.patch("/members/{holder}", responses=_REVISED)
async def identity(seat: Administrator, one: OneMember, wanted: IdentityWanted) -> MemberBody:
    """Change name, e-mail, kind or groups; what is not sent stays as it is."""

    def revise(member: Member) -> Member:
        return edit.with_identity(member, edit.identity_of(member) | cells_of(wanted), one.known)

    return await one.by(seat, revise, "identity")


@api.post("/members/{holder}/plans", status_code=201, responses=_ADDED)
async def add_plan(seat: Administrator, one: OneMember, wanted: PlanWanted) -> MemberBody:
    """Add a plan after the existing ones."""
    return await one.by(seat, plan_change(cells_of(wanted), one.known, one.here), "plan")


@api.patch("/members/{holder}/plans/{place}", responses=_REVISED)
async def plan(seat: Administrator, one: OneMember, place: int, wanted: PlanChanged) -> MemberBody:
    """Change the plan at a place; what is not sent stays as it is."""
    return await one.by(seat, plan_part(place, cells_of(wanted), one.known, one.here), "plan")


@api.delete("/members/{holder}/plans/{place}", responses=_REVISED)
async def take_plan(seat: Administrator, one: OneMember, place: int) -> MemberBody:
    """Remove the plan at a place."""
    gone = {"remove": "yes"}
    return await one.by(seat, plan_part(place, gone, one.known, one.here), "plan")


@api.put("/members/{holder}/credentials/{place}", responses=_REVISED)
async def credential(
    seat: Administrator, one: OneMember, place: int, wanted: BadgeWanted
) -> MemberBody:
    """Suspend a badge, mark it lost or stolen, put it back into force, or label it.

    `place` is the badge's number, which stays the same while others come and go.
    """
    given = cells_of(wanted) | {"place": str(place)}
    return await one.by(seat, lambda member: badge_change(member, given), "badge")


@api.post("/members/{holder}/trainings", responses=_REVISED)
async def train(
    seat: Administrator, one: OneMember, console: ConsoleHere, wanted: TrainingWanted
) -> MemberBody:
    """Give a training, or renew it."""
    now = console.clock.now()

    def revise(member: Member) -> Member:
        told = edit.training_of(cells_of(wanted), one.known, seat.holder.id, now)
        return edit.trained(member, told)

    return await one.by(seat, revise, "training")


@api.delete("/members/{holder}/trainings/{training}", responses=_REVISED)
async def untrain(seat: Administrator, one: OneMember, training: str) -> MemberBody:
    """Withdraw a training."""
    return await one.by(seat, lambda m: edit.untrained(m, TrainingId(training)), "training")


@api.put("/members/{holder}/roles", responses=_REVISED)
async def role(seat: GraveAdministrator, one: OneMember, wanted: RoleWanted) -> MemberBody:
    """Give a role or take it away."""
    if wanted.role not in {*STANDING, *(each.id for each in one.here.roles)}:
        raise invalid(Wrong("role", "is no role of this site"))

    def revise(member: Member) -> Member:
        return role_change(member, RoleId(wanted.role), wanted.at, one.here.id)

    return await one.by(seat, revise, "roles")


def _tagged(
    response: Response, member: Member, used: Mapping[str, LastUse] | None = None
) -> MemberBody:
    response.headers["ETag"] = f'"{mark(member)}"'
    return body_of(member, used or {})
