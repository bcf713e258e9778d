"""`seuil broker-config`: mosquitto's files and every client's password, from the space file."""

import json
import os
import pwd
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from gateway.adapters.broker import dynamic_security
from gateway.adapters.broker.logins import Login, logins
from gateway.adapters.broker.mosquitto_config import BrokerPaths, Tls, broker_files, new_password
from gateway.cli import errors
from gateway.config import ConfigError, ConfigFault, load_settings, load_space
from gateway.files import write_whole

SECRETS: Final = "secrets"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*")
"""Names that are valid both in mosquitto's files and as a file name."""
BROKER_USER: Final = "mosquitto"
"""The user that mosquitto switches to when it is started as root without another setting."""
_READABLE: Final = 0o644
_FOR_THE_GROUP: Final = 0o640
"""The broker runs as its own user; when we are root, its group may read these files."""
_FOR_US: Final = 0o600


class Key(Struct, frozen=True):
    """A login's password: its file, and whether it is new."""

    file: Path
    password: str
    made: bool


def broker_config(
    space: Annotated[Path, typer.Argument(help="A space file, or a folder of them.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write into.")],
    config_folder: Annotated[
        str | None, typer.Option(help="The same folder as the broker sees it; default: as here.")
    ] = None,
    data_folder: Annotated[
        str | None, typer.Option(help="Where the broker keeps its database; default: OUT/data.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port without TLS.")] = 1883,
    address: Annotated[
        str | None, typer.Option(help="Listen on this address only; default: on all.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="System user that mosquitto becomes, when started as root.")
    ] = None,
    plugin: Annotated[
        str | None,
        typer.Option(
            help="mosquitto's dynamic-security plugin, as the broker sees it; '' for none. "
            "Default: this computer's, unless --config-folder names another place."
        ),
    ] = None,
    bind_client_ids: Annotated[
        bool,
        typer.Option(
            "--bind-client-ids",
            help="Let each device in only with its login as its MQTT client id.",
        ),
    ] = False,
    tls: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="CERTIFICATE KEY",
            help="Listen with TLS, too: the two files, as the broker sees them.",
        ),
    ] = None,
    tls_port: Annotated[int, typer.Option(min=1, max=65535, help="Port with TLS.")] = 8883,
    simulator: Annotated[
        bool, typer.Option("--simulator", help="Add a user that may play every device: a demo.")
    ] = False,
    home_assistant: Annotated[
        bool, typer.Option("--home-assistant", help="Add a user for Home Assistant, to look on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Write mosquitto.conf, acl and passwords: a device may publish and read only its own.

    Passwords are made once, a file each in OUT/secrets, and kept when it runs again. None is shown.
    """
    home = out.absolute()
    if plugin is None and config_folder is None:
        plugin = dynamic_security.find_plugin()
    place = BrokerPaths(
        config_folder or str(home),
        data_folder or str(home / "data"),
        port,
        address,
        user,
        plugin or None,
        bind_client_ids,
    )
    if bind_client_ids and not plugin:
        message = "needs mosquitto's dynamic-security plugin: name it by --plugin"
        raise typer.BadParameter(message, param_hint="--bind-client-ids")
    with errors.told(as_json=as_json):
        sites, prefix = load_space(space), load_settings().prefix
        known = logins(sites, prefix, simulator=simulator, home_assistant=home_assistant)
        if strange := list(_strange_names(known)):
            raise ConfigError(strange)
        try:
            keys = _keys(out, known)
            passwords = {name: key.password for name, key in keys.items()}
            files = broker_files(
                sites,
                prefix,
                passwords=passwords,
                place=place,
                tls=Tls(*tls, tls_port) if tls else None,
                simulator=simulator,
                home_assistant=home_assistant,
            )
            _write_all(out, files, user or BROKER_USER)
        except OSError as wrong:
            message = f"cannot be written: {wrong.strerror}"
            raise ConfigError([ConfigFault(str(wrong.filename or out), "", message)]) from wrong
    unused = sorted(file.name for file in (out / SECRETS).iterdir() if file.name not in keys)
    if as_json:
        typer.echo(json.dumps(_as_data(out, files, known, keys, unused), ensure_ascii=False))
    else:
        _show(out, files, known, keys, unused)


def _strange_names(known: Sequence[Login]) -> Iterator[ConfigFault]:
    """Yield a fault for names that collide, or that a file cannot hold."""
    for name, count in Counter(login.name for login in known).items():
        if count > 1:
            message = f"{count} logins would be called so; give that device another topic"
            yield ConfigFault("", name, message)
        if not _NAME.fullmatch(name):
            message = "is no login name; a topic that begins with letters and digits would be"
            yield ConfigFault("", name, message)


def _keys(out: Path, known: Sequence[Login]) -> dict[str, Key]:
    """Return every login's password, kept or new.

    Raises:
        ConfigError: A password's file is empty.
    """
    folder = out / SECRETS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = {login.name: _key(folder / login.name) for login in known}
    empty = [key.file for key in keys.values() if not key.password]
    if empty:
        message = "holds no password; remove it, and a new one is made"
        raise ConfigError(ConfigFault(str(file), "", message) for file in empty)
    return keys


def _key(file: Path) -> Key:
    made = not file.exists()
    if made:
        write_whole(file, f"{new_password()}\n".encode(), _FOR_US)
    return Key(file, file.read_text(encoding="utf-8").strip(), made)


def _write_all(out: Path, files: dict[str, str], user: str) -> None:
    """Write mosquitto's files, and create an empty folder for its database."""
    data = out / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    for name, text in files.items():
        mode = _READABLE if name == "mosquitto.conf" else _FOR_THE_GROUP
        write_whole(out / name, text.encode(), mode)
    if os.geteuid() != 0:
        return
    try:
        broker = pwd.getpwnam(user)
    except KeyError:  # on another computer, or in a container
        return
    os.chown(data, broker.pw_uid, broker.pw_gid)
    for name in files.keys() - {"mosquitto.conf"}:
        os.chown(out / name, -1, broker.pw_gid)


def _as_data(
    out: Path,
    files: dict[str, str],
    known: Sequence[Login],
    keys: dict[str, Key],
    unused: list[str],
) -> dict[str, object]:
    return {
        "ok": True,
        "files": [str(out / name) for name in files],
        "users": [
            {
                "name": login.name,
                "password_file": str(keys[login.name].file),
                "made": keys[login.name].made,
                "writes": login.writes,
                "reads": login.reads,
            }
            for login in known
        ],
        "unused": unused,
    }


def _show(
    out: Path,
    files: dict[str, str],
    known: Sequence[Login],
    keys: dict[str, Key],
    unused: list[str],
) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table("user", "password", "may write", box=None, pad_edge=False)
    for login in known:
        said = "new" if keys[login.name].made else "kept"
        table.add_row(login.name, said, ", ".join(login.writes))
    console.print(table)
    console.print(f"\nwrote {', '.join(files)} in {out}", markup=False)
    console.print(f"each password is in {out / SECRETS}/USER, for its device", markup=False)
    console.print(f"try it: mosquitto -c {out / 'mosquitto.conf'}", markup=False)
    if dynamic_security.FILE not in files:
        console.print(
            "mosquitto without its dynamic-security plugin checks no subscription, and one device "
            "can slow it down with them: name the plugin by --plugin",
            markup=False,
        )
    if unused:
        console.print(
            f"not in the space any more: {', '.join(unused)}; remove those files", markup=False
        )
