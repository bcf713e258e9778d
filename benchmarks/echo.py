"""The bare echo that the gateway is compared with: only paho and a select loop.

`python -m benchmarks.echo HOST PORT`: every message of `echo/<reader>/event` goes back on
`echo/<reader>/command`, QoS 1 both ways, acknowledged by hand after the answer was handed to paho.
"""

import select
import socket
import sys

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

PREFIX = "echo"
INFLIGHT = 20


def main(host: str, port: int) -> None:
    """Echo until killed."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id="bench-echo",
        protocol=MQTTProtocolVersion.MQTTv5,
        manual_ack=True,
    )
    client.max_inflight_messages_set(INFLIGHT)
    client.on_connect = lambda c, *_: c.subscribe(f"{PREFIX}/+/event", qos=1)
    client.on_subscribe = lambda *_: print("ready", flush=True)  # noqa: T201 - tells the parent
    client.on_message = _answer
    client.connect(host, port)
    sock = client.socket()
    assert isinstance(sock, socket.socket)  # noqa: S101 - connected above
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        readable, writable, _ = select.select([sock], [sock] if client.want_write() else [], [], 1)
        if readable:
            client.loop_read()
        if writable:
            client.loop_write()
        client.loop_misc()


def _answer(client: Client, _userdata: object, message: MQTTMessage) -> None:
    client.publish(message.topic.replace("/event", "/command"), message.payload, qos=1)
    client.ack(message.mid, message.qos)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
