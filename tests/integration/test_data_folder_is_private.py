"""Every file that setup, import, gateway, console and backup write is private, and documented."""

import os
import re
import stat
import sys
from asyncio.subprocess import DEVNULL, create_subprocess_exec
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters.sql.sqlite import prepare
from gateway.config import Settings
from tests.paths import ROOT
from tests.servers import Mosquitto
from tests.world.console_process import ConsoleProcess
from tests.world.gateway_process import GatewayProcess

PAGE = (ROOT / "docs/privacy.md").read_text("utf-8")


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A machine on which new files are for everybody, as a careless one's."""
    before = os.umask(0)
    yield
    os.umask(before)


async def seuil(*words: str, data: Path) -> None:
    """A command beside the services."""
    environment = os.environ | {"SEUIL_DATA_DIR": str(data)}
    process = await create_subprocess_exec(
        *(sys.executable, "-c", "from gateway.cli import main; main()", *words),
        env=environment,
        stdout=DEVNULL,
    )
    assert await process.wait() == 0, words


async def test_every_file_is_for_its_owner_alone_and_on_the_privacy_page(
    broker: Mosquitto, tmp_path: Path, open_umask: None
) -> None:
    """After an import, a gateway and a console that run, an erasure, a backup and its restore."""
    del open_umask
    sheet = tmp_path / "members.csv"
    sheet.write_text("ref,name,plan,badges\nM-1,Ada,all,04a224b2c31990\nM-2,Bob,all,04a224b2c3\n")
    data = tmp_path / "gateway" / "data"
    await seuil("members", "import", str(sheet), "--timezone", "Europe/Paris", data=data)
    key = (data / "credential.key").read_text().strip()
    gateway = GatewayProcess(tmp_path / "gateway", broker.url, credential_key=key)
    space = tmp_path / "gateway" / "space.toml"
    settings = {"broker_url": broker.url, "data_dir": str(data)}
    async with gateway, ConsoleProcess(tmp_path / "console", space, **settings):
        await gateway.hears()
        await seuil("privacy", "erase", "M-1", "--yes", data=data)
        await seuil("backup", "--space", str(space), data=data)
        found = readable(data)
    (archive,) = (data / "backups").glob("*.tar.gz")
    await seuil("restore", str(archive), "--yes", data=data)
    assert found | readable(data) == {}
    names = {file.name for file in data.iterdir()}
    assert {"journal.db", "members.db", "audit.db", "console.db", "backups", "erased"} <= names
    told = set(
        re.findall(r"`([a-z.-]+)/?`", PAGE.split("| Fichier du dossier")[1].split("\n\n")[0])
    )
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in names} - told == set()


def readable(folder: Path) -> dict[str, str]:
    """The files and folders that others than their owner may look into, with their modes."""
    everything = [folder, *folder.rglob("*")]
    modes = {str(file): stat.S_IMODE(file.stat().st_mode) for file in everything if file.exists()}
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("passage_days", "**{} jours**, puis seulement des nombres | `SEUIL_PASSAGE_DAYS`"),
        ("backup_days", "**{} jours**, 90 au plus | `SEUIL_BACKUP_DAYS`"),
    ],
)
def test_the_pages_times_are_the_settings_own(setting: str, words: str) -> None:
    """A default that changes changes the page, which people hang up beside a door."""
    assert words.format(Settings.model_fields[setting].default) in PAGE


def test_a_journal_that_everybody_may_read_is_closed(tmp_path: Path) -> None:
    """As releases before this one made it; a group that was let in stays."""
    file = tmp_path / "journal.db"
    file.touch()
    for before, after in ((0o644, 0o600), (0o640, 0o640)):
        file.chmod(before)
        prepare(file)
        assert stat.S_IMODE(file.stat().st_mode) == after
