"""The export of members: a file that changes nothing when it is imported again.

Each membership has one line. Values of the member, not of the plan (trainings, roles, groups), are
on the first line. Badges cannot be exported, as only their hashes are stored: the file has their
number. Text that a spreadsheet would treat as a formula begins with an apostrophe, which the import
removes. A French file suits a French spreadsheet: its columns and choices, and `;`.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

from gateway.adapters.directory import Member
from gateway.core.model.directory import PSEUDONYM, Holder, HolderId, Membership, Training
from gateway.csv_injection import escape_formula
from gateway.files import whole
from gateway.members import french
from gateway.members.dates import written
from gateway.members.describe import credential, role
from gateway.members.french import Language

_NAMES: Final = ("name", "email")
_PLAN: Final = ("plan", "sites", "from", "until", "status")
_HOLDER: Final = ("trainings", "roles", "groups", "badges_count", "badges_told")
_CHOICES: Final = ("kind", "status")
SUFFIXES: Final = (".csv", ".xlsx")

Cell = str | int | date


def export(
    file: Path,
    members: Iterable[Member],
    timezone: ZoneInfo,
    *,
    names: bool,
    language: Language = "en",
) -> int:
    """Write the members, and return the number of lines. The file is complete, or unchanged.

    Only its owner may read it. Its suffix selects the format.

    Raises:
        OSError: It cannot be written.
    """
    lines = _table(members, timezone, language, names=names)
    with whole(file, 0o600) as content:
        _write(content, lines, file.suffix.lower(), language)
    return len(lines) - 1


def exported(
    members: Iterable[Member], timezone: ZoneInfo, suffix: str, language: Language = "en"
) -> bytes:
    """Return the same file with names, in memory; `suffix` is one of `SUFFIXES`."""
    content = BytesIO()
    _write(content, _table(members, timezone, language, names=True), suffix, language)
    return content.getvalue()


def _table(
    members: Iterable[Member], timezone: ZoneInfo, language: Language, *, names: bool
) -> list[list[Cell]]:
    columns = ["ref", *(_NAMES if names else ()), "kind", *_PLAN, *_HOLDER]
    header, lines = columns, _lines(members, timezone)
    if language == "fr":
        header, lines = [french.header(each) for each in columns], map(_in_french, lines)
    return [
        list(header),
        *([escape_formula(line.get(column, "")) for column in columns] for line in lines),
    ]


def _in_french(line: dict[str, Cell]) -> dict[str, Cell]:
    return line | {word: french.said(str(line[word])) for word in _CHOICES if word in line}


def _lines(members: Iterable[Member], timezone: ZoneInfo) -> Iterator[dict[str, Cell]]:
    members = tuple(members)
    refs = {member.holder.id: member.ref for member in members}
    for member in members:
        holder = member.holder
        whole: dict[str, Cell] = {
            "trainings": "; ".join(_training(each, refs, timezone) for each in holder.trainings),
            "roles": "; ".join(role(each) for each in holder.roles),
            "groups": " ".join(holder.groups),
            "badges_count": sum(each.kind == "badge" for each in member.credentials),
            "badges_told": "; ".join(credential(tag, each) for tag, each in member.tagged),
        }
        for plan in holder.memberships or (None,):
            yield _member(member, holder) | plan_cells(plan, timezone) | whole
            whole = {}


def _member(member: Member, holder: Holder) -> dict[str, Cell]:
    return {
        "ref": member.ref,
        "name": member.name,
        "email": member.email or "",
        "kind": holder.kind,
    }


def plan_cells(plan: Membership | None, timezone: ZoneInfo) -> dict[str, Cell]:
    """Return the cells that `cells.membership` reads as the plan."""
    if plan is None:
        return {}
    return {
        "plan": plan.plan,
        "sites": " ".join(plan.sites),
        "from": written(plan.starts, timezone),
        "until": written(plan.ends, timezone, after=1),
        "status": plan.status,
    }


def _training(one: Training, refs: Mapping[HolderId, str], timezone: ZoneInfo) -> str:
    words: list[str] = [one.training]
    for word, moment, after in (("given", one.given, 0), ("until", one.ends, 1)):
        if moment is not None:
            words += [word, str(written(moment, timezone, after)).replace(" ", "T")]
    if one.given_by is not None:
        words += ["by", _trainer(one.given_by, refs)]
    return " ".join(words)


def _trainer(holder: HolderId, refs: Mapping[HolderId, str]) -> str:
    """Return the trainer's reference, if a list can hold it; else their pseudonym."""
    ref = refs.get(holder, holder)
    return holder if ";" in ref or ref.startswith(" ") or PSEUDONYM.fullmatch(ref) else ref


def _write(content: IO[bytes], lines: list[list[Cell]], suffix: str, language: Language) -> None:
    if suffix == ".xlsx":
        _write_xlsx(content, lines)
        return
    text = TextIOWrapper(content, "utf-8-sig", newline="")
    delimiter = ";" if language == "fr" else ","
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(lines)
    text.flush()
    text.detach()


def _write_xlsx(content: IO[bytes], lines: list[list[Cell]]) -> None:
    # Imported here: no other command needs to wait for openpyxl.
    from openpyxl import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("members")
    sheet.freeze_panes = "B2"
    for line in lines:
        sheet.append([None if cell == "" else cell for cell in line])
    book.save(content)
