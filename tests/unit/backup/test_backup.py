"""A backup restores to what was there; everything else is refused with a clear word."""

import errno
import gzip
import json
import os
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryStore, Member
from gateway.adapters.journal.folder_lock import folder_lock
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.analysis.replay import replay
from gateway.backup import READY, make
from gateway.backup import archive as archives
from gateway.backup.archive import BackupError
from gateway.backup.last import last_backup
from gateway.backup.make import Contents, make_backup
from gateway.backup.restore import RESTORED_SPACE, RestoreResult, finish_restore, restore
from gateway.backup.rotation import archive_in, rotate
from gateway.cli import app
from gateway.cli import backup as command
from gateway.clock import SystemClock
from gateway.config.settings import KEY_FILE
from gateway.privacy.erase_and_export import erase_member
from tests.golden_files import FOLDER, restore_folder

NOW = SystemClock().now()
LATER = NOW + timedelta(minutes=5)
PASSPHRASE = "correct horse battery"  # noqa: S105 - a test's


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a day's demo, its space file beside it."""
    folder = tmp_path / "data"
    folder.mkdir()
    space = restore_folder(max(FOLDER.glob("folder-*")), folder)
    shutil.copyfile(space, tmp_path / "space.toml")
    return folder


@pytest.fixture
def made(data: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    return back_up(data, tmp_path / "usb" / "b.tar.gz")


def back_up(data: Path, target: Path, passphrase: str | None = None) -> Path:
    """A backup by the code below the command."""
    key = (data / KEY_FILE).read_bytes().strip()
    space = data.parent / "space.toml"
    make_backup(Contents(data, "gw1", key, space), target, NOW, passphrase)
    return target


def restored(archive: Path, folder: Path, **given: bytes | str) -> RestoreResult:
    """A restore by the code below the command."""
    key, passphrase = given.get("key"), given.get("passphrase")
    assert not isinstance(key, str)
    assert not isinstance(passphrase, bytes)
    return restore(archive, folder, key, LATER, passphrase)


def is_refused(archive: Path, folder: Path) -> bool:
    """Whether an archive is refused; nothing but a BackupError refuses it."""
    try:
        restored(archive, folder)
    except BackupError:
        return True
    return False


def refs(folder: Path) -> list[str]:
    """Every member of a folder."""
    with closing(DirectoryStore(folder / MEMBERS_FILE)) as store:
        return [member.ref for member in store.members()]


def rows(folder: Path) -> int:
    """How many rows the journal has, after a replay that is equal."""
    with closing(JournalFile(folder / JOURNAL_FILE)) as file:
        for site in file.sites():
            assert not replay(file, site, lambda: None).differences
        return file.last_n()


def run(*words: str) -> Result:
    """A command."""
    return CliRunner().invoke(app, list(words))


def test_a_backup_restores_to_what_was_there(data: Path, made: Path, tmp_path: Path) -> None:
    """Members, journal, key and space file; a replay is equal."""
    done = restored(made, tmp_path / "new")
    assert refs(tmp_path / "new") == refs(data)
    assert rows(tmp_path / "new") == rows(data) > 0
    assert (tmp_path / "new" / KEY_FILE).read_text() == (data / KEY_FILE).read_text()
    assert done.manifest.at == NOW
    space = tmp_path / "new" / RESTORED_SPACE / "space.toml"
    assert space.read_text() == (tmp_path / "space.toml").read_text()


def test_what_is_only_in_a_log_is_in_the_backup(data: Path, tmp_path: Path) -> None:
    """A copy of members.db while it is in use holds nobody: all of them are in its -wal file."""
    (data / MEMBERS_FILE).unlink()
    with closing(DirectoryStore(data / MEMBERS_FILE)) as store:
        store.bind((data / KEY_FILE).read_bytes().strip())
        with closing(sqlite3.connect(data / MEMBERS_FILE)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM holder").fetchall()
            members = [*_members_of(tmp_path)]
            store.apply(members)
            made = back_up(data, tmp_path / "b.tar.gz")
    restored(made, tmp_path / "new")
    assert refs(tmp_path / "new") == sorted(member.ref for member in members)


def _members_of(tmp_path: Path) -> Iterator[Member]:
    folder = tmp_path / "golden"
    folder.mkdir()
    restore_folder(max(FOLDER.glob("folder-*")), folder)
    with closing(DirectoryStore(folder / MEMBERS_FILE)) as store:
        yield from store.members()


def test_all_that_is_written_is_for_its_owner_alone(data: Path, made: Path, tmp_path: Path) -> None:
    """The archive holds the key, whatever the umask is."""
    before = os.umask(0)
    try:
        back_up(data, tmp_path / "open" / "b.tar.gz")
        restored(made, tmp_path / "new")
    finally:
        os.umask(before)
    files = [tmp_path / "open" / "b.tar.gz", *(tmp_path / "new").rglob("*"), data / "backup.json"]
    assert {file.name: oct(file.stat().st_mode & 0o077) for file in files} == {
        file.name: "0o0" for file in files
    }


def test_a_backup_leaves_nothing_else_beside_it(made: Path) -> None:
    """Neither copies of the stores, nor what it opened them in."""
    assert [file.name for file in made.parent.iterdir()] == [made.name]


def test_what_a_killed_backup_left_is_removed_by_the_next(data: Path, made: Path) -> None:
    """It is personal data; a running one's is left alone."""
    (made.parent / ".seuil-backup-killed").mkdir()
    (made.parent / ".seuil-backup-killed" / MEMBERS_FILE).touch()
    back_up(data, made)
    assert [file.name for file in made.parent.iterdir()] == [made.name]


def test_the_last_backup_is_remembered(data: Path, made: Path) -> None:
    """For the doctor, the console and the alarm."""
    last = last_backup(data)
    assert last is not None
    assert (last.at, last.file) == (NOW, str(made))


def test_an_encrypted_backup_restores_on_another_machine(data: Path, tmp_path: Path) -> None:
    """With its passphrase alone."""
    made = back_up(data, tmp_path / "b.age", PASSPHRASE)
    assert (data / KEY_FILE).read_bytes().strip() not in made.read_bytes()
    restored(made, tmp_path / "new", passphrase=PASSPHRASE)
    assert refs(tmp_path / "new") == refs(data)
    with pytest.raises(BackupError, match="give its passphrase"):
        restored(made, tmp_path / "new")
    with pytest.raises(BackupError, match="another passphrase"):
        restored(made, tmp_path / "new", passphrase=PASSPHRASE[1:])


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.9, 0.9999])
def test_a_truncated_archive_is_refused(
    data: Path, tmp_path: Path, kept: float, *, encrypted: bool
) -> None:
    """At its first byte and at its last ones; what is there stays."""
    passphrase = PASSPHRASE if encrypted else None
    made = back_up(data, tmp_path / "b", passphrase)
    whole = made.read_bytes()
    made.write_bytes(whole[: min(len(whole) - 1, int(len(whole) * kept) + 30)])
    before = rows(data)
    with pytest.raises(BackupError, match=r"truncated|damaged"):
        restore(made, data, None, LATER, passphrase)
    assert rows(data) == before
    assert not (data / READY).exists()


def test_a_changed_archive_is_refused(data: Path, made: Path) -> None:
    """By one bit, anywhere; only one that no content depends on may go unseen."""
    whole, refused = made.read_bytes(), 0
    places = range(200, len(whole), len(whole) // 10)
    for place in places:
        made.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        if is_refused(made, data):
            refused += 1
        else:
            assert gzip.decompress(made.read_bytes()) == gzip.decompress(whole)
    assert refused >= len(places) // 2


def test_another_file_is_no_backup(data: Path, tmp_path: Path) -> None:
    """A text, a tar of something else, a folder, nothing."""
    (tmp_path / "text").write_text("hello")
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "text", "text")
    for name in ("text", "other.tar.gz", "missing", "."):
        with pytest.raises(BackupError, match=r"no backup of seuil|cannot be read"):
            restored(tmp_path / name, data)


@pytest.mark.parametrize(
    ("word", "value"), [("FORMAT", archives.FORMAT + 1), ("__version__", "99.1.0")]
)
def test_an_archive_of_a_newer_version_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, value: object
) -> None:
    """With the version that it needs."""
    with monkeypatch.context() as newer:
        newer.setattr(archives, word, value)
        pack(tmp_path / "b.tar.gz", {MEMBERS_FILE: data / MEMBERS_FILE})
    with pytest.raises(BackupError, match=r"made by seuil .*update seuil first"):
        restored(tmp_path / "b.tar.gz", data)


def pack(target: Path, files: dict[str, Path]) -> None:
    """An archive of any files."""
    with target.open("wb") as out:
        archives.pack(out, archives.manifest_of(files, NOW, "gw1"), files, None)


def test_a_name_that_leads_out_of_the_folder_is_refused(data: Path, tmp_path: Path) -> None:
    """An archive may be anybody's."""
    for name in ("../evil", "/evil", "space/../../evil", "a/b"):
        pack(tmp_path / "b.tar.gz", {name: data / MEMBERS_FILE})
        with pytest.raises(BackupError, match="that no backup has"):
            restored(tmp_path / "b.tar.gz", data)
    assert not (tmp_path / "evil").exists()


def test_a_folder_with_a_running_gateway_is_refused(data: Path, made: Path) -> None:
    """With the gateway's name, and how to end it."""
    with (
        folder_lock(data, "gw7", NOW),
        pytest.raises(BackupError, match=r"gw7 runs already .*systemctl stop seuil"),
    ):
        restored(made, data)


def test_a_folder_with_a_running_console_is_refused(data: Path, made: Path) -> None:
    """It has no lock, but the members open; nothing is replaced below it."""
    with closing(DirectoryStore(data / MEMBERS_FILE)) as console:
        console.version()
        with pytest.raises(BackupError, match=r"members.db is in use .*seuil-console"):
            restored(made, data)
        assert console.members()
    restored(made, data)


def test_the_settings_other_key_is_refused(data: Path, made: Path) -> None:
    """Every badge would be unknown."""
    with pytest.raises(BackupError, match="another credential key"):
        restored(made, data, key=b"another key of sixteen bytes or more")


def test_a_backup_without_its_key_is_refused(data: Path, tmp_path: Path) -> None:
    """It would restore to members whose badges are all unknown."""
    with pytest.raises(BackupError, match="credential key is not here"):
        make_backup(Contents(data, "gw1", None, None), tmp_path / "b.tar.gz", NOW)


def test_a_folder_without_stores_is_refused(tmp_path: Path) -> None:
    """An empty backup would be found out too late."""
    with pytest.raises(BackupError, match="nothing to back up; is it the right folder"):
        make_backup(Contents(tmp_path, "gw1", b"k", None), tmp_path / "b.tar.gz", NOW)


def test_a_file_that_is_no_backup_is_not_replaced(data: Path, tmp_path: Path) -> None:
    """A slip of the fingers: `seuil backup space.toml`."""
    with pytest.raises(BackupError, match="no backup of seuil"):
        back_up(data, tmp_path / "space.toml")
    assert "[site]" in (tmp_path / "space.toml").read_text()


def test_a_damaged_store_is_not_backed_up(data: Path, tmp_path: Path) -> None:
    """The last good backup stays as it is."""
    made = back_up(data, tmp_path / "b.tar.gz")
    before = made.read_bytes()
    with (data / JOURNAL_FILE).open("rb+") as file:
        file.seek(3 * 4096)
        file.write(bytes(20_000))
    with pytest.raises(BackupError, match=r"journal.db"):
        back_up(data, made)
    assert made.read_bytes() == before


def test_a_full_disk_leaves_the_archive_of_before(
    data: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing beside it; the command says so in one sentence, and no age is told."""
    before, last = made.read_bytes(), last_backup(data)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(make, "pack", full)
    monkeypatch.setenv("SEUIL_DATA_DIR", str(data))
    told = run("backup", str(made))
    assert (told.exit_code, "No space left on device" in told.output) == (2, True)
    assert made.read_bytes() == before
    assert [file.name for file in made.parent.iterdir()] == [made.name]
    assert last_backup(data) == last


def test_who_was_erased_since_the_backup_is_erased_again(
    data: Path, made: Path, tmp_path: Path
) -> None:
    """From members, accounts and audit at once; the gateway's start does the journal's part."""
    with closing(DirectoryStore(data / MEMBERS_FILE)) as store:
        leaving = store.members()[0]
    erase_member(data, leaving.ref, LATER)
    done = restored(made, data)
    assert done.erased == 1
    assert leaving.ref not in refs(data)
    with closing(DirectoryStore(data / MEMBERS_FILE)) as store:
        assert store.erasures() == (leaving.holder.id,)
    # On another machine the list comes with the folder of the archives.
    back_up(data, made.parent / "newer.tar.gz")
    assert restored(made, tmp_path / "new").erased == 1
    assert leaving.ref not in refs(tmp_path / "new")
    assert restored(made, tmp_path / "new").erased == 1


def test_who_was_erased_before_the_backup_and_came_back_stays(data: Path, made: Path) -> None:
    """They are a member of the backup, too."""
    with closing(DirectoryStore(data / MEMBERS_FILE)) as store:
        back = store.members()[0]
    erase_member(data, back.ref, NOW - timedelta(hours=1))
    assert restored(made, data).erased == 0
    assert back.ref in refs(data)


def test_a_restore_that_was_killed_is_finished(
    data: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of its steps: the stores are those of before, or those of the backup."""
    whole = refs(data)
    for step in range(1, 8):
        folder = tmp_path / f"killed-{step}"
        shutil.copytree(data, folder)
        with closing(DirectoryStore(folder / MEMBERS_FILE)) as store:
            store.apply([], [store.members()[0].holder.id])
        left = _kill_at(step, monkeypatch, lambda to=folder: restored(made, to))  # type: ignore[misc]
        finish_restore(folder)
        assert refs(folder) == (whole if left else whole[1:]), step
        assert rows(folder) == rows(data)


def _kill_at(step: int, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> bool:
    """Let the n-th renaming be the last; return whether the archive was ready before it."""
    count, ready, rename = 0, False, Path.replace

    def replace(file: Path, to: Path) -> Path:
        nonlocal count, ready
        count += 1
        if count == step:
            raise KeyboardInterrupt
        ready = ready or Path(to).name == READY
        return rename(file, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace)
        try:
            work()
        except KeyboardInterrupt:
            return ready
    return True


def test_old_archives_are_deleted(tmp_path: Path) -> None:
    """Of this gateway only, and no other file."""
    for days in (0, 13, 15, 40):
        archive_in(tmp_path, "gw1", NOW - timedelta(days=days), encrypted=days == 40).touch()
    others = ("holiday.tar.gz", "seuil-gw2-20200101T000000Z.tar.gz", "seuil-gw1-notes.txt")
    for name in others:
        (tmp_path / name).touch()
    assert rotate(tmp_path, "gw1", NOW, 14) == 2
    assert len(list(tmp_path.iterdir())) == 2 + len(others)


def test_the_commands_say_what_they_did(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nightly: into the data folder, by its time; encrypted where a passphrase is set."""
    monkeypatch.setenv("SEUIL_DATA_DIR", str(data))
    monkeypatch.setenv("SEUIL_SPACE", str(tmp_path / "space.toml"))
    told = json.loads(run("backup", "--rotate", "--json").output)
    assert Path(told["file"]).parent == data / "backups"
    assert {"members.db", "journal.db", KEY_FILE, "space/space.toml"} <= set(told["files"])
    monkeypatch.setenv("SEUIL_BACKUP_PASSPHRASE", PASSPHRASE)
    assert "opened and checked" in run("backup", str(tmp_path / "b.age")).output
    monkeypatch.setenv("SEUIL_DATA_DIR", str(tmp_path / "new"))
    restored = run("restore", str(tmp_path / "b.age"))
    assert restored.exit_code == 0, restored.output
    assert "is as of" in restored.output
    # A folder that has members is not replaced without a word.
    assert run("restore", str(tmp_path / "b.age")).exit_code == 1
    assert run("restore", str(tmp_path / "b.age"), "--yes").exit_code == 0
    assert run("replay").exit_code == 0


def test_a_refusal_ends_with_2_and_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback."""
    monkeypatch.setenv("SEUIL_DATA_DIR", str(tmp_path))
    for words in (("backup", str(tmp_path / "b")), ("restore", str(tmp_path / "b"))):
        told = run(*words)
        assert told.exit_code == 2
        assert len(told.output.strip().splitlines()) == 1


def test_the_nightly_one_is_made_at_once_where_there_is_none_and_again_after_a_fault(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container, which has no timer: a failure is told and tried again, a success waits."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        (data / KEY_FILE).write_bytes(key)
        if seconds == command.LOOK_S:
            raise KeyboardInterrupt

    key = (data / KEY_FILE).read_bytes()
    (data / KEY_FILE).unlink()
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setenv("SEUIL_DATA_DIR", str(data))
    old = data / "backups" / f"seuil-gw1-{NOW - timedelta(days=20):%Y%m%dT%H%M%SZ}.tar.gz"
    old.parent.mkdir()
    old.touch()
    said = run("backup", "--nightly").output
    assert slept == [command.AGAIN_S, command.LOOK_S]
    assert "the credential key is not here" in said
    assert len(list((data / "backups").glob("*.tar.gz"))) == 1
    assert not old.exists()
