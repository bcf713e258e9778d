"""scripts/statements counts what runs, in the checkout and in a commit."""

import subprocess
from pathlib import Path

import pytest

from scripts.statements import main, statements

MODULE = '''"""Words."""

import os

LIMIT = 3
"""More words."""


class Door:
    """A docstring."""

    def opens(self) -> bool:
        """Another."""
        if os.name: return True
        return (
            False
        )
'''


def test_a_statement_counts_once_however_it_is_laid_out() -> None:
    """An import, a value, a class, a function, an `if` and its `return`, a `return`; no words."""
    assert statements(MODULE) == 7


def test_words_alone_are_no_code() -> None:
    """A docstring, a comment and an empty file."""
    assert statements('"""Words."""\n# a comment\n') == statements("") == 0


def git(folder: Path, *command: str) -> None:
    """Run git there as somebody."""
    as_somebody = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(("git", *as_somebody, *command), cwd=folder, check=True, capture_output=True)  # noqa: S603, S607 - git


def test_a_commit_is_counted_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was changed since is not looked at, and what is no Python neither."""
    (tmp_path / "house").mkdir()
    (tmp_path / "house/door.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "house/words.txt").write_text("if", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "house: a door")
    (tmp_path / "house/door.py").write_text("import os\n", encoding="utf-8")
    assert main(["house", "house/door.py"], tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "         1      1  house",
        "         1      1  house/door.py",
    ]
    assert main(["--at", "HEAD", "house"], tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["         7      1  house"]


@pytest.mark.parametrize("at", [(), ("--at", "HEAD")], ids=["here", "in a commit"])
def test_a_path_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], at: tuple[str, ...]
) -> None:
    """A typing error is no count of 0."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "house: nothing")
    assert main([*at, "hose"], tmp_path) == 2
    assert "hose" in capsys.readouterr().err
