"""A broker that is closed by the generated files, and a gateway of its own account beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.adapters.broker.mosquitto_config import broker_files, logins
from gateway.config import load_space
from tests.servers import Mosquitto
from tests.world.gateway_process import GatewayProcess


class Closed(NamedTuple):
    """The broker runs; the gateway has not started. `keys` are passwords by login."""

    broker: Mosquitto
    gateway: GatewayProcess
    keys: dict[str, str]


@asynccontextmanager
async def closed_broker(folder: Path, space: str) -> AsyncIterator[Closed]:
    """Run a broker with the generated logins, access list and limits of a space file."""
    file = folder / "space.toml"
    file.write_text(space, encoding="utf-8")
    sites = load_space(file)
    keys = {login.name: f"pass of {login.name}" for login in logins(sites)}
    files = broker_files(sites, passwords=keys)
    for name in ("acl", "passwords"):
        (folder / name).write_text(files[name])
        (folder / name).chmod(0o600)
    settings = (
        "allow_anonymous false",
        f"password_file {folder}/passwords",
        f"acl_file {folder}/acl",
        *(line for line in files["mosquitto.conf"].splitlines() if _is_a_limit(line)),
    )
    async with Mosquitto(folder / "broker", settings=settings, autosave=False) as broker:
        gateway = GatewayProcess(
            folder / "gateway",
            broker.url,
            space,
            broker_username="gateway",
            broker_password=keys["gateway"],
        )
        yield Closed(broker, gateway, keys)


def _is_a_limit(line: str) -> bool:
    return line.startswith(("message_size", "max_", "autosave", "persistent"))
