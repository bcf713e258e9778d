"""The registry of all drivers: the topics to subscribe to, and the driver of each message."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import structs

from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.model.site import Site
from gateway.core.readings import Availability, Report, WireError
from gateway.wire.commands import MachineOrder
from gateway.wire.message import PAYLOAD_LIMIT, Outgoing
from gateway.wire.topics import Topics
from sensors.driver import AccessAnswer, Driver, Source, Subscription
from sensors.esp_rfid import EspRfidDriver
from sensors.native import NativeDriver, strangers
from sensors.tasmota import TasmotaDriver
from sensors.zigbee2mqtt import Zigbee2MqttDriver

__all__ = ["DRIVERS", "AccessAnswer", "Driver", "Registry", "Subscription", "clashes"]

DRIVERS: Mapping[str, type[Driver]] = {
    NativeDriver.name: NativeDriver,
    EspRfidDriver.name: EspRfidDriver,
    Zigbee2MqttDriver.name: Zigbee2MqttDriver,
    TasmotaDriver.name: TasmotaDriver,
}
"""The names that a space file may use."""


class Registry:
    """Every declared device of some sites, by its topics.

    Raises:
        ValueError: two devices have the same identity (`clashes` lists them without raising).
    """

    def __init__(self, sites: Sequence[Site], prefix: str = "seuil") -> None:
        topics = Topics(prefix)
        if found := clashes(sites, prefix):
            raise ValueError("; ".join(found))
        self._devices = {(site.id, device.id): device for site in sites for device in site.devices}
        self._drivers = dict(_drivers(topics, sites))
        self._decode = {
            topic: driver.decode for driver in self._drivers.values() for topic in driver.topics()
        }
        wanted = [one for driver in self._drivers.values() for one in driver.subscriptions()]
        wanted += [one for site in sites for one in strangers(topics, site.id)]
        wanted += [Subscription(topics.request(site.id, "+"), kind="request") for site in sites]
        native = self._drivers[NativeDriver.name]
        assert isinstance(native, NativeDriver)  # noqa: S101 - by its name
        self.statuses: Mapping[str, Source] = native.statuses
        self.sources: dict[str, Source] = dict(native.statuses)
        """A declared device that writes on each topic, wildcards excluded."""
        for one in wanted:
            if one.devices:
                self.sources[one.filter] = one.devices[0]
        self._requests = {topics.request(site.id, ""): site.id for site in sites}
        self.subscriptions: tuple[Subscription, ...] = tuple(wanted)

    def decode(self, topic: str, payload: bytes) -> tuple[Report, ...]:
        """Return the reports in a message.

        Raises:
            WireError: `too-large`, `unknown-device`, or its driver's reason.
        """
        if len(payload) > PAYLOAD_LIMIT:
            raise WireError("too-large", f"a payload has at most {PAYLOAD_LIMIT} bytes")
        decode = self._decode.get(topic)
        if decode is None:
            raise WireError("unknown-device", "no device of the space file writes on this topic")
        reports = decode(topic, payload)
        for one in reports:
            if isinstance(one.reading, Availability) and one.reading.address is not None:
                self.moved(one.site, one.device, one.reading.address)
        return reports

    def moved(self, site: SiteId, device: DeviceId, address: str) -> None:
        """Take note of the address that a device tells: orders name it from now on."""
        declared = self._devices.get((site, device))
        if declared is not None and "ip" in declared.options:
            options = {**declared.options, "ip": address}
            self._devices[site, device] = structs.replace(declared, options=options)

    def request(self, topic: str) -> tuple[SiteId, str] | None:
        """Return the site and the verb of a request's topic; None: it is a device's topic."""
        base, slash, verb = topic.rpartition("/")
        site = self._requests.get(base + slash)
        return None if site is None else (site, verb)

    def answer(self, answer: AccessAnswer) -> tuple[Outgoing, ...]:
        """Return the orders that send a reader its answer; KeyError for an undeclared device."""
        device = self._devices[answer.site, answer.device]
        return self._drivers[device.driver].answer(device, answer)

    def unlock(
        self, site: SiteId, device: DeviceId, order_id: str, unlock_s: float, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the orders that release a lock; KeyError for an undeclared device."""
        declared = self._devices[site, device]
        return self._drivers[declared.driver].unlock(site, declared, order_id, unlock_s, expires)

    def tell_machine(
        self, site: SiteId, device: DeviceId, order: MachineOrder, expires: datetime
    ) -> tuple[Outgoing, ...]:
        """Return the orders to a machine's reader; KeyError for an undeclared device."""
        declared = self._devices[site, device]
        return self._drivers[declared.driver].tell_machine(site, declared, order, expires)


def clashes(sites: Sequence[Site], prefix: str = "seuil") -> list[str]:
    """Return devices with the same identity, as "devices A and B: what is wrong; what is right".

    The declarations must be without faults by their drivers.
    """
    found: list[str] = []
    owners: dict[tuple[str, str], str] = {}
    for site, device in _declared(sites):
        identity = DRIVERS[device.driver].identity(site, device)
        name = f"{site}/{device.id}"
        owner = owners.setdefault((device.driver, identity), name)
        if owner != name:
            found.append(f"devices {owner} and {name}: both are {identity}; declare it once")
    return found + _shared_topics(sites, prefix)


def _shared_topics(sites: Sequence[Site], prefix: str) -> list[str]:
    found: list[str] = []
    claimed: dict[str, str] = {}
    for name, driver in _drivers(Topics(prefix), sites):
        for topic in driver.topics():
            other = claimed.setdefault(topic, name)
            if other != name:
                found.append(f"topic {topic}: devices of {other} and {name} claim it; one driver")
    return found


def _drivers(topics: Topics, sites: Sequence[Site]) -> Iterator[tuple[str, Driver]]:
    devices = list(_declared(sites))
    for name, driver in DRIVERS.items():
        yield name, driver(topics, [pair for pair in devices if pair[1].driver == name])


def _declared(sites: Sequence[Site]) -> Iterator[tuple[SiteId, Device]]:
    for site in sites:
        for device in site.devices:
            yield site.id, device
