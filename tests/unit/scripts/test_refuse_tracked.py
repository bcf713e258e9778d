"""scripts/check refuses logs, databases, keys and set-up links that git tracks."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

SCRIPT = ROOT / "scripts/refuse_tracked.py"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one file that may be there."""
    git(tmp_path, "init", "--quiet")
    plant(tmp_path, "gateway/setup.md", b"A link is `/set-up/0mQ...`; a PRIVATE KEY is private.\n")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    """Run git there."""
    subprocess.run(["git", "-C", str(root), *arguments], check=True)  # noqa: S603, S607


def plant(root: Path, name: str, content: bytes = b"") -> None:
    """Have git track this file."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    git(root, "add", "--force", name)


def refused(root: Path) -> list[str]:
    """What the check says."""
    run = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(SCRIPT), str(root)], capture_output=True, text=True, check=False
    )
    said = run.stderr.splitlines()
    assert run.returncode == bool(said), run.stderr
    return said


def test_what_belongs_into_the_repository_passes(root: Path) -> None:
    """Words about a link or a key are neither; what git does not track may lie around."""
    (root / "seuil.log").write_text("started\n", encoding="utf-8")
    assert refused(root) == []


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("out.log", b"", "a log"),
        ("deploy/gateway.log.1", b"", "a log"),
        ("data/journal.db", b"", "a database"),
        ("data/journal.db-wal", b"", "a database"),
        ("people.sqlite", b"", "a database"),
        ("notes.txt", b"SQLite format 3\0...", "a database"),
        ("tls/broker.key", b"", "a key"),
        ("docs/broker.md", b"-----BEGIN RSA %s-----\nMII" % b"PRIVATE KEY", "a key"),
        ("docs/said.md", b"http://localhost:8080/set-up/" + 43 * b"x", "a set-up link"),
    ],
)
def test_what_is_private_is_refused(root: Path, name: str, content: bytes, what: str) -> None:
    """By its name, or by what it holds under any name."""
    plant(root, name, content)
    assert refused(root) == [f"check: {name}: is {what}; git rm --cached it"]


def test_a_folder_without_git_tracks_nothing(tmp_path: Path) -> None:
    """An unpacked archive can be checked too."""
    (tmp_path / "seuil.log").write_text("started\n", encoding="utf-8")
    assert refused(tmp_path) == []
