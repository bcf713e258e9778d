"""The small place as a fablab: machines, a muster point, a keypad, staff, and plans with quotas.

Its laser is never used alone nor left alone; its saw wants a manager in the house.
"""

from typing import Literal

from msgspec import structs

from gateway.core.access.offline_rights import rights_of
from gateway.core.events import DirectoryChanged, ListConfirmed, Reported
from gateway.core.facts import Fact, RequestAnswered
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    DirectoryChange,
    Membership,
)
from gateway.core.model.equipment import Device, Machine
from gateway.core.model.names import (
    OPERATOR,
    AccessPointId,
    DeviceId,
    MachineId,
    PlanId,
    RoleId,
    Text,
)
from gateway.core.model.places import AccessPoint, Demands, Zone
from gateway.core.model.plans import Plan, Quota, Right
from gateway.core.model.site import Site
from gateway.core.readings import Availability, CredentialPresented, MachineReported
from gateway.core.requests import SetMode
from tests.world.engine import (
    ANNEX,
    BOOTH_DOOR,
    HALL,
    HOUSE,
    LAB,
    LASER,
    SITE,
    Place,
    card,
    member,
    reader,
    staff,
)

SAW = MachineId("saw")
MANAGER = RoleId("fab-manager")
CARNET = PlanId("carnet")
GRACE_S = 60.0


def _demanding(zone: Zone) -> Zone:
    zone = structs.replace(zone, capacity=None)
    match zone.id:
        case "hall":
            return structs.replace(zone, passback="hard")
        case "lab":
            return structs.replace(zone, passback="soft")
        case "annex":
            return structs.replace(zone, opened_by=MANAGER)
        case _:
            return zone


FABLAB: Site = structs.replace(
    SITE,
    zones=tuple(_demanding(zone) for zone in SITE.zones),
    doors=tuple(
        structs.replace(door, fail_mode="secure") if door.id == BOOTH_DOOR else door
        for door in SITE.doors
    ),
    access_points=(
        *(
            structs.replace(point, min_credential="pin") if point.zone == ANNEX else point
            for point in SITE.access_points
        ),
        AccessPoint(AccessPointId("saw-on"), "machine", LAB, machine=SAW),
        AccessPoint(AccessPointId("meeting"), "muster", HOUSE),
    ),
    machines=(
        Machine(
            LASER,
            Text(fr="le laser", en="the laser"),
            LAB,
            Demands(min_present=2, check_in=True, grace_s=GRACE_S),
        ),
        Machine(
            SAW,
            Text(fr="la scie", en="the saw"),
            LAB,
            Demands(role_present=MANAGER, present_in=HOUSE, grace_s=30.0),
        ),
    ),
    devices=(
        *SITE.devices,
        reader("saw-on"),
        reader("meeting"),
        structs.replace(reader("terrace-in", "keypad"), format="pin"),
        Device(DeviceId("laser-meter"), "sensor", "native", "", machine=LASER),
    ),
    plans=(
        Plan(
            PlanId("full"),
            Text(fr="complète", en="full"),
            (Right(zones=(HOUSE, ANNEX), machines=(LASER, SAW)),),
        ),
        Plan(
            CARNET,
            Text(fr="carnet", en="carnet"),
            (Right(zones=(HALL,)),),
            (Quota("hours", 100.0, "month"), Quota("entries", 50.0, "week")),
        ),
    ),
)


def badge_with_pin(name: str) -> Credential:
    """A second badge of somebody, `<name>-2`, with PINs "right" and "threat"."""
    badge = structs.replace(card(f"{name}-2", holder=name), pin=CredentialHash("right"))
    return structs.replace(badge, duress_pin=CredentialHash("threat"))


def code(name: str) -> Credential:
    """Somebody's code for the keypad, `<name>-code`."""
    return structs.replace(card(f"{name}-code", holder=name), kind="pin")


TEAM = DirectoryChange(
    holders=(
        staff("gil", OPERATOR),
        staff("max", MANAGER),
        member("quin", Membership(CARNET)),
    ),
    credentials=(
        *(card(name) for name in ("gil", "max", "quin")),
        badge_with_pin("ada"),
        code("max"),
    ),
)


class Fablab(Place):
    """The fablab's engine, with more hands. Gil is the operator, Max the manager."""

    def __init__(self, site: Site = FABLAB) -> None:
        super().__init__(site)
        self._lists = 0
        self.tell(DirectoryChanged(TEAM))

    def mode(self, mode: Literal["normal", "lockdown", "evacuation"]) -> tuple[Fact, ...]:
        """Gil sets the mode."""
        return self.ask(SetMode(mode, "a drill"))

    def type_pin(self, at: str, name: str, pin: str) -> tuple[Fact, ...]:
        """Hold a badge to a reader and type a PIN."""
        return self.says(at, CredentialPresented(f"hash-{name}", pin=pin))

    def type_code(self, name: str) -> tuple[Fact, ...]:
        """Type a code at the keypad."""
        return self.says("keypad", CredentialPresented(f"hash-{name}-code", "pin"))

    def decided_alone(
        self,
        at: str,
        name: str,
        age_s: float,
        decided: Literal["granted", "denied"] = "granted",
        *,
        retained: bool = False,
    ) -> tuple[Fact, ...]:
        """A reader that was cut off tells what it decided, and is believed, as of old."""
        reading = CredentialPresented(f"hash-{name}", decided=decided)
        return self.says(at, reading, age_s=age_s, retained=retained)

    def claim(
        self,
        at: str,
        name: str,
        age_s: float = 0,
        decided: Literal["granted", "denied"] = "granted",
        *,
        retained: bool = False,
    ) -> tuple[Fact, ...]:
        """A reader tells what it decided, and it is not believed without proof."""
        reading = CredentialPresented(f"hash-{name}", decided=decided)
        told = self.report(at, reading, age_s=age_s, retained=retained)
        return self.tell(structs.replace(told, doubted=True))

    def status(
        self, at: str, state: Literal["online", "offline"], *, retained: bool = False
    ) -> tuple[Fact, ...]:
        """A reader's status; it has no number."""
        return self.tell(Reported(DeviceId(at), self.now, Availability(state), retained=retained))

    def confirm(self, at: str) -> tuple[Fact, ...]:
        """A reader confirms the rights list that it has by now."""
        return self.tell(self.confirmation(at))

    def confirmation(self, at: str) -> ListConfirmed:
        """What is told of that."""
        device = self.site.device[DeviceId(at)]
        rights = rights_of(self.site, self.state, device, self.now)
        self._lists += 1
        revision = self.state.past.revision
        version = f"list-{self._lists}"
        who = rights.standing.who
        return ListConfirmed(device.id, version, who, revision, rights.post)

    def meter(
        self, state: Literal["on", "off"], *, age_s: float = 0, retained: bool = False
    ) -> tuple[Fact, ...]:
        """What the laser's meter says."""
        return self.says("laser-meter", MachineReported(state), age_s=age_s, retained=retained)

    def to_the_lab(self, *names: str) -> None:
        """Each walks into the house and on to the lab."""
        for name in names:
            self.enter(name)
            self.badge("lab-in", name)
            self.swing("lab-contact")

    def is_on(self, kind: str, about: str) -> bool:
        """Whether an alarm is on."""
        return (kind, about) in {(str(known), name) for known, name in self.state.alarms}


def answer(facts: tuple[Fact, ...]) -> str | None:
    """The error of the one answer among facts; None: it was done."""
    (found,) = (fact for fact in facts if isinstance(fact, RequestAnswered))
    return found.error
