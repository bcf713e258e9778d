"""Settings and secrets: read once, checked whole, never shown."""

import os
import stat
from pathlib import Path

import pytest

from gateway.adapters.directory import credential_key
from gateway.config import ConfigError, known_credential_key, load_settings
from gateway.config.settings import KEY_FILE


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("SEUIL_")]:
        monkeypatch.delenv(variable)


def test_without_any_variable_it_runs_on_this_machine() -> None:
    """The defaults are a broker on loopback, no InfluxDB, and a folder beside."""
    settings = load_settings()
    assert settings.broker_url == "mqtt://127.0.0.1:1883"
    assert settings.influx_url is None
    assert settings.data_dir == Path("data")
    assert settings.passage_days == 90


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable is a setting; an empty one is none."""
    monkeypatch.setenv("SEUIL_BROKER_URL", "mqtts://broker.example.org:8883")
    monkeypatch.setenv("SEUIL_INFLUX_URL", "")
    assert load_settings().broker_url == "mqtts://broker.example.org:8883"
    assert load_settings().influx_url is None


def test_the_command_line_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is given counts more than the environment; None is not given."""
    monkeypatch.setenv("SEUIL_DATA_DIR", "/elsewhere")
    assert load_settings(data_dir=tmp_path).data_dir == tmp_path
    assert load_settings(data_dir=None).data_dir == Path("/elsewhere")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SEUIL_BROKER_URL", "http://127.0.0.1", "must look like mqtt://host:port"),
        ("SEUIL_BROKER_URL", "mqtt://127.0.0.1:port", "port"),
        ("SEUIL_BROKER_URL", "mqtt://me:hunter2@host", "must not hold a password"),
        ("SEUIL_BROKER_CA_FILE", "/no/such/file.pem", "is not a file"),
        ("SEUIL_INFLUX_URL", "127.0.0.1:8086", "must look like http://host:port"),
        ("SEUIL_PASSAGE_DAYS", "0", "greater than or equal to 1"),
        ("SEUIL_PASSAGE_DAYS", "ninety", "integer"),
        ("SEUIL_LOG_LEVEL", "loud", "'debug', 'info'"),
        ("SEUIL_PREFIX", "a/b", "pattern"),
        ("SEUIL_CREDENTIAL_KEY", "short", "at least 16"),
        ("SEUIL_SECRETS_DIR", "/no/such/folder", "is not a folder"),
        ("SEUIL_BROKER_ULR", "mqtt://x", 'did you mean "BROKER_URL"?'),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    """The fault has the variable's name and says what would be right."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as wrong:
        load_settings()
    assert [fault.path for fault in wrong.value.faults] == [variable]
    assert message in wrong.value.faults[0].message
    assert "hunter2" not in str(wrong.value)


def test_every_wrong_variable_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody mends one to find the next."""
    monkeypatch.setenv("SEUIL_PASSAGE_DAYS", "0")
    monkeypatch.setenv("SEUIL_LOG_LEVEL", "loud")
    monkeypatch.setenv("SEUIL_NONSENSE", "1")
    with pytest.raises(ConfigError) as wrong:
        load_settings()
    assert {fault.path for fault in wrong.value.faults} == {
        "SEUIL_PASSAGE_DAYS",
        "SEUIL_LOG_LEVEL",
        "SEUIL_NONSENSE",
    }


def test_secrets_come_from_files_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file of the secrets' folder is a setting; a variable wins over it."""
    (tmp_path / "seuil_broker_password").write_text("from-a-file\n")
    (tmp_path / "seuil_influx_token").write_text("token-file\n")
    monkeypatch.setenv("SEUIL_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("SEUIL_INFLUX_TOKEN", "token-variable")
    settings = load_settings()
    assert settings.broker_password is not None
    assert settings.broker_password.get_secret_value() == "from-a-file"
    assert settings.influx_token is not None
    assert settings.influx_token.get_secret_value() == "token-variable"
    assert settings.secrets_dir == tmp_path


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a settings object nor a complaint about one repeats a secret."""
    for name in ("BROKER_PASSWORD", "INFLUX_TOKEN", "CREDENTIAL_KEY"):
        monkeypatch.setenv(f"SEUIL_{name}", "hunter2-hunter2-hunter2")
    assert "hunter2" not in repr(load_settings()) + str(load_settings())
    monkeypatch.setenv("SEUIL_CREDENTIAL_KEY", "hunter2")
    with pytest.raises(ConfigError) as wrong:
        load_settings()
    assert "hunter2" not in str(wrong.value)


def test_the_credential_key_is_made_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At first use a key is made that only its owner may read; it is said once, without the key."""
    settings = load_settings(data_dir=tmp_path / "new")
    assert known_credential_key(settings) is None
    key = credential_key(settings)
    file = tmp_path / "new" / KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(key) == 64
    assert credential_key(settings) == known_credential_key(settings) == key
    assert len(caplog.records) == 1
    assert key.decode() not in caplog.text
    assert [each.name for each in file.parent.iterdir()] == [KEY_FILE]


def test_the_key_of_the_file_may_move_into_the_environment(tmp_path: Path) -> None:
    """The file's text as SEUIL_CREDENTIAL_KEY is the same key."""
    settings = load_settings(data_dir=tmp_path)
    key = credential_key(settings)
    moved = load_settings(data_dir=tmp_path / "b", credential_key=key.decode())
    assert credential_key(moved) == key
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("content", [b"", b"\n", b"abc\n", b"\xff" * 64])
def test_a_broken_key_file_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    """A new key would orphan every badge: the fault is told instead."""
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(ConfigError, match=KEY_FILE):
        credential_key(load_settings(data_dir=tmp_path))
    assert (tmp_path / KEY_FILE).read_bytes() == content


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """An unwritable place is a ConfigError."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be"):
        credential_key(load_settings(data_dir=tmp_path / "file"))
