"""A data folder of an earlier release opens, and says what it said.

It is of `seuil demo --for 12 --seed 1`, dumped by `tests.golden_files.dump_folder`.
"""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import gateway.cli
from tests.golden_files import FOLDER, restore_folder

OLD = sorted(FOLDER.glob("folder-*"))


@pytest.fixture(params=OLD, ids=lambda folder: folder.name)
def space(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The space file of a release's folder, which is the one in use."""
    monkeypatch.setenv("SEUIL_DATA_DIR", str(tmp_path))
    return restore_folder(request.param, tmp_path)


def run(*words: str) -> Result:
    """A command that can be carried out."""
    result = CliRunner().invoke(gateway.cli.app, list(words))
    assert result.exit_code == 0, result.output
    return result


def test_its_replay_is_equal(space: Path) -> None:
    """Every row gives the facts that it gave, and each snapshot is the state of then."""
    told = run("replay").output
    assert "equal" in told
    assert "differs" not in told
    del space


def test_its_members_are_there(space: Path) -> None:
    """By name, with their badges; the key is the one that their hashes were made with."""
    assert run("members", "list").output.count("h-") > 20
    del space


def test_a_decision_explains_itself(space: Path) -> None:
    """Rule by rule, as it did."""
    assert "front-in" in run("why", "last@front-in").output
    del space


def test_its_space_file_is_accepted(space: Path) -> None:
    """Without a fault."""
    run("check", str(space))
