"""What a device may report, by what it is and what is wired to it: each cell of the table."""

from typing import get_args

import pytest
from msgspec import structs

from gateway.core.access import wiring as wired
from gateway.core.access.wiring import TABLE, WORDS, Standing
from gateway.core.facts import AlarmRaised, NotWired
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId
from gateway.core.model.places import Door
from gateway.core.model.site import Site
from gateway.core.readings import (
    Availability,
    Battery,
    Co2,
    Counted,
    CredentialPresented,
    Crossed,
    DoorReported,
    ExitRequested,
    Firmware,
    MachineReported,
    Motion,
    Presence,
    Reading,
    RelayReported,
    Tampered,
)
from tests.paths import ROOT
from tests.world.engine import FRONT, LAB_DOOR, SITE, Place, of_kind, opens, sensor
from tests.world.fablab import FABLAB

RIGHT = """
                entry exit machine muster zone door machine lock
credential      yes   yes  yes     yes    -    -    -       -
door            c     c    -       -      -    c    -       c
exit-request    b     b    -       -      -    b    -       b
crossing        -     -    -       -      yes  a    -       -
motion          -     -    -       -      yes  a    -       -
presence        -     -    -       -      yes  a    -       -
count           -     -    -       -      yes  a    -       -
co2             -     -    -       -      yes  a    -       -
machine         -     -    yes     -      -    -    yes     -
relay           -     -    r       -      -    -    r       r
tamper          yes   yes  yes     yes    yes  yes  yes     yes
battery         yes   yes  yes     yes    yes  yes  yes     yes
availability    yes   yes  yes     yes    yes  yes  yes     yes
firmware        yes   yes  yes     yes    yes  yes  yes     yes
"""
"""c: where the door's contact is wired to it; b: its exit button; a: neither; r: a relay."""
SAMPLES: dict[str, Reading] = {
    "credential": CredentialPresented("hash-ada"),
    "door": DoorReported("open"),
    "exit-request": ExitRequested(),
    "crossing": Crossed(1, 0),
    "motion": Motion(active=True),
    "presence": Presence(active=True),
    "count": Counted(500),
    "co2": Co2(800.0),
    "machine": MachineReported("off"),
    "relay": RelayReported("off"),
    "tamper": Tampered(active=True),
    "battery": Battery(5.0),
    "availability": Availability("offline"),
    "firmware": Firmware("1.0"),
}
DEVICES: dict[Standing, str] = {
    "entry-reader": "lab-in",
    "exit-reader": "lab-out",
    "machine-reader": "laser-on",
    "muster-reader": "meeting",
    "zone-sensor": "pir",
    "door-sensor": "lab-contact",
    "machine-sensor": "laser-meter",
    "lock": "lab-lock",
}
WIRINGS = ("contact", "button", "relay", "neither")


def cells() -> list[tuple[str, Standing, str, bool]]:
    """Each reading, device and wiring, and whether that may be."""
    allowed = {
        "yes": set(WIRINGS),
        "-": set(),
        "c": {"contact"},
        "b": {"button"},
        "r": {"relay"},
        "a": {"neither", "relay"},
    }
    return [
        (kind, standing, wiring, wiring in allowed[cell])
        for kind, *row in map(str.split, RIGHT.strip().splitlines()[1:])
        for standing, cell in zip(WORDS, row, strict=True)
        for wiring in WIRINGS
    ]


def wire(device: str, wiring: str) -> Site:
    """The fablab with this device as the lab door's contact, its button, a relay, or neither."""
    its = (DeviceId(device),)
    others = (DeviceId("nobody"),)
    return structs.replace(
        FABLAB,
        devices=tuple(
            structs.replace(one, switches=True) if one.id == device and wiring == "relay" else one
            for one in FABLAB.devices
        ),
        doors=tuple(
            structs.replace(
                door,
                contacts=its if wiring == "contact" else others,
                buttons=its if wiring == "button" else others,
            )
            if door.id == LAB_DOOR
            else door
            for door in FABLAB.doors
        ),
    )


@pytest.mark.parametrize(
    ("kind", "standing", "wiring", "may"),
    [
        pytest.param(*cell, id=f"{cell[0]} from {WORDS[cell[1]]}, wired as {cell[2]}")
        for cell in cells()
    ],
)
def test_each_cell(kind: str, standing: Standing, wiring: str, may: bool) -> None:  # noqa: FBT001 - a table
    """It is believed, or nothing comes of it but the alarm."""
    place = Place(wire(DEVICES[standing], wiring))
    before = place.state
    facts = place.says(DEVICES[standing], SAMPLES[kind])
    refused = of_kind(facts, NotWired)
    if may:
        assert not refused
        return
    device = DeviceId(DEVICES[standing])
    assert facts == (
        NotWired(device, kind, place.now),
        AlarmRaised("not-wired", device, place.now),
    )
    after = structs.replace(place.state, devices=before.devices, alarms=before.alarms)
    assert after == before


def test_each_reading_and_each_standing_is_in_the_table() -> None:
    """Nothing is left to a default."""
    assert set(TABLE) == set(get_args(Reading))
    assert set(SAMPLES) == {wired.word_of(kind) for kind in TABLE}
    assert tuple(WORDS) == get_args(Standing) == tuple(DEVICES)
    fablab = FABLAB
    for standing, name in DEVICES.items():
        device = fablab.device[DeviceId(name)]
        point = fablab.point_of(device)
        assert wired.standing_of(device, point.direction if point else None) == standing


def test_the_alarm_is_raised_once_and_stays_until_somebody_looks() -> None:
    """A device that goes on is no news."""
    place = Place()
    assert of_kind(place.press("front-in"), AlarmRaised)
    assert of_kind(place.press("front-in"), NotWired, AlarmRaised) == [
        NotWired(DeviceId("front-in"), "exit-request", place.now)
    ]
    place.badge("front-in", "ada")
    assert ("not-wired", "front-in") in place.state.alarms


def test_a_contact_speaks_of_its_own_door_only() -> None:
    """Its word moves no other door."""
    place = Place()
    place.contact("lab-contact", "open")
    assert place.state.doors[LAB_DOOR].status == "forced"
    assert place.state.doors[FRONT].status == "locked"


@pytest.mark.parametrize("device", ["front-in", "front-out", "lab-in", "pir", "spare", "laser-on"])
def test_a_press_of_what_is_no_button_opens_nothing(device: str) -> None:
    """Neither outside nor inside."""
    assert not opens(Place().press(device))


def test_a_reader_that_guards_nothing_says_as_much_as_one_at_a_muster_point() -> None:
    """A badge, and how it is itself."""
    place = Place()
    assert not of_kind(place.badge("spare", "ada"), NotWired)
    assert of_kind(place.contact("spare", "open"), NotWired)


@pytest.mark.parametrize(
    ("device", "contact", "exit_", "may_open", "may_press"),
    [
        pytest.param("lab-contact", False, "handle", True, False, id="a sensor is the contact"),
        pytest.param("lab-in", False, "handle", False, False, id="a reader is not"),
        pytest.param("lab-in", True, "handle", True, False, id="unless the door has one"),
        pytest.param("lab-in", False, "button", False, True, id="nor is it a button"),
        pytest.param("lab-lock", True, "button", True, True, id="a lock of both"),
    ],
)
def test_a_space_that_does_not_say_which_device(
    device: str,
    contact: bool,  # noqa: FBT001 - a table
    exit_: str,
    may_open: bool,  # noqa: FBT001 - likewise
    may_press: bool,  # noqa: FBT001 - likewise
) -> None:
    """It is one of an older journal: all that belong to the door are believed."""
    door = structs.replace(
        SITE.door[LAB_DOOR], contact=contact, exit=exit_, contacts=None, buttons=None
    )
    assert _may(door, SITE.device[DeviceId(device)]) == (may_open, may_press)


def test_the_words_of_a_refusal_say_what_would_be_right() -> None:
    """They are the dead letter's detail."""
    why = wired.refusal(SITE, SITE.device[DeviceId("front-in")], DoorReported("open"))
    assert why == (
        "door: not from a reader at an entry as the space file wires it; "
        "the door's contact has to be wired to it: `contact`"
    )


def test_a_counter_over_a_door_is_apart_from_its_contact() -> None:
    """Of two sensors of one door each says its own."""
    site = structs.replace(SITE, devices=(*SITE.devices, sensor("over-front", door=FRONT)))
    place = Place(site)
    assert not of_kind(place.says("over-front", Crossed(1, 0)), NotWired)
    assert of_kind(place.contact("over-front", "open"), NotWired)
    assert of_kind(place.says("front-contact", Crossed(1, 0)), NotWired)


def printed() -> str:
    """The table as docs/devices.md has it."""
    cells = {"always": "yes"} | {word: word for word in ("contact", "button", "apart", "relay")}
    head = ["", *(f"{words.removeprefix('a ')}" for words in WORDS.values()), "because"]
    rows = [
        [
            f"`{wired.word_of(kind)}`",
            *(cells[row.by[one]] if one in row.by else "-" for one in WORDS),
            row.why,
        ]
        for kind, row in TABLE.items()
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def test_the_page_about_devices_has_the_table() -> None:
    """Word for word: put what this prints into docs/devices.md."""
    page = (ROOT / "docs/devices.md").read_text(encoding="utf-8")
    assert printed() in page, printed()


def _may(door: Door, device: Device) -> tuple[bool, bool]:
    point = SITE.point_of(device)
    opens_, presses = (
        wired.refusal_of(device, point.direction if point else None, door, kind) is None
        for kind in (DoorReported, ExitRequested)
    )
    return opens_, presses
