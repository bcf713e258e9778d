"""Which MQTT session hears which device: a lane each, so that no flood fills another's queue.

A broker keeps one queue a session, in order, and hands over only so many unacknowledged messages
(`max_inflight_messages`): whatever one device sends into a session stands before what others send
after it. So readers have sessions of their own as long as there are not too many, and share them
beyond; and so do contacts, and sensors.

A lane is a function of the devices alone: a restart, or another device, leaves nearly all of them
as they were.
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
"""The name of a class's lanes, and how many there are: a connection costs the broker and us some
20 kB each. With more readers than lanes, one that floods delays those that share its lane."""
STATUSES: Final = "statuses"
"""The lane of native devices' statuses, which come by a wildcard."""


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


def _by_board(subscriptions: Sequence[Subscription]) -> dict[Source, list[Subscription]]:
    """Group topics by the first of the devices that share them: one board may be several."""
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
    """Give each board a lane: one of its own while there are enough, and the same each time."""
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
