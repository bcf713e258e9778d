"""Damaged files and too little memory end a command with one line that helps, and no traceback."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import gateway.cli
from benchmarks import synthetic_site as place
from gateway.adapters.directory import FILE, DirectoryStore
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.writer import JournalWriter
from gateway.cli import errors

SPACE = Path(gateway.__file__).with_name("examples") / "space.toml"
KEY = "k" * 32
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two members and an empty journal."""
    data = tmp_path / "data"
    data.mkdir()
    place.enrol(data, KEY.encode(), place.badges(2))
    writer = JournalWriter(data / JOURNAL_FILE)
    writer.open()
    writer.close()
    return data


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on that folder."""
    monkeypatch.setenv("SEUIL_DATA_DIR", str(folder))
    monkeypatch.setenv("SEUIL_CREDENTIAL_KEY", KEY)
    return lambda *words: CliRunner().invoke(gateway.cli.app, list(words))


def change(file: Path, *statements: str) -> None:
    """What a bad disk, or a hand with a tool, may do to a file."""
    with closing(sqlite3.connect(file)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def overwrite(file: Path) -> None:
    """All pages but the first are garbage."""
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\x5a" * (len(content) - 4096))


def told_in_one_line(result: Result, *words: str) -> None:
    """It could not be carried out, and a sentence says why."""
    assert result.exit_code == errors.CANNOT, result.output
    assert isinstance(result.exception, SystemExit)
    said = result.output.strip()
    assert said.count("\n") == 0
    assert all(word in said for word in words)


MEMBERS = (
    ("members", "list"),
    ("members", "show", "bench-1"),
    ("members", "export", "out.csv", "--space", str(SPACE)),
    ("members", "account", "bench-1"),
    ("privacy", "export", "bench-1"),
)


@pytest.mark.parametrize("words", MEMBERS, ids=" ".join)
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(overwrite, "malformed", id="garbage in its pages"),
        pytest.param(
            lambda file: change(file, "DROP TABLE holder"), "no such table", id="a table is gone"
        ),
        pytest.param(
            lambda file: change(file, "UPDATE membership SET starts = 'soon'"),
            "damaged",
            id="a word for a moment",
        ),
        pytest.param(
            lambda file: change(file, "UPDATE membership SET starts = 9000000000000000000"),
            "damaged",
            id="a moment that no calendar has",
        ),
        pytest.param(
            lambda file: change(file, "UPDATE identity SET name = cast(x'41ff41' AS TEXT)"),
            "decode",
            id="no text",
        ),
    ],
)
def test_damaged_members(
    run: Run, folder: Path, words: tuple[str, ...], damage: Callable[[Path], None], said: str
) -> None:
    """Every command that reads the members names the file and what is wrong, and nobody."""
    with closing(DirectoryStore(folder / FILE)):
        pass
    damage(folder / FILE)
    result = run(*words)
    told_in_one_line(result, str(folder / FILE), said)
    assert "with text" not in result.output


JOURNAL = (
    ("why", "last@reader-entry-0"),
    ("what-if", "--rules", str(SPACE)),
    ("report", "2026-11"),
    ("replay",),
    ("privacy", "export", "bench-1"),
)


@pytest.mark.parametrize("words", JOURNAL, ids=" ".join)
def test_a_damaged_journal(run: Run, folder: Path, words: tuple[str, ...]) -> None:
    """Every command that reads the journal names the file and what is wrong."""
    overwrite(folder / JOURNAL_FILE)
    told_in_one_line(run(*words), str(folder / JOURNAL_FILE), "malformed")


UNREADABLE = "INSERT INTO journal VALUES (1, 'hub', NULL, 'space', 0, 0, '{\"event\":', '[')"


@pytest.mark.parametrize("words", [("history",), ("report", "2026-11")], ids=" ".join)
def test_a_row_that_cannot_be_read(run: Run, folder: Path, words: tuple[str, ...]) -> None:
    """SQLite finds nothing wrong with a row whose content is."""
    change(folder / JOURNAL_FILE, UNREADABLE)
    place = (str(folder),) if words == ("history",) else ()
    told_in_one_line(run(*words, *place), str(folder / JOURNAL_FILE), "cannot be read")


def test_a_replay_names_the_row_that_cannot_be_read(run: Run, folder: Path) -> None:
    """One row is no reason to look at none of the others."""
    change(folder / JOURNAL_FILE, UNREADABLE)
    result = run("replay")
    assert result.exit_code == 1
    assert "row 1: it cannot be read" in result.output


NO_MEMORY = (
    MemoryError(),
    RuntimeError("can't start new thread"),
    OSError(12, "Cannot allocate memory"),
    ImportError("libx.so: failed to map segment from shared object"),
    BaseExceptionGroup("tasks", [BaseExceptionGroup("more", [MemoryError()])]),
)


@pytest.mark.parametrize("wrong", NO_MEMORY, ids=repr)
def test_too_little_memory(
    wrong: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However Python, the linker or the kernel say it, it is one line."""

    def fails() -> None:
        raise wrong

    monkeypatch.setattr(gateway.cli, "app", fails)
    with pytest.raises(SystemExit) as ended:
        gateway.cli.main()
    assert ended.value.code == errors.CANNOT
    assert capsys.readouterr().err.count("\n") == 1


def test_another_fault_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug keeps its traceback."""

    def fails() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(gateway.cli, "app", fails)
    with pytest.raises(RuntimeError, match="a bug"):
        gateway.cli.main()
