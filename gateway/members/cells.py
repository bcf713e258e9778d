"""What the cells of a line mean: days, choices, trainings, roles, badges, PINs and codes.

A cell that is wrong ends its line with `Wrong`: the column, and what would be right. No message
repeats a badge number, a PIN or a code.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, NoReturn, TypeVar, get_args
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from gateway.adapters.directory import credential_hash, holder_of, pin_hash, reader_hash
from gateway.config.faults import unknown
from gateway.core.directory import (
    Credential,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.names import (
    ADMINISTRATOR,
    OPERATOR,
    VIEWER,
    GroupId,
    PlanId,
    RoleId,
    SiteId,
    TrainingId,
)
from gateway.core.readings import WireError
from gateway.core.site import Site
from sensors import badges

Status = Literal["active", "suspended", "lost", "stolen"]
MembershipStatus = Literal["active", "suspended", "unpaid"]
PSEUDONYM: Final = re.compile(r"h-[0-9a-f]{12}")
STANDING_ROLES: Final = frozenset({OPERATOR, ADMINISTRATOR, VIEWER})
"""Roles that every site has, whatever its space file says."""
_TEXT_MAX: Final = 200
"""Characters of a reference, name or address; more is a slip of the spreadsheet."""
_YEARS: Final = range(1970, 2200)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    _DAY.pattern + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SEPARATORS: Final = re.compile(r"[\s|]+")
_ENTRIES: Final = re.compile(r"\s*[;\n]\s*")
_TRAINING: Final = "write it like: laser until 2027-01-31 by M-0001; cnc"

Cells = Mapping[str, str]
_Named = TypeVar("_Named", bound=str)


class Known(Struct, frozen=True):
    """What lines are checked against.

    `plans` and `roles` are those of each site, `trainings` and `groups` those of any; None: not
    checked. `timezone` makes days of dates; None: a date is a fault.
    """

    key: bytes
    timezone: ZoneInfo | None = None
    plans: Mapping[SiteId, frozenset[str]] | None = None
    trainings: frozenset[str] | None = None
    roles: Mapping[SiteId, frozenset[str]] | None = None
    groups: frozenset[str] | None = None


def known_of(key: bytes, timezone: ZoneInfo | None, sites: Sequence[Site] | None) -> Known:
    """What the space file's sites know; None: there is no space file to check against."""
    if sites is None:
        return Known(key, timezone)
    return Known(
        key,
        timezone,
        plans={site.id: frozenset(plan.id for plan in site.plans) for site in sites},
        trainings=frozenset(each.id for site in sites for each in site.trainings),
        roles={site.id: STANDING_ROLES | {each.id for each in site.roles} for site in sites},
        groups=frozenset(each.id for site in sites for each in site.groups),
    )


class Wrong(Exception):  # noqa: N818 - not an error of ours: a fault on its way up
    """What is wrong with a cell."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


class Given(Struct, frozen=True):
    """A credential as a line gives it.

    `place` is what messages call it, as a number would tell too much. Of a badge, `status` is None
    where the line leaves it as it is.
    """

    credential: Credential
    column: str
    place: str
    status: Status | None = None


def needed(cells: Cells, column: str) -> str:
    """The cell's text; an empty one is a fault."""
    text = cells[column]
    if not text:
        _wrong(column, "is empty")
    if len(text) > _TEXT_MAX or not text.isprintable():
        _wrong(column, f"must be printable text of {_TEXT_MAX} characters at most")
    return text


def one_of(cells: Cells, column: str, *choices: _Named) -> _Named:
    """The cell's word; an empty cell is the first choice."""
    word = cells.get(column, "").lower()
    for choice in choices:
        if word in (choice, ""):
            return choice
    raise Wrong(column, unknown(word, "choice", choices))


def email(cells: Cells) -> str | None:
    """An address, or None where the cell is empty."""
    address = cells.get("email", "")
    if address and (address.count("@") != 1 or len(address) > _TEXT_MAX):
        _wrong("email", "is not an address like name@example.org")
    return address or None


def period(
    cells: Cells, first: str, last: str, known: Known
) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day until the end of the last one."""
    starts = moment(cells.get(first, ""), first, known.timezone)
    ends = moment(cells.get(last, ""), last, known.timezone, after=1)
    if starts is not None and ends is not None and ends <= starts:
        _wrong(last, f"{cells[last]} is before {first}, {cells[first]}")
    return starts, ends


def moment(text: str, column: str, timezone: ZoneInfo | None, after: int = 0) -> datetime | None:
    """Midnight at the beginning of the day (or `after` days later), on the clocks of the site.

    A day with a time is that moment, by the same clocks unless it says by which.
    """
    try:
        return _moment(text, timezone, after) if text else None
    except ValueError:
        _wrong(
            column, f'"{text[:40]}" is not a date; write it like 2026-11-22, or 2026-11-22 18:30'
        )
    except LookupError as wrong:
        _wrong(column, str(wrong.args[0]))


@lru_cache(4096)  # a list has few different days, and each costs a look at the time zone
def _moment(text: str, timezone: ZoneInfo | None, after: int) -> datetime:
    if not (_DAY.fullmatch(text) or _MOMENT.fullmatch(text)):
        raise ValueError(text)
    read = datetime.fromisoformat(text)
    if read.year not in _YEARS:
        raise LookupError(f"{text}: a year is from {_YEARS[0]} to {_YEARS[-1]}")
    if read.tzinfo is not None:
        return read.astimezone(UTC)
    if timezone is None:
        raise LookupError("a date needs a time zone: --space or --timezone")
    if _DAY.fullmatch(text):
        read += timedelta(days=after)
    return read.replace(tzinfo=timezone).astimezone(UTC)


def written(at: datetime | None, timezone: ZoneInfo, after: int = 0) -> str | date:
    """The cell that `moment` reads as `at`: a day where it is one, else text."""
    if at is None:
        return ""
    local = at.astimezone(timezone).replace(tzinfo=None)
    day = local.date() - timedelta(days=after)
    clock = local.isoformat(sep=" ").removesuffix(":00")
    if _read_again(day.isoformat(), timezone, after) == at:
        return day
    if _read_again(clock, timezone, after) == at:
        return clock
    return at.isoformat(sep=" ")  # the hour that comes twice


def _read_again(text: str, timezone: ZoneInfo, after: int) -> datetime | None:
    try:
        return _moment(text, timezone, after)
    except LookupError:
        return None  # a year that we do not read


def membership(cells: Cells, known: Known) -> Membership | None:
    """What the line says was bought; None: nothing."""
    starts, ends = period(cells, "from", "until", known)
    sites = _sites(cells, known)
    status = one_of(cells, "status", *get_args(MembershipStatus))
    if not cells.get("plan"):
        for column in ("sites", "from", "until", "status"):
            if cells.get(column):
                _wrong("plan", f"is empty, but {column} is not")
        return None
    plan = PlanId(needed(cells, "plan"))
    _check_plan(plan, sites, known)
    return Membership(plan, sites, starts, ends, status)


def trainings(cells: Cells, known: Known) -> tuple[tuple[Training, ...], tuple[str, ...]]:
    """`laser until 2027-01-31 by M-0001; cnc`, and the references behind "by"."""
    found: dict[str, Training] = {}
    mentioned: list[str] = []
    for entry in _entries(cells, "trainings"):
        said, by, ref = entry.partition(" by ")
        if by and not PSEUDONYM.fullmatch(ref.strip()):
            mentioned.append(ref.strip())
        words = said.split()
        if len(words) % 2 == 0:
            _wrong("trainings", _TRAINING)
        name = training_id(words[0], "trainings", known)
        days = dict(zip(words[1::2], words[2::2], strict=True))
        if days.keys() - {"given", "until"} or len(words) != 1 + 2 * len(days):
            _wrong("trainings", _TRAINING)
        if name in found:
            _wrong("trainings", f'"{name}" is there twice')
        found[name] = Training(
            name,
            _trainer(ref.strip(), known.key) if by else None,
            moment(days.get("given", ""), "trainings", known.timezone),
            moment(days.get("until", ""), "trainings", known.timezone, after=1),
        )
    return tuple(found.values()), tuple(mentioned)


def training_id(word: str, column: str, known: Known) -> TrainingId:
    """The id of a training that there is."""
    return TrainingId(_id(word, column, "training", known.trainings))


def roles(cells: Cells, known: Known) -> tuple[StaffRole, ...]:
    """`operator; fab-manager@le-seuil,annexe`."""
    found: dict[str, StaffRole] = {}
    everywhere = None if known.roles is None else frozenset().union(*known.roles.values())
    for entry in _entries(cells, "roles"):
        name, at, where = entry.partition("@")
        sites = tuple(SiteId(site.strip()) for site in where.split(",")) if at else ()
        role = RoleId(_id(name.strip(), "roles", "role", everywhere))
        for site in sites:
            _id(site, "roles", "site", None if known.roles is None else frozenset(known.roles))
            if known.roles is not None and role not in known.roles[site]:
                _wrong("roles", f"{site}: {unknown(role, 'role', known.roles[site])}")
        if role in found:
            _wrong("roles", f'"{role}" is there twice; write its sites with commas between them')
        found[role] = StaffRole(role, sites)
    return tuple(found.values())


def groups(cells: Cells, known: Known) -> tuple[GroupId, ...]:
    """Names of groups."""
    texts = re.split(r"[\s|;]+", cells.get("groups", ""))
    names = [_id(text, "groups", "group", known.groups) for text in texts if text]
    return tuple(GroupId(name) for name in dict.fromkeys(names))


def credentials(cells: Cells, holder: HolderId, known: Known) -> Iterator[Given]:
    """Everything that the line gives its holder to present."""
    yield from _badges(cells, holder, known.key)
    for column, duress in (("code", False), ("duress_code", True)):
        if cells.get(column):
            canonical = _canonical(cells[column], "pin", column, "")
            code = _credential(canonical, holder, known.key)
            yield Given(structs.replace(code, duress=duress), column, "it")
    if cells.get("code") and cells["code"] == cells.get("duress_code"):
        _wrong("duress_code", "is the same as code, so that nobody could tell them apart")
    starts, ends = period(cells, "qr_from", "qr_until", known)
    if cells.get("qr"):
        code = _credential(_canonical(cells["qr"], "qr", "qr", ""), holder, known.key)
        yield Given(structs.replace(code, starts=starts, ends=ends), "qr", "it")
    elif starts or ends:
        _wrong("qr", "is empty, but qr_from or qr_until is not")


def _badges(cells: Cells, holder: HolderId, key: bytes) -> Iterator[Given]:
    spelling = cells.get("badge_format", "").lower() or "hex"
    if spelling not in badges.FORMATS:
        _wrong("badge_format", unknown(spelling, "format", badges.FORMATS))
    status = cells.get("badge_status") and one_of(cells, "badge_status", *get_args(Status))
    texts = [text for text in _SEPARATORS.split(cells.get("badges", "")) if text]
    pins = [_pin(cells, column) for column in ("pin", "duress_pin")]
    _check_pins(cells, texts, spelling)
    for place, text in enumerate(texts, start=1):
        canonical = _canonical(text, spelling, "badges", f"badge {place} ")
        own, duress = (pin and pin_hash(key, canonical, pin) for pin in pins)
        badge = _credential(canonical, holder, key)
        yield Given(
            structs.replace(badge, pin=own, duress_pin=duress, status=status or "active"),
            "badges",
            f"badge {place}",
            status or None,
        )


def _pin(cells: Cells, column: str) -> str | None:
    text = cells.get(column)
    try:
        return badges.pin(text) if text else None
    except WireError as wrong:
        _wrong(column, _said(wrong))


def _check_pins(cells: Cells, texts: list[str], spelling: str) -> None:
    pin, duress = cells.get("pin"), cells.get("duress_pin")
    for column in ("pin", "duress_pin"):
        if cells.get(column) and (not texts or spelling == "pin"):
            _wrong(column, "goes with a badge, and the line has none; a PIN alone is a code")
    if duress and not pin:
        _wrong("duress_pin", "is given without the pin that it is told apart from")
    if pin and pin == duress:
        _wrong("duress_pin", "is the same as pin, so that nobody could tell them apart")


def _credential(canonical: str, holder: HolderId, key: bytes) -> Credential:
    """A code is not told to readers: whoever took one apart would soon have tried all codes."""
    namespace = canonical.partition(":")[0]
    kind: Literal["badge", "pin", "qr"] = (
        "pin" if namespace == "pin" else "qr" if namespace == "qr" else "badge"
    )
    for_readers = None if kind == "pin" else reader_hash(key, canonical)
    return Credential(credential_hash(key, canonical), holder, kind=kind, reader_hash=for_readers)


def _canonical(text: str, spelling: str, column: str, which: str) -> str:
    """A message counts badges rather than repeat a number."""
    try:
        return badges.normalise(text, spelling)
    except WireError as wrong:
        _wrong(column, which + _said(wrong))


def _said(wrong: WireError) -> str:
    return wrong.detail.removeprefix("credential: ").removeprefix("pin: ")


def _sites(cells: Cells, known: Known) -> tuple[SiteId, ...]:
    sites = tuple(SiteId(site) for site in _SEPARATORS.split(cells.get("sites", "")) if site)
    for site in sites:
        if known.plans is not None and site not in known.plans:
            _wrong("sites", unknown(site, "site", known.plans))
    return sites


def _check_plan(plan: PlanId, sites: tuple[SiteId, ...], known: Known) -> None:
    if known.plans is None:
        return
    for site in sites:
        if plan not in known.plans[site]:
            _wrong("plan", f"{site}: {unknown(plan, 'plan', known.plans[site])}")
    everywhere = {name for plans in known.plans.values() for name in plans}
    if plan not in everywhere:
        _wrong("plan", unknown(plan, "plan", everywhere))


def _trainer(ref: str, key: bytes) -> HolderId:
    return HolderId(ref) if PSEUDONYM.fullmatch(ref) else holder_of(key, ref)


def _id(word: str, column: str, what: str, known: frozenset[str] | None) -> str:
    if known is not None and word not in known:
        _wrong(column, unknown(word[:_TEXT_MAX], what, known))
    if not _ID.fullmatch(word):
        right = "a to z, 0 to 9 and -, 32 characters at most"
        _wrong(column, f'"{word[:_TEXT_MAX]}" is not the id of a {what}: {right}')
    return word


def _entries(cells: Cells, column: str) -> list[str]:
    return [entry for entry in _ENTRIES.split(cells.get(column, "")) if entry.strip()]


def _wrong(column: str, message: str) -> NoReturn:
    raise Wrong(column, message)
