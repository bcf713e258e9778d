"""The measured place: a site with many readers, and its members, created from a seed."""

import random
from collections.abc import Callable
from pathlib import Path

from gateway.adapters.directory import FILE, DirectoryStore, Member, credential_hash, holder_of
from gateway.core.model.directory import Credential, Holder, Membership
from gateway.core.model.equipment import Device
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, PlanId, SiteId, Text, ZoneId
from gateway.core.model.places import AccessPoint, Door, Zone
from gateway.core.model.plans import Plan, Right
from gateway.core.model.site import Site

SITE = SiteId("bench")
PLAN = PlanId("all")
ROOMS = 10


def place(readers: int, *, contacts: bool = False) -> Site:
    """Return a building with as many entry as exit readers; every grant moves somebody."""
    building = ZoneId("building")
    rooms = [ZoneId(f"room-{number}") for number in range(ROOMS)]
    doors = [
        Door(
            DoorId(f"door-{number}"), _text("door", number), rooms[number % ROOMS], contact=contacts
        )
        for number in range(readers // 2)
    ]
    points, devices = [], []
    for number, door in enumerate(doors):
        for direction in ("entry", "exit"):
            point = AccessPointId(f"{direction}-{number}")
            points.append(AccessPoint(point, direction, door.zone, door=door.id))
            reader = DeviceId(f"reader-{direction}-{number}")
            devices.append(Device(reader, "reader", "native", "", access_point=point))
    return Site(
        id=SITE,
        name=_text("bench", 0),
        timezone="Europe/Paris",
        zones=(
            Zone(building, _text("building", 0)),
            *(Zone(room, _text("room", 0), ancestors=(building,)) for room in rooms),
        ),
        doors=tuple(doors),
        access_points=tuple(points),
        devices=tuple(devices),
        plans=(
            Plan(PLAN, _text("all", 0), (Right(zones=(building,), hours="Mo-Su 00:00-24:00"),)),
        ),
    )


def badges(members: int, seed: int = 0) -> list[str]:
    """Return one badge number per member, seven bytes as hex."""
    draw = random.Random(seed)  # noqa: S311 - made-up badges
    return [f"04{draw.getrandbits(48):012x}" for _ in range(members)]


def enrol(
    data_dir: Path,
    key: bytes,
    numbers: list[str],
    change: Callable[[int, Member], Member] = lambda _number, member: member,
) -> None:
    """Write a member for each badge, as changed by `change`."""
    store = DirectoryStore(data_dir / FILE)
    store.bind(key)
    store.apply(change(number, member) for number, member in enumerate(members(key, numbers)))
    store.close()


def members(key: bytes, numbers: list[str], group: str = "bench") -> list[Member]:
    """Return a member for each badge."""
    return [_member(key, f"{group}-{place}", number) for place, number in enumerate(numbers)]


def _member(key: bytes, ref: str, number: str) -> Member:
    holder = holder_of(key, ref)
    return Member(
        ref=ref,
        name=f"Member {ref}",
        holder=Holder(holder, memberships=(Membership(PLAN),)),
        credentials=(Credential(credential_hash(key, number), holder),),
    )


def _text(word: str, number: int) -> Text:
    return Text(fr=f"{word} {number}", en=f"{word} {number}")
