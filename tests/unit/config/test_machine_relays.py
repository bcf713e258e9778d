"""A machine gets its power from a device that can give it, or its file says that none does."""

from pathlib import Path

import pytest

from gateway.config import ConfigError
from gateway.config.advice import advice
from gateway.config.space import load_space
from gateway.core.model.names import DeviceId, MachineId

SITE = """
[site]
id = "s"
name = "S"
timezone = "Europe/Paris"
[[zones]]
id = "lab"
name = "Lab"
[[doors]]
id = "front"
name = "F"
zone = "lab"
lock = "front-lock"
[[locks]]
id = "front-lock"
[[access_points]]
id = "laser-start"
machine = "laser"
[[access_points]]
id = "front-in"
door = "front"
direction = "entry"
[[readers]]
id = "front-reader"
access_point = "front-in"
[[machines]]
id = "laser"
name = "Laser"
zone = "lab"
"""
NATIVE = '[[readers]]\nid = "r"\naccess_point = "laser-start"\n'
TASMOTA = NATIVE + 'driver = "tasmota"\ntopic = "laser"\n'
SWITCHING = TASMOTA + "options = { relay = 1 }\n"
SECOND = SWITCHING.replace('"r"', '"r2"').replace('"laser"\noptions', '"laser2"\noptions')
ESP_RFID = NATIVE + 'driver = "esp-rfid"\ntopic = "rfid"\noptions = { ip = "10.0.0.2" }\n'
PLUG = (
    '[[sensors]]\nid = "plug"\nmachine = "laser"\ndriver = "tasmota"\ntopic = "plug"\n'
    "options = { relay = 1, on_above_w = 30 }\n"
)
ZIGBEE = (
    '[[sensors]]\nid = "plug"\nmachine = "laser"\ndriver = "zigbee2mqtt"\n'
    'topic = "zigbee2mqtt/Plug"\noptions = { on_above_w = 30 }\n'
)
LOCK = '[[locks]]\nid = "box"\ndriver = "tasmota"\ntopic = "box"\noptions = { relay = 2 }\n'
SAW = '[[machines]]\nid = "saw"\nname = "Saw"\nzone = "lab"\n'


def relay(named: str) -> str:
    """The key of the laser, which stands last in the file."""
    return f"relay = {named}\n"


@pytest.mark.parametrize(
    ("more", "device"),
    [
        pytest.param(SWITCHING, "r", id="its reader's own relay"),
        pytest.param(relay('"r"') + NATIVE, "r", id="its native reader"),
        pytest.param(relay('"plug"') + NATIVE + PLUG, "plug", id="a plug that measures"),
        pytest.param(relay('"plug"') + ESP_RFID + ZIGBEE, "plug", id="a Zigbee plug"),
        pytest.param(relay('"box"') + ESP_RFID + LOCK, "box", id="a relay somewhere"),
        pytest.param(relay('"r2"') + SWITCHING + SECOND, "r2", id="one of two relays"),
        pytest.param(NATIVE, None, id="a native reader that sees to it by itself"),
        pytest.param(relay("false") + ESP_RFID, None, id="nothing switches it"),
        pytest.param(relay("false") + SWITCHING, None, id="nor does this relay"),
        pytest.param("", None, id="no reader at all"),
    ],
)
def test_the_device_that_switches(tmp_path: Path, more: str, device: str | None) -> None:
    """It is the machine's, whatever it is declared as."""
    file = tmp_path / "space.toml"
    file.write_text(SITE + more)
    (site,) = load_space(file)
    assert site.machine[MachineId("laser")].relay == device
    switching = {one.id: one.machine for one in site.devices if one.switches}
    assert switching == ({DeviceId(device): "laser"} if device else {})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        pytest.param(ESP_RFID, "r: an esp-rfid reader cannot switch on a machine", id="esp-rfid"),
        pytest.param(TASMOTA, "r names no relay of its board", id="a board without a relay"),
        pytest.param(SWITCHING + SECOND, "r, r2 have relays; name the one", id="two relays"),
        pytest.param(relay("true") + NATIVE, "is no device; its id", id="true"),
        pytest.param(relay('"bx"') + LOCK, 'did you mean "box"', id="a slip"),
        pytest.param(
            relay('"r"') + ESP_RFID, "cannot switch on a machine", id="named all the same"
        ),
        pytest.param(relay('"front-reader"') + NATIVE, "is not of this machine", id="another's"),
        pytest.param(
            relay('"front-lock"') + NATIVE, "switches the door front already", id="a door's"
        ),
        pytest.param(
            relay('"box"') + LOCK + SAW + relay('"box"'), "the machine laser already", id="shared"
        ),
    ],
)
def test_what_cannot_switch_is_a_fault(tmp_path: Path, more: str, message: str) -> None:
    """It is told at the machine, with what would be right."""
    file = tmp_path / "space.toml"
    file.write_text(SITE + more)
    with pytest.raises(ConfigError) as wrong:
        load_space(file)
    told = [(fault.path, fault.message) for fault in wrong.value.faults]
    assert any(path.endswith("].relay") and message in said for path, said in told), told


@pytest.mark.parametrize(
    ("front", "told"),
    [
        pytest.param('exit = "handle"\n', True, id="a handle"),
        pytest.param('exit = "handle"\ncontact = "c"\n', False, id="a handle and a contact"),
    ],
)
def test_company_that_cannot_be_proven_is_told(tmp_path: Path, front: str, told: bool) -> None:  # noqa: FBT001 - a table
    """With what would prove it; the file is good all the same."""
    file = tmp_path / "space.toml"
    contact = '[[sensors]]\nid = "c"\ndoor = "front"\n'
    text = SITE.replace('lock = "front-lock"\n', front).replace(
        '[[locks]]\nid = "front-lock"\n', contact
    )
    if not told:
        file.write_text(text + "demands = { min_present = 2 }\n" + NATIVE)
    else:
        file.write_text(text.replace(contact, "") + "demands = { min_present = 2 }\n" + NATIVE)
    (site,) = load_space(file)
    said = [one for one in advice(site) if "cannot be proven" in one]
    assert bool(said) == told
    for one in said:
        assert one.startswith("machine laser: min_present = 2 in lab cannot be proven")
        assert "people leave by front without one" in one
