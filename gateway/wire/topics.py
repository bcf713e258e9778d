"""The topic tree."""

from typing import Literal

from msgspec import Struct

from gateway.core.model.names import DeviceId, DoorId, MachineId, SiteId, ZoneId

RESERVED = frozenset(
    {
        *("zone", "door", "machine", "access", "alarm", "hint", "mode"),
        *("request", "response", "gateway"),
    }
)
"""Names that no device or site may have: they are levels of the topic tree."""


class Topics(Struct, frozen=True):
    """The topic tree under one prefix."""

    prefix: str = "seuil"

    def event(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """Return the topic of a device's events."""
        return f"{self.prefix}/{site}/{device}/event"

    def ack(self, site: SiteId, device: DeviceId) -> str:
        """Return the topic of the acknowledgements of a device's stored events."""
        return f"{self.prefix}/{site}/{device}/ack"

    def command(self, site: SiteId, device: DeviceId) -> str:
        """Return the topic of orders to a device."""
        return f"{self.prefix}/{site}/{device}/command"

    def status(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """Return the topic of a device's availability (retained; also its last will)."""
        return f"{self.prefix}/{site}/{device}/status"

    def rights(self, site: SiteId | Literal["+"], device: DeviceId | Literal["+"]) -> str:
        """Return the topic of the head of a reader's rights list (retained)."""
        return f"{self.prefix}/{site}/{device}/rights"

    def rights_page(self, site: SiteId, device: DeviceId, page: int | Literal["+"]) -> str:
        """Return the topic of a page of a reader's rights list (retained), from 0."""
        return f"{self.prefix}/{site}/{device}/rights/{page}"

    def rights_state(self, site: SiteId, device: DeviceId | Literal["+"]) -> str:
        """Return the topic of the public state of a reader's rights list (retained)."""
        return f"{self.prefix}/{site}/{device}/rights-state"

    def occupancy(self, site: SiteId | Literal["+"], zone: ZoneId | Literal["+"]) -> str:
        """Return the topic of a zone's head count (retained)."""
        return f"{self.prefix}/{site}/zone/{zone}/occupancy"

    def door(self, site: SiteId | Literal["+"], door: DoorId | Literal["+"]) -> str:
        """Return the topic of a door's state (retained)."""
        return f"{self.prefix}/{site}/door/{door}/state"

    def machine(self, site: SiteId | Literal["+"], machine: MachineId | Literal["+"]) -> str:
        """Return the topic of a machine's state (retained)."""
        return f"{self.prefix}/{site}/machine/{machine}/state"

    def access(self, site: SiteId | Literal["+"]) -> str:
        """Return the topic of every decision of a site, without personal data."""
        return f"{self.prefix}/{site}/access"

    def alarm(self, site: SiteId | Literal["+"], kind: str, about: str) -> str:
        """Return the topic of an alarm (retained; empty when cleared)."""
        return f"{self.prefix}/{site}/alarm/{kind}/{about}"

    def hint(self, site: SiteId | Literal["+"], kind: str, about: str) -> str:
        """Return the topic of a hint (published once)."""
        return f"{self.prefix}/{site}/hint/{kind}/{about}"

    def mode(self, site: SiteId | Literal["+"]) -> str:
        """Return the topic of a site's mode (retained)."""
        return f"{self.prefix}/{site}/mode"

    def muster(self, site: SiteId | Literal["+"], zone: ZoneId | Literal["+"]) -> str:
        """Return the topic of a zone's muster in an evacuation (retained; empty when over)."""
        return f"{self.prefix}/{site}/zone/{zone}/muster"

    def request(self, site: SiteId, verb: str) -> str:
        """Return the topic of operators' requests."""
        return f"{self.prefix}/{site}/request/{verb}"

    def response(self, site: SiteId, verb: str) -> str:
        """Return the topic of responses to requests."""
        return f"{self.prefix}/{site}/response/{verb}"

    def gateway_state(self, instance: str) -> str:
        """Return the topic of `online` or `offline` (retained; also the gateway's last will)."""
        return f"{self.prefix}/gateway/{instance}/state"

    def gateway_run(self, instance: str) -> str:
        """Return the topic on which runs announce themselves, to detect a second of one name."""
        return f"{self.prefix}/gateway/{instance}/run"

    def gateway_health(self, instance: str) -> str:
        """Return the topic of the gateway's health (retained)."""
        return f"{self.prefix}/gateway/{instance}/health"
