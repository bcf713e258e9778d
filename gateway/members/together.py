"""Checks across lines: two names for one ref, one badge for two members."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from msgspec import Struct

from gateway.adapters.directory import Member, holder_of
from gateway.core.model.directory import CredentialHash, Holder, Membership
from gateway.members.questions import Question
from gateway.members.rows import MemberRow
from gateway.members.sheet_lines import LineFault

_LINES_A_MEMBER_MAX: Final = 100
"""Plans and badges of one member; each line is compared with those before it."""
_Of = TypeVar("_Of")


class Members(Struct, frozen=True):
    """The content of a file: members by ref with their lines, and all faults in order."""

    members: dict[str, Member]
    lines: dict[str, int]
    """The first line of each ref."""
    faults: tuple[LineFault, ...]
    rows: int
    columns: frozenset[str]
    """The columns of the file; it leaves everything else unchanged."""
    told: frozenset[CredentialHash] = frozenset()
    """Badges whose status the file gives."""
    mentioned: dict[str, int] = {}
    """References of trainers, and the first line of each."""
    kinds: frozenset[str] = frozenset()
    """Kinds of credentials that the file lists completely, if it is complete."""
    called: Mapping[str, str] = {}
    """Column -> its name in the file."""
    ignored: tuple[str, ...] = ()
    """Columns of the file that are left out."""
    questions: tuple[Question, ...] = ()
    """What the file leaves open: until it is answered there are no members."""
    notes: tuple[str, ...] = ()
    """What was left out, and what was decided."""
    chosen: Mapping[str, str] = {}
    """Answers that were evident, and hold for the next list of the same kind."""


def together(
    rows: list[MemberRow], columns: frozenset[str], key: bytes, faults: list[LineFault]
) -> Members:
    """Combine the rows of each ref into one member; each row must agree with those before it."""
    good: dict[str, list[MemberRow]] = {}
    owner: dict[CredentialHash, MemberRow] = {}
    for row in rows:
        before = good.setdefault(row.ref, [])
        fault = _disagreement(row, before) or _taken(row, owner)
        if fault is not None:
            faults.append(fault)
            continue
        before.append(row)
        owner.update(dict.fromkeys((each.credential.hash for each in row.given), row))
    whole = {ref: of_ref for ref, of_ref in good.items() if of_ref}
    if "plan" in columns:
        _check_plans(whole, faults)
    return Members(
        {ref: _member(of_ref, key) for ref, of_ref in whole.items()},
        {ref: of_ref[0].line for ref, of_ref in whole.items()},
        tuple(sorted(faults)),
        len(rows),
        columns,
        frozenset(each.credential.hash for row in rows for each in row.given if each.status),
        _first_lines(rows),
        _kinds(rows, columns),
    )


def _kinds(rows: list[MemberRow], columns: frozenset[str]) -> frozenset[str]:
    by_column = {"badges": "badge", "code": "pin", "duress_code": "pin", "qr": "qr"}
    there = {kind for column, kind in by_column.items() if column in columns}
    return frozenset(there | {each.credential.kind for row in rows for each in row.given})


def _disagreement(row: MemberRow, before: list[MemberRow]) -> LineFault | None:
    if len(before) >= _LINES_A_MEMBER_MAX:
        message = f"is given on more than {_LINES_A_MEMBER_MAX} lines"
        return LineFault(row.line, "ref", message)
    for other in before:
        for column in ("name", "email", "kind"):
            if getattr(row, column) != getattr(other, column):
                return LineFault(row.line, column, f"differs from line {other.line}, same ref")
        if (
            row.membership
            and other.membership
            and row.membership != other.membership
            and _same(row.membership, other.membership)
        ):
            return LineFault(row.line, "plan", f"is given already at line {other.line}")
        for column, of_row, of_other in (
            (
                "trainings",
                _by_name(row.trainings, "training"),
                _by_name(other.trainings, "training"),
            ),
            ("roles", _by_name(row.roles, "role"), _by_name(other.roles, "role")),
        ):
            both = of_row.keys() & of_other.keys()
            if any(of_row[name] != of_other[name] for name in both):
                return LineFault(row.line, column, f"differs from line {other.line}, same ref")
        fault = _credential_differs(row, other)
        if fault is not None:
            return fault
    return None


def _credential_differs(row: MemberRow, other: MemberRow) -> LineFault | None:
    """Return a fault if a badge has two PINs; it may appear on each of its member's lines."""
    of_other = {each.credential.hash: each for each in other.given}
    for each in row.given:
        same = of_other.get(each.credential.hash, each)
        if (same.credential, same.status) != (each.credential, each.status):
            message = f"{each.place} is at line {other.line} with another PIN, status or days"
            return LineFault(row.line, each.column, message)
    return None


def _taken(row: MemberRow, owner: dict[CredentialHash, MemberRow]) -> LineFault | None:
    for each in row.given:
        other = owner.get(each.credential.hash)
        if other is not None and other.ref != row.ref:
            message = f'{each.place} is given to "{other.ref}" at line {other.line}'
            return LineFault(row.line, each.column, message)
    return None


def _check_plans(whole: dict[str, list[MemberRow]], faults: list[LineFault]) -> None:
    for ref, rows in list(whole.items()):
        if not any(row.membership or row.roles for row in rows):
            message = "is empty; only who has a role needs none"
            faults.append(LineFault(rows[0].line, "plan", message))
            del whole[ref]


def _first_lines(rows: list[MemberRow]) -> dict[str, int]:
    return {ref: row.line for row in reversed(rows) for ref in row.mentioned}


def _same(one: Membership, other: Membership) -> bool:
    """Return whether two memberships are the same one: by plan, sites and start."""
    return (one.plan, one.sites, one.starts) == (other.plan, other.sites, other.starts)


def _by_name(entries: Iterable[_Of], name: str) -> dict[str, _Of]:
    return {getattr(entry, name): entry for entry in entries}


def _member(rows: list[MemberRow], key: bytes) -> Member:
    first, id_ = rows[0], holder_of(key, rows[0].ref)
    credentials = {each.credential.hash: each.credential for row in rows for each in row.given}
    return Member(
        ref=first.ref,
        name=first.name,
        email=first.email,
        holder=Holder(
            id_,
            first.kind,
            tuple(dict.fromkeys(row.membership for row in rows if row.membership)),
            tuple(_by_name((t for row in rows for t in row.trainings), "training").values()),
            tuple(_by_name((r for row in rows for r in row.roles), "role").values()),
            tuple(dict.fromkeys(group for row in rows for group in row.groups)),
        ),
        credentials=tuple(credentials.values()),
    )
