"""`seuil simulate`: what it is told before anybody moves."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.paths import ROOT

SPACE = str(ROOT / "gateway" / "examples" / "space.toml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="no file"),
        pytest.param("5ecre7", "right would be 64 hex digits", id="no hex digits"),
        pytest.param("5ec7e7" * 4, "right would be 64 hex digits", id="too short"),
    ],
)
def test_a_readers_key_that_is_none(tmp_path: Path, content: str | None, said: str) -> None:
    """The error names the option and the file, and repeats nothing of what is in it."""
    file = tmp_path / "readers.key"
    if content is not None:
        file.write_text(content, encoding="ascii")
    result = CliRunner().invoke(app, ["simulate", SPACE, "--readers-key", str(file)])
    assert result.exit_code == 2
    assert f"--readers-key: {file}: {said}" in result.stderr
    assert content is None or content not in result.stderr
