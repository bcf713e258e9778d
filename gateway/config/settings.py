"""Settings and secrets, from the environment or from files of secrets: their only reader.

Each setting is a variable `SEUIL_<NAME>`, or a file `seuil_<name>` in the folder that
`SEUIL_SECRETS_DIR` names (Docker and Kubernetes mount secrets as such files); the variable wins.
"""

import logging
import os
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

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
from gateway.files import whole

PREFIX = "SEUIL_"
KEY_FILE = "credential.key"
_KEY_BYTES = 32
"""As long as the hash, as RFC 2104 recommends."""

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
    data_dir: Path = Path("data")
    """The journal, the members and the credential key."""
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


def load_settings(**given: Any) -> Settings:  # noqa: ANN401 - values of any field, checked by it
    """Return the settings; `given` (the command line) overrides the environment, None is not given.

    Raises:
        ConfigError: With every variable that is wrong, and variables that nothing reads.
    """
    faults = [*_unknown_variables()]
    folder = os.environ.get(f"{PREFIX}SECRETS_DIR") or None
    if folder is not None and not Path(folder).is_dir():
        faults.append(_fault("SECRETS_DIR", f'"{folder}" is not a folder'))
        folder = None
    values = {name: value for name, value in given.items() if value is not None}
    try:
        settings = Settings(_secrets_dir=folder, **values)
    except ValidationError as wrong:
        faults += [_fault_of(error["loc"], error["msg"]) for error in wrong.errors()]
        raise ConfigError(faults) from None  # the cause may show a secret
    if faults:
        raise ConfigError(faults)
    return settings


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
    if len(key) < 2 * _KEY_BYTES:
        raise ConfigError([ConfigFault(str(file), "", "holds no key; restore it from a backup")])
    return key


def credential_key(settings: Settings) -> bytes:
    """Return the key of badge hashes; create it in `data_dir` (0600) where there is none.

    Badge numbers cannot be matched again without it: back it up with the members.

    Raises:
        ConfigError: The key file cannot be read or written.
    """
    known = known_credential_key(settings)
    if known is not None:
        return known
    file = settings.data_dir / KEY_FILE
    try:
        if _made(file):
            _log.warning("made a new credential key: %s; back it up with the members", file)
    except OSError as wrong:
        message = f"cannot be written: {wrong.strerror}"
        raise ConfigError([ConfigFault(str(file), "", message)]) from wrong
    return credential_key(settings)


def _made(file: Path) -> bool:
    """Create the key file; return False if another process created it first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with whole(file, 0o600, replace=False) as opened:
            opened.write(f"{secrets.token_hex(_KEY_BYTES)}\n".encode())
    except FileExistsError:
        return False
    return True


def _unknown_variables() -> list[ConfigFault]:
    names = {name.upper() for name in Settings.model_fields}
    return [
        ConfigFault(
            "environment", variable, unknown(variable.removeprefix(PREFIX), "setting", names)
        )
        for variable in sorted(os.environ)
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX) not in names
    ]


def _fault_of(location: tuple[int | str, ...], message: str) -> ConfigFault:
    message = message.removeprefix("Value error, ")
    if not location:  # a check over all settings begins with the variable's name
        variable, _, said = message.partition(": ")
        return ConfigFault("environment", variable, said)
    return _fault(str(location[0]), message[:1].lower() + message[1:])


def _fault(name: str, message: str) -> ConfigFault:
    return ConfigFault("environment", PREFIX + name.upper(), message)
