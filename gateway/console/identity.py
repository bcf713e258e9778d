"""The authenticated principal: a session in a browser or an API token, and what it may do.

Its roles are the holder's own staff roles in the directory (`viewer`, `operator`, `administrator`,
each at all sites or at some), so that there is one place to give and to take them; the gateway goes
by the same one.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from msgspec import Struct
from starlette.requests import Request

from gateway.core.model.directory import Holder
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, VIEWER, RoleId, SiteId
from gateway.core.model.site import Site
from gateway.wire.alarm_texts import SILENT

Rank = Literal["viewer", "operator", "administrator"]
Scope = Literal["read", "people", "operate", "administer"]
"""What an API token may be used for: `read` no personal data, `people` names and passages."""
RANKS: Final[dict[Rank, tuple[RoleId, ...]]] = {
    "viewer": (VIEWER, OPERATOR, ADMINISTRATOR),
    "operator": (OPERATOR, ADMINISTRATOR),
    "administrator": (ADMINISTRATOR,),
}
"""The staff roles that suffice for each."""


class Principal(Struct, frozen=True):
    """A user of the console.

    `key` names the session or token in the console's store, for the audit; it opens nothing.
    `scopes` limit a token; None is a session. `fresh_until`: until then a password or passkey was
    shown so recently that grave actions need no confirmation. `used`: when somebody last used the
    session by hand; None: it never locks itself. `owes` is a page that comes before all others: an
    administrator's second factor is still to be set up.
    """

    holder: Holder
    name: str
    key: str
    csrf: str = ""
    scopes: frozenset[Scope] | None = None
    fresh_until: datetime | None = None
    used: datetime | None = None
    owes: str = ""

    def may(self, rank: Rank, site: SiteId) -> bool:
        """Return whether their role at this site suffices."""
        return any(self.holder.has_role(role, site) for role in RANKS[rank])

    def fresh_s(self, now: datetime) -> float:
        """Return the seconds for which grave actions need no confirmation."""
        left = self.fresh_until - now if self.fresh_until is not None else timedelta()
        return max(0.0, left.total_seconds())

    def locks_in_s(self, site: Site, now: datetime) -> float | None:
        """Return the seconds until an unattended desk may only look; None: it never locks."""
        if self.used is None or not site.desk_lock_s:
            return None
        return max(0.0, site.desk_lock_s - (now - self.used).total_seconds())

    def sees_people(self, site: SiteId) -> bool:
        """Return whether they may see who was where, names and pseudonyms."""
        return self.may("operator", site) and (self.scopes is None or "people" in self.scopes)

    def sees_alarm(self, kind: str, site: SiteId) -> bool:
        """Return whether they may know of an alarm: a silent one is shown to operators only."""
        return kind not in SILENT or self.sees_people(site)


class Seats(Protocol):
    """The source of seats: `gateway.console.auth`, or a test."""

    async def of(self, request: Request) -> Principal | None:
        """Return the seat of a request; None: nobody is signed in."""

    async def refused(
        self, request: Request, seat: Principal, site: SiteId | None, what: str
    ) -> None:
        """Record in the audit that a user was refused."""

    def attended(self, seat: Principal) -> None:
        """Record that somebody uses the desk by hand."""

    async def mark(self) -> str:
        """Return a value that changes with any seat; cheap, for open streams."""

    def close(self) -> None:
        """Close the files, after the last request."""
