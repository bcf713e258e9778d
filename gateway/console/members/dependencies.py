"""The shared objects of the members' screens and their API."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from gateway.console.context import AppContext
from gateway.console.members.enrolment import Enrolments
from gateway.console.members.imports import Imports
from gateway.console.members.search import Roster


class MembersDependencies:
    """The roster, the enrolments, and the previews of imports."""

    def __init__(self, console: AppContext) -> None:
        self.roster = Roster(console.stores)
        self.enrolments = Enrolments(console)
        self.imports = Imports(console)


def office_of(request: Request) -> MembersDependencies:
    """Return the console's shared objects for members."""
    office: MembersDependencies = request.app.state.office
    return office


OfficeHere = Annotated[MembersDependencies, Depends(office_of)]
