"""One installation, one place: each command reads the same file, or says which one it acts on."""

import os
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.adapters.directory import FILE, DirectoryStore, credential_key
from gateway.cli import app
from gateway.config import ConfigError, load_settings, settings
from gateway.config.settings import KEY_FILE
from tests.world.gateway_process import HUB


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's file, with a data folder and a folder of secrets; we are somewhere else."""
    for variable in [name for name in os.environ if name.startswith("SEUIL_")]:
        monkeypatch.delenv(variable)
    file = tmp_path / "etc" / "seuil.env"
    (file.parent / "secrets").mkdir(parents=True)
    (file.parent / "secrets" / "seuil_broker_password").write_text("hunter2-hunter2")
    file.write_text(
        "# The installation\n"
        f"SEUIL_DATA_DIR={tmp_path}/var\n"
        "SEUIL_SPACE=space.toml\n"
        "SEUIL_SECRETS_DIR=secrets\n"
        'SEUIL_BROKER_USERNAME="gateway"\n'
        "SEUIL_METRICS_PORT=\n"
        "TZ=Europe/Paris\n",
        encoding="utf-8-sig",
    )
    monkeypatch.setattr(settings, "CONFIG_FILE", file)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    settings._say.cache_clear()
    return file


def test_the_machines_file_is_read_wherever_a_command_is_typed(
    machine: Path, tmp_path: Path
) -> None:
    """Its paths are relative to it; a byte-order mark, quotes and others' variables do no harm."""
    found = load_settings()
    assert (found.config, found.data_dir) == (machine, tmp_path / "var")
    assert found.space == machine.parent / "space.toml"
    assert found.broker_username == "gateway"
    assert found.broker_password is not None
    assert found.broker_password.get_secret_value() == "hunter2-hunter2"
    assert found.metrics_port is None


def test_a_variable_of_the_environment_wins(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The console's login on the same machine is another one."""
    monkeypatch.setenv("SEUIL_BROKER_USERNAME", "console")
    assert load_settings().broker_username == "console"
    assert load_settings().config == machine


def test_another_folder_is_another_installation(
    machine: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of the machine's file is taken for it, no login above all; and it is said."""
    del machine
    found = load_settings(data_dir=tmp_path / "demo")
    assert (found.config, found.broker_username, found.space) == (None, None, None)
    acting = f"acting on the installation in {tmp_path}/demo, not on the one in {tmp_path}/var"
    load_settings(data_dir=tmp_path / "demo")
    assert caplog.messages == [acting]


def test_two_installations_stop_a_command_that_names_none(
    machine: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As root, `members import` once said "48 added" into ./data, which no gateway reads."""
    (tmp_path / "here" / "data").mkdir()
    load_settings()  # an empty folder is no installation
    (tmp_path / "here" / "data" / FILE).touch()
    told = CliRunner().invoke(app, ["members", "list"])
    assert told.exit_code == 2
    assert f"names the installation in {tmp_path}/var, and there is one in" in told.output
    settings.use_config(machine)
    try:
        assert load_settings().data_dir == tmp_path / "var"
    finally:
        del os.environ["SEUIL_CONFIG"]
    assert caplog.messages == [
        f"acting on the installation in {tmp_path}/var, not on the one in {tmp_path}/here/data"
    ]


@pytest.mark.parametrize("behind", [False, True], ids=["before the command", "behind it"])
def test_a_command_takes_another_file(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, behind: bool
) -> None:
    """`--config` stands on either side of the command."""
    monkeypatch.setenv("SEUIL_CONFIG", "")  # put back after the command, which sets it
    other = tmp_path / "other.env"
    other.write_text("SEUIL_DATA_DIR=elsewhere\n")
    words = ["members", "readers-key"]
    given = ["--config", str(other)]
    told = CliRunner().invoke(app, [*words, *given] if behind else [*given, *words])
    assert f"{tmp_path}/elsewhere: there is no credential key yet" in told.output
    del machine


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SEUIL_BROKER_ULR=mqtt://x", 'did you mean "BROKER_URL"?'),
        ("SEUIL_PASSAGE_DAYS=ninety", "SEUIL_PASSAGE_DAYS: input should be a valid integer"),
        ("SEUIL_SECRETS_DIR=/no/such", '"/no/such" is not a folder'),
    ],
)
def test_a_fault_of_the_file_is_said_with_its_place(machine: Path, line: str, message: str) -> None:
    """The file's name, the variable, what would be right."""
    machine.write_text(f"{line}\n")
    with pytest.raises(ConfigError) as wrong:
        load_settings()
    assert str(wrong.value).startswith(f"{machine}: SEUIL_")
    assert message in str(wrong.value)


def test_a_named_file_that_is_missing_is_a_fault(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's own is not taken instead."""
    monkeypatch.setenv("SEUIL_CONFIG", str(machine.with_name("other.env")))
    with pytest.raises(ConfigError, match=r"other.env\" is not a file"):
        load_settings()


def test_a_file_that_is_for_others_stops_only_who_means_it(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may try a demo on the machine; who names nothing is told to use sudo."""

    def refused(_: Path, *__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Path, "read_text", refused)
    assert load_settings(data_dir=tmp_path / "demo").config is None
    with pytest.raises(ConfigError, match=r"seuil.env.* cannot be read: .*Permission denied"):
        load_settings()
    del machine


def test_no_key_is_made_beside_members_who_have_one(tmp_path: Path) -> None:
    """A second key would orphan every badge; the advice is never to remove the members."""
    with closing(DirectoryStore(tmp_path / FILE)) as store:
        store.bind(b"the key that is somewhere else")
    with pytest.raises(ConfigError, match=r"not here, so none is made.*--config") as wrong:
        credential_key(load_settings(data_dir=tmp_path))
    assert "remove" not in str(wrong.value)
    assert not (tmp_path / KEY_FILE).exists()


def test_a_key_is_made_for_members_who_have_none(tmp_path: Path) -> None:
    """The gateway's first start makes the members first."""
    DirectoryStore(tmp_path / FILE).close()
    assert len(credential_key(load_settings(data_dir=tmp_path))) == 64


def test_commands_take_the_installations_space_file(machine: Path, tmp_path: Path) -> None:
    """Typed anywhere, without a file's name; one that is named counts."""
    (machine.parent / "space.toml").write_text(HUB)
    said = CliRunner().invoke(app, ["check", "--json"])
    assert '"hub"' in said.output
    other = tmp_path / "other.toml"
    other.write_text(HUB.replace('id = "hub"', 'id = "annex"'))
    assert '"annex"' in CliRunner().invoke(app, ["check", "--json", str(other)]).output
    sheet = tmp_path / "members.csv"
    sheet.write_text("ref,name,plan\nM-1,Ada,al\n")
    said = CliRunner().invoke(app, ["members", "import", str(sheet), "--dry-run"])
    assert 'did you mean "all"?' in said.output
