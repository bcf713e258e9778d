"""A badge is enrolled by holding it to a reader: once, in time, and it opens nothing."""

import pytest
from msgspec import structs

from gateway.core.access.enrolment import ENROL_FOR
from gateway.core.events import SpaceChanged
from gateway.core.facts import Decided, EnrolmentEnded, Fact, UnlockDoor
from gateway.core.model.directory import CredentialHash, HolderId
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented
from gateway.core.requests import EnrolBadge
from tests.world.engine import decided, of_kind
from tests.world.fablab import FABLAB, Fablab, answer

ADA = HolderId("ada")
FRONT_IN, FRONT_OUT, KEYPAD = DeviceId("front-in"), DeviceId("front-out"), DeviceId("keypad")
LAB_IN = DeviceId("lab-in")
NEW = CredentialHash("hash-new")
FOR_READERS = CredentialHash("new-for-readers")


@pytest.fixture
def place() -> Fablab:
    """The fablab, whose front reader waits for a badge for Ada."""
    place = Fablab()
    assert answer(place.ask(EnrolBadge(FRONT_IN, ADA), transaction="t")) is None
    return place


def declared(reader: str) -> Site:
    """The fablab with a reader that enrols."""
    devices = (structs.replace(one, enrols=one.id == reader) for one in FABLAB.devices)
    return structs.replace(FABLAB, devices=tuple(devices))


def ended(facts: tuple[Fact, ...]) -> list[EnrolmentEnded]:
    """How enrolments ended."""
    return [fact for fact in facts if isinstance(fact, EnrolmentEnded)]


def hold(place: Fablab, at: str = "front-in", name: str = "new") -> tuple[Fact, ...]:
    """A badge that nobody has, held to a reader that waits."""
    event = place.report(at, CredentialPresented(f"hash-{name}"))
    return place.tell(structs.replace(event, reader_hash=FOR_READERS))


def test_a_badge_that_is_held_twice_is_the_one(place: Fablab) -> None:
    """It opens nothing, counts as no attempt, and its hashes are told; then all is as before."""
    assert ended(hold(place)) == []
    facts = hold(place)
    assert (decided(facts).decision, decided(facts).reason) == ("denied", "enrolment")
    assert ended(facts) == [EnrolmentEnded("t", FRONT_IN, "read", NEW, FOR_READERS)]
    assert not of_kind(facts, UnlockDoor)
    assert not place.state.attempts
    assert decided(place.badge("front-in", "ada")).reason == "plan"


def test_another_badge_in_between_begins_again(place: Fablab) -> None:
    """Somebody passed by; nobody's card is taken by accident."""
    for name in ("new", "other", "new"):
        assert ended(hold(place, name=name)) == []
    assert ended(hold(place)) != []


def test_twice_is_within_one_wait(place: Fablab) -> None:
    """What was read before the reader waited again does not count."""
    hold(place)
    place.after(ENROL_FOR.total_seconds())
    assert answer(place.ask(EnrolBadge(FRONT_IN, ADA), transaction="t2")) is None
    assert ended(hold(place)) == []


def test_badges_are_enrolled_where_the_space_file_says(place: Fablab) -> None:
    """A reader that is declared for it, and no other one any more; who waits elsewhere stops."""
    hold(place)
    facts = place.tell(SpaceChanged(declared("lab-in")))
    assert ended(facts) == [EnrolmentEnded("t", FRONT_IN, "cancelled")]
    assert answer(place.ask(EnrolBadge(FRONT_IN, ADA))) == "not-enrolling"
    assert decided(hold(place)).reason == "credential-unknown"
    assert answer(place.ask(EnrolBadge(LAB_IN, ADA), transaction="u")) is None
    hold(place, "lab-in")
    assert [one.outcome for one in ended(hold(place, "lab-in"))] == ["read"]


def test_a_badge_that_somebody_has_says_whose_it_is(place: Fablab) -> None:
    """Even one whose holder would be let in: nothing opens."""
    facts = place.badge("front-in", "gil")
    assert ended(facts) == [EnrolmentEnded("t", FRONT_IN, "known", holder=HolderId("gil"))]
    assert decided(facts).decision == "denied"


def test_other_readers_do_as_always(place: Fablab) -> None:
    """The way out above all."""
    assert decided(place.badge("front-out", "ada")).reason == "exit-free"
    assert decided(hold(place, "lab-in")).reason == "credential-unknown"
    assert FRONT_IN in place.state.enrolments


def test_a_late_badge_is_not_taken(place: Fablab) -> None:
    """A read of long ago is nobody's who stands at the reader now."""
    facts = place.says("front-in", CredentialPresented("hash-new"), age_s=6)
    assert decided(facts).reason == "too-old"
    assert FRONT_IN in place.state.enrolments


def test_a_code_is_no_badge(place: Fablab) -> None:
    """It is refused like a badge, and the reader goes on waiting; a keypad never does."""
    facts = [place.says("front-in", CredentialPresented("hash-typed")) for _ in range(2)]
    assert {decided(each).reason for each in facts} == {"enrolment"}
    assert ended(facts[0]) == ended(facts[1]) == []
    assert FRONT_IN in place.state.enrolments
    assert answer(place.ask(EnrolBadge(KEYPAD, ADA))) == "not-enrolling"


def test_it_ends_by_itself(place: Fablab) -> None:
    """After a minute a badge is judged again."""
    facts = place.after(ENROL_FOR.total_seconds())
    assert ended(facts) == [EnrolmentEnded("t", FRONT_IN, "expired")]
    assert decided(hold(place)).reason == "credential-unknown"


def test_one_at_a_time(place: Fablab) -> None:
    """The second is told to wait; who asks for an end gets it."""
    assert answer(place.ask(EnrolBadge(FRONT_IN, HolderId("gil")))) == "busy"
    facts = place.ask(EnrolBadge(FRONT_IN))
    assert ended(facts) == [EnrolmentEnded("t", FRONT_IN, "cancelled")]
    assert answer(place.ask(EnrolBadge(FRONT_IN))) == "out-of-place"


@pytest.mark.parametrize(
    ("order", "by", "error"),
    [
        pytest.param(EnrolBadge(FRONT_OUT, ADA), "gil", "out-of-place", id="a way out"),
        pytest.param(EnrolBadge(DeviceId("meeting"), ADA), "gil", "out-of-place", id="a muster"),
        pytest.param(EnrolBadge(DeviceId("saw-on"), ADA), "gil", "out-of-place", id="a machine"),
        pytest.param(EnrolBadge(DeviceId("front-contact"), ADA), "gil", "out-of-place", id="door"),
        pytest.param(EnrolBadge(DeviceId("nowhere"), ADA), "gil", "unknown-object", id="no reader"),
        pytest.param(EnrolBadge(LAB_IN, HolderId("x")), "gil", "unknown-object", id="nobody"),
        pytest.param(EnrolBadge(LAB_IN, ADA), "ada", "not-allowed", id="a member asks"),
    ],
)
def test_what_is_refused(place: Fablab, order: EnrolBadge, by: str, error: str) -> None:
    """Nothing waits then."""
    assert answer(place.ask(order, by)) == error
    assert list(place.state.enrolments) == [FRONT_IN]


def test_a_decision_is_said_before_what_follows(place: Fablab) -> None:
    """As for every badge."""
    assert isinstance(hold(place)[0], Decided)
