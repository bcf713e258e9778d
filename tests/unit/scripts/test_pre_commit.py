"""The hooks before a commit run what is in the repository, and download nothing."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.paths import ROOT

CONFIG: Final[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
HOOKS: Final = [hook for repository in CONFIG["repos"] for hook in repository["hooks"]]


def test_no_hook_comes_from_elsewhere() -> None:
    """A repository of hooks would be fetched at the first commit."""
    assert {repository["repo"] for repository in CONFIG["repos"]} == {"local"}
    assert {hook["language"] for hook in HOOKS} == {"system"}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_a_script_or_a_tool_that_is_there(hook: dict[str, Any]) -> None:
    """A command of the virtual environment or a script of ours, as `scripts/check` runs it."""
    command, *words = hook["entry"].split()
    assert (ROOT / command).is_file()
    assert all((ROOT / word).is_file() for word in words if word.endswith(".py"))
    if command != "scripts/check":
        line = " ".join([Path(command).name, words[0]])
        assert line in (ROOT / "scripts/check").read_text()
