"""The lines of a members' file: a member has one or more, each with a membership at most.

A line is read by itself and its faults name line and column; what follows from several lines
together (two names for one ref, one badge for two members) is found afterwards.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, TypeVar

from msgspec import Struct

from gateway.adapters.directory import Member, holder_of
from gateway.config.faults import unknown
from gateway.core.directory import (
    Credential,
    CredentialHash,
    Holder,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.names import GroupId
from gateway.members import cells as read
from gateway.members.credentials import Given, credentials
from gateway.members.known import Known
from gateway.members.sheet import BadSheet, Line, LineFault, opened
from gateway.members.wrong import Wrong
from gateway.spreadsheet import ESCAPED

REQUIRED: Final = ("ref",)
OF_NEW: Final = ("name", "plan")
"""Columns without which nobody new can come in."""
IGNORED: Final = ("badges_count",)
"""Columns that an export has for people to read."""
GOES_WITH: Final = {
    "sites": "plan",
    "from": "plan",
    "until": "plan",
    "status": "plan",
    "badge_format": "badges",
    "badge_status": "badges",
    "pin": "badges",
    "duress_pin": "pin",
    "qr_from": "qr",
    "qr_until": "qr",
}
"""Columns that say more of another one."""
COLUMNS: Final = (
    *REQUIRED,
    *OF_NEW,
    "email",
    "kind",
    *list(GOES_WITH)[:4],
    "badges",
    *list(GOES_WITH)[4:8],
    "code",
    "duress_code",
    "qr",
    *list(GOES_WITH)[8:],
    "trainings",
    "roles",
    "groups",
    *IGNORED,
)
DATES: Final = ("from", "until", "qr_from", "qr_until")
_LINES_A_MEMBER_MAX: Final = 100
"""Plans and badges of one member; each line is compared with those before it."""
_MUST_BE_TEXT: Final = ("pin", "duress_pin", "code", "duress_code", "qr")
_NUMBER_FORMATS: Final = ("decimal", "wiegand")
_ERRORS: Final = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#SPILL!", "#VALUE!"}
)

Watch = Callable[[Iterable["Row"], int | None], Iterable["Row"]]
_Of = TypeVar("_Of")


class Row(Struct, frozen=True):
    """A good line."""

    line: int
    ref: str
    name: str
    email: str | None
    kind: Literal["member", "visitor"]
    membership: Membership | None
    given: tuple[Given, ...]
    trainings: tuple[Training, ...]
    mentioned: tuple[str, ...]
    """References of those who gave the trainings."""
    roles: tuple[StaffRole, ...]
    groups: tuple[GroupId, ...]


class Members(Struct, frozen=True):
    """What a file says: members by ref with the lines they come from, and all faults in order."""

    members: dict[str, Member]
    lines: dict[str, int]
    """The first line of each ref."""
    faults: tuple[LineFault, ...]
    rows: int
    columns: frozenset[str]
    """What the file speaks of; of everything else it says nothing."""
    told: frozenset[CredentialHash] = frozenset()
    """Badges whose status the file tells."""
    mentioned: dict[str, int] = {}
    """References of those who gave trainings, and the first line of each."""
    kinds: frozenset[str] = frozenset()
    """Kinds of credentials of which the file has all, if it has everything."""


def read_members(
    file: Path,
    known: Known,
    watch: Watch = lambda rows, total: rows,  # noqa: ARG005
) -> Members:
    """The members of a file; `watch` may look on as rows pass, to show progress.

    Raises:
        OSError: It cannot be read.
    """
    faults: list[LineFault] = []
    columns: list[str] = []
    rows: list[Row] = []
    try:
        with opened(file) as sheet:
            rows.extend(watch(_rows(sheet.lines, columns, known, faults), sheet.total))
    except BadSheet as wrong:
        faults.append(wrong.fault)
    return _together(rows, frozenset(columns), known.key, faults)


def _rows(
    lines: Iterator[Line], columns: list[str], known: Known, faults: list[LineFault]
) -> Iterator[Row]:
    header = next(lines, Line(1, []))
    columns += [name.lower() for name in header.cells]
    faults += _header_faults(columns, known)
    if faults:
        return
    for line in lines:
        if not any(line.cells):
            continue
        if len(line.cells) != len(columns):
            message = f"has {len(line.cells)} cells, the header has {len(columns)}"
            faults.append(LineFault(line.number, "", message))
            continue
        try:
            yield _row(line, columns, known)
        except Wrong as wrong:
            faults.append(LineFault(line.number, wrong.column, str(wrong)))


def _header_faults(columns: list[str], known: Known) -> Iterator[LineFault]:
    for column in REQUIRED:
        if column not in columns:
            yield LineFault(1, column, "is required; the first line names the columns")
    for place, column in enumerate(columns):
        if column not in COLUMNS:
            yield LineFault(1, column, unknown(column, "column", COLUMNS))
        elif column in columns[:place]:
            yield LineFault(1, column, "is there twice")
        elif GOES_WITH.get(column, column) not in columns:
            message = f"says more of {GOES_WITH[column]}, which is not there"
            yield LineFault(1, column, message)
        elif column in DATES and known.timezone is None:
            yield LineFault(1, column, "dates need a time zone: --space or --timezone")


def _row(line: Line, columns: list[str], known: Known) -> Row:
    cells = dict(zip(columns, map(_unescaped, line.cells), strict=True))
    _check_numbers(line, columns, cells)
    ref = read.needed(cells, "ref")
    holder = holder_of(known.key, ref)
    trainings, mentioned = read.trainings(cells, known)
    return Row(
        line=line.number,
        ref=ref,
        name=read.needed(cells, "name") if "name" in columns else "",
        email=read.email(cells),
        kind=read.one_of(cells, "kind", "member", "visitor"),
        membership=read.membership(cells, known),
        given=tuple(credentials(cells, holder, known)),
        trainings=trainings,
        mentioned=mentioned,
        roles=read.roles(cells, known),
        groups=read.groups(cells, known),
    )


def _unescaped(text: str) -> str:
    """The text behind the apostrophe with which an export keeps it from being a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in ESCAPED else text


def _check_numbers(line: Line, columns: list[str], cells: dict[str, str]) -> None:
    for column, text in cells.items():
        if text in _ERRORS:
            raise Wrong(column, f"is a spreadsheet's error, {text}")
    for place in line.numbers:
        column = columns[place]
        spelled = cells.get("badge_format", "").lower()
        if column in _MUST_BE_TEXT or (
            column == "badges" and not spelled.startswith(_NUMBER_FORMATS)
        ):
            message = "is a number to the spreadsheet, which drops zeros: make the column text"
            raise Wrong(column, f"{message} and type it again")


def _together(
    rows: list[Row], columns: frozenset[str], key: bytes, faults: list[LineFault]
) -> Members:
    """Rows of one ref as one member; each row must agree with those before it."""
    good: dict[str, list[Row]] = {}
    owner: dict[CredentialHash, Row] = {}
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


def _kinds(rows: list[Row], columns: frozenset[str]) -> frozenset[str]:
    by_column = {"badges": "badge", "code": "pin", "duress_code": "pin", "qr": "qr"}
    there = {kind for column, kind in by_column.items() if column in columns}
    return frozenset(there | {each.credential.kind for row in rows for each in row.given})


def _disagreement(row: Row, before: list[Row]) -> LineFault | None:
    if len(before) >= _LINES_A_MEMBER_MAX:
        message = f"is given on more than {_LINES_A_MEMBER_MAX} lines"
        return LineFault(row.line, "ref", message)
    for other in before:
        for column in ("name", "email", "kind"):
            if getattr(row, column) != getattr(other, column):
                return LineFault(row.line, column, f"differs from line {other.line}, same ref")
        if row.membership and other.membership and _same(row.membership, other.membership):
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


def _credential_differs(row: Row, other: Row) -> LineFault | None:
    """A badge may stand on each of its member's lines, but not with two PINs."""
    of_other = {each.credential.hash: each for each in other.given}
    for each in row.given:
        same = of_other.get(each.credential.hash, each)
        if (same.credential, same.status) != (each.credential, each.status):
            message = f"{each.place} is at line {other.line} with another PIN, status or days"
            return LineFault(row.line, each.column, message)
    return None


def _taken(row: Row, owner: dict[CredentialHash, Row]) -> LineFault | None:
    for each in row.given:
        other = owner.get(each.credential.hash)
        if other is not None and other.ref != row.ref:
            message = f'{each.place} is given to "{other.ref}" at line {other.line}'
            return LineFault(row.line, each.column, message)
    return None


def _check_plans(whole: dict[str, list[Row]], faults: list[LineFault]) -> None:
    for ref, rows in list(whole.items()):
        if not any(row.membership or row.roles for row in rows):
            message = "is empty; only who has a role needs none"
            faults.append(LineFault(rows[0].line, "plan", message))
            del whole[ref]


def _first_lines(rows: list[Row]) -> dict[str, int]:
    return {ref: row.line for row in reversed(rows) for ref in row.mentioned}


def _same(one: Membership, other: Membership) -> bool:
    """A membership of a member is the same one, though it changed, by these three."""
    return (one.plan, one.sites, one.starts) == (other.plan, other.sites, other.starts)


def _by_name(entries: Iterable[_Of], name: str) -> dict[str, _Of]:
    return {getattr(entry, name): entry for entry in entries}


def _member(rows: list[Row], key: bytes) -> Member:
    first, id_ = rows[0], holder_of(key, rows[0].ref)
    credentials = {each.credential.hash: each.credential for row in rows for each in row.given}
    return Member(
        ref=first.ref,
        name=first.name,
        email=first.email,
        holder=Holder(
            id_,
            first.kind,
            tuple(row.membership for row in rows if row.membership),
            tuple(_by_name((t for row in rows for t in row.trainings), "training").values()),
            tuple(_by_name((r for row in rows for r in row.roles), "role").values()),
            tuple(dict.fromkeys(group for row in rows for group in row.groups)),
        ),
        credentials=tuple(sorted(credentials.values(), key=_by_hash)),
    )


def _by_hash(credential: Credential) -> str:
    return credential.hash
