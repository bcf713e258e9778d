"""The space file: every fault is found at once, with its place and what would be right."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway.config import (
    ConfigError,
    Settings,
    load_calendars,
    load_space,
    site_from_json,
    site_to_json,
    space_schema,
)
from gateway.config.draft import draft_of
from gateway.config.space import space_files
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, Text, TrainingId, ZoneId
from gateway.core.model.places import Demands
from tests.paths import ROOT

EXAMPLE = ROOT / "gateway/examples/space.toml"

SITE = '[site]\nid = "s"\nname = "S"\ntimezone = "Europe/Paris"\n'
ROOMS = """
[[zones]]
id = "hall"
name = "Hall"
[[zones]]
id = "lab"
name = "Lab"
parent = "hall"
"""
DOOR = '[[doors]]\nid = "d"\nname = "D"\nzone = "hall"\n'
ENTRY = '[[access_points]]\nid = "in"\ndoor = "d"\ndirection = "entry"\n'
EXIT = '[[access_points]]\nid = "out"\ndoor = "d"\ndirection = "exit"\n'
READER = '[[readers]]\nid = "r"\naccess_point = "in"\n'
READERS = READER + READER.replace('"r"', '"r2"')
TASMOTA_READER = READER + 'driver = "tasmota"\ntopic = "t"\n'
NATIVE = '[[sensors]]\nid = "c"\ndoor = "d"\n'
BOARD = '[[sensors]]\nid = "b"\ndoor = "d"\ndriver = "tasmota"\ntopic = "b"\n'
PRESS = 'options = { switch = 1, means = "exit-request" }\n'
PLAN = '[[plans]]\nid = "p"\nname = "P"\n[[plans.rights]]\n'


def faults(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    """Paths and messages of a file that has faults."""
    file = tmp_path / "space.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_space(file)
    assert all(fault.file == str(file) for fault in wrong.value.faults)
    return [(fault.path, fault.message) for fault in wrong.value.faults]


CASES = {
    "a missing site table": ("", "site", "is required"),
    "an unknown table": (SITE + "[[zone]]\n", "zone", 'did you mean "zones"?'),
    "a single table where a list belongs": (SITE + "[zones]\n", "zones", "written [[zones]]"),
    "an unknown key": (
        SITE + ROOMS + "capcity = 3",
        "zones[1].capcity",
        'did you mean "capacity"? keys are: capacity,',
    ),
    "an unknown key of a right": (
        SITE + ROOMS + PLAN + 'zones = ["hall"]\nhour = "24/7"',
        "plans[0].rights[0].hour",
        'did you mean "hours"?',
    ),
    "a secret, since there is no key for one": (
        SITE + 'password = "x"',
        "site.password",
        "is not a key",
    ),
    "a missing key": (SITE + '[[zones]]\nid = "z"\n', "zones[0].name", "is required"),
    "a name in one of two languages": (
        SITE + '[[zones]]\nid = "z"\nname = { fr = "Z" }\n',
        "zones[0].name.en",
        "is required",
    ),
    "text for a number": (
        SITE + ROOMS + 'capacity = "9"',
        "zones[1].capacity",
        'must be a whole number, is "9"',
    ),
    "a number out of bounds": (
        SITE + ROOMS + 'capacity = 0\ncapacity_source = "x"',
        "zones[1].capacity",
        "must be at least 1, is 0",
    ),
    "a choice that is none": (
        SITE + ROOMS + DOOR + 'exit = "handel"',
        "doors[0].exit",
        'did you mean "handle"? choices are: button, handle, reader',
    ),
    "an id in capitals": (
        SITE + '[[zones]]\nid = "Hall"\nname = "H"\n',
        "zones[0].id",
        "lowercase letters, digits",
    ),
    "an id of 33 characters": (
        SITE + f'[[zones]]\nid = "{"a" * 33}"\nname = "H"\n',
        "zones[0].id",
        "32 at most",
    ),
    "an id that is a word of the topics": (
        SITE + '[[zones]]\nid = "alarm"\nname = "H"\n',
        "zones[0].id",
        "word of the topics",
    ),
    "an unknown time zone": (
        SITE.replace("Paris", "Pariss"),
        "site.timezone",
        'did you mean "Europe/Paris"?',
    ),
    "an unknown country": (SITE + 'country = "XX"', "site.country", "is not a country"),
    "an unknown zone": (
        SITE + ROOMS + DOOR.replace('"hall"', '"hal"'),
        "doors[0].zone",
        '"hal" is not a zone; did you mean "hall"? zones are: hall, lab',
    ),
    "an unknown lock": (
        SITE + ROOMS + DOOR + 'lock = "l"',
        "doors[0].lock",
        '"l" is not a lock or reader; there are none',
    ),
    "one id for two zones": (
        SITE + ROOMS + '[[zones]]\nid = "lab"\nname = "L"\n',
        "zones[2].id",
        "is given already at zones[1].id",
    ),
    "one id for a reader and a sensor": (
        SITE
        + ROOMS
        + DOOR
        + ENTRY
        + '[[readers]]\nid = "x"\naccess_point = "in"\n[[sensors]]\nid = "x"\nzone = "lab"\n',
        "sensors[0].id",
        "is given already at readers[0].id",
    ),
    "zones that are inside each other": (
        SITE + ROOMS.replace('name = "Hall"', 'name = "Hall"\nparent = "lab"'),
        "zones[0].parent",
        "goes round: hall > lab > hall",
    ),
    "a room with more people than the building": (
        SITE
        + ROOMS.replace('"Hall"', '"Hall"\ncapacity = 5\ncapacity_source = "x"')
        + 'capacity = 6\ncapacity_source = "x"\n',
        "zones[1].capacity",
        "6 is more than 5, the capacity of hall",
    ),
    "a capacity out of nowhere": (
        SITE + ROOMS + "capacity = 6\n",
        "zones[1].capacity_source",
        "is required with capacity",
    ),
    "the same zone on both sides of a door": (
        SITE + ROOMS + DOOR + 'outside = "hall"',
        "doors[0].outside",
        "is on both sides",
    ),
    "leaving by badge without an exit access point": (
        SITE + ROOMS + DOOR + 'exit = "reader"\n' + ENTRY,
        "doors[0].exit",
        "or nobody gets out",
    ),
    "leaving by badge without a reader at the exit": (
        SITE + ROOMS + DOOR + 'exit = "reader"\n' + EXIT,
        "doors[0].exit",
        "or nobody gets out",
    ),
    "a contact that nothing reports": (
        SITE + ROOMS + DOOR + "contact = true",
        "doors[0].contact",
        "no reader, lock or sensor",
    ),
    "a contact denied beside its sensor": (
        SITE + ROOMS + DOOR + 'contact = false\n[[sensors]]\nid = "c"\ndoor = "d"\n',
        "doors[0].contact",
        "a sensor names this door",
    ),
    "a contact that is wired to nothing there is": (
        SITE + ROOMS + DOOR + 'contact = "r"\n',
        "doors[0].contact",
        '"r" is not a device; there are none',
    ),
    "a contact that is wired to a device of another door": (
        SITE + ROOMS + DOOR + 'contact = "c"\n[[sensors]]\nid = "c"\nzone = "lab"\n',
        "doors[0].contact",
        '"c" is not of this door',
    ),
    "a contact at a device that has no word for it": (
        SITE + ROOMS + DOOR + 'contact = "r"\n' + ENTRY + TASMOTA_READER,
        "doors[0].contact",
        '"r" cannot report door, as it is declared',
    ),
    "a contact that is neither yes nor a device": (
        SITE + ROOMS + DOOR + "contact = 3\n",
        "doors[0].contact",
        "must be true, false or a device's id",
    ),
    "a sensor that may be the contact or the button": (
        SITE + ROOMS + DOOR + 'exit = "button"\n[[sensors]]\nid = "c"\ndoor = "d"\n',
        "doors[0].exit_button",
        "is required: the device that the button is wired to, one of: c",
    ),
    "a button that two devices may have": (
        SITE + ROOMS + DOOR + 'exit = "button"\n' + ENTRY + READERS,
        "doors[0].exit_button",
        "one of: r, r2",
    ),
    "a button that nothing reports": (
        SITE + ROOMS + DOOR + 'exit = "button"\n',
        "doors[0].exit",
        "needs a device of this door that reports it",
    ),
    "a button of a door with a handle": (
        SITE + ROOMS + DOOR + 'exit_button = "c"\n[[sensors]]\nid = "c"\ndoor = "d"\n',
        "doors[0].exit_button",
        'needs exit = "button"',
    ),
    "a button that is wired to nothing there is": (
        SITE + ROOMS + DOOR + 'exit = "button"\nexit_button = "x"\n',
        "doors[0].exit_button",
        '"x" is not a sensor or reader or lock; there are none',
    ),
    "a button at a reader that has no word for it": (
        SITE + ROOMS + DOOR + 'exit = "button"\nexit_button = "r"\n' + ENTRY + TASMOTA_READER,
        "doors[0].exit_button",
        '"r" cannot report exit-request',
    ),
    "a switch that means a press where nobody leaves by a button": (
        SITE + ROOMS + DOOR + BOARD + PRESS,
        "sensors[0]",
        "can report nothing here; exit-request: not from a sensor of a door",
    ),
    "a switch that means a door in a room": (
        SITE
        + ROOMS
        + BOARD.replace('door = "d"', 'zone = "lab"')
        + PRESS.replace('exit-request"', 'door", on = "open"'),
        "sensors[0]",
        "can report nothing here; door: not from a sensor of a zone",
    ),
    "a lock that no door names": (
        SITE + ROOMS + '[[locks]]\nid = "l"\n',
        "locks[0].id",
        'no door has lock = "l"',
    ),
    "an access point of nothing": (
        SITE + '[[access_points]]\nid = "a"\n',
        "access_points[0]",
        "give door and direction, or machine",
    ),
    "an access point without a direction": (
        SITE + ROOMS + DOOR + '[[access_points]]\nid = "a"\ndoor = "d"\n',
        "access_points[0].direction",
        "is required with door",
    ),
    "two access points for one direction": (
        SITE + ROOMS + DOOR + ENTRY + ENTRY.replace('"in"', '"in2"'),
        "access_points[1]",
        "is the same as access_points[0]",
    ),
    "a sensor of nothing": (
        SITE + '[[sensors]]\nid = "x"\n',
        "sensors[0]",
        "give one of zone, door or machine",
    ),
    "an unknown driver": (
        SITE + ROOMS + '[[sensors]]\nid = "x"\nzone = "lab"\ndriver = "tasmotta"\n',
        "sensors[0].driver",
        'did you mean "tasmota"?',
    ),
    "a topic that is a wildcard": (
        SITE + ROOMS + '[[sensors]]\nid = "x"\nzone = "lab"\ndriver = "tasmota"\ntopic = "a/#"\n',
        "sensors[0].topic",
        "exact topic",
    ),
    "a topic where the native wire has its own": (
        SITE + ROOMS + '[[sensors]]\nid = "x"\nzone = "lab"\ntopic = "a"\n',
        "sensors[0].topic",
        "leave it away",
    ),
    "an option that the driver does not know": (
        SITE + ROOMS + '[[sensors]]\nid = "x"\nzone = "lab"\noptions = { a = 1 }\n',
        "sensors[0].options.a",
        "is unknown",
    ),
    "an unknown badge format": (
        SITE + ROOMS + DOOR + ENTRY + '[[readers]]\nid = "r"\naccess_point = "in"\nformat = "hx"\n',
        "readers[0].format",
        "is unknown; one of hex,",
    ),
    "hours that cannot be read": (
        SITE + ROOMS + PLAN + 'zones = ["hall"]\nhours = "Mo-Fr 8h-20h"',
        "plans[0].rights[0].hours",
        'write for example "Mo-Fr 08:00-20:00"',
    ),
    "a right to an unknown zone": (
        SITE + ROOMS + PLAN + 'zones = ["hall", "lap"]',
        "plans[0].rights[0].zones[1]",
        'did you mean "lab"?',
    ),
    "a right to nothing": (SITE + PLAN + 'hours = "24/7"', "plans[0].rights[0]", "opens nothing"),
    "a plan without rights": (
        SITE + '[[plans]]\nid = "p"\nname = "P"\nrights = []',
        "plans[0].rights",
        "is empty",
    ),
    "TOML that is none": (SITE + "zones = = 1", "line 5, column 9", "not valid TOML"),
}


@pytest.mark.parametrize(("text", "path", "message"), CASES.values(), ids=CASES)
def test_a_fault_names_its_place_and_what_would_be_right(
    tmp_path: Path, text: str, path: str, message: str
) -> None:
    """The file has exactly this one fault, told at its key."""
    found = faults(tmp_path, text)
    assert [each for each, _ in found] == [path]
    assert message in found[0][1]


def test_every_fault_is_told_at_once_even_in_one_table(tmp_path: Path) -> None:
    """Wrong shapes hide no wrong references, neither of other tables nor of the same one."""
    text = (
        SITE.replace("Paris", "Pariss")
        + ROOMS
        + 'capacity = "many"\nparnt = "hall"\n'
        + DOOR.replace('"hall"', '"hal"')
        + 'exit = "handel"\nlock = "x"\n'
        + PLAN
        + 'zones = ["atic"]\nhours = "8h"\nextra = 1\n'
    )
    assert {path for path, _ in faults(tmp_path, text)} == {
        "site.timezone",
        "zones[1].capacity",
        "zones[1].parnt",
        "doors[0].zone",
        "doors[0].exit",
        "doors[0].lock",
        "plans[0].rights[0].zones[0]",
        "plans[0].rights[0].hours",
        "plans[0].rights[0].extra",
    }


def test_the_example_describes_a_whole_place() -> None:
    """The example that is shipped has no fault, and each kind of thing in it."""
    (site,) = load_space(EXAMPLE)
    assert site.name == Text("Le Seuil, tiers-lieu", "Le Seuil, a shared space")
    assert site.zone[ZoneId("laser-room")].ancestors == ("fablab", "building")
    assert [door.id for door in site.doors if door.contact] == [
        "front",
        "fablab-door",
        "laser-door",
    ]
    assert {device.driver for device in site.devices} == {"native", "zigbee2mqtt", "tasmota"}
    assert len(site.plans) == 5
    assert site.access_point["laser-switch"].zone == "laser-room"  # type: ignore[index]
    assert site.device[DeviceId("front-in")].door == "front"
    assert site.door[DoorId("fablab-door")].held_open_max_s == 90


def test_the_example_tells_the_story_of_the_laser() -> None:
    """Trained and never alone; each rule of the product is shown once."""
    (site,) = load_space(EXAMPLE)
    (laser,) = site.machines
    assert laser.demands == Demands(
        trainings=(TrainingId("laser"),),
        min_present=2,
        present_in=ZoneId("fablab"),
        check_in=True,
    )
    assert site.zone[ZoneId("fablab")].opened_by == "fab-manager"
    assert site.zone[ZoneId("fablab")].escort
    assert site.interlocks[0].doors == ("fablab-door", "laser-door")
    directions = {point.id: point.direction for point in site.access_points}
    assert directions[AccessPointId("car-park")] == "muster"
    strong = [point.id for point in site.access_points if point.min_credential != "number"]
    assert strong == ["laser-entry"]
    assert [plan.id for plan in site.plans if plan.quotas] == ["nomad"]
    (feed,) = load_calendars(EXAMPLE)
    assert feed.file is not None
    assert feed.file.is_file()


def test_the_real_hardware_of_the_example_is_right_too(tmp_path: Path) -> None:
    """The lines that are commented out pass as well when they are taken in."""
    before, _, after = EXAMPLE.read_text(encoding="utf-8").partition("by a Tasmota relay.\n")
    lines = [line.removeprefix("#").removeprefix(" ") for line in after.splitlines()]
    file = tmp_path / "space.toml"
    file.write_text(before + "\n" + "\n".join(lines), encoding="utf-8")
    (site,) = load_space(file)
    assert {device.driver for device in site.devices} >= {"esp-rfid"}
    assert site.device[DeviceId("storage-strike")].door == "storage-door"


def test_a_sensor_that_is_a_button_is_no_contact(tmp_path: Path) -> None:
    """Its options say what it means; entries must not wait for an opening that nobody reports."""
    file = tmp_path / "space.toml"
    sensor = '[[sensors]]\nid = "b"\ndoor = "d"\ndriver = "tasmota"\ntopic = "b"\n'
    options = 'options = { switch = 1, means = "exit-request" }\n'
    file.write_text(SITE + ROOMS + DOOR + 'exit = "button"\n' + sensor + options)
    (site,) = load_space(file)
    assert not site.doors[0].contact


@pytest.mark.parametrize(
    ("door", "devices", "contacts", "buttons"),
    [
        pytest.param("", "", (), (), id="nothing is wired"),
        pytest.param("", NATIVE, ("c",), (), id="a sensor is the contact"),
        pytest.param("contact = true", ENTRY + READERS, ("r", "r2"), (), id="some reader"),
        pytest.param('contact = "r2"', ENTRY + READERS, ("r2",), (), id="this reader"),
        pytest.param("contact = true", NATIVE + ENTRY + READERS, ("c",), (), id="its sensor"),
        pytest.param('exit = "button"', ENTRY + READER, (), ("r",), id="the only reader"),
        pytest.param(
            'exit = "button"\nexit_button = "c"\ncontact = true',
            NATIVE + ENTRY + READER,
            ("r",),
            ("c",),
            id="a button and a reader's contact",
        ),
        pytest.param(
            'exit = "button"\nexit_button = "r"',
            NATIVE + ENTRY + READER,
            ("c",),
            ("r",),
            id="a reader's button and a contact",
        ),
        pytest.param(
            'exit = "button"\nexit_button = "c"\ncontact = "c"',
            NATIVE,
            ("c",),
            ("c",),
            id="one board for both",
        ),
        pytest.param(
            'exit = "button"',
            NATIVE + BOARD + PRESS + ENTRY + READER,
            ("c",),
            ("b",),
            id="a switch that means it",
        ),
    ],
)
def test_what_is_wired_to_what(
    tmp_path: Path, door: str, devices: str, contacts: tuple[str, ...], buttons: tuple[str, ...]
) -> None:
    """Named, or the only one that it can be."""
    file = tmp_path / "space.toml"
    file.write_text(f"{SITE}{ROOMS}{DOOR}{door}\n{devices}")
    (site,) = load_space(file)
    (found,) = site.doors
    assert (found.contacts, found.buttons, found.contact) == (contacts, buttons, bool(contacts))


def test_a_site_survives_the_journal() -> None:
    """A site as JSON comes back equal."""
    (site,) = load_space(EXAMPLE)
    assert site_from_json(site_to_json(site)) == site


def test_a_folder_is_a_network_of_sites(tmp_path: Path) -> None:
    """Sites come in the order of their files' names; other files are left alone."""
    for name in ("b", "a"):
        (tmp_path / f"{name}.toml").write_text(SITE.replace('"s"', f'"site-{name}"'))
    (tmp_path / "space.schema.json").write_text("{}")
    assert [site.id for site in load_space(tmp_path)] == ["site-a", "site-b"]


def test_a_folder_tells_the_faults_of_all_its_files(tmp_path: Path) -> None:
    """A file that is not TOML hides no fault of another, and two files cannot be one site."""
    (tmp_path / "a.toml").write_text("[[[")
    (tmp_path / "b.toml").write_text(SITE + "[[zones]]\n")
    (tmp_path / "c.toml").write_text(SITE)
    with pytest.raises(ConfigError) as wrong:
        load_space(tmp_path)
    assert [(Path(fault.file).name, fault.path) for fault in wrong.value.faults] == [
        ("a.toml", "line 1, column 3"),
        ("b.toml", "zones[0].id"),
        ("b.toml", "zones[0].name"),
        ("c.toml", "site.id"),
    ]
    assert str(wrong.value).count("\n") == 3


@pytest.mark.parametrize("name", ["nothing-here.toml", ""], ids=["no file", "an empty folder"])
def test_no_file_is_said_clearly(tmp_path: Path, name: str) -> None:
    """A wrong path is a ConfigError that names it."""
    with pytest.raises(ConfigError, match=str(tmp_path)):
        space_files(tmp_path / name)


def test_a_file_that_is_not_utf8_is_said_clearly(tmp_path: Path) -> None:
    """The byte's place is told."""
    file = tmp_path / "space.toml"
    file.write_bytes(b'[site]\nname = "B\xe9"\n')
    with pytest.raises(ConfigError, match="byte 16: not UTF-8"):
        load_space(file)


@pytest.mark.parametrize("junk", [[], {}, 1, "x", None, [[]], [1], {"id": []}], ids=repr)
@pytest.mark.parametrize("key", ["site", "zones", "doors", "readers", "plans", "sensors"])
def test_junk_of_any_shape_is_a_fault_and_no_crash(key: str, junk: Any) -> None:  # noqa: ANN401
    """Whatever TOML may hold at a table's place, a draft comes out."""
    draft = draft_of("x", {key: junk})
    assert draft.file == "x"


def test_the_committed_schema_is_the_models_schema() -> None:
    """docs/space.schema.json has not drifted: `seuil check --schema` writes it."""
    committed = json.loads((ROOT / "docs/space.schema.json").read_text(encoding="utf-8"))
    assert committed == space_schema()


def test_the_documentation_has_every_key_and_variable() -> None:
    """docs/space-file.md tells of each key of each table, and of each setting."""
    text = (ROOT / "docs/space-file.md").read_text(encoding="utf-8")
    tables: dict[str, Any] = space_schema()["$defs"]
    keys = {key for table in tables.values() for key in table["properties"]}
    assert [key for key in keys if f"`{key}`" not in text] == []
    variables = {f"SEUIL_{name.upper()}" for name in Settings.model_fields}
    assert [variable for variable in variables if f"`{variable}`" not in text] == []


def test_the_schema_accepts_the_example_and_refuses_a_slip() -> None:
    """An editor sees what `seuil check` sees, where a schema can."""
    checker_of = jsonschema.Draft202012Validator
    # An editor sees a date as text, and so does a schema.
    example = json.loads(
        json.dumps(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")), default=str)
    )
    checker = checker_of(space_schema())
    checker.validate(example)
    example["zones"][0]["capcity"] = 3
    assert not checker.is_valid(example)
    del example["zones"][0]["capcity"], example["zones"][0]["capacity_source"]
    assert not checker.is_valid(example)
