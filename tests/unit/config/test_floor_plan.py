"""The space file's floor plan and kiosk: what cannot be drawn, or is not there, is named."""

from pathlib import Path

import pytest

from gateway.config import ConfigError, load_space
from gateway.core.model.outline import area_m2, distance_m, is_inside, walls_of
from gateway.core.model.places import Place

SQUARE: tuple[Place, ...] = ((0, 0), (4, 0), (4, 4), (0, 4))
SITE = '[site]\nid = "s"\nname = "S"\ntimezone = "Europe/Paris"\n'
HALL = '[[zones]]\nid = "hall"\nname = "Hall"\n'
DOOR = '[[doors]]\nid = "front"\nname = "Door"\nzone = "hall"\n'
WALLS = "outline = [[0, 0], [4, 0], [4, 4], [0, 4]]\n"


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        pytest.param("outline = [[0, 0], [4, 0]]\n", "zones[0].outline", "at least 3", id="a line"),
        pytest.param(
            "outline = [[0, 0], [4, 4], [4, 0], [0, 4]]\n",
            "zones[0].outline",
            "crosses itself",
            id="a bow tie",
        ),
        pytest.param(
            "outline = [[0, 0], [1, 0], [4, 0]]\n", "zones[0].outline", "no room", id="flat"
        ),
        pytest.param(
            "outline = [[0, 0], [4, 0], [4, 4], [0, 0]]\n", "zones[0].outline", "twice", id="closed"
        ),
        pytest.param(
            'outline = [[0, 0], ["x", 0], [4, 0], [4, 4]]\n',
            "zones[0].outline",
            "number",
            id="a word",
        ),
        pytest.param(DOOR + "at = [2, 0]\n", "doors[0].at", "needs an outline", id="no walls"),
        pytest.param(WALLS + DOOR + "at = [2, 2]\n", "doors[0].at", "2.0 m away", id="in mid-room"),
        pytest.param('[kiosk]\nzones = ["hal"]\n', "kiosk.zones[0]", '"hall"', id="no such zone"),
        pytest.param(
            '[kiosk]\nzones = ["hall", "hall"]\n', "kiosk.zones[1]", "already", id="twice"
        ),
        pytest.param("[kiosk]\nzones = []\n", "kiosk.zones", "at least 1", id="an empty kiosk"),
        pytest.param(
            '[kiosk]\nzones = ["hall"]\nembed = ["example.org; script-src *"]\n',
            "kiosk.embed[0]",
            "match",
            id="no website",
        ),
        pytest.param('[[kiosk]]\nzones = ["hall"]\n', "kiosk", "one table", id="a list"),
    ],
)
def test_faults(tmp_path: Path, text: str, path: str, says: str) -> None:
    """Each fault is told at its key, with what would be right."""
    file = tmp_path / "space.toml"
    file.write_text(SITE + HALL + text)
    with pytest.raises(ConfigError) as wrong:
        load_space(file)
    (fault,) = wrong.value.faults
    assert fault.path.startswith(path)
    assert says in fault.message


def test_read(tmp_path: Path) -> None:
    """What is written is what the site has; all of it may be left away."""
    file = tmp_path / "space.toml"
    kiosk = '[kiosk]\nzones = ["hall"]\nembed = ["https://example.org:8443"]\n'
    file.write_text(SITE + HALL + WALLS + DOOR + "at = [2, 0.25]\n" + kiosk)
    (site,) = load_space(file)
    assert [zone.outline for zone in site.zones] == [SQUARE]
    assert [door.at for door in site.doors] == [(2, 0.25)]
    assert site.kiosk
    assert (site.kiosk.zones, site.kiosk.embed) == (("hall",), ("https://example.org:8443",))
    file.write_text(SITE + HALL + DOOR)
    (plain,) = load_space(file)
    assert (plain.zones[0].outline, plain.doors[0].at, plain.kiosk) == ((), None, None)


def test_geometry() -> None:
    """Areas, distances and insides, of a square and of an L."""
    assert area_m2(SQUARE) == 16
    assert distance_m((2, 1), walls_of(SQUARE)[0]) == 1
    assert distance_m((7, 4), walls_of(SQUARE)[0]) == 5
    angle = ((0, 0), (4, 0), (4, 2), (2, 2), (2, 4), (0, 4))
    assert is_inside((1, 3), angle)
    assert not is_inside((3, 3), angle)
