"""A broker that is closed by the generated files, and a gateway of its own account beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.adapters.broker.dynamic_security import find_plugin
from gateway.adapters.broker.logins import logins
from gateway.adapters.broker.mosquitto_config import BrokerPaths, broker_files
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
    files = broker_files(
        sites, passwords=keys, place=BrokerPaths(str(folder), plugin=find_plugin())
    )
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    conf = files["mosquitto.conf"]
    settings = (*access_settings(conf), *filter(_is_a_limit, conf.splitlines()))
    async with Mosquitto(folder / "broker", settings=settings, autosave=False) as broker:
        gateway = GatewayProcess(
            folder / "gateway",
            broker.url,
            space,
            broker_username="gateway",
            broker_password=keys["gateway"],
        )
        yield Closed(broker, gateway, keys)


def access_settings(mosquitto_conf: str) -> tuple[str, ...]:
    """The lines of the generated mosquitto.conf that say who may do what."""
    words = ("allow_anonymous", "password_file", "acl_file", "plugin")
    return tuple(one for one in mosquitto_conf.splitlines() if one.startswith(words))


def _is_a_limit(line: str) -> bool:
    return line.startswith(("message_size", "max_", "autosave", "persistent"))
