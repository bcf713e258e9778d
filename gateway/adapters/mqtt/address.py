"""The broker's address and login."""

from typing import TYPE_CHECKING

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


def broker_address(settings: "Settings") -> BrokerAddress:
    """Return the broker's address from the settings."""
    password = settings.broker_password
    return BrokerAddress(
        url=settings.broker_url,
        username=settings.broker_username,
        password=password.get_secret_value() if password else None,
        ca_file=str(settings.broker_ca_file) if settings.broker_ca_file else None,
    )
