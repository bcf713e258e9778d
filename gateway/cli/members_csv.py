"""The members' CSV: one line a membership; several lines with one ref are several plans.

A line is read by itself and its faults name line and column; what follows from several lines
together (two names for one ref, one badge for two members) is found afterwards.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NoReturn
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.adapters.directory import Member, credential_hash, holder_of
from gateway.config.faults import unknown
from gateway.core.directory import Credential, CredentialHash, Holder, Membership
from gateway.core.readings import WireError
from gateway.core.site import PlanId, SiteId
from sensors import badges

REQUIRED = ("ref", "name", "plan")
COLUMNS = (
    *REQUIRED,
    "email",
    "kind",
    "sites",
    "from",
    "until",
    "status",
    "badges",
    "badge_format",
)
_TEXT_MAX = 200
"""Characters of a reference, name or address; more is a slip of the spreadsheet."""
_YEARS = range(1970, 2200)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SEPARATORS = re.compile(r"[\s|]+")


class LineFault(Struct, frozen=True, order=True):
    """What is wrong in a line; `column` may be empty."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"line {self.line}", self.column))) + f": {self.message}"


class Known(Struct, frozen=True):
    """What lines are checked against.

    `plans` are the plans of each site; None: not checked. `timezone` makes days of dates; None: a
    date is a fault.
    """

    key: bytes
    timezone: ZoneInfo | None = None
    plans: Mapping[SiteId, frozenset[str]] | None = None


class Row(Struct, frozen=True):
    """A good line."""

    line: int
    ref: str
    name: str
    email: str | None
    kind: Literal["member", "visitor"]
    membership: Membership
    badges: tuple[CredentialHash, ...]


class Members(Struct, frozen=True):
    """What a file says: members by ref with the lines they come from, and all faults in order."""

    members: dict[str, Member]
    lines: dict[str, int]
    """The first line of each ref."""
    faults: tuple[LineFault, ...]
    rows: int


def read_members(
    content: bytes, known: Known, watch: Callable[[Iterable[Row]], Iterable[Row]] = iter
) -> Members:
    """The members of a file; `watch` may look on as rows pass, to show progress."""
    faults: list[LineFault] = []
    rows = list(watch(_rows(content, known, faults)))
    members, lines = _together(rows, known.key, faults)
    return Members(members, lines, tuple(sorted(faults)), len(rows))


class _Wrong(Exception):  # noqa: N818 - not an error of ours: a fault on its way up
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def _wrong(column: str, message: str) -> NoReturn:
    raise _Wrong(column, message)


def _rows(content: bytes, known: Known, faults: list[LineFault]) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        faults.append(LineFault(line, "", 'is not UTF-8; save as "CSV UTF-8"'))
        return
    cells = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        columns = [name.strip().lower() for name in next(cells, [])]
        faults += _header_faults(columns, known)
        if not faults:
            yield from _rows_below(columns, cells, known, faults)
    except csv.Error as wrong:
        faults.append(LineFault(cells.line_num, "", f"is not CSV: {wrong}"))


def _rows_below(
    columns: list[str], lines: Iterable[list[str]], known: Known, faults: list[LineFault]
) -> Iterator[Row]:
    for cells in lines:
        line = getattr(lines, "line_num", 0)
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            message = f"has {len(cells)} cells, the header has {len(columns)}"
            faults.append(LineFault(line, "", message))
            continue
        try:
            yield _row(line, {c: v.strip() for c, v in zip(columns, cells, strict=True)}, known)
        except _Wrong as wrong:
            faults.append(LineFault(line, wrong.column, str(wrong)))


def _delimiter(text: str) -> str:
    """The sign that parts the header's names: French spreadsheets write `;`."""
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)


def _header_faults(columns: list[str], known: Known) -> list[LineFault]:
    faults = [
        LineFault(1, column, "is required; the first line names the columns")
        for column in REQUIRED
        if column not in columns
    ]
    for place, column in enumerate(columns):
        if column not in COLUMNS:
            faults.append(LineFault(1, column, unknown(column, "column", COLUMNS)))
        elif column in columns[:place]:
            faults.append(LineFault(1, column, "is there twice"))
        elif column in ("from", "until") and known.timezone is None:
            faults.append(LineFault(1, column, "dates need a time zone: --space or --timezone"))
    return faults


def _row(line: int, cells: dict[str, str], known: Known) -> Row:
    kind = _one_of(cells, "kind", "member", "visitor")
    status = _one_of(cells, "status", "active", "suspended")
    starts, ends = _day(cells, "from", known), _day(cells, "until", known, after=1)
    if starts is not None and ends is not None and ends <= starts:
        _wrong("until", f"{cells['until']} is before from, {cells['from']}")
    sites = tuple(SiteId(site) for site in _SEPARATORS.split(cells.get("sites", "")) if site)
    plan = PlanId(_needed(cells, "plan"))
    _check_plan(plan, sites, known)
    return Row(
        line=line,
        ref=_needed(cells, "ref"),
        name=_needed(cells, "name"),
        email=_email(cells),
        kind="visitor" if kind == "visitor" else "member",
        membership=Membership(
            plan, sites, starts, ends, "suspended" if status == "suspended" else "active"
        ),
        badges=tuple(_badges(cells, known.key)),
    )


def _needed(cells: dict[str, str], column: str) -> str:
    text = cells[column]
    if not text:
        _wrong(column, "is empty")
    if len(text) > _TEXT_MAX or not text.isprintable():
        _wrong(column, f"must be printable text of {_TEXT_MAX} characters at most")
    return text


def _one_of(cells: dict[str, str], column: str, *choices: str) -> str:
    """The cell's word; an empty cell is the first choice."""
    word = cells.get(column, "").lower() or choices[0]
    if word not in choices:
        _wrong(column, unknown(word, "choice", choices))
    return word


def _email(cells: dict[str, str]) -> str | None:
    address = cells.get("email", "")
    if address and (address.count("@") != 1 or len(address) > _TEXT_MAX):
        _wrong("email", "is not an address like name@example.org")
    return address or None


def _day(cells: dict[str, str], column: str, known: Known, after: int = 0) -> datetime | None:
    """Midnight at the beginning of the day (or `after` days later), on the clocks of the site."""
    text = cells.get(column, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        _wrong(column, f'"{text}" is not a date; write it like 2026-11-22')
    if day.year not in _YEARS:
        _wrong(column, f"{text}: a year is from {_YEARS[0]} to {_YEARS[-1]}")
    next_day = day + timedelta(days=after)
    midnight = datetime(next_day.year, next_day.month, next_day.day, tzinfo=known.timezone)
    return midnight.astimezone(UTC)


def _check_plan(plan: PlanId, sites: tuple[SiteId, ...], known: Known) -> None:
    if known.plans is None:
        return
    for site in sites:
        if site not in known.plans:
            _wrong("sites", unknown(site, "site", known.plans))
        if plan not in known.plans[site]:
            _wrong("plan", f"{site}: {unknown(plan, 'plan', known.plans[site])}")
    everywhere = {name for plans in known.plans.values() for name in plans}
    if plan not in everywhere:
        _wrong("plan", unknown(plan, "plan", everywhere))


def _badges(cells: dict[str, str], key: bytes) -> Iterator[CredentialHash]:
    """Keyed hashes; a message counts badges rather than repeat a number."""
    spelling = cells.get("badge_format", "").lower() or "hex"
    if spelling not in badges.FORMATS:
        _wrong("badge_format", unknown(spelling, "format", badges.FORMATS))
    texts = [text for text in _SEPARATORS.split(cells.get("badges", "")) if text]
    for place, text in enumerate(texts, start=1):
        try:
            yield credential_hash(key, badges.normalise(text, spelling))
        except WireError as wrong:
            said = wrong.detail.removeprefix("credential: ").removeprefix("pin: ")
            _wrong("badges", f"badge {place} {said}")


def _together(
    rows: list[Row], key: bytes, faults: list[LineFault]
) -> tuple[dict[str, Member], dict[str, int]]:
    """Rows of one ref as one member; each row must agree with those before it."""
    good: dict[str, list[Row]] = {}
    owner: dict[CredentialHash, Row] = {}
    for row in rows:
        before = good.setdefault(row.ref, [])
        fault = _disagreement(row, before) or _badge_taken(row, owner)
        if fault is not None:
            faults.append(fault)
            continue
        before.append(row)
        owner.update(dict.fromkeys(row.badges, row))
    whole = {ref: of_ref for ref, of_ref in good.items() if of_ref}
    return (
        {ref: _member(of_ref, key) for ref, of_ref in whole.items()},
        {ref: of_ref[0].line for ref, of_ref in whole.items()},
    )


def _disagreement(row: Row, before: list[Row]) -> LineFault | None:
    for other in before:
        for column in ("name", "email", "kind"):
            if getattr(row, column) != getattr(other, column):
                return LineFault(row.line, column, f"differs from line {other.line}, same ref")
        if membership_key(row.membership) == membership_key(other.membership):
            return LineFault(row.line, "plan", f"is given already at line {other.line}")
    return None


def _badge_taken(row: Row, owner: dict[CredentialHash, Row]) -> LineFault | None:
    for place, badge in enumerate(row.badges, start=1):
        other = owner.get(badge)
        if other is not None and other.ref != row.ref:
            message = f'badge {place} is given to "{other.ref}" at line {other.line}'
            return LineFault(row.line, "badges", message)
    return None


def membership_key(membership: Membership) -> tuple[object, ...]:
    """What makes two memberships of a member the same one, which then changes."""
    return (membership.plan, membership.sites, membership.starts)


def _member(rows: list[Row], key: bytes) -> Member:
    first, holder = rows[0], holder_of(key, rows[0].ref)
    hashes = sorted({badge for row in rows for badge in row.badges})
    return Member(
        ref=first.ref,
        name=first.name,
        email=first.email,
        holder=Holder(holder, first.kind, tuple(row.membership for row in rows)),
        credentials=tuple(Credential(badge, holder) for badge in hashes),
    )
