"""Weeks behind a door with a handle, by which 15 % leave without a badge: who is company.

The truth is kept beside the engine. Nobody who is alone is granted the machine that wants two; who
is not alone is granted it, at once or after their colleague has badged at the reader in the room.
Prints the figures of docs/benchmarks.md: `pytest -s`.
"""

import random
from typing import Final

import pytest
from msgspec import Struct, structs

from gateway.core.events import SpaceChanged
from gateway.core.readings import Availability, Counted
from tests.doses import IS_LONG
from tests.world.engine import FRONT, HALL, HOUSE, LASER, decided, sensor
from tests.world.fablab import Fablab
from tests.world.handles import handles

DAYS: Final = 300 if IS_LONG else 15
MEMBERS: Final = ("ada", "bob", "cyd", "dan", "eve", "fay")
UNSEEN: Final = 0.15
"""The share of departures by the handle, without a badge."""
STAY_S: Final = (300, 6 * 3600)
ASKS_EACH_S: Final = 1500
STEP_S: Final = 240


class Figures(Struct):
    """How the machine answered, by what was true."""

    alone: int = 0
    alone_granted: int = 0
    together: int = 0
    at_once: int = 0
    after_badge: int = 0


class Days:
    """People come, go (some unseen), and ask for the laser; one event after the other."""

    def __init__(self, seed: int, *, contact: bool, camera: bool) -> None:
        self.draw = random.Random(seed)
        self.contact, self.camera = contact, camera
        self.inside: list[str] = []
        self.figures = Figures()
        self.place = Fablab()
        site = handles(contact=contact)
        self.place.tell(SpaceChanged(structs.replace(site, devices=(*site.devices, _CAMERA))))
        self.place.says("front-contact", Availability("online"))

    def run(self, days: int) -> Figures:
        """Live through these days, from eight to eight."""
        for _ in range(days):
            leaves = self._arrivals()
            t = 0.0
            while leaves:
                t += STEP_S
                self.place.after(STEP_S)
                for name, (comes, goes) in sorted(leaves.items()):
                    if comes <= t and name not in self.inside:
                        self._comes(name)
                    elif goes <= t and name in self.inside:
                        self._goes(name)
                        del leaves[name]
                if self.inside and self.draw.random() < STEP_S / ASKS_EACH_S:
                    self._asks(self.draw.choice(self.inside))
            self.place.after(12 * 3600)
        return self.figures

    def _arrivals(self) -> dict[str, tuple[float, float]]:
        coming = self.draw.sample(MEMBERS, self.draw.randint(1, len(MEMBERS)))
        plans = {}
        for name in coming:
            comes = self.draw.uniform(60, 8 * 3600)
            plans[name] = (comes, comes + self.draw.uniform(*STAY_S))
        return plans

    def _comes(self, name: str) -> None:
        assert decided(self.place.badge("front-in", name)).decision == "granted"
        self._door()
        self.inside.append(name)

    def _goes(self, name: str) -> None:
        if self.draw.random() >= UNSEEN:
            self.place.badge("front-out", name)
        self._door()
        self.inside.remove(name)

    def _door(self) -> None:
        self.place.after(1)
        if self.contact:
            self.place.contact("front-contact", "open")
            self.place.contact("front-contact", "closed")
        self.place.after(6)

    def _asks(self, name: str) -> None:
        if self.camera:
            self.place.says("camera-2", Counted(len(self.inside)))
        others = [other for other in self.inside if other != name]
        is_granted = self._granted(name)
        if not others:
            self.figures.alone += 1
            self.figures.alone_granted += is_granted
            return
        self.figures.together += 1
        self.figures.at_once += is_granted
        if not is_granted:
            self.place.badge("still", self.draw.choice(others))
            is_granted = self._granted(name)
        self.figures.after_badge += is_granted

    def _granted(self, name: str) -> bool:
        said = decided(self.place.badge("laser-on", name))
        if said.decision == "granted":
            self.place.badge("laser-on", name)  # signs off
        assert LASER not in self.place.state.machines
        return said.decision == "granted"


_CAMERA: Final = sensor("camera-2", zone=HALL)
SETUPS: Final = {
    "a badge alone": (False, False),
    "a contact": (True, False),
    "a contact, and a sensor that counts": (True, True),
}


@pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)
def test_nobody_alone_is_company_and_who_is_there_is(setup: tuple[bool, bool]) -> None:
    """The share that is granted at once, and after a colleague's badge."""
    contact, camera = setup
    assert FRONT in {door.id for door in handles(contact=contact).left_unseen[HOUSE]}
    figures = Days(11, contact=contact, camera=camera).run(DAYS)
    at_once, after = (n / figures.together for n in (figures.at_once, figures.after_badge))
    print(f"\n{setup}: {figures}, at once {at_once:.1%}, after a badge {after:.1%}")  # noqa: T201
    assert figures.alone > DAYS / 3
    assert figures.together > DAYS
    assert after >= 0.95
    if contact:
        assert figures.alone_granted == 0
    if camera:
        assert at_once >= 0.95
