"""What may happen to a data folder under a real gateway: a second one, a removal, a replacement."""

import shutil
from asyncio.subprocess import PIPE, STDOUT, create_subprocess_exec
from pathlib import Path

import msgspec
import pytest

from benchmarks.crash_judge import asked
from gateway.adapters.journal.folder_lock import FILE as LOCK_FILE
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.backup import READY
from gateway.backup.archive import unpack
from gateway.backup.make import Contents, make_backup
from gateway.clock import SystemClock
from tests.servers import until
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA, KEY, member, members_in
from tests.world.wire import Wire

HEALTH = "seuil/gateway/gw1/health"
ACKS = "seuil/hub/reader/ack"


def stored(folder: Path) -> set[int]:
    """The numbers of the badges in a folder's journal."""
    with asked(folder / JOURNAL_FILE) as ask:
        rows = ask("SELECT event ->> 'seq' FROM journal WHERE kind = 'credential'")
    return {seq for (seq,) in rows}


def open_files(pid: int) -> list[str]:
    """What a process has open; a file that was deleted says so behind its name."""
    return [str(handle.readlink()) for handle in Path(f"/proc/{pid}/fd").iterdir()]


def acknowledged(wire: Wire) -> int:
    """The highest number that the reader may forget."""
    return max((ack["seq"] for ack in wire.said[ACKS]), default=0)


@pytest.mark.parametrize("more", [(), ("--embedded-broker", "--port", "0")], ids=["", "broker"])
async def test_a_second_gateway_refuses_and_the_first_is_undisturbed(
    gateway: GatewayProcess, wire: Wire, more: tuple[str, ...]
) -> None:
    """One clear line, exit code 2, and not a file of the first one's is touched."""
    await wire.acked(await wire.badge(ADA))
    second = await create_subprocess_exec(*gateway.command(), *more, stdout=PIPE, stderr=STDOUT)
    said, _ = await second.communicate()
    (line,) = said.decode().splitlines()
    assert second.returncode == 2
    assert f"gw1 runs already on {gateway.data}, pid {gateway.pid}, since 20" in line
    assert "systemctl stop seuil" in line
    assert not (gateway.data / "broker").exists()
    seq = await wire.badge(ADA)
    assert (await wire.answer(seq))["decision"] == "granted"
    await wire.acked(seq)
    assert "journal cannot be written" not in gateway.log


async def test_a_killed_gateway_leaves_no_lock(gateway: GatewayProcess, wire: Wire) -> None:
    """Its file stays, and is in nobody's way."""
    await gateway.kill()
    assert (gateway.data / LOCK_FILE).exists()
    await gateway.start()
    await wire.acked(await wire.badge(ADA))


async def test_a_folder_that_was_moved_away_is_waited_for(
    gateway: GatewayProcess, wire: Wire
) -> None:
    """Nothing is acknowledged meanwhile, the broker keeps it all, and nothing is lost."""
    before = await wire.badge(ADA)
    await wire.acked(before)
    away = gateway.data.with_name("away")
    gateway.data.rename(away)
    for _ in range(20):
        await wire.badge(ADA)
    await until(lambda: "the file or its folder was removed" in gateway.log, "it says so")
    await until(lambda: wire.last(HEALTH)["status"] == "journal-failing", "and in its health")
    await until(lambda: wire.last(HEALTH) and not gateway.data.exists(), "it makes no new folder")
    assert acknowledged(wire) == before
    away.rename(gateway.data)
    await until(lambda: "can be written again" in gateway.log, "it heals")
    await wire.acked(before + 20)
    assert stored(gateway.data) == set(range(1, before + 21))
    await until(lambda: wire.last(HEALTH)["status"] == "ok", "and says so")


async def test_a_folder_that_was_deleted_takes_nothing_more(
    gateway: GatewayProcess, wire: Wire
) -> None:
    """What came since is the broker's and the readers', until there is a folder again."""
    before = await wire.badge(ADA)
    await wire.acked(before)
    shutil.rmtree(gateway.data)
    await until(lambda: "the file or its folder was removed" in gateway.log, "it looks by itself")
    for _ in range(20):
        await wire.badge(ADA)
    await until(lambda: "still cannot be written" in gateway.log, "it waits")
    assert acknowledged(wire) == before
    assert not gateway.data.exists()
    # What it had acknowledged is still in the process: the way out that the log tells of.
    assert any(str(gateway.data / JOURNAL_FILE) in name for name in open_files(gateway.pid))


async def test_a_folder_that_was_replaced_ends_the_gateway(
    gateway: GatewayProcess, wire: Wire
) -> None:
    """Its next start goes on with the one that was put there, and no acknowledged badge is lost."""
    await gateway.stop()
    backup, old = gateway.data.with_name("backup"), gateway.data.with_name("old")
    shutil.copytree(gateway.data, backup)
    await gateway.start()
    before = await wire.badge(ADA)
    await wire.acked(before)
    gateway.data.rename(old)
    backup.rename(gateway.data)
    for _ in range(20):
        await wire.badge(ADA)
    assert await gateway.ended() == 2
    assert "was replaced by another file while the gateway ran" in gateway.log.splitlines()[-1]
    assert acknowledged(wire) == before
    assert before in stored(old)
    await gateway.start()
    kept = set(range(before + 1, before + 21))
    await until(lambda: stored(gateway.data) >= kept, "the broker's are journaled")


async def test_a_start_finishes_a_restore_that_was_killed(
    stopped_gateway: GatewayProcess, tmp_path: Path
) -> None:
    """The folder is whole and waits to be put into place; Ada, who was removed since, is back."""
    data, archive = stopped_gateway.data, tmp_path / "b.tar.gz"
    make_backup(Contents(data, "gw1", KEY.encode(), None), archive, SystemClock().now())
    with members_in(data) as members:
        members.apply([], [each.holder.id for each in members.members()])
    (data / READY).mkdir()
    manifest = unpack(archive, data / READY, None)
    (data / READY / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    async with stopped_gateway as gateway:
        assert "a restore was interrupted" in gateway.log
    assert not (data / READY).exists()
    with members_in(data) as members:
        assert [each.name for each in members.members()] == [member(ADA).name]
