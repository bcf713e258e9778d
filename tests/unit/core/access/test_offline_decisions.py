"""What a reader says it decided alone: believed only if it might, and was cut off."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway.core.access.offline_decisions import (
    ASKED_MAX,
    AWAY_MAX,
    LISTS_MAX,
    UNNOTICED,
    open_question,
)
from gateway.core.events import (
    DecidedMeanwhile,
    DirectoryChanged,
    GatewayAway,
    SpaceChanged,
    Tick,
)
from gateway.core.facts import AlarmRaised, EntryNotTaken, Fact, HolderMoved, MusterChanged
from gateway.core.model.directory import Credential, CredentialHash, DirectoryChange, HolderId
from gateway.core.model.names import DeviceId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented
from tests.world.engine import FRONT, HALL, MEMBERS, card, decided, member, of_kind
from tests.world.fablab import FABLAB, Fablab

ADA = HolderId("ada")
FRONT_IN = DeviceId("front-in")


def _open_to_lists(zone: Zone) -> Zone:
    return structs.replace(zone, passback="off") if zone.id == HALL else zone


HOUSE: Site = structs.replace(FABLAB, zones=tuple(_open_to_lists(zone) for zone in FABLAB.zones))
"""The fablab, whose hall has no hard anti-passback: so its reader has a list."""


def badge(name: str, **changes: Any) -> Credential:  # noqa: ANN401 - any field
    """A badge of which readers can be told."""
    return structs.replace(card(name), reader_hash=CredentialHash(f"readers-{name}"), **changes)


class House(Fablab):
    """The fablab a minute after its front readers confirmed their lists."""

    def __init__(self, site: Site = HOUSE) -> None:
        super().__init__(site)
        self.change(*(badge(name) for name in MEMBERS))
        for reader in ("front-in", "front-out", "lab-in"):
            self.status(reader, "online")
            self.confirm(reader)
        self.after(120)

    def change(self, *badges: Credential) -> None:
        """Badges change."""
        self.tell(DirectoryChanged(DirectoryChange(credentials=badges)))

    def gone(self, reader: str, seconds: float) -> None:
        """A reader is cut off for so long, and back since 10 s."""
        self.status(reader, "offline")
        self.after(seconds)
        self.status(reader, "online")
        self.after(10)

    def asks(self, at: str, name: str) -> tuple[int, int]:
        """A badge asks as usual; the number of its event."""
        self.badge(at, name)
        (last,) = self.state.cut_off[DeviceId(at)].asked[-1:]
        return last.number

    def meanwhile(
        self,
        at: str,
        name: str,
        number: tuple[int, int],
        did: Literal["granted", "denied"] = "granted",
        *,
        age_s: float = 2,
        unanswered: bool = True,
    ) -> tuple[Fact, ...]:
        """A reader tells how it decided what it had asked before."""
        reading = CredentialPresented(f"hash-{name}", decided=did)
        then = self.now - timedelta(seconds=age_s)
        return self.tell(DecidedMeanwhile(DeviceId(at), then, reading, number, unanswered))


@pytest.fixture
def place() -> House:
    """The fablab on a Monday."""
    return House()


def is_believed(place: Fablab, facts: tuple[Fact, ...]) -> bool:
    """Whether it is told as the reader's decision; if not, all is as it should be of a claim."""
    said = decided(facts)
    assert (said.late, said.expires, said.unlock_s) == (True, None, None)
    if said.reason == "reader-decided":
        return True
    assert said.reason == "claimed"
    assert of_kind(facts, HolderMoved, MusterChanged) == []
    assert place.is_on("unproven-claim", said.device) or said.decision == "denied"
    return False


def is_open(place: House, number: tuple[int, int], name: str = "ada", age_s: float = 0) -> bool:
    """Whether an event of the front reader may yet be told as decided alone."""
    at = (
        place.state.cut_off[FRONT_IN].asked[-1].at
        if place.state.cut_off[FRONT_IN].asked
        else place.now
    )
    told = CredentialPresented(f"hash-{name}", decided="granted")
    at -= timedelta(seconds=age_s)
    return open_question(place.state, FRONT_IN, number, at, told) is not None


# -- it had to


def test_a_reader_that_was_online_is_not_believed(place: House) -> None:
    """For two members: nobody is moved, and the alarm is raised once."""
    facts = [place.claim("front-in", name) for name in ("ada", "bob")]
    assert not any(is_believed(place, each) for each in facts)
    assert [of_kind(each, AlarmRaised) for each in facts] == [
        [AlarmRaised("unproven-claim", "front-in", place.now)],
        [],
    ]
    assert not place.state.presence


def test_a_reader_that_was_offline_is_believed(place: House) -> None:
    """By its status, from when it was last heard until it came back."""
    place.gone("front-in", 60)
    assert is_believed(place, place.claim("front-in", "ada", age_s=40))
    assert place.where("ada") == HALL
    assert not place.is_on("unproven-claim", "front-in")


@pytest.mark.parametrize(
    ("age_s", "believed"),
    [
        pytest.param(7, False, id="after it was back"),
        pytest.param(11, True, id="just before it was back"),
        pytest.param(69, True, id="just after it was gone"),
        pytest.param(150, True, id="before the broker noticed"),
        pytest.param(163, False, id="before the broker could fail to notice"),
    ],
)
def test_only_the_time_of_its_absence_counts(place: House, *, age_s: float, believed: bool) -> None:
    """A minute, before which nothing had been heard of it for two."""
    place.gone("front-in", 60)
    assert is_believed(place, place.claim("front-in", "ada", age_s)) is believed


def test_who_was_heard_just_before_was_not_away_then(place: House) -> None:
    """However late the broker says that it is gone."""
    place.badge("front-in", "nobody")
    place.after(30)
    place.gone("front-in", 60)
    assert not is_believed(place, place.claim("front-in", "ada", age_s=103))
    assert is_believed(place, place.claim("front-in", "bob", age_s=99))


def test_that_it_is_there_does_not_show_that_it_was_not(place: House) -> None:
    """It says so with each list, and the broker with each of our connections."""
    for retained in (True, False):
        place.status("front-in", "online", retained=retained)
        assert not is_believed(place, place.claim("front-in", "ada", age_s=10))


def test_who_is_told_as_gone_and_back_at_once_was_away_before(place: House) -> None:
    """A short break that the broker only noticed by the new connection."""
    place.gone("front-in", 0)
    assert is_believed(place, place.claim("front-in", "ada", age_s=20))
    assert not is_believed(place, place.claim("front-in", "bob", age_s=7))


def test_while_it_is_gone_it_is_believed(place: House) -> None:
    """Its status may come behind its badges."""
    place.status("front-in", "offline")
    place.after(60)
    assert is_believed(place, place.claim("front-in", "ada", age_s=30))


@pytest.mark.parametrize(
    ("age_s", "believed"),
    [(9, True), (29, True), (33, False), (-1, True), (-3, False)],
    ids=["at the end", "at the begin", "before", "within what may be off", "after"],
)
def test_what_happened_while_we_were_away(place: House, *, age_s: float, believed: bool) -> None:
    """We know it ourselves."""
    place.tell(GatewayAway(place.now))
    place.after(30)
    place.tell(GatewayAway(place.now, place.now))
    assert is_believed(place, place.claim("front-in", "ada", age_s)) is believed


def test_an_absence_that_is_told_when_it_is_over(place: House) -> None:
    """Something held us up."""
    place.after(30)
    place.tell(GatewayAway(place.now - timedelta(seconds=20), place.now))
    assert is_believed(place, place.claim("front-in", "ada", age_s=15))
    assert not is_believed(place, place.claim("front-in", "bob", age_s=25))


def test_times_are_compared_by_our_clock(place: House) -> None:
    """A reader whose clock is a minute ahead, as its events tell."""
    place.says("front-in", CredentialPresented("hash-nobody"), age_s=-60)
    place.after(60)
    place.gone("front-in", 60)
    assert is_believed(place, place.claim("front-in", "ada", age_s=40 - 60))
    assert not is_believed(place, place.claim("front-in", "bob", age_s=60 - 120))


def test_what_was_decided_alone_tells_nothing_of_the_clock(place: House) -> None:
    """It waited; else each would move the times that the next is compared with."""
    before = place.state.devices[FRONT_IN].clock
    place.claim("front-in", "ada", age_s=4)
    assert place.state.devices[FRONT_IN].clock == before


def test_what_the_broker_kept_is_never_believed(place: House) -> None:
    """It may be of any day."""
    place.gone("front-in", 60)
    assert not is_believed(place, place.claim("front-in", "ada", age_s=40, retained=True))


# -- it might


def test_who_is_not_on_the_list_is_not_believed(place: House) -> None:
    """A badge that no reader can be told of, and one that was lost before."""
    place.change(badge("bob", status="lost"))
    place.confirm("front-in")
    place.gone("front-in", 60)
    assert not is_believed(place, place.claim("front-in", "gil", age_s=40))
    assert not is_believed(place, place.claim("front-in", "bob", age_s=40))
    assert is_believed(place, place.claim("front-in", "ada", age_s=40))


def test_who_was_on_the_list_is_believed_whatever_happened_since(place: House) -> None:
    """Revoked, unpaid and removed while it was cut off: it could not know."""
    place.status("front-in", "offline")
    place.change(badge("ada", status="lost"))
    unpaid = structs.replace(member("bob"), memberships=())
    place.tell(DirectoryChanged(DirectoryChange(holders=(unpaid,))))
    place.tell(DirectoryChanged(DirectoryChange(removed_credentials=(card("cyd").hash,))))
    place.after(60)
    place.status("front-in", "online")
    place.confirm("front-in")
    told = {name: place.claim("front-in", name, age_s=30) for name in ("ada", "bob", "cyd")}
    assert all(is_believed(place, facts) for facts in told.values())
    assert (place.where("ada"), place.where("bob")) == (HALL, HALL)
    assert place.where("cyd") is None, "nobody knows any more whose badge it was"


def test_who_came_onto_the_list_later_is_not_believed(place: House) -> None:
    """Its list of then did not have them."""
    place.change(badge("ada", status="suspended"))
    place.confirm("front-in")
    place.after(120)
    place.status("front-in", "offline")
    place.change(badge("ada"))
    place.after(60)
    place.status("front-in", "online")
    place.confirm("front-in")
    assert not is_believed(place, place.claim("front-in", "ada", age_s=30))
    place.after(120)
    place.gone("front-in", 60)
    assert is_believed(place, place.claim("front-in", "ada", age_s=40))


def test_a_list_that_says_nobody_lets_nobody_in(place: House) -> None:
    """As in a lockdown; and one that nobody confirmed is none."""
    place.mode("lockdown")
    place.confirm("front-in")
    place.mode("normal")
    place.gone("front-in", 60)
    assert not is_believed(place, place.claim("front-in", "ada", age_s=40))
    place.gone("terrace-in", 60)
    assert not is_believed(place, place.claim("terrace-in", "ada", age_s=40))


def test_a_list_ends(place: House) -> None:
    """By the reader's own clock, which is what it compares it with."""
    place.status("front-in", "offline")
    place.after(2 * 24 * 3600)
    place.status("front-in", "online")
    assert not is_believed(place, place.claim("front-in", "ada", age_s=3600))
    assert is_believed(place, place.claim("front-in", "ada", age_s=47 * 3600))


def test_hours_are_those_of_the_list(place: House) -> None:
    """A plan that a new space file took away was on it."""
    place.status("front-in", "offline")
    place.tell(SpaceChanged(structs.replace(HOUSE, plans=HOUSE.plans[1:])))
    place.after(60)
    place.status("front-in", "online")
    assert is_believed(place, place.claim("front-in", "ada", age_s=30))


def test_a_way_out_needs_no_list_but_a_reason(place: House) -> None:
    """Nobody is noted as gone by a reader that could have asked."""
    place.enter("ada")
    assert not is_believed(place, place.claim("front-out", "ada"))
    assert place.where("ada") == HALL
    place.after(60)
    place.gone("front-out", 60)
    assert is_believed(place, place.claim("front-out", "ada", age_s=30))
    assert place.where("ada") is None


def test_nobody_is_safe_because_a_reader_says_so(place: House) -> None:
    """At a muster point no list lets anybody in, and the way out counts only with proof."""
    place.enter("ada", "bob")
    place.mode("evacuation")
    place.gone("meeting", 60)
    for reader, name in (("meeting", "ada"), ("front-out", "bob")):
        assert not is_believed(place, place.claim(reader, name, age_s=30))
    assert all(one.safe is None for one in place.state.muster.values())


def test_a_denial_needs_no_list(place: House) -> None:
    """It moves nobody; while it was online it is a claim all the same, without an alarm."""
    assert not is_believed(place, place.claim("front-in", "nobody", decided="denied"))
    assert not place.is_on("unproven-claim", "front-in")
    place.gone("front-in", 60)
    assert is_believed(place, place.claim("front-in", "nobody", 40, "denied"))


# -- the same event


def test_who_had_no_answer_in_time_is_believed(place: House) -> None:
    """By our own record; a second copy says nothing new."""
    number = place.asks("front-in", "ada")
    place.after(2)
    assert is_open(place, number)
    assert is_believed(place, place.meanwhile("front-in", "ada", number))
    assert not is_open(place, number)
    assert place.meanwhile("front-in", "ada", number) == ()


def test_who_had_an_answer_in_time_is_not_believed(place: House) -> None:
    """Nor is anybody moved whom we had refused."""
    place.change(badge("ada", status="lost"))
    number = place.asks("front-in", "ada")
    place.after(2)
    facts = place.meanwhile("front-in", "ada", number, unanswered=False)
    assert not is_believed(place, facts)
    assert place.where("ada") is None


def test_who_waited_while_we_went_away_is_believed(place: House) -> None:
    """It asked before, and decided when we were gone."""
    number = place.asks("front-in", "ada")
    place.after(1)
    place.tell(GatewayAway(place.now))
    place.after(30)
    assert is_believed(
        place, place.meanwhile("front-in", "ada", number, age_s=31, unanswered=False)
    )


def test_whom_we_refused_and_the_reader_let_in_is_inside(place: House) -> None:
    """What came too late for us is a passage all the same."""
    place.after(60)
    place.status("front-in", "offline")
    place.badge("front-in", "ada", age_s=20)
    number = place.state.cut_off[FRONT_IN].asked[-1].number
    assert place.where("ada") is None
    assert is_believed(place, place.meanwhile("front-in", "ada", number, age_s=20))
    assert place.state.presence[ADA].since == place.now - timedelta(seconds=20)


@pytest.mark.parametrize("contact", [True, False], ids=["with a contact", "without"])
def test_whom_we_let_in_and_the_reader_did_not_is_where_they_were(*, contact: bool) -> None:
    """Our answer was void: nobody waits for them to pass, and they may try again."""
    doors = tuple(structs.replace(door, contact=contact) for door in HOUSE.doors)
    place = House(structs.replace(HOUSE, doors=doors))
    number = place.asks("front-in", "ada")
    place.after(2)
    facts = place.meanwhile("front-in", "ada", number, "denied")
    assert is_believed(place, facts)
    assert place.where("ada") is None
    assert not place.state.doors[FRONT].pending
    assert of_kind(facts, EntryNotTaken, HolderMoved) != []


def test_who_has_passed_meanwhile_stays_where_they_are(place: House) -> None:
    """The contact knows better."""
    number = place.asks("front-in", "ada")
    place.after(1)
    place.contact("front-contact", "open")
    place.after(1)
    place.meanwhile("front-in", "ada", number, "denied")
    assert place.where("ada") == HALL


def test_another_generation_of_numbers_is_another_event(place: House) -> None:
    """A board that was erased begins at the old numbers; so is another badge, or another time."""
    number = place.asks("front-in", "ada")
    assert is_open(place, number)
    assert not is_open(place, number, name="bob")
    assert not is_open(place, number, age_s=-6)
    devices = place.state.devices
    anew = structs.replace(devices[FRONT_IN], generation=1)
    place.state = structs.replace(place.state, devices=devices.set(FRONT_IN, anew))
    assert not is_open(place, number)


# -- what is kept


def test_what_members_were_is_forgotten_when_no_list_is_of_then(place: House) -> None:
    """Each reader confirmed a newer one, and was not away before."""
    place.change(badge("ada", status="lost"))
    assert place.state.past.credentials
    place.after(120)
    for reader in ("front-in", "front-out", "lab-in"):
        place.confirm(reader)
    place.after(120)
    for reader in ("front-in", "front-out", "lab-in"):
        place.confirm(reader)
    assert not place.state.past.credentials


def test_what_members_were_is_forgotten_after_a_week(place: House) -> None:
    """A reader that is gone for good keeps nothing."""
    place.status("lab-in", "offline")
    place.change(badge("ada", status="lost"))
    place.now += timedelta(days=7, hours=2)
    place.now = place.now.replace(minute=0)
    place.tell(Tick())
    assert not place.state.past.credentials
    assert place.state.past.since == place.state.past.revision


def test_nothing_is_kept_of_who_was_erased(place: House) -> None:
    """Neither their badge nor what they had bought."""
    place.change(badge("ada", status="lost"))
    place.tell(DirectoryChanged(DirectoryChange(removed_holders=(ADA,))))
    past = place.state.past
    assert ADA not in past.holders
    assert all(
        one.was is None or one.was.holder != ADA
        for each in past.credentials.values()
        for one in each
    )


def test_a_list_of_long_ago_is_not_taken(place: House) -> None:
    """What the members were then is not known any more."""
    revision = place.state.past.revision
    assert place.state.past.since <= revision
    state = structs.replace(place.state, past=structs.replace(place.state.past, since=revision + 1))
    place.state = state
    before = place.state.cut_off[FRONT_IN].lists
    place.confirm("front-in")
    assert place.state.cut_off[FRONT_IN].lists == before


def test_everything_that_is_kept_is_bounded(place: House) -> None:
    """A reader that flickers, lists that change all the time, badges without end."""
    for _ in range(40):
        place.gone("front-in", 1)
        place.change(badge("ada", status="lost"), badge("bob"))
        place.confirm("front-in")
        place.change(badge("ada"))
        place.badge("front-in", "nobody")
        place.tell(GatewayAway(place.now - timedelta(seconds=1), place.now))
    known = place.state.cut_off[FRONT_IN]
    assert (len(known.lists), len(known.away), len(known.asked)) == (LISTS_MAX, AWAY_MAX, ASKED_MAX)
    assert len(place.state.away) == AWAY_MAX


def test_readers_that_are_gone_are_forgotten(place: House) -> None:
    """A new space file has them no more."""
    left = tuple(one for one in HOUSE.devices if one.id != "front-in")
    place.tell(SpaceChanged(structs.replace(HOUSE, devices=left)))
    assert FRONT_IN not in place.state.cut_off


def test_an_absence_is_never_longer_than_what_may_go_unnoticed(place: House) -> None:
    """However long nothing had been heard."""
    place.after(3600)
    place.gone("front-in", 0)
    (last,) = place.state.cut_off[FRONT_IN].away[-1:]
    assert last.ends - last.begins == UNNOTICED


# -- whatever happens

_steps = st.sampled_from(
    [
        *(
            ("status", reader, state)
            for reader in ("front-in", "front-out")
            for state in ("online", "offline")
        ),
        *(("confirm", reader) for reader in ("front-in", "front-out", "lab-in")),
        *(
            ("claim", reader, name)
            for reader in ("front-in", "front-out", "lab-in", "meeting")
            for name in ("ada", "bob")
        ),
        *(("lose", name) for name in ("ada", "bob")),
        *(("give", name) for name in ("ada", "bob")),
        ("after",),
    ]
)


@given(steps=st.lists(_steps, max_size=25), age_s=st.sampled_from([0.0, 1.0, 30.0]))
def test_whoever_was_never_cut_off_moves_nobody(steps: list[tuple[str, ...]], age_s: float) -> None:
    """By any order of claims, lists and changes, as long as the reader is there."""
    place = House()
    for what, *rest in steps:
        match what:
            case "status" if rest[1] == "online":
                continue
            case "confirm":
                place.confirm(rest[0])
            case "claim" if (
                not place.state.cut_off.get(DeviceId(rest[0]), None)
                or not place.state.cut_off[DeviceId(rest[0])].away[1:]
            ):
                facts = place.claim(rest[0], rest[1], age_s)
                assert not is_believed(place, facts)
            case "lose":
                place.change(badge(rest[0], status="lost"))
            case "give":
                place.change(badge(rest[0]))
            case "after":
                place.after(60)
            case _:
                continue
    assert not place.state.presence
