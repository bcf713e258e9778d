"""The configuration of mosquitto's dynamic-security plugin: it checks subscriptions, too.

mosquitto 2 does not check SUBSCRIBE against an `acl_file`: it accepts all filters, and leaves out
what the client may not read at each message. So one device with 100,000 filters such as
`$share/g1/#` made each message of the house take 60 ms of the broker's only thread. The plugin,
which comes with mosquitto, refuses such a filter. A device may subscribe to its own filters, each
as it is written here, so that their number is bounded; the gateway, the console and bridges to
whatever matches what they may read.

A client that connects with another's client id takes its place. So a device may also be bound to
its login as its client id: then no other device can take that, and it has one session, not
thousands that each keep its commands in the broker's memory.

The plugin reads passwords and topics from this one file; nobody may change it over MQTT.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from gateway.adapters.broker.logins import Login

PLUGIN: Final = "mosquitto_dynamic_security.so"
IMAGE_PLUGIN: Final = f"/usr/lib/{PLUGIN}"
"""Where the image `eclipse-mosquitto` has it."""
FILE: Final = "dynamic-security.json"
_PLACES: Final = ("usr/lib/*-linux-gnu", "usr/lib", "usr/lib64", "usr/local/lib")
"""Debian's folder, and others' (the container's is `/usr/lib`)."""
_FIRST, _THEN = 1, 0
"""Priorities: what is never allowed comes before what is."""


def plugin_file(
    known: Sequence[Login], password_lines: Mapping[str, str], *, bind_client_ids: bool = False
) -> str:
    """Return the plugin's file, with each login's line of the password file.

    `bind_client_ids` lets each device in only with its login as its client id.
    """
    config = {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [
            _client(login, password_lines[login.name])
            | ({"clientid": login.name} if bind_client_ids and login.is_device else {})
            for login in known
        ],
        "groups": [],
        "roles": [{"rolename": login.name, "acls": list(_rules(login))} for login in known],
    }
    return json.dumps(config, ensure_ascii=False, indent=1) + "\n"


def find_plugin() -> str | None:
    """Return this computer's plugin, if it has one."""
    found = (path for place in _PLACES for path in sorted(Path("/").glob(f"{place}/{PLUGIN}")))
    return next(map(str, found), None)


def _client(login: Login, line: str) -> dict[str, object]:
    _, _kind, iterations, salt, digest = line.split("$")
    return {
        "username": login.name,
        "password": digest,
        "salt": salt,
        "iterations": int(iterations),
        "roles": [{"rolename": login.name, "priority": _THEN}],
    }


def _rules(login: Login) -> Iterator[dict[str, object]]:
    for topic in login.never:
        yield _rule("publishClientSend", topic, allow=False)
        yield _rule("publishClientReceive", topic, allow=False)
    for topic in login.writes:
        yield _rule("publishClientSend", topic)
    for topic in login.reads:
        yield _rule("publishClientReceive", topic)
    if login.subscribes is None:
        for topic in login.reads:
            yield _rule("subscribePattern", topic)
    for topic in login.subscribes or ():
        yield _rule("subscribeLiteral", topic)


def _rule(kind: str, topic: str, *, allow: bool = True) -> dict[str, object]:
    priority = _THEN if allow else _FIRST
    return {"acltype": kind, "topic": topic, "priority": priority, "allow": allow}
