"""Files are written whole: the old one or the new one, never half of one, and nothing beside it."""

import os
import stat
import sys
from pathlib import Path
from typing import IO, NoReturn

import pytest

from gateway.files import private_folder, whole, write_whole


def fail_after(draft: IO[bytes], wrong: BaseException) -> NoReturn:
    """Write half of it, then fail."""
    draft.write(b"half")
    raise wrong


def mode_of(file: Path) -> int:
    """Its permissions."""
    return stat.S_IMODE(file.stat().st_mode)


def test_it_is_replaced_at_once(tmp_path: Path) -> None:
    """Until all of it is written, readers see the old one."""
    file = tmp_path / "space.toml"
    file.write_bytes(b"before")
    with whole(file) as draft:
        draft.write(b"after")
        assert file.read_bytes() == b"before"
    assert file.read_bytes() == b"after"
    assert [each.name for each in tmp_path.iterdir()] == ["space.toml"]


@pytest.mark.parametrize("wrong", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_in_the_middle_leaves_it_as_it_was(tmp_path: Path, wrong: BaseException) -> None:
    """A full disk or Ctrl-C in the middle changes nothing and leaves no draft."""
    file = tmp_path / "members.csv"
    file.write_bytes(b"before")
    with pytest.raises(type(wrong)), whole(file, 0o600) as draft:
        fail_after(draft, wrong)
    assert file.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["members.csv"]


def test_it_is_on_disk_before_it_has_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut may undo is the whole change, and no part of it."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content")
        fsync(handle)

    def replaced(self: Path, target: Path) -> Path:
        steps.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_whole(tmp_path / "key", b"secret", 0o600)
    assert steps == ["content", "name", "folder"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644], ids=oct)
def test_a_mode_is_taken_as_given(tmp_path: Path, mode: int, umask: int) -> None:
    """With umask 077 the broker could not read its own configuration."""
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", b"", mode)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "file") == mode


def test_without_a_mode_it_keeps_its_own(tmp_path: Path) -> None:
    """A file that is replaced keeps its permissions."""
    file = tmp_path / "space.toml"
    file.touch()
    file.chmod(0o604)
    write_whole(file, b"after")
    assert mode_of(file) == 0o604


def test_a_new_file_without_a_mode_has_what_the_umask_leaves(tmp_path: Path) -> None:
    """A new file has the permissions that the umask leaves."""
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "report.csv", b"")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "report.csv") == 0o640


def test_one_that_must_not_be_replaced_stays(tmp_path: Path) -> None:
    """A key is never replaced."""
    file = tmp_path / "credential.key"
    file.write_bytes(b"old")
    with pytest.raises(FileExistsError), whole(file, 0o600, replace=False) as draft:
        draft.write(b"new")
    assert file.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["credential.key"]


def test_what_a_link_names_is_replaced(tmp_path: Path) -> None:
    """A symbolic link stays one."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"before")
    link.symlink_to(real)
    write_whole(link, b"after")
    assert link.is_symlink()
    assert real.read_bytes() == b"after"


def test_a_draft_that_a_kill_left_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container each process has the same number: no name may be made of it."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    (tmp_path / ".file.1").write_bytes(b"half")
    write_whole(tmp_path / "file", b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole"


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/fd")
def test_a_pipe_is_written_directly() -> None:
    """`--csv /dev/stdout` is a pipe, and no file that could be replaced."""
    read, write = os.pipe()
    write_whole(Path(f"/dev/fd/{write}"), b"to a pipe")
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"to a pipe"


def test_what_root_makes_belongs_to_the_folders_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sudo seuil members import` beside a service: else the service could not read it."""
    given: list[tuple[Path, int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda *of: given.append(of))
    owner = tmp_path.stat()
    write_whole(tmp_path / "new", b"")
    private_folder(tmp_path / "folder")
    assert [of[1:] for of in given] == [(owner.st_uid, owner.st_gid)] * 2
    write_whole(tmp_path / "new", b"again")  # it has an owner
    private_folder(tmp_path / "folder")
    assert len(given) == 2
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    write_whole(tmp_path / "other", b"")
    assert len(given) == 2
