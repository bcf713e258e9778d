"""Questions that a list leaves open, and their answers, which are remembered for the next list.

An answer is text in a group: `columns` says what a column is, `file` what the whole list leaves
open (its sheet, plan, reference, order of day and month, badge format), and `plan`, `status` and
`sites` what a word means. The same JSON is what `--mapping` reads.
"""

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.config import ConfigError, ConfigFault
from gateway.core.model.names import Text
from gateway.files import whole

FILE: Final = "members-mapping.json"
"""In the data folder: names of columns and words, of no member."""
GROUPS: Final = ("columns", "file", "plan", "status", "sites")
ANSWERS_BYTES_MAX: Final = 256 << 10
"""Some thousand words: a list with more is no list of members."""
LEFT_OUT: Final = "-"
"""The answer that a column, or a line with this word, is left out."""

Answers = Mapping[str, Mapping[str, str]]
"""Group -> what is asked -> the answer."""


class Choice(Struct, frozen=True):
    """A possible answer, and its words."""

    value: str
    label: Text | str


class Question(Struct, frozen=True):
    """Something that the list leaves open."""

    group: str
    key: str
    text: str
    choices: tuple[Choice, ...]


def read_answers(file: Path) -> Answers:
    """Return the answers of a file; none where it is not there.

    Raises:
        ConfigError: It is no file of answers.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(ANSWERS_BYTES_MAX + 1)
    except FileNotFoundError:
        return {}
    except OSError as wrong:
        raise ConfigError(
            [ConfigFault(str(file), "", f"cannot be read: {wrong.strerror}")]
        ) from wrong
    right = 'write it like {"columns": {"Cat.": "plan"}, "plan": {"Adherent": "resident"}}'
    if len(content) > ANSWERS_BYTES_MAX:
        message = f"is larger than {ANSWERS_BYTES_MAX >> 10} KiB"
        raise ConfigError([ConfigFault(str(file), "", message)])
    try:
        read = msgspec.json.decode(
            content.removeprefix(codecs.BOM_UTF8), type=dict[str, dict[str, str]]
        )
    except ValueError as wrong:
        raise ConfigError([ConfigFault(str(file), "", f"{wrong}; {right}")]) from wrong
    faults = [
        ConfigFault(str(file), group, f"is no group of answers; they are: {', '.join(GROUPS)}")
        for group in read.keys() - set(GROUPS)
    ]
    if faults:
        raise ConfigError(faults)
    return read


def joined_answers(first: Answers, last: Answers) -> Answers:
    """Return all answers; the later ones win."""
    return {
        group: {**first.get(group, {}), **last.get(group, {})}
        for group in GROUPS
        if group in first or group in last
    }


def keep_answers(folder: Path, answers: Answers) -> None:
    """Write the answers for the next list.

    Raises:
        OSError: They cannot be written.
    """
    with whole(folder / FILE, 0o600) as opened:
        opened.write(msgspec.json.format(msgspec.json.encode(answers), indent=2) + b"\n")
