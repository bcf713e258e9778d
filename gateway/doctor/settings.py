"""The settings and the space file: values, sources, and missing parts."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import EnvSettingsSource, SecretsSettingsSource

from gateway.config import ConfigError, Settings, known_credential_key, load_space
from gateway.config.settings import KEY_FILE, file_values
from gateway.core.model.site import Site
from gateway.doctor.finding import Finding, fault, ok, warning
from gateway.phrase import Phrase, joined

CHECK: Final = Phrase("settings")
_OTHERS_MAY: Final = stat.S_IRWXG | stat.S_IRWXO


def refused(wrong: ConfigError) -> list[Finding]:
    """Return the faults of settings that cannot be read."""
    do = Phrase("mend the variable; docs/space-file.md lists them")
    return [fault(CHECK, joined([each.path, each.message], ": "), do) for each in wrong.faults]


def settings_complete(settings: Settings) -> Iterator[Finding]:
    """Yield the settings, and a warning for each incomplete pair."""
    yield ok(CHECK, joined(list(_told(settings)), "; "))
    if settings.broker_username and settings.broker_password is None:
        do = Phrase("set SEUIL_BROKER_PASSWORD, or put it into a file that SEUIL_SECRETS_DIR holds")
        yield warning(CHECK, Phrase("a user of the broker without a password"), do)
    if settings.broker_password and not settings.broker_username:
        do = Phrase("set SEUIL_BROKER_USERNAME (`seuil broker-config` calls it gateway)")
        yield warning(CHECK, Phrase("a password for the broker without a user: it is not sent"), do)
    if settings.broker_password and _crosses_a_network_in_clear(settings.broker_url):
        do = Phrase("use mqtts://, where the broker is not on a network of its own")
        yield warning(
            CHECK,
            Phrase(
                "the password goes to %(broker_url)s unencrypted", broker_url=settings.broker_url
            ),
            do,
        )
    if settings.influx_url is not None and settings.influx_token is None:
        yield warning(
            CHECK,
            Phrase("InfluxDB without a token"),
            Phrase("set SEUIL_INFLUX_TOKEN if it wants one"),
        )


def space_file(path: Path | None) -> tuple[tuple[Site, ...], Finding]:
    """Return the sites, if they can be read, and the finding."""
    check = Phrase("space file")
    if path is None:
        found = Phrase("none was named, and there is no space.toml here")
        do = Phrase("seuil doctor SPACE: devices and subscriptions were not looked at")
        return (), warning(check, found, do)
    try:
        sites = load_space(path)
    except ConfigError as wrong:
        count, first = len(wrong.faults), wrong.faults[0]
        found = Phrase.counted(
            "%(n)s fault: %(first)s", "%(n)s faults, the first: %(first)s", count, first=first
        )
        return (), fault(check, found, Phrase("seuil check %(path)s names them all", path=path))
    devices = sum(len(site.devices) for site in sites)
    ids = ", ".join(site.id for site in sites[:3]) + (", …" if len(sites) > 3 else "")  # noqa: PLR2004 - enough to recognise them
    return sites, ok(
        check, Phrase("%(path)s: %(ids)s; %(n)s devices", path=path, ids=ids, n=devices)
    )


def credential_key(settings: Settings) -> tuple[bytes | None, Finding]:
    """Return the key of badge hashes, if there is one, and whether others can read it."""
    check = Phrase("credential key")
    file = settings.data_dir / KEY_FILE
    try:
        key = known_credential_key(settings)
    except ConfigError as wrong:
        return None, fault(
            check, str(wrong), Phrase("without this key no badge is known: restore it")
        )
    if key is None:
        do = Phrase("made by the first import of members or `seuil run`")
        return None, warning(check, Phrase("there is no %(file)s yet"), do, file=file)
    if settings.credential_key is not None:
        source = _source_of("credential_key", settings)
        return key, ok(check, Phrase("comes from the %(source)s"), source=source)
    mode = stat.S_IMODE(file.stat().st_mode)
    about = {"file": file, "mode": f"{mode:04o}"}
    if mode & _OTHERS_MAY:
        found = Phrase("%(file)s can be read by others (mode %(mode)s)")
        return key, warning(check, found, Phrase("chmod 600 %(file)s"), **about)
    return key, ok(check, Phrase("%(file)s, mode %(mode)s"), **about)


def _told(settings: Settings) -> Iterator[str]:
    """Yield each setting that is not a default: its value unless it is a secret, and its source."""
    default: list[str] = []
    for name in type(settings).model_fields:
        source = _source_of(name, settings)
        value = getattr(settings, name)
        if source == "default":
            default += [f"{name} = {value}"] if value is not None else []
        elif isinstance(value, SecretStr):
            yield Phrase("%(name)s is set (%(source)s)", name=name, source=source)
        else:
            yield Phrase("%(name)s = %(value)s (%(source)s)", name=name, value=value, source=source)
    yield Phrase("by default: %(settings)s", settings=", ".join(default))


def _source_of(name: str, settings: Settings) -> str:
    """Return the source of a setting, from pydantic's own readers, so that it is the real one."""
    if name in EnvSettingsSource(type(settings))():
        return Phrase("environment")
    if settings.config is not None and name in file_values(settings.config):
        return str(settings.config)
    folder = settings.secrets_dir
    if folder is not None and name in SecretsSettingsSource(type(settings), folder)():
        return Phrase("secrets file")
    return Phrase("default")


def _crosses_a_network_in_clear(url: str) -> bool:
    parts = urlsplit(url)
    # A name without a dot is on the local network: a container beside ours.
    host = parts.hostname or ""
    return parts.scheme == "mqtt" and "." in host and not host.startswith("127.")
