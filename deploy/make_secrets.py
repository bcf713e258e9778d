#!/usr/bin/env python3
"""Make what docker-compose.yml mounts, from the space file: `make_secrets.py SPACE [--demo]`.

Writes deploy/mosquitto/mosquitto.conf, and the folder `secrets`: a random password for each
login, the hashed ones for mosquitto, the keys. What is there already is kept, so that it can be run
again after a device was added. `secrets/devices` tells what to type into each device. With --demo
there is a login for the simulator, too: it may play every device, so a real place has none.
"""

import secrets
import sys
from pathlib import Path

from gateway.adapters.broker.dynamic_security import FILE, IMAGE_PLUGIN
from gateway.adapters.broker.logins import logins
from gateway.adapters.broker.mosquitto_config import BrokerPaths, broker_files, new_password
from gateway.config import ConfigError, load_space
from gateway.core.model.site import Site
from gateway.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "secrets"
SERVICE = ("gateway", "console", "simulator")
"""Logins with a file of their own; all others are devices."""
DEMO = "--demo"


def main(arguments: list[str]) -> int:
    """Write the files, or say what is wrong with the space file."""
    demo = DEMO in arguments
    spaces = [argument for argument in arguments if argument != DEMO]
    if len(spaces) != 1:
        sys.stderr.write("usage: make_secrets.py SPACE_FILE_OR_FOLDER [--demo]\n")
        return 2
    try:
        sites = load_space(Path(spaces[0]))
    except ConfigError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    for name in ("influx_password", "influx_token", "grafana_password"):
        _kept(name, new_password())
    _kept("credential_key", secrets.token_hex(32))
    place = BrokerPaths(plugin=IMAGE_PLUGIN)
    passwords = _passwords(sites, demo=demo)
    files = broker_files(sites, passwords=passwords, place=place, simulator=demo)
    _write(FOLDER / "mosquitto_access", files[FILE])
    _write(ROOT / "deploy" / "mosquitto" / "mosquitto.conf", files["mosquitto.conf"])
    sys.stdout.write(f"ready: {FOLDER}; the devices' passwords are in {FOLDER / 'devices'}\n")
    return 0


def _passwords(sites: tuple[Site, ...], *, demo: bool) -> dict[str, str]:
    known = _device_passwords()
    names = [login.name for login in logins(sites, simulator=demo)]
    own = {name: _kept(f"{name}_password", new_password()) for name in SERVICE if name in names}
    devices = {name: known.get(name) or new_password() for name in names if name not in SERVICE}
    lines = "".join(f"{name} {password}\n" for name, password in devices.items())
    _write(FOLDER / "devices", lines, mode=0o600)
    return own | devices


def _device_passwords() -> dict[str, str]:
    file = FOLDER / "devices"
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def _kept(name: str, fresh: str) -> str:
    file = FOLDER / name
    if not file.exists():
        _write(file, fresh)
    return file.read_text(encoding="utf-8")


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    write_whole(file, text.encode(), mode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
