"""docs/decisions holds one file for each decision, all of one form, and an index of them."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.paths import ROOT

FOLDER: Final = ROOT / "docs/decisions"
FILES: Final = sorted(FOLDER.glob("[0-9]*.md"))
TITLE: Final = re.compile(r"# (\d+)\. (.+)")
STATUS: Final = re.compile(r"Status: (.+) \((\d{4}-\d\d-\d\d)\)")
SECTIONS: Final = ("Context", "Decision", "Alternatives", "Measured", "Consequences")
LINK: Final = re.compile(r"\]\(([^)#:]+)")


def _row(file: Path) -> str:
    """Return a decision's row of the index."""
    title, _, status = file.read_text(encoding="utf-8").splitlines()[:3]
    named, told = TITLE.fullmatch(title), STATUS.fullmatch(status)
    assert named, f"{file.name}: the title is `# N. Title`"
    assert told, f"{file.name}: the third line is `Status: STATUS (YEAR-MONTH-DAY)`"
    assert int(file.name[:3]) == int(named[1])
    return f"| {named[1]} | [{named[2]}]({file.name}) | {told[1]} | {told[2]} |"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_decision_has_the_sections_in_their_order(file: Path) -> None:
    """Each section at most once, and always a decision; other headings are a mistake."""
    told = re.findall(r"^## (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert told == [section for section in SECTIONS if section in told]
    assert "Decision" in told


def test_the_index_lists_every_decision() -> None:
    """A new file, or a changed title or status, is told in docs/decisions/README.md."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [line for line in index.splitlines() if re.match(r"\| \d", line)]
    assert rows == [_row(file) for file in FILES]
    assert len({file.name[:3] for file in FILES}) == len(FILES)


@pytest.mark.parametrize("file", [*FILES, FOLDER / "README.md"], ids=lambda file: file.stem)
def test_every_link_of_a_decision_leads_somewhere(file: Path) -> None:
    """Also where a decision names another one."""
    targets = LINK.findall(file.read_text(encoding="utf-8"))
    assert [target for target in targets if not (FOLDER / target).exists()] == []
