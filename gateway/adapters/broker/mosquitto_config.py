"""mosquitto's configuration, made from the space file: its limits, and who may do what.

`seuil broker-config` writes these files; nothing here touches the disk.
"""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from gateway.adapters.broker import dynamic_security
from gateway.adapters.broker.embedded import AUTOSAVE_S, INFLIGHT_MESSAGES
from gateway.adapters.broker.logins import Login, logins
from gateway.adapters.broker.ports import LOOPBACK
from gateway.core.model.site import Site

_QUEUED_PER_DEVICE = 1000
"""Messages: hours of a busy door, kept while the gateway is away."""
_QUEUED = (100_000, 1_000_000)
"""Messages, least and most: 30 MB and 300 MB of the broker's memory at the worst."""
_MESSAGE_BYTES = 1_048_576
"""A bridge's list of a hundred devices has half of it; ours have 4 KiB, an announcement 100 kB."""
_BYTES_A_MESSAGE = 400
"""On average; no client's queue may have more of them."""
_INFLIGHT_BYTES = 8_388_608
_CONNECTIONS = 500
"""The gateway's lanes, the console, tools; and a device that comes back before its old connection
was found dead."""
_CONNECTIONS_PER_DEVICE = 3
_ITERATIONS = 101
"""mosquitto_passwd's own; more would stop the whole broker at each log-in, and the passwords that
`new_password` makes (128 random bits) need no stretching."""
_SALT_BYTES = 12


class Tls(Struct, frozen=True):
    """Paths (as the broker sees them) of the server's certificate and key."""

    certificate: str
    key: str
    port: int = 8883


class BrokerPaths(Struct, frozen=True):
    """The broker's file paths and listening address; the defaults are the container's."""

    config: str = "/mosquitto/config"
    data: str = "/mosquitto/data"
    port: int = 1883
    address: str | None = None
    """None: every interface."""
    user: str | None = None
    """The system user that mosquitto becomes when it is started as root; None: its own choice."""
    plugin: str | None = None
    """mosquitto's dynamic-security plugin; None: the `acl` file, and subscriptions unchecked."""
    bind_client_ids: bool = False
    """With the plugin: each device's client id must be its login."""


def broker_files(
    sites: Sequence[Site],
    prefix: str = "seuil",
    *,
    passwords: Mapping[str, str] | None = None,
    place: BrokerPaths | None = None,
    tls: Tls | None = None,
    simulator: bool = False,
    home_assistant: bool = False,
) -> dict[str, str]:
    """Return the texts of `mosquitto.conf`, `acl` and, given each login's password, `passwords`.

    With the plugin, its own file stands for the last two, which then are for other brokers.
    `simulator` adds a login that may act as every device: for a demo, not for a real door.
    `home_assistant` adds one that may read states and alarms, but no pseudonyms.

    Raises:
        ValueError: a login has no password, or a password has no login.
    """
    known = logins(sites, prefix, simulator=simulator, home_assistant=home_assistant)
    files = {
        "mosquitto.conf": mosquitto_conf(sites, place or BrokerPaths(), tls),
        "acl": acl(known),
    }
    if passwords is not None:
        files["passwords"] = text = password_file(known, passwords)
        if place is not None and place.plugin is not None:
            lines = dict(line.split(":", 1) for line in text.splitlines())
            files[dynamic_security.FILE] = dynamic_security.plugin_file(
                known, lines, bind_client_ids=place.bind_client_ids
            )
    return files


def mosquitto_conf(sites: Sequence[Site], place: BrokerPaths, tls: Tls | None = None) -> str:
    """Return mosquitto.conf with durable storage, without send delays or anonymous access."""
    least, most = _QUEUED
    devices = sum(len(site.devices) for site in sites)
    queued = min(most, max(least, _QUEUED_PER_DEVICE * devices))
    lines = [
        "# Made by `seuil broker-config` from the space file.",
        "",
        "allow_anonymous false",
        *_access_lines(place),
        *([f"user {place.user}"] if place.user else []),
        "",
        "# What was acknowledged survives a kill, but for the last seconds: with the defaults all",
        "# of it is lost. Never autosave_on_changes: it rewrites the whole database for each",
        "# message, and one device that floods then holds up all doors.",
        "persistence true",
        f"persistence_location {place.data}/",
        f"autosave_interval {AUTOSAVE_S}",
        "autosave_on_changes false",
        "",
        "# Without this a granted door waits up to 40 ms for a delayed ACK.",
        "set_tcp_nodelay true",
        "",
        "# Beyond this many, messages for an absent gateway are dropped in silence.",
        f"max_queued_messages {queued}",
        f"max_inflight_messages {INFLIGHT_MESSAGES}",
        "",
        "# What one client may cost, whoever has its password.",
        f"message_size_limit {_MESSAGE_BYTES}",
        f"max_queued_bytes {queued * _BYTES_A_MESSAGE}",
        f"max_inflight_bytes {_INFLIGHT_BYTES}",
        f"max_connections {connections_max(devices)}",
        "persistent_client_expiration 14d",
        "",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "",
        *_listener_lines(place, tls),
    ]
    return "\n".join(lines) + "\n"


def connections_max(devices: int) -> int:
    """Return the number of connections that a place with so many devices may need."""
    return _CONNECTIONS + _CONNECTIONS_PER_DEVICE * devices


def acl(known: Sequence[Login]) -> str:
    """Return the text of the ACL file."""
    return "# Made by `seuil broker-config` from the space file.\n" + "".join(
        f"\nuser {login.name}\n"
        + "".join(f"topic deny {one}\n" for one in login.never)
        + "".join(f"topic write {one}\n" for one in login.writes)
        + "".join(f"topic read {one}\n" for one in login.reads)
        for login in known
    )


def password_file(known: Sequence[Login], passwords: Mapping[str, str]) -> str:
    """Return the text of the password file: only salted hashes.

    Raises:
        ValueError: a login has no password, or a password has no login.
    """
    names = [login.name for login in known]
    missing = [name for name in names if not passwords.get(name)]
    strange = sorted(set(passwords) - set(names))
    if missing or strange:
        faults = [f"no password for {name}" for name in missing]
        faults += [f"a password for {name}, who is not in the space file" for name in strange]
        raise ValueError("; ".join(faults))
    return "".join(f"{name}:{hashed(passwords[name])}\n" for name in names)


def hashed(password: str, salt: bytes | None = None) -> str:
    """Return a password's hash in mosquitto 2's format: `$7$`, PBKDF2 with SHA-512."""
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def new_password() -> str:
    """Return 128 random bits in characters that every device's web form accepts."""
    return secrets.token_urlsafe(16)


def _access_lines(place: BrokerPaths) -> Iterator[str]:
    if place.plugin is None:
        yield f"password_file {place.config}/passwords"
        yield f"acl_file {place.config}/acl"
        return
    yield f"plugin {place.plugin}"
    yield f"plugin_opt_config_file {place.config}/{dynamic_security.FILE}"


def _listener_lines(place: BrokerPaths, tls: Tls | None) -> Iterator[str]:
    """Yield the listeners; with TLS, passwords and badges in clear stay on this machine."""
    address = f" {place.address}" if place.address else ""
    if tls is None:
        yield f"listener {place.port}{address}"
        yield "# For readers on a network that others use too: seuil broker-config --tls"
        return
    yield "# Without TLS for the gateway and the console on this machine only."
    yield f"listener {place.port} {LOOPBACK}"
    yield ""
    yield f"listener {tls.port}{address}"
    yield f"certfile {tls.certificate}"
    yield f"keyfile {tls.key}"
    yield "tls_version tlsv1.2"
