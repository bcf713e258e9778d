"""A console over a house in which things happen: the engine, a journal and the members, no process.

place = DeskPlace(folder)               # the example's site, an operator (Ola) and an administrator
await place.open()
await place.enters("Ada Lovelace")      # by the front door
place.sits(place.operator())            # `console.ask` reaches the engine at once
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import structs

from gateway.adapters.directory import FILE, DirectoryStore, Member
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.mqtt.request_client import DeskError
from gateway.console.identity import Principal, Scope
from gateway.core.events import DirectoryChanged, Event, Reported, Requested
from gateway.core.facts import Decided, Fact, RequestAnswered
from gateway.core.model.directory import (
    DirectoryChange,
    Holder,
    HolderId,
    Membership,
    StaffRole,
)
from gateway.core.model.names import (
    ADMINISTRATOR,
    OPERATOR,
    DeviceId,
    PlanId,
    RoleId,
    SiteId,
    ZoneId,
)
from gateway.core.readings import Availability, CredentialPresented, DoorReported, Reading
from gateway.core.requests import Order, Request
from gateway.core.state import State
from gateway.service.messages import MessageFactory
from gateway.wire.message import encode
from gateway.wire.states import ResponseMessage
from gateway.wire.topics import Topics
from sensors.registry import Registry
from tests.world.console import CSRF, NOW, ConsolePlace
from tests.world.engine import Place, card
from tests.world.journal import batch_of

OLA, EVE = "Ola Operator", "Eve Administrator"
ROLES: Final = {OLA: OPERATOR, EVE: ADMINISTRATOR}


def pseudonym(name: str) -> HolderId:
    """Somebody's, from their name."""
    return HolderId(f"h-{hashlib.sha256(name.encode()).hexdigest()[:12]}")


class DeskPlace(ConsolePlace):
    """The example's house, and hands to do things there. The broker's topics are the picture's."""

    def __init__(self, folder: Path, people: Sequence[str] = ()) -> None:
        super().__init__(folder)
        self.site = self.sites[0]
        self.away: DeskError | None = None
        """What asking the gateway raises, while it is away."""
        self.asked: list[Request] = []
        self._announcer = MessageFactory(Registry([self.site]), Topics())
        self._journal = Journal(folder / JOURNAL_FILE)
        self._members = DirectoryStore(folder / FILE)
        self.house = Place(self.site, NOW, self._enrolled(OLA, EVE, *people))
        """The engine, and the devices."""
        self.console.ask = self._ask  # type: ignore[method-assign]

    async def open(self) -> None:
        """The gateway has started, and told what it knows."""
        await self._journal.open()
        await self._journal.commit(batch_of(self.house.rows))
        await self.tell(
            Reported(DeviceId("front-in"), self.clock.now(), Availability("online"), retained=True)
        )
        self.console.picture.connected = True
        self._hear("seuil/gateway/one/state", b"online")
        for message in self._announcer.everything(self.site, self.state, self.clock.now()):
            self._hear(message.topic, message.payload)

    async def close(self) -> None:
        """Let go of the files."""
        await self._journal.close()
        self._members.close()
        self.console.close()

    @property
    def state(self) -> State:
        """What the engine knows."""
        return self.house.state

    async def enrol(self, *names: str) -> None:
        """Members with the resident's plan, and a badge of their name."""
        await self.tell(DirectoryChanged(self._enrolled(*names)))

    def _enrolled(self, *names: str) -> DirectoryChange:
        holders = tuple(self._holder(name) for name in names)
        badges = tuple(card(one.id) for one in holders)
        self._members.apply(
            Member(f"M-{name}", name, one, credentials=(badge,))
            for name, one, badge in zip(names, holders, badges, strict=True)
        )
        return DirectoryChange(holders=holders, credentials=badges)

    async def rename(self, name: str, new: str) -> None:
        """Somebody is called otherwise from now on."""
        self._members.apply([Member(f"M-{name}", new, self._holder(name))])
        await self.console.read_names()

    def _holder(self, name: str) -> Holder:
        plain = Holder(pseudonym(name), memberships=(Membership(PlanId("resident")),))
        role: RoleId | None = ROLES.get(name)
        return structs.replace(plain, roles=(StaffRole(role),)) if role else plain

    def sitting(
        self, name: str, *, fresh: bool = True, scopes: Sequence[Scope] | None = None
    ) -> Principal:
        """Somebody at the console; who has no role here sits as a viewer."""
        holder = self._holder(name)
        if name not in ROLES:
            holder = structs.replace(holder, roles=(StaffRole(RoleId("viewer")),))
        return Principal(
            holder,
            name,
            f"session-{name}",
            CSRF,
            None if scopes is None else frozenset(scopes),
            NOW + timedelta(days=1) if fresh else None,
        )

    async def tell(self, event: Event) -> tuple[Fact, ...]:
        """One event through the engine, into the journal, and what follows to the broker."""
        self.house.now = now = self.clock.now()
        facts = self.house.tell(event)
        row = self.house.rows[-1]
        await self._journal.commit(batch_of([row]))
        for topic, message in self._announcer.states(self.site, facts).items():
            self._hear(topic, message.payload)
        for each in facts:
            if isinstance(each, Decided):
                told = self._announcer.decision(self.site, row.n, each, now, now)
                self._hear(told.topic, told.payload)
        return facts

    async def says(self, device: str, reading: Reading) -> tuple[Fact, ...]:
        """A device's next event."""
        self.house.now = self.clock.now()
        return await self.tell(self.house.report(device, reading))

    async def enters(self, *names: str, by: str = "front-in") -> None:
        """Each walks in by the front door, or badges at another reader."""
        for name in names:
            await self.says(by, CredentialPresented(f"hash-{pseudonym(name)}"))
            if by.startswith("front"):
                await self.says("front-in", DoorReported("open"))
                await self.says("front-in", DoorReported("closed"))
            self.clock.advance(1)

    async def request(self, order: Order, name: str = OLA) -> ResponseMessage:
        """Somebody asks the gateway."""
        return await self._ask(self.site.id, order, pseudonym(name))

    async def _ask(
        self, site: SiteId, order: Order, by: HolderId, transaction: str | None = None
    ) -> ResponseMessage:
        if self.away is not None:
            raise self.away
        request = Request(transaction or f"t{len(self.house.rows)}", by, self.clock.now(), order)
        self.asked.append(request)
        facts = await self.tell(Requested(request))
        (answered,) = (fact for fact in facts if isinstance(fact, RequestAnswered))
        answer = self._announcer.response(self.console.sites[site], answered).payload
        return msgspec.json.decode(answer, type=ResponseMessage)

    def sees(self, zone: str, *, people: int) -> None:
        """Sensors see so many people in a zone."""
        now = self.console.picture.sites[self.site.id].zones[ZoneId(zone)].count
        self.hears(f"zone/{zone}/occupancy", structs.replace(now, people=people, high=people))

    def hears(self, topic: str, message: msgspec.Struct) -> None:
        """The broker says something of the site."""
        self._hear(f"seuil/{self.site.id}/{topic}", encode(message))

    def _hear(self, topic: str, payload: bytes) -> None:
        change = self.console.picture.apply(topic, payload)
        if change is not None:
            self.console.hub.tell(change)
