"""Settings and secrets, from the environment, the installation's file or files of secrets.

Each setting is a variable `SEUIL_<NAME>`, of the environment or of `/etc/seuil/seuil.env`, or a
file `seuil_<name>` in the folder that `SEUIL_SECRETS_DIR` names (Docker and Kubernetes mount
secrets as such files); the first that has it wins. Nothing else reads the environment.

An installation is its data folder. Every command of a machine acts on the one that the file names,
wherever it is typed; `seuil --config FILE` names another file, and a command that names another
folder does not read the file.
"""

import logging
import os
from collections.abc import Mapping
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gateway.config.faults import ConfigError, ConfigFault, unknown

PREFIX = "SEUIL_"
KEY_FILE = "credential.key"
_KEY_MIN: Final = 64
"""Characters of a key file: 32 bytes as hex."""
CONFIG_FILE: Final = Path("/etc/seuil/seuil.env")
"""The file of the machine's installation."""
_CONFIG: Final = f"{PREFIX}CONFIG"
_PATHS: Final = frozenset({"broker_ca_file", "data_dir", "secrets_dir", "space", "backup_dir"})
"""Settings that are relative to the file that has them."""

_log = logging.getLogger(__name__)


def _with_scheme(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        parts = urlsplit(url)  # ValueError for a broken address; pydantic reports it
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must look like {schemes[0]}://host:port ({' or '.join(schemes)})")
        _ = parts.port  # likewise for a broken port
        if parts.password is not None:
            raise ValueError("must not hold a password: it would be seen in logs")
        return url

    return AfterValidator(check)


def _hosts(text: object) -> object:
    if not isinstance(text, str):
        return text
    hosts = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    if wrong := [host for host in hosts if "/" in host or any(sign.isspace() for sign in host)]:
        raise ValueError(f"must be hosts alone, with commas between them; {wrong[0]} is none")
    return hosts


def _is_open_to_all(url: str) -> bool:
    """Return whether others can intercept the connection: plain http to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}


Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Key = Annotated[SecretStr, Field(min_length=16)]


class Settings(BaseSettings):
    """All settings that do not concern a place: addresses, secrets, folders. Frozen."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    broker_url: Annotated[str, _with_scheme("mqtt", "mqtts")] = "mqtt://127.0.0.1:1883"
    """mqtts:// for TLS."""
    broker_username: str | None = None
    broker_password: SecretStr | None = None
    broker_ca_file: Path | None = None
    """The authority that signed the broker's certificate; absent: the system's."""
    influx_url: Annotated[str, _with_scheme("http", "https")] | None = None
    """Absent: the journal alone keeps history."""
    influx_token: SecretStr | None = None
    influx_org: str = "seuil"
    influx_bucket: str = "seuil"
    config: Path | None = None
    """The installation's file; absent: /etc/seuil/seuil.env, if it is there."""
    space: Path | None = None
    """The space file, or a folder of them, for commands that name none."""
    data_dir: Path = Path("data")
    """The journal, the members and the credential key."""
    backup_dir: Path | None = None
    """The folder of nightly backups; absent: `backups` in `data_dir`."""
    backup_days: Annotated[int, Field(ge=1, le=90)] = 14
    """Days that nightly backups are kept, and never longer than passages are."""
    backup_passphrase: Key | None = None
    """Backups are encrypted with it; absent: they are not."""
    credential_key: Key | None = None
    """The key of badge hashes; absent: a file of `data_dir`, made at first use."""
    prefix: Word = "seuil"
    """The first level of every topic."""
    instance: Word = "gw1"
    """This gateway's name, where several share a broker."""
    secrets_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    public_url: Annotated[str, _with_scheme("https", "http")] | None = None
    """The console's address for browsers, in links and passkeys; absent: the address of each
    request.
    """
    oidc_issuer: Annotated[str, _with_scheme("https", "http")] | None = None
    """The OpenID Connect provider; absent: local accounts only."""
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    """Absent: the provider knows the console as a public client; PKCE is used in any case."""
    passage_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """Days that passages are kept with a pseudonym; afterwards only counts."""
    home_assistant: Literal["off", "fr", "en", "remove"] = "off"
    """Publish the space to Home Assistant over the broker, with names in this language; remove:
    delete what was published.
    """
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The gateway's figures for Prometheus, on this port of the loopback; absent: none."""
    metrics_token: Key | None = None
    """The token of Prometheus at the console's /metrics; absent: there is no such page."""
    bookings_token: Key | None = None
    """The secret in the address of the feed of bookings; absent: there is no such feed."""
    webhook_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = ()
    """Hosts that webhooks may be sent to, with commas. A private address must be listed itself."""
    clock_wait_s: Annotated[float, Field(ge=0, le=300)] = 30.0
    """Most seconds that a start waits for a clock that is being synchronised."""
    audit_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """Days that operators' own acts are kept: requests, sign-ins, views of a member's log."""

    @model_validator(mode="after")
    def _files_exist(self) -> "Settings":
        if self.broker_ca_file is not None and not self.broker_ca_file.is_file():
            raise ValueError(f"{PREFIX}BROKER_CA_FILE: {self.broker_ca_file} is not a file")
        return self

    @model_validator(mode="after")
    def _provider_is_whole(self) -> "Settings":
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError(f"{PREFIX}OIDC_ISSUER: goes with {PREFIX}OIDC_CLIENT_ID: give both")
        if self.oidc_client_secret is not None and self.oidc_issuer is None:
            raise ValueError(f"{PREFIX}OIDC_CLIENT_SECRET: goes with {PREFIX}OIDC_ISSUER")
        for name in ("oidc_issuer", "public_url"):
            url = getattr(self, name)
            if url is not None and _is_open_to_all(url):
                raise ValueError(
                    f"{PREFIX}{name.upper()}: must begin with https://: on the way, others could "
                    "read passwords and sign in"
                )
        return self


def use_config(file: Path) -> None:
    """Have this process, and those that it starts, read this file as the installation's."""
    os.environ[_CONFIG] = str(file.absolute())


def load_settings(**given: Any) -> Settings:  # noqa: ANN401 - values of any field, checked by it
    """Return the settings; `given` (the command line) overrides all others, None is not given.

    Raises:
        ConfigError: With every variable that is wrong, and variables that nothing reads; or it is
            not certain which installation is meant.
    """
    values = {name: value for name, value in given.items() if value is not None}
    file = _file_of(values.get("data_dir"))
    in_file = file_values(file) if file is not None else {}
    from_file = {
        name: text for name, text in in_file.items() if not os.environ.get(_variable(name))
    }
    places = dict.fromkeys(from_file, str(file))
    faults = _unknown_variables("environment", os.environ)
    folder = os.environ.get(f"{PREFIX}SECRETS_DIR") or from_file.get("secrets_dir")
    if folder is not None and not Path(folder).is_dir():
        faults.append(_fault("SECRETS_DIR", f'"{folder}" is not a folder', places))
        folder = None
    try:
        settings = Settings(_secrets_dir=folder, **(from_file | {"config": file} | values))
    except ValidationError as wrong:
        faults += [_fault_of(error["loc"], error["msg"], places) for error in wrong.errors()]
        raise ConfigError(faults) from None  # the cause may show a secret
    except PermissionError:
        faults.append(_fault("SECRETS_DIR", f'"{folder}" is for another user: try sudo', places))
        raise ConfigError(faults) from None
    if faults:
        raise ConfigError(faults)
    if (machine := _data_dir_of_machine(must_know=False)) is not None:
        acts_on = settings.data_dir.resolve()
        others = {machine, _here()} - {acts_on, None}
        for other in sorted(str(each) for each in others):
            _say(f"acting on the installation in {acts_on}, not on the one in {other}")
    return settings


def file_values(file: Path) -> dict[str, str]:
    """Return the settings of an installation's file, by field.

    Raises:
        ConfigError: It cannot be read, or has variables that nothing reads.
    """
    try:
        found = dotenv_values(stream=StringIO(file.read_text("utf-8-sig")), interpolate=False)
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError([ConfigFault(str(file), "", f"cannot be read: {wrong}")]) from wrong
    if faults := _unknown_variables(str(file), found):
        raise ConfigError(faults)
    values = {
        variable.removeprefix(PREFIX).lower(): text
        for variable, text in found.items()
        if variable.startswith(PREFIX) and text
    }
    return {
        name: str(file.absolute().parent / text) if name in _PATHS else text
        for name, text in values.items()
    }


def _file_of(data_dir: Path | None) -> Path | None:
    """Return the file of the installation that is meant; None: it has none.

    Raises:
        ConfigError: There is no such file, or it could be another installation.
    """
    if _CONFIG in os.environ:
        named = os.environ[_CONFIG]
        if named and not Path(named).is_file():
            message = f'"{named}" is not a file'
            raise ConfigError([ConfigFault("environment", _CONFIG, message)])
        return Path(named) if named else None
    chosen = data_dir or os.environ.get(f"{PREFIX}DATA_DIR")
    machine = _data_dir_of_machine(must_know=not chosen)
    if machine is None:
        return None
    if chosen:
        return CONFIG_FILE if Path(chosen).resolve() == machine else None
    if _here() not in {None, machine}:
        message = (
            f"names the installation in {machine}, and there is one in {_here()}, too: say which "
            f"(seuil --config {CONFIG_FILE}, or SEUIL_DATA_DIR=data)"
        )
        raise ConfigError([ConfigFault(str(CONFIG_FILE), "", message)])
    return CONFIG_FILE


def _data_dir_of_machine(*, must_know: bool) -> Path | None:
    """Return the data folder of the machine's installation; None: it has none.

    Also None where its file is for other users, unless we `must_know`.

    Raises:
        ConfigError: The file cannot be read.
    """
    if os.environ.get(_CONFIG) == "" or not os.path.exists(CONFIG_FILE):  # noqa: PTH110 - False, where pathlib would raise
        return None
    if not must_know and not os.access(CONFIG_FILE, os.R_OK):
        return None
    return Path(file_values(CONFIG_FILE).get("data_dir", "data")).resolve()


def _here() -> Path | None:
    """Return the data folder below the current one, if an installation is in it."""
    here = Path("data")
    return here.resolve() if any(here.glob("*.db")) else None


@cache
def _say(sentence: str) -> None:
    """Say it once."""
    _log.warning(sentence)


def known_credential_key(settings: Settings) -> bytes | None:
    """Return the key of badge hashes, if there is one yet.

    Raises:
        ConfigError: The key file cannot be read or holds no key.
    """
    if settings.credential_key is not None:
        return settings.credential_key.get_secret_value().encode()
    file = settings.data_dir / KEY_FILE
    try:
        key = file.read_text(encoding="ascii").strip().encode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigError([ConfigFault(str(file), "", f"cannot be read: {wrong}")]) from wrong
    if len(key) < _KEY_MIN:
        raise ConfigError([ConfigFault(str(file), "", "holds no key; restore it from a backup")])
    return key


def _unknown_variables(place: str, variables: Mapping[str, object]) -> list[ConfigFault]:
    names = {name.upper() for name in Settings.model_fields}
    return [
        ConfigFault(place, variable, unknown(variable.removeprefix(PREFIX), "setting", names))
        for variable in sorted(variables)
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX) not in names
    ]


def _fault_of(
    location: tuple[int | str, ...], message: str, places: Mapping[str, str]
) -> ConfigFault:
    message = message.removeprefix("Value error, ")
    if not location:  # a check over all settings begins with the variable's name
        variable, _, said = message.partition(": ")
        return _fault(variable.removeprefix(PREFIX), said, places)
    return _fault(str(location[0]), message[:1].lower() + message[1:], places)


def _fault(name: str, message: str, places: Mapping[str, str]) -> ConfigFault:
    return ConfigFault(places.get(name.lower(), "environment"), _variable(name), message)


def _variable(name: str) -> str:
    return PREFIX + name.upper()
