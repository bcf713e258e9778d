"""The guard of webhooks' destinations: hosts that the operator listed, and no internal network.

The name is resolved here, each address is checked, and the connection goes to that very address: a
name that resolves differently a moment later (DNS rebinding) leads nowhere else.
"""

import asyncio
import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from gateway.config.integration_checks import wrong_hook

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052."""
_RESOLVE_S: Final = 5.0
_PORTS: Final = {"https": 443, "http": 80}


class RefusedError(Exception):
    """A webhook may not go there; the message names no more than the host."""


class Way(Struct, frozen=True):
    """A URL whose host is an address, its original host name, and httpx's extensions."""

    url: str
    host: str
    extensions: dict[str, str]


async def way_to(url: str, hosts: frozenset[str]) -> Way:
    """Return the way to a URL.

    Raises:
        RefusedError: It is not https, its host is not listed or unknown, or leads to an address
            that is not public and not listed itself.
    """
    if wrong := wrong_hook(url):
        raise RefusedError(wrong)
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    if name not in hosts:
        raise RefusedError(f"{name} is not in SEUIL_WEBHOOK_HOSTS")
    port = parts.port or _PORTS[parts.scheme]
    found = await _addresses(name, port)
    for address in found:
        if not _may_go(address, hosts):
            raise RefusedError(f"{name} leads to {address}, which is not public and not listed")
    pinned = urlunsplit(parts._replace(netloc=f"{_written(found[0])}:{port}"))
    return Way(pinned, parts.netloc, {"sni_hostname": name})


async def _addresses(name: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_S):
            found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError):
        raise RefusedError(f"{name} cannot be found") from None
    return [str(sockaddr[0]) for *_, sockaddr in found]


def _may_go(address: str, hosts: frozenset[str]) -> bool:
    outer = ipaddress.ip_address(address.partition("%")[0])
    inner = _carried(outer) if isinstance(outer, ipaddress.IPv6Address) else None
    found = outer if inner is None else inner
    return (found.is_global and not found.is_multicast) or str(found) in hosts


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to: mapped, 6to4, or by way of NAT64."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _written(address: str) -> str:
    return f"[{address}]" if ":" in address else address
