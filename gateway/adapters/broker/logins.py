"""The broker's logins, made from the space file, and the topics that each may use.

A device may publish its own reports and read its own commands, nothing else: a stolen reader can
lie about its own door, but it can neither open another one nor read others' badges. Topics that
appear nowhere below are closed to every client.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site

_TASMOTA_FULL_TOPIC = "%prefix%/%topic%/"
_TASMOTA_TELE = ("LWT", "INFO1", "INFO2", "INFO3", "STATE", "SENSOR")
_TASMOTA_STAT = ("RESULT",)
"""What its driver reads, and three more that help at the installation. Never a wildcard: each of
its topics may hold a retained message of `_MESSAGE_BYTES`, in memory and in every autosave."""
_BRIDGE = (
    *("state", "info", "devices", "groups", "definitions", "extensions", "converters"),
    *("logging", "event", "health"),
)
"""What Zigbee2MQTT publishes of itself. Its responses are for its own page, and it takes a refusal
calmly; to its subscriptions it must not be refused (`lib/mqtt.ts`: it would not start)."""
_HOME_ASSISTANT = "homeassistant"
"""The prefix of its discovery, as it comes."""


class Login(Struct, frozen=True):
    """A user of the broker, and the topic filters that it may use; `never` wins over all."""

    name: str
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    subscribes: tuple[str, ...] | None = None
    """The filters to which a device may subscribe, as they are; None: all that match `reads`. One
    that could make up filters could fill the broker with them."""

    @property
    def is_device(self) -> bool:
        """Return whether a device or a bridge of devices has this login."""
        return self.subscribes is not None


def logins(
    sites: Sequence[Site],
    prefix: str = "seuil",
    *,
    simulator: bool = False,
    home_assistant: bool = False,
) -> tuple[Login, ...]:
    """Return every login that needs a password, the gateway and the console first."""
    devices = _joined(_device(prefix, site.id, device) for site in sites for device in site.devices)
    foreign = [one for one in devices if not _is_native(one, prefix)]
    service: tuple[Login, ...] = (
        Login(
            "gateway",
            writes=(f"{prefix}/#", *(filter_ for one in foreign for filter_ in one.reads)),
            reads=(f"{prefix}/#", "$SYS/#", *(said for one in foreign for said in one.writes)),
        ),
        Login(
            "console",
            writes=(
                *(f"{prefix}/{site.id}/request/#" for site in sites),
                *(topic for site in sites for topic in _told_to_home_assistant(prefix, site.id)),
            ),
            reads=(
                f"{prefix}/#",
                f"{_HOME_ASSISTANT}/status",
                f"{_HOME_ASSISTANT}/device/+/config",
            ),
            # badge numbers, keyed hashes and orders are no business of a page
            never=tuple(
                f"{prefix}/+/+/{word}" for word in ("event", "rights", "rights/+", "command")
            ),
        ),
    )
    if home_assistant:
        service += (_home_assistant(prefix, sites),)
    if simulator:
        service += (_all_of("simulator", devices),)
    return (*service, *devices)


def _told_to_home_assistant(prefix: str, site: SiteId) -> tuple[str, ...]:
    device = f"{_HOME_ASSISTANT}/device/{prefix}-{site}"
    return (f"{device}/config", f"{device}/decision")


def _home_assistant(prefix: str, sites: Sequence[Site]) -> Login:
    """Return Home Assistant's login: states and alarms, but not `access` (pseudonyms) or duress."""
    words = ("zone/+/occupancy", "door/+/state", "alarm/+/+", "mode")
    return Login(
        "home-assistant",
        writes=(f"{_HOME_ASSISTANT}/#",),
        reads=(
            f"{_HOME_ASSISTANT}/#",
            f"{prefix}/gateway/+/state",
            *(f"{prefix}/{site.id}/{word}" for site in sites for word in words),
        ),
        never=(f"{prefix}/+/alarm/duress/+",),
    )


def _device(prefix: str, site: SiteId, device: Device) -> Login:
    name = f"{site}.{device.id}"
    match device.driver:
        case "esp-rfid":  # readers of one TOPIC share a login, as they share the topics
            said = tuple(f"{device.topic}/{word}" for word in ("send", "tag", "avty", "io/door"))
            hostname = device.options.get("hostname", device.id)
            announced = f"{_HOME_ASSISTANT}/lock/{hostname}/lock0/config"  # its firmware is there
            orders = (f"{device.topic}/cmd",)
            return Login(name, writes=(*said, announced), reads=orders, subscribes=orders)
        case "zigbee2mqtt":  # one bridge speaks for all of its devices
            base = str(device.options.get("base", device.topic.split("/", 1)[0]))
            return Login(
                base,
                writes=(
                    *(f"{base}/bridge/{word}" for word in _BRIDGE),
                    *(device.topic, f"{device.topic}/availability"),
                ),
                reads=(f"{base}/#",),
                subscribes=(f"{base}/#", f"{_HOME_ASSISTANT}/status", f"{_HOME_ASSISTANT}/#"),
            )
        case "tasmota":
            full = str(device.options.get("full_topic", _TASMOTA_FULL_TOPIC))
            tele, stat, cmnd = (
                full.replace("%prefix%", word).replace("%topic%", device.topic)
                for word in ("tele", "stat", "cmnd")
            )
            said = (
                *(tele + word for word in _TASMOTA_TELE),
                *(stat + word for word in _TASMOTA_STAT),
            )
            return Login(name, writes=said, reads=(f"{cmnd}#",), subscribes=(f"{cmnd}#",))
        case _:
            own = f"{prefix}/{site}/{device.id}"
            reads = (
                *(f"{own}/ack", f"{own}/command", f"{own}/rights", f"{own}/rights/+"),
                f"{prefix}/gateway/+/state",  # whether there is anybody to ask
            )
            return Login(
                name,
                writes=(f"{own}/event", f"{own}/status"),
                reads=reads,
                subscribes=(*reads, f"{own}/+", f"{own}/#"),
            )


def _joined(found: Iterable[Login]) -> tuple[Login, ...]:
    """Join the logins of devices that read the same topics: they are one board, or one bridge."""
    first: dict[tuple[str, ...], Login] = {}
    for login in found:
        known = first.get(login.reads, login)
        writes = tuple(dict.fromkeys((*known.writes, *login.writes)))
        first[login.reads] = structs.replace(known, writes=writes)
    return tuple(first.values())


def _is_native(login: Login, prefix: str) -> bool:
    return login.writes[0].startswith(f"{prefix}/")


def _all_of(name: str, devices: Sequence[Login]) -> Login:
    return Login(
        name,
        writes=tuple(dict.fromkeys(said for one in devices for said in one.writes)),
        reads=tuple(dict.fromkeys(told for one in devices for told in one.reads)),
    )
