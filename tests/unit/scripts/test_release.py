"""A release is told in the same way everywhere: its number, its changes, its data folder."""

import re
import tomllib
from typing import Final

import pytest

from tests.golden_files import FOLDER
from tests.paths import ROOT

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION: Final = PROJECT["version"]
CHANGELOG: Final = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
SECTION: Final = re.compile(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", re.MULTILINE)


def test_the_changelog_has_the_release_below_what_is_unreleased() -> None:
    """Newest first, each with its day, and none told twice."""
    told = SECTION.findall(CHANGELOG)
    assert len(told) == CHANGELOG.count("\n## ")
    assert [name for name, _ in told[:2]] == ["Unreleased", VERSION]
    days = [day for _, day in told[1:]]
    assert all(days)
    assert days == sorted(days, reverse=True)
    assert len({name for name, _ in told}) == len(told)


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("docker-compose.yml", r"image: seuil:(\S+)"),
        ("docs/cli.md", r"(?:seuil|gw1) (\d+\.\d+\.\d+) (?:on|is)"),
    ],
)
def test_the_number_is_that_of_the_package(file: str, pattern: str) -> None:
    """`seuil --version` reads it from the package; these files repeat it."""
    told = re.findall(pattern, (ROOT / file).read_text(encoding="utf-8"))
    assert told
    assert set(told) == {VERSION}


def test_a_data_folder_of_the_release_is_kept() -> None:
    """`tests/unit/test_old_folder.py` opens every folder and replays it."""
    assert (FOLDER / f"folder-{VERSION}" / "journal.sql").is_file()
