"""Claims about wiring: contacts, exit buttons, and the readings that devices report there."""

from collections.abc import Iterator

from gateway.config.build import (
    able_to,
    contacts_of,
    devices_at,
    door_of_draft,
    every_device,
    is_only_a_button,
    news_of,
)
from gateway.config.check_types import Claim
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault, unknown
from gateway.config.schema.places import DoorTable
from gateway.core.access.wiring import refusal_of, word_of
from gateway.core.model.names import DoorId
from gateway.core.readings import DoorReported, ExitRequested, Reading

_DEVICES = ("sensors", "readers", "locks")


def contacts_are_reported(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a device reports a door's contact; otherwise entries would wait forever."""
    if not draft.whole("access_points", *_DEVICES):
        return
    for index, door in draft.doors.items():
        path = f"doors[{index}].contact"
        if isinstance(door.contact, str):
            known = [id_ for kind in _DEVICES for id_ in draft.ids[kind]]
            if door.contact not in known:
                yield draft.fault(path, unknown(door.contact, "device", known))
            else:
                yield from _is_able(draft, door, path, door.contact, DoorReported)
        elif door.contact and not contacts_of(draft, door):
            message = "is true, but no reader, lock or sensor of this door reports it"
            yield draft.fault(path, message)
        elif door.contact is False and _is_watched(draft, door):
            yield draft.fault(path, "is false, but a sensor names this door; leave it away")


def exit_buttons_are_reported(draft: Draft) -> Iterator[ConfigFault]:
    """Check life safety: a device reports each exit button."""
    if not draft.whole("access_points", *_DEVICES):
        return
    for index, door in draft.doors.items():
        path = f"doors[{index}].exit_button"
        if door.exit != "button":
            if door.exit_button is not None:
                yield draft.fault(path, 'needs exit = "button"')
            continue
        if door.exit_button is not None:
            yield from _is_able(draft, door, path, door.exit_button, ExitRequested)
            continue
        able = able_to(draft, door, ExitRequested)
        if not able:
            message = (
                '"button" needs a device of this door that reports it: a sensor, reader or lock'
            )
            yield draft.fault(f"doors[{index}].exit", message)
        elif not any(map(is_only_a_button, able)) and (
            len(able) > 1 or able[0].role == "sensor"  # it may be the contact as well
        ):
            names = ", ".join(device.id for device in able)
            message = f"is required: the device that the button is wired to, one of: {names}"
            yield draft.fault(path, message)


def devices_say_what_is_wired(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a sensor may report at least one of its readings here."""
    if not draft.whole("doors", *_DEVICES):
        return
    doors = {DoorId(door.id): door_of_draft(draft, door) for door in draft.doors.values()}
    for kind, index, device in every_device(draft):
        if device.role != "sensor":
            continue  # a reader reads badges, a lock releases its door
        news = sorted(news_of(device), key=word_of)
        whys = [refusal_of(device, None, doors.get(device.door or DoorId("")), one) for one in news]
        if news and all(whys):
            yield draft.fault(f"{kind}[{index}]", f"can report nothing here; {whys[0]}")


CLAIMS: tuple[Claim, ...] = (
    contacts_are_reported,
    exit_buttons_are_reported,
    devices_say_what_is_wired,
)


def _is_able(
    draft: Draft, door: DoorTable, path: str, named: str, kind: type[Reading]
) -> Iterator[ConfigFault]:
    if named not in [id_ for table in _DEVICES for id_ in draft.ids[table]]:
        return  # reported by the claim about references
    if named not in [device.id for device in devices_at(draft, door)]:
        message = f'"{named}" is not of this door; a sensor or reader of it, or its lock'
        yield draft.fault(path, message)
    elif named not in [device.id for device in able_to(draft, door, kind)]:
        yield draft.fault(path, f'"{named}" cannot report {word_of(kind)}, as it is declared')


def _is_watched(draft: Draft, door: DoorTable) -> bool:
    """Return whether a sensor would be this door's contact if the file did not rule it out."""
    return bool(contacts_of(draft, door.model_copy(update={"contact": None})))
