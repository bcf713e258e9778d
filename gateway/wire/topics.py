"""The topic tree."""

from typing import Literal

from msgspec import Struct

from gateway.core.model.names import DeviceId, DoorId, SiteId, ZoneId

RESERVED = frozenset(
    {"zone", "door", "access", "alarm", "hint", "mode", "request", "response", "gateway"}
)
"""Words that no device or site may be called: they are levels of the topic tree."""


class Topics(Struct, frozen=True):
    """The topic tree under one prefix."""

    prefix: str = "seuil"

    def event(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """A device's events."""
        return f"{self.prefix}/{site}/{device}/event"

    def ack(self, site: SiteId, device: DeviceId) -> str:
        """Return the topic on which a device's stored events are acknowledged."""
        return f"{self.prefix}/{site}/{device}/ack"

    def command(self, site: SiteId, device: DeviceId) -> str:
        """Orders to a device."""
        return f"{self.prefix}/{site}/{device}/command"

    def status(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """A device's availability (retained; also its last will)."""
        return f"{self.prefix}/{site}/{device}/status"

    def rights(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """The head of a reader's rights list (retained)."""
        return f"{self.prefix}/{site}/{device}/rights"

    def rights_page(self, site: SiteId, device: DeviceId, page: int | Literal["+"]) -> str:
        """A page of a reader's rights list (retained), from 0."""
        return f"{self.prefix}/{site}/{device}/rights/{page}"

    def rights_state(self, site: SiteId, device: DeviceId | Literal["+"]) -> str:
        """Return the topic of a reader's public rights state (retained)."""
        return f"{self.prefix}/{site}/{device}/rights-state"

    def occupancy(self, site: SiteId | Literal["+"], zone: ZoneId | Literal["+"]) -> str:
        """A zone's head count (retained)."""
        return f"{self.prefix}/{site}/zone/{zone}/occupancy"

    def door(self, site: SiteId | Literal["+"], door: DoorId | Literal["+"]) -> str:
        """A door's state (retained)."""
        return f"{self.prefix}/{site}/door/{door}/state"

    def access(self, site: SiteId | Literal["+"]) -> str:
        """Every decision of a site, without personal data."""
        return f"{self.prefix}/{site}/access"

    def alarm(self, site: SiteId | Literal["+"], kind: str, about: str) -> str:
        """An alarm (retained; empty when cleared)."""
        return f"{self.prefix}/{site}/alarm/{kind}/{about}"

    def hint(self, site: SiteId | Literal["+"], kind: str, about: str) -> str:
        """Something to look at, told once."""
        return f"{self.prefix}/{site}/hint/{kind}/{about}"

    def mode(self, site: SiteId | Literal["+"]) -> str:
        """A site's mode (retained)."""
        return f"{self.prefix}/{site}/mode"

    def muster(self, site: SiteId | Literal["+"], zone: ZoneId | Literal["+"]) -> str:
        """In an evacuation, whom a zone waits for (retained; empty when it is over)."""
        return f"{self.prefix}/{site}/zone/{zone}/muster"

    def request(self, site: SiteId, verb: str) -> str:
        """Return the topic of operators' requests."""
        return f"{self.prefix}/{site}/request/{verb}"

    def response(self, site: SiteId, verb: str) -> str:
        """Return the topic of the responses to requests."""
        return f"{self.prefix}/{site}/response/{verb}"

    def gateway_state(self, instance: str) -> str:
        """`online` or `offline` (retained; also the gateway's last will)."""
        return f"{self.prefix}/gateway/{instance}/state"

    def gateway_run(self, instance: str) -> str:
        """Return the topic on which runs of one gateway announce themselves."""
        return f"{self.prefix}/gateway/{instance}/run"

    def gateway_health(self, instance: str) -> str:
        """The gateway's health (retained)."""
        return f"{self.prefix}/gateway/{instance}/health"
