"""Members of a place, each known by the number of their badge, and the file that gateways read."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from gateway.adapters.directory import (
    FILE,
    DirectoryStore,
    Member,
    credential_hash,
    holder_of,
    reader_hash,
)
from gateway.core.model.directory import (
    Credential,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.names import PlanId, RoleId, TrainingId

KEY: Final = "k" * 32
"""The key of the badge hashes in the tests."""
ADA, BOB, CYD = "04a224b2c31990", "04b0b0b0b0b0b0", "04c3c3c3c3c3c3"
"""Badges of members."""
OLA: Final = "040a0a0a0a0a0a"
"""An operator's badge."""
STRANGER: Final = "04ffffffffffff"
"""A badge that no member has."""


def holder(badge: str) -> HolderId:
    """Return the pseudonym of a badge's holder."""
    return holder_of(KEY.encode(), badge)


def member(
    badge: str,
    *trainings: str,
    role: RoleId | None = None,
    has_badge: bool = True,
    at_readers: bool = False,
) -> Member:
    """Return a member with the plan of everything.

    Without `has_badge` it was revoked. `at_readers`: readers that are cut off may know it.
    """
    key, who = KEY.encode(), holder(badge)
    known = reader_hash(key, badge) if at_readers else None
    return Member(
        ref=badge,
        name=f"Name of {badge}",
        holder=Holder(
            who,
            memberships=(Membership(PlanId("all")),),
            trainings=tuple(Training(TrainingId(name)) for name in trainings),
            roles=(StaffRole(role),) if role else (),
        ),
        credentials=(
            (Credential(credential_hash(key, badge), who, reader_hash=known),) if has_badge else ()
        ),
    )


@contextmanager
def members_in(data: Path) -> Iterator[DirectoryStore]:
    """Open the members' file of a data folder."""
    with closing(DirectoryStore(data / FILE)) as store:
        store.bind(KEY.encode())
        yield store


def enrol(data: Path, *members: Member | str) -> None:
    """Put members into a data folder; of a badge alone, the member with the plan of everything."""
    with members_in(data) as store:
        store.apply([member(each) if isinstance(each, str) else each for each in members])
