"""The only way in which the console changes members: authorised, in one step, and on record.

A site's administrator changes what concerns that site. What concerns others too (a role or plan at
every site, a member of staff there) needs an administrator of all of them, and no site is left
without an administrator.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.adapters.audit import AuditEntry, Note
from gateway.adapters.directory import DirectoryError, DirectoryStore, Member
from gateway.console.auth.staff import is_staff, outranks
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.members.search import no_such_member, sites_of
from gateway.console.web.errors import Problem
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.members.edit import Revise, without_administrator
from gateway.phrase import Phrase

CHANGED_MEANWHILE: Final = "changed-meanwhile"


async def change(
    console: AppContext,
    seat: Principal,
    site: Site,
    holder: str,
    revise: Revise,
    *,
    action: str,
    was: str | None = None,
) -> Member:
    """Change one member, and return the changed member.

    `was` is the `mark` of the member that the change was made from.

    Raises:
        Problem: Nothing was changed, and why.
        gateway.members.wrong.Wrong: The change is invalid, as `revise` says.
    """

    def work(store: DirectoryStore, note: Note) -> Member:
        version, before = store.version(), store.find(holder)
        if before is None or before.holder.id != holder or not _is_of(before, site.id):
            raise no_such_member()
        if was is not None and was != mark(before):
            raise changed_meanwhile()
        check_staff(console, seat, before)
        after = revise(before)
        note.nothing_changed = after == before
        if after != before:
            check_rights(console, seat, before, after)
            _keep_administrators(console, store, (before,), (after,))
            write(store, (after,), (), version)
        return after

    entry = entry_of(console, seat, site.id, action, holder)
    return await console.stores.change_members(entry, work)


def entry_of(
    console: AppContext,
    seat: Principal,
    site: SiteId,
    action: str,
    subject: str | None = None,
    *,
    detail: str = "",
) -> AuditEntry:
    """Return the audit entry of an act of this seat; never the values."""
    return AuditEntry(console.clock.now(), seat.holder.id, action, site, subject, detail)


async def note(
    console: AppContext,
    seat: Principal,
    site: SiteId,
    action: str,
    subject: str | None = None,
    *,
    detail: str = "",
) -> None:
    """Record what is viewed or exported, and of whom; a change uses `change_members`."""
    entry = entry_of(console, seat, site, action, subject, detail=detail)
    await console.stores.audit(lambda log: log.record(entry))


def mark(member: Member) -> str:
    """Return a value that differs after the member's next change."""
    return hashlib.sha256(msgspec.json.encode(member)).hexdigest()[:16]


def may_at(console: AppContext, seat: Principal, sites: Iterable[SiteId]) -> bool:
    """Return whether the seat administers all of these sites; none: every site that there is."""
    return all(seat.may("administrator", site) for site in (tuple(sites) or console.sites))


def may_change(console: AppContext, seat: Principal, member: Member) -> bool:
    """Return whether the seat administers every site at which the member has a role of any kind.

    The address of a member of staff gives access to their account, at the first sign-in by OpenID
    Connect: so editing it takes the same rank as resetting their password (`outranks`).
    """
    everywhere = all(may_at(console, seat, role.sites) for role in member.holder.roles)
    staff = is_staff(member.holder)
    return everywhere and (not staff or outranks(seat.holder, member.holder, console.sites))


def check_staff(console: AppContext, seat: Principal, member: Member) -> None:
    """Refuse a seat that may not change this member."""
    if not may_change(console, seat, member):
        raise _staff_elsewhere()


def check_rights(console: AppContext, seat: Principal, before: Member, after: Member) -> None:
    """Refuse roles and plans, given or withdrawn, at sites that the seat does not administer."""
    old, new = before.holder, after.holder
    changed = {*old.roles} ^ {*new.roles} | {*old.memberships} ^ {*new.memberships}
    if not all(may_at(console, seat, each.sites) for each in changed):
        raise _elsewhere()


def keep_administrators(
    console: AppContext,
    store: DirectoryStore,
    leaving: Iterable[HolderId],
    entering: Iterable[Member],
) -> None:
    """Refuse a change that would leave a site without an administrator."""
    everybody, new = store.members(), tuple(entering)
    gone = {*leaving, *(member.holder.id for member in new)}
    stay = [member for member in everybody if member.holder.id not in gone]
    lost = without_administrator(everybody, (*stay, *new), console.sites)
    if lost:
        names = ", ".join(lost)
        raise Problem(
            409,
            "last-administrator",
            Phrase("This is the last administrator"),
            Phrase("Make someone else an administrator first: %(names)s.", names=names),
        )


def _keep_administrators(
    console: AppContext,
    store: DirectoryStore,
    before: tuple[Member, ...],
    after: tuple[Member, ...],
) -> None:
    """Refuse the same, without reading all members where no role has changed."""
    if before[0].holder.roles != after[0].holder.roles:
        keep_administrators(console, store, (), after)


def write(
    store: DirectoryStore, entering: Iterable[Member], leaving: Iterable[HolderId], version: int
) -> None:
    """Write members as computed from this version.

    Raises:
        Problem: Another change was made meanwhile.
    """
    try:
        store.apply(entering, leaving, since=version)
    except DirectoryError:
        if store.version() != version:
            raise changed_meanwhile() from None
        raise


def changed_meanwhile() -> Problem:
    """Return the problem: the members were changed since the page was drawn."""
    return Problem(
        409,
        CHANGED_MEANWHILE,
        Phrase("Someone else has just changed this"),
        Phrase("Reload the page and try again."),
    )


def _elsewhere() -> Problem:
    return Problem(
        403,
        "other-sites-too",
        Phrase("This affects other sites too"),
        Phrase("Only an administrator of all affected sites can do this."),
    )


def _staff_elsewhere() -> Problem:
    return Problem(
        403,
        "staff-elsewhere",
        Phrase("This person has a role at other sites too"),
        Phrase("Only an administrator of all sites where they have a role can change them."),
    )


def _is_of(member: Member, site: SiteId) -> bool:
    sites = sites_of(member)
    return not sites or site in sites
