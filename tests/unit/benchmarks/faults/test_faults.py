"""What the faults' benchmark stands on: the shim, the power cuts, the packets."""

import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults import mqtt_proxy as mqtt
from benchmarks.faults.power_cut_images import SimulatedFile
from benchmarks.faults.shim import Op, Shim

_WRITES = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
for number in range(1, 6):
    try:
        done = os.pwrite(file, bytes([number]) * 8, 8 * (number - 1))
        os.fdatasync(file)
        print("stored", done)
    except OSError as wrong:
        print(wrong.errno)
"""


def run(shim: Shim, file: Path) -> subprocess.CompletedProcess[str]:
    """Five writes, each synced, by a process with the shim."""
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _WRITES, str(file)],
        env={**shim.env, "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("how", "after", "count", "said"),
    [
        ("no space", 3, 1, ["stored 8", "28", "stored 8", "stored 8", "stored 8"]),
        ("I/O error", 4, 1, ["stored 8", "5", "stored 8", "stored 8", "stored 8"]),
        ("short write", 3, 2, ["stored 8", "28", "stored 8", "stored 8", "stored 8"]),
        ("no space", 3, 3, ["stored 8", "28", "28", "28", "stored 8"]),
    ],
)
def test_the_operations_that_are_to_fail_do(
    tmp_path: Path, how: str, after: int, count: int, said: list[str]
) -> None:
    """Those and no others; of a short write the half is stored, and what follows fails."""
    shim = Shim(tmp_path / "shim", logs=True)
    shim.fail(after, count, how)  # type: ignore[arg-type] # one of the three
    assert run(shim, tmp_path / "journal.db").stdout.splitlines() == said
    assert shim.failed == count
    shim.close()


def test_a_process_is_killed_at_an_operation(tmp_path: Path) -> None:
    """Before it: what was synced is there, and nothing of it."""
    shim = Shim(tmp_path / "shim")
    shim.kill(5)
    killed = run(shim, tmp_path / "journal.db")
    assert killed.returncode == -9
    assert (tmp_path / "journal.db").read_bytes() == b"\x01" * 8 + b"\x02" * 8
    shim.close()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """Members, logs, the shared memory of SQLite."""
    shim = Shim(tmp_path / "shim")
    shim.fail(1, 100, "no space")
    for name in ("members.db", "journal.db-shm"):
        assert run(shim, tmp_path / name).stdout.splitlines() == ["stored 8"] * 5
    assert (shim.ops, shim.failed) == (0, 0)
    shim.close()


def test_what_was_done_is_logged_in_its_order(tmp_path: Path) -> None:
    """With every byte, so that a disk can be made of it."""
    shim = Shim(tmp_path / "shim", logs=True)
    run(shim, tmp_path / "journal.db")
    ops = list(shim.logged())
    assert [op.kind for op in ops] == ["made", *["write", "sync"] * 5]
    assert [op.offset for op in ops if op.kind == "write"] == [0, 8, 16, 24, 32]
    assert b"".join(op.content for op in ops) == (tmp_path / "journal.db").read_bytes()
    assert [op.at_s for op in ops] == sorted(op.at_s for op in ops)
    shim.close()


# -- power cuts


def wrote(offset: int, content: bytes) -> Op:
    """A write to the journal."""
    return Op("write", 0, offset, content, 0.0)


SYNC = Op("sync", 0, 0, b"", 0.0)


def images(disk: SimulatedFile, sector: int, count: int = 300) -> set[bytes | None]:
    """What may be there."""
    draw = random.Random(1)
    return {disk.image(draw, sector) for _ in range(count)}


def test_what_was_synced_is_there() -> None:
    """All of it, and nothing else."""
    disk = SimulatedFile()
    for op in (wrote(0, b"a" * 8), wrote(8, b"b" * 8), SYNC):
        disk.apply(op)
    assert images(disk, 4) == {b"a" * 8 + b"b" * 8}


def test_of_what_was_not_any_part_may_be() -> None:
    """Any sector in the old or the new version, in no order, but each whole."""
    disk = SimulatedFile()
    for op in (wrote(0, b"a" * 12), SYNC, wrote(0, b"b" * 12)):
        disk.apply(op)
    found = images(disk, 4)
    assert {b"a" * 12, b"b" * 12, b"a" * 4 + b"b" * 8, b"b" * 8 + b"a" * 4} <= found
    assert b"b" * 4 + b"a" * 4 + b"b" * 4 in found, "not only a beginning"
    assert all(each and set(each[at : at + 4]) <= {each[at]} for each in found for at in (0, 4, 8))


def test_a_file_that_grew_may_be_short_or_have_holes() -> None:
    """Its size is of another moment than its content."""
    disk = SimulatedFile()
    for op in (wrote(0, b"a" * 4), SYNC, wrote(4, b"b" * 4), wrote(8, b"c" * 4)):
        disk.apply(op)
    sizes = {len(each) for each in images(disk, 4) if each is not None}
    assert sizes == {4, 8, 12}
    assert any(each and b"\x00" * 4 in each for each in images(disk, 4))


def test_a_new_file_may_not_be_there() -> None:
    """Until it was synced, and its folder with it."""
    disk = SimulatedFile()
    disk.apply(Op("made", 0, 0, b"", 0.0))
    assert None in images(disk, 4)
    disk.apply(SYNC)
    assert images(disk, 4) == {b""}


def test_what_was_removed_may_come_back() -> None:
    """Until the folder was synced."""
    disk = SimulatedFile()
    for op in (wrote(0, b"a"), SYNC, Op("removed", 0, 0, b"", 0.0)):
        disk.apply(op)
    assert images(disk, 4) == {b"a", None}
    disk.forget_gone()
    assert images(disk, 4) == {None}


# -- packets


def publish(topic: str, number: int, payload: bytes = b"{}") -> bytes:
    """A PUBLISH at QoS 1, without properties."""
    name = topic.encode()
    body = struct.pack("!H", len(name)) + name + struct.pack("!HB", number, 0) + payload
    return bytes((mqtt.PUBLISH << 4 | 2, len(body))) + body


def test_an_order_is_told_and_refused() -> None:
    """By its topic and its number [MQTT-3.4.2.1]."""
    order = publish("seuil/hub/reader/command", 4711)
    assert mqtt.is_order(order)
    assert not mqtt.is_order(publish("seuil/hub/reader/ack", 4711))
    refusal = mqtt.refused(order, mqtt.QUOTA_EXCEEDED)
    assert refusal == bytes((0x40, 4)) + struct.pack("!HBB", 4711, 0x97, 0)


def test_a_repetition_says_that_it_is_one() -> None:
    """The DUP flag, and nothing else."""
    order = publish("a/b", 1)
    assert mqtt.again(order) == bytes((order[0] | 8,)) + order[1:]


def test_a_forgetful_broker_begins_a_new_session() -> None:
    """The clean start flag of a CONNECT."""
    body = b"\x00\x04MQTT\x05" + bytes((0b0000_0000,)) + b"\x00\x14\x00\x00\x03gw1"
    connect = bytes((mqtt.CONNECT << 4, len(body))) + body
    (changed,) = mqtt.forgetting(connect)
    assert changed[9] == 0b0000_0010
    assert changed[:9] + changed[10:] == connect[:9] + connect[10:]
    assert mqtt.forgetting(publish("a/b", 1)) == [publish("a/b", 1)]
