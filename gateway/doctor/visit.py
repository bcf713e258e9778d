"""One short visit to the broker: connect, subscribe, wait for messages a moment, disconnect.

The client id is new each time, the session ends with the connection, and nothing is published, so
the visit does not affect the gateway's own sessions and devices.
"""

import secrets
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct, field
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.adapters.mqtt.address import BrokerAddress
from gateway.phrase import Phrase, joined

CONNECT_S: Final = 5.0
_TURN_S: Final = 0.05
KEEPALIVE_S: Final = 20


class Unreachable(Exception):  # noqa: N818 - what happened, as all names here
    """The broker cannot be reached; it holds the observation and the remedy."""

    def __init__(self, found: str, do: str) -> None:
        super().__init__(found)
        self.found = found
        self.do = do


class Visit(Struct):
    """The broker's answers.

    `refused` is its reason code in words. `limits` are the CONNACK's properties that it named;
    `denied` the filters that it did not grant, with the reason; `kept` its retained messages.
    """

    refused: str | None = None
    refused_code: int = 0
    limits: dict[str, int] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)


def visit(
    address: BrokerAddress,
    wanted: Sequence[str],
    *,
    also: Sequence[str] = (),
    within_s: float = CONNECT_S,
    listen_s: float = 1.0,
    enough: Sequence[str] = (),
) -> Visit:
    """Connect, subscribe to `wanted` without retained messages and to `also` with them.

    Listens for `listen_s` seconds, or until something is kept on each topic of `enough`.

    Raises:
        Unreachable: no connection, or no MQTT 5 answer on it.
    """
    return _Visitor(address, tuple(wanted), tuple(also)).go(
        time.monotonic() + within_s, listen_s, frozenset(enough)
    )


class _Visitor:
    """A paho client that is driven by hand, so that there is no thread to end."""

    def __init__(
        self, address: BrokerAddress, wanted: tuple[str, ...], also: tuple[str, ...]
    ) -> None:
        self._address = address
        self._wanted = wanted
        self._also = also
        self._seen = Visit()
        self._signed_in = False
        self._asked = bool(wanted or also)
        self._answered = False
        self._client = self._new_client()

    def go(self, deadline: float, listen_s: float, enough: frozenset[str]) -> Visit:
        """Carry out the whole visit."""
        try:
            self._connect(deadline)
            self._turn_until(lambda: self._signed_in, deadline)
            if self._seen.refused is None and self._asked:
                self._subscribe()
                self._turn_until(lambda: self._answered, deadline)
                self._listen(min(deadline, time.monotonic() + listen_s), enough)
            self._client.disconnect()
        except OSError as wrong:
            raise _unreachable(wrong, self._address) from wrong
        finally:
            self._client.on_disconnect = None
        return self._seen

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"seuil-doctor-{secrets.token_hex(4)}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        if self._address.username:
            client.username_pw_set(self._address.username, self._address.password)
        if self._address.is_secure:
            client.tls_set_context(self._address.tls_context())
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        return client

    def _connect(self, deadline: float) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
        properties.SessionExpiryInterval = 0
        self._client.connect_timeout = max(0.1, deadline - time.monotonic())
        self._client.connect(
            self._address.host,
            self._address.port,
            keepalive=KEEPALIVE_S,
            clean_start=True,
            properties=properties,
        )

    def _subscribe(self) -> None:
        none_kept = SubscribeOptions.RETAIN_DO_NOT_SEND
        asked = [(one, SubscribeOptions(qos=1, retainHandling=none_kept)) for one in self._wanted]
        asked += [(one, SubscribeOptions(qos=1)) for one in self._also]
        self._client.subscribe(asked)

    def _turn_until(self, is_so: Callable[[], bool], deadline: float) -> None:
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError("the broker did not answer in time")
            self._turn()

    def _listen(self, until: float, enough: frozenset[str]) -> None:
        while time.monotonic() < until and not (enough and enough <= self._seen.kept.keys()):
            self._turn()

    def _turn(self) -> None:
        if self._seen.refused is not None:
            return
        rc = self._client.loop(timeout=_TURN_S)
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS and self._seen.refused is None:
            raise ConnectionAbortedError("the broker closed the connection without an answer")

    def _connected(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._signed_in = True
        if reason.is_failure:
            self._seen.refused, self._seen.refused_code = str(reason), reason.value
        said = properties.json() if properties is not None else {}  # type: ignore[no-untyped-call] # paho
        self._seen.limits = {name: value for name, value in said.items() if isinstance(value, int)}

    def _subscribed(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._answered = True
        asked = (*self._wanted, *self._also)
        self._seen.denied = {
            topic: str(reason)
            for topic, reason in zip(asked, reasons, strict=False)
            if reason.is_failure
        }

    def _received(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if message.retain:
            self._seen.kept[message.topic] = bytes(message.payload)


_CERTIFICATE: Final = {
    9: (Phrase("its certificate is not valid yet"), Phrase("is this computer's clock right?")),
    10: (Phrase("its certificate has expired"), Phrase("renew it on the broker")),
    18: (
        Phrase("its certificate is signed by itself"),
        Phrase("copy it (or its authority's) here and name it in SEUIL_BROKER_CA_FILE"),
    ),
    19: (
        Phrase("its certificate comes from an authority that is not known here"),
        Phrase("name the authority's certificate in SEUIL_BROKER_CA_FILE"),
    ),
    20: (
        Phrase("its certificate comes from an authority that is not known here"),
        Phrase("name the authority's certificate in SEUIL_BROKER_CA_FILE"),
    ),
    62: (
        Phrase("its certificate is for another name"),
        Phrase("use the certificate's name in SEUIL_BROKER_URL, or make one for this name"),
    ),
    64: (
        Phrase("its certificate does not name this address"),
        Phrase("use the certificate's name in SEUIL_BROKER_URL, or make one for this address"),
    ),
}
"""OpenSSL's X509_V_ERR_... numbers, in words."""


def _unreachable(wrong: OSError, address: BrokerAddress) -> Unreachable:
    found, do = _trouble(wrong)
    return Unreachable(joined([address.url, found], ": "), do)


def _trouble(wrong: OSError) -> tuple[str, str]:
    """Return the observation and the remedy."""
    if isinstance(wrong, ssl.SSLCertVerificationError):
        mend = (wrong.verify_message, Phrase("mend the broker's certificate"))
        return _CERTIFICATE.get(wrong.verify_code, mend)
    if isinstance(wrong, ssl.SSLError):
        return (
            Phrase("no TLS (%(reason)s)", reason=wrong.reason),
            Phrase("is this port meant for TLS? mqtts:// usually has 8883, mqtt:// has 1883"),
        )
    for kind, found, do in _NETWORK:
        if isinstance(wrong, kind):
            return found, do
    return wrong.strerror or str(wrong), Phrase("check SEUIL_BROKER_URL")


_NETWORK: Final[tuple[tuple[type[OSError], str, str], ...]] = (
    (
        socket.gaierror,
        Phrase("no such host"),
        Phrase("is the name right, and does this computer have a network?"),
    ),
    (
        ConnectionRefusedError,
        Phrase("nothing listens there"),
        Phrase("start the broker (systemctl status mosquitto), or mend SEUIL_BROKER_URL"),
    ),
    (
        ConnectionError,
        Phrase("the connection was closed without an answer"),
        Phrase(
            "does it speak MQTT 5, and is the port right? mqtt:// usually has 1883, mqtts:// 8883"
        ),
    ),
    (TimeoutError, Phrase("no answer"), Phrase("is it on, and does no firewall stop this port?")),
)
"""The meaning of network errors; the first that fits."""
