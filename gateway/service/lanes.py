"""Assigns devices to MQTT sessions (lanes), so that a flooding device fills no other's queue.

A broker keeps one ordered queue per session, and limits its unacknowledged messages
(`max_inflight_messages`): one device's messages in a session delay those that others send later.
So each reader has a session of its own up to a maximum number, beyond which they share sessions;
and so do contacts, and sensors.

The assignment depends on the devices alone: a restart, or a new device, leaves nearly all of them
unchanged.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2s
from typing import Final

from gateway.service.priorities import ServiceClass, first
from sensors.driver import Source, Subscription

LaneName = str

_LANES: Final[Mapping[ServiceClass, tuple[str, int]]] = {
    "requests": ("requests", 1),
    "exits": ("reader", 64),
    "entries": ("reader", 64),
    "contacts": ("contact", 8),
    "sensors": ("sensor", 8),
    "strangers": ("strangers", 1),
}
"""The name and number of a class's lanes: a connection costs the broker and us some 20 kB each.
With more readers than lanes, a flooding reader delays those that share its lane."""
STATUSES: Final = "statuses"
"""The lane of undeclared devices' statuses, which arrive through a wildcard."""


def lanes_of(
    subscriptions: Iterable[Subscription], class_of: Callable[[Subscription], ServiceClass]
) -> dict[LaneName, list[Subscription]]:
    """Return the subscriptions of each lane. All topics of one device are in the same lane."""
    lanes: dict[LaneName, list[Subscription]] = {}
    of_devices: list[Subscription] = []
    for one in subscriptions:
        if one.kind == "device":
            of_devices.append(one)
        else:
            name = STATUSES if one.kind == "status" else _LANES[class_of(one)][0]
            lanes.setdefault(name, []).append(one)
    kinds: dict[str, dict[Source, list[Subscription]]] = {}
    for board, topics in _by_board(of_devices).items():
        kinds.setdefault(_LANES[first(map(class_of, topics))][0], {})[board] = topics
    counts = dict(_LANES.values())
    for kind, boards in kinds.items():
        for board, slot in _slots(sorted(boards), counts[kind]).items():
            lanes.setdefault(f"{kind}-{slot:02}", []).extend(boards[board])
    return lanes


def is_shared(subscriptions: Iterable[Subscription]) -> bool:
    """Return whether several devices, or the requests of several sites, share a lane."""
    kinds, senders = set[str](), set[object]()
    for one in subscriptions:
        kinds.add(one.kind)
        senders.add(one.devices[0] if one.kind == "device" else one.filter)
    return "status" in kinds or len(senders) > 1


def _by_board(subscriptions: Sequence[Subscription]) -> dict[Source, list[Subscription]]:
    """Group topics by the first of the devices that share them: a board may have several."""
    board: dict[Source, Source] = {}

    def root(device: Source) -> Source:
        while board.setdefault(device, device) != device:
            device = board[device]
        return device

    for one in subscriptions:
        top = min(map(root, one.devices))
        for device in one.devices:
            board[root(device)] = top
    grouped: dict[Source, list[Subscription]] = {}
    for one in subscriptions:
        grouped.setdefault(root(one.devices[0]), []).append(one)
    return grouped


def _slots(boards: Sequence[Source], lanes: int) -> dict[Source, int]:
    """Assign each board a lane, deterministically, and a lane of its own while there are enough."""
    taken: set[int] = set()
    slots: dict[Source, int] = {}
    for board in boards:
        digest = blake2s("/".join(board).encode(), digest_size=4).digest()
        slot = int.from_bytes(digest, "big") % lanes
        while len(boards) <= lanes and slot in taken:
            slot = (slot + 1) % lanes
        taken.add(slot)
        slots[board] = slot
    return slots
