"""The parsing of a line's cells: names, choices, memberships, trainings, roles and groups."""

import re
from typing import Final, Literal, TypeVar, get_args

from gateway.adapters.directory import holder_of
from gateway.config.faults import unknown
from gateway.core.model.directory import PSEUDONYM, HolderId, Membership, StaffRole, Training
from gateway.core.model.names import GroupId, PlanId, RoleId, SiteId, TrainingId
from gateway.members import french
from gateway.members.dates import moment, period
from gateway.members.known import ReferenceData
from gateway.members.wrong import Cells, Wrong, wrong

MembershipStatus = Literal["active", "suspended", "unpaid"]
_TEXT_MAX: Final = 200
"""Characters of a reference, name or address; more is a mistake of the spreadsheet."""
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_ADDRESS: Final = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
SEPARATORS: Final = re.compile(r"[\s|]+")
_ENTRIES: Final = re.compile(r"\s*[;\n]\s*")
_TRAINING: Final = "write it like: laser until 2027-01-31 by M-0001; cnc"
_Named = TypeVar("_Named", bound=str)


def needed(cells: Cells, column: str) -> str:
    """Return the cell's text; an empty cell is a fault."""
    text = cells[column]
    if not text:
        wrong(column, "is empty")
    if len(text) > _TEXT_MAX or not text.isprintable():
        wrong(column, f"must be printable text of {_TEXT_MAX} characters at most")
    return text


def one_of(cells: Cells, column: str, *choices: _Named) -> _Named:
    """Return the cell's choice, in English or French; an empty cell is the first choice."""
    word = french.word(cells.get(column, ""))
    for choice in choices:
        if word in (choice, ""):
            return choice
    raise Wrong(column, unknown(word, "choice", choices))


def email(cells: Cells) -> str | None:
    """Return the address, or None where the cell is empty."""
    address = cells.get("email", "")
    if address and (not _ADDRESS.fullmatch(address) or len(address) > _TEXT_MAX):
        wrong("email", "is not an address like name@example.org")
    return address or None


def membership(cells: Cells, known: ReferenceData) -> Membership | None:
    """Return the membership that the line gives; None: it gives none."""
    starts, ends = period(cells, "from", "until", known)
    sites = _sites(cells, known)
    status = one_of(cells, "status", *get_args(MembershipStatus))
    if not cells.get("plan"):
        for column in ("sites", "from", "until", "status"):
            if cells.get(column):
                wrong("plan", f"is empty, but {column} is not")
        return None
    plan = PlanId(needed(cells, "plan"))
    _check_plan(plan, sites, known)
    return Membership(plan, sites, starts, ends, status)


def trainings(cells: Cells, known: ReferenceData) -> tuple[tuple[Training, ...], tuple[str, ...]]:
    """Return trainings, written `laser until 2027-01-31 by M-0001; cnc`, and the trainers' refs."""
    found: dict[str, Training] = {}
    mentioned: list[str] = []
    for entry in _entries(cells, "trainings"):
        said, by, ref = entry.partition(" by ")
        if by and not PSEUDONYM.fullmatch(ref.strip()):
            mentioned.append(ref.strip())
        words = said.split()
        if len(words) % 2 == 0:
            wrong("trainings", _TRAINING)
        name = training_id(words[0], "trainings", known)
        days = dict(zip(words[1::2], words[2::2], strict=True))
        if days.keys() - {"given", "until"} or len(words) != 1 + 2 * len(days):
            wrong("trainings", _TRAINING)
        if name in found:
            wrong("trainings", f'"{name}" is there twice')
        found[name] = Training(
            name,
            _trainer(ref.strip(), known.key) if by else None,
            moment(days.get("given", ""), "trainings", known.timezone),
            moment(days.get("until", ""), "trainings", known.timezone, after=1),
        )
    return tuple(found.values()), tuple(mentioned)


def training_id(word: str, column: str, known: ReferenceData) -> TrainingId:
    """Return the id of a training that exists."""
    return TrainingId(_id(word, column, "training", known.trainings))


def roles(cells: Cells, known: ReferenceData) -> tuple[StaffRole, ...]:
    """Return the roles, written `operator; fab-manager@le-seuil,annexe`."""
    found: dict[str, StaffRole] = {}
    everywhere = None if known.roles is None else frozenset().union(*known.roles.values())
    for entry in _entries(cells, "roles"):
        name, at, where = entry.partition("@")
        sites = tuple(SiteId(site.strip()) for site in where.split(",")) if at else ()
        role = RoleId(_id(name.strip(), "roles", "role", everywhere))
        for site in sites:
            _id(site, "roles", "site", None if known.roles is None else frozenset(known.roles))
            if known.roles is not None and role not in known.roles[site]:
                wrong("roles", f"{site}: {unknown(role, 'role', known.roles[site])}")
        if role in found:
            wrong("roles", f'"{role}" is there twice; write its sites with commas between them')
        found[role] = StaffRole(role, sites)
    return tuple(found.values())


def groups(cells: Cells, known: ReferenceData) -> tuple[GroupId, ...]:
    """Return the ids of the groups."""
    texts = re.split(r"[\s|;]+", cells.get("groups", ""))
    names = [_id(text, "groups", "group", known.groups) for text in texts if text]
    return tuple(GroupId(name) for name in dict.fromkeys(names))


def _sites(cells: Cells, known: ReferenceData) -> tuple[SiteId, ...]:
    sites = tuple(SiteId(site) for site in SEPARATORS.split(cells.get("sites", "")) if site)
    for site in sites:
        if known.plans is not None and site not in known.plans:
            wrong("sites", unknown(site, "site", known.plans))
    return sites


def _check_plan(plan: PlanId, sites: tuple[SiteId, ...], known: ReferenceData) -> None:
    if known.plans is None:
        return
    for site in sites:
        if plan not in known.plans[site]:
            wrong("plan", f"{site}: {unknown(plan, 'plan', known.plans[site])}")
    everywhere = {name for plans in known.plans.values() for name in plans}
    if plan not in everywhere:
        wrong("plan", unknown(plan, "plan", everywhere))


def _trainer(ref: str, key: bytes) -> HolderId:
    return HolderId(ref) if PSEUDONYM.fullmatch(ref) else holder_of(key, ref)


def _id(word: str, column: str, what: str, known: frozenset[str] | None) -> str:
    if known is not None and word not in known:
        wrong(column, unknown(word[:_TEXT_MAX], what, known))
    if not _ID.fullmatch(word):
        right = "a to z, 0 to 9 and -, 32 characters at most"
        wrong(column, f'"{word[:_TEXT_MAX]}" is not the id of a {what}: {right}')
    return word


def _entries(cells: Cells, column: str) -> list[str]:
    return [entry for entry in _ENTRIES.split(cells.get(column, "")) if entry.strip()]
