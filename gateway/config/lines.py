"""The line of a space file that a fault is about: TOML's reader does not say it."""

import re
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from gateway.config.faults import ConfigFault

_HEADER: Final = re.compile(r"\s*(\[{1,2})\s*([\w.-]+)\s*\]")
_KEY: Final = re.compile(r"\s*([\w-]+)\s*[.=]")
_STEP: Final = re.compile(r"([\w-]+)(?:\[(\d+)\])?")

Steps = tuple[tuple[str, int], ...]
"""Names with the place in their list, from 0."""


def with_line(fault: ConfigFault) -> ConfigFault:
    """Return a fault whose place has the line of its key, if the file can be read and has one."""
    if "line " in fault.path or not fault.path:
        return fault
    try:
        text = Path(fault.file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return fault
    line = line_of(text, fault.path)
    return fault if line is None else replace(fault, path=f"{fault.path} (line {line})")


def line_of(text: str, path: str) -> int | None:
    """Return the line of a key such as `plans[0].rights[1].zones`, or of the table that lacks it.

    >>> line_of("[site]", "site.id")
    1
    """
    wanted: Steps = tuple((name, int(n or 0)) for name, n in _STEP.findall(path))
    best, found = 0, None
    for number, steps in enumerate(_lines(text), 1):
        same = 0
        while same < min(len(steps), len(wanted)) and steps[same] == wanted[same]:
            same += 1
        if same == len(steps) and same > best:
            best, found = same, number
    return found


def _lines(text: str) -> list[Steps]:
    """Return what each line begins: a table or a key; nothing for all others."""
    counts: dict[tuple[Steps, str], int] = {}
    table: Steps = ()
    lines: list[Steps] = []
    for line in text.splitlines():
        if header := _HEADER.match(line):
            table = _table(counts, header[2].split("."), is_list=header[1] == "[[")
            lines.append(table)
        elif key := _KEY.match(line):
            lines.append((*table, (key[1], 0)))
        else:
            lines.append(())
    return lines


def _table(counts: dict[tuple[Steps, str], int], names: list[str], *, is_list: bool) -> Steps:
    above: Steps = ()
    for name in names[:-1]:
        above = (*above, (name, max(0, counts.get((above, name), 1) - 1)))
    place = counts.get((above, names[-1]), 0) if is_list else 0
    counts[above, names[-1]] = place + 1
    return (*above, (names[-1], place))
