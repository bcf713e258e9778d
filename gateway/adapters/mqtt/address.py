"""The broker's address and login."""

import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from gateway.config import Settings


class BrokerAddress(Struct, frozen=True):
    """The broker's URL, login and CA file."""

    url: str
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"BrokerAddress({self.url!r})"

    @property
    def is_secure(self) -> bool:
        """Return whether the connection is encrypted."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def host(self) -> str:
        """Return the host of the URL."""
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """Return the port of the URL, or the scheme's."""
        return urlsplit(self.url).port or (8883 if self.is_secure else 1883)

    def tls_context(self) -> ssl.SSLContext | None:
        """Return what an encrypted connection is checked with; None: it is not encrypted."""
        return ssl.create_default_context(cafile=self.ca_file) if self.is_secure else None


def broker_address(settings: "Settings") -> BrokerAddress:
    """Return the broker's address from the settings."""
    password = settings.broker_password
    return BrokerAddress(
        url=settings.broker_url,
        username=settings.broker_username,
        password=password.get_secret_value() if password else None,
        ca_file=str(settings.broker_ca_file) if settings.broker_ca_file else None,
    )
