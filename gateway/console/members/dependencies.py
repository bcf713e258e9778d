"""The members' office of a console: what its screens and their API share."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from gateway.console.context import Console
from gateway.console.members.enrolment import Enrolments
from gateway.console.members.imports import Imports
from gateway.console.members.search import Roster


class Office:
    """The roster, the readers that wait for a badge, and the previews of imports."""

    def __init__(self, console: Console) -> None:
        self.roster = Roster(console.stores)
        self.enrolments = Enrolments(console)
        self.imports = Imports(console)


def office_of(request: Request) -> Office:
    """The console's office."""
    office: Office = request.app.state.office
    return office


OfficeHere = Annotated[Office, Depends(office_of)]
