"""Requests: who may ask, when, once; and what each verb does."""

import pytest
from msgspec import structs

from gateway.core.access.late_events import LATE
from gateway.core.events import DirectoryChanged, SpaceChanged
from gateway.core.facts import (
    DoorChanged,
    EntryNotTaken,
    HolderMoved,
    ModeChanged,
    RequestAnswered,
    UnlockDoor,
)
from gateway.core.model.directory import DirectoryChange, HolderId, StaffRole
from gateway.core.model.names import (
    ADMINISTRATOR,
    OPERATOR,
    AccessPointId,
    DeviceId,
    DoorId,
    SiteId,
)
from gateway.core.readings import Availability
from gateway.core.request_handlers import ANSWERED_MAX
from gateway.core.requests import (
    MarkLeft,
    MarkMustered,
    OpenDoor,
    Order,
    SetMode,
    SetService,
)
from tests.world.engine import FRONT, HALL, LAB_DOOR, LASER, MONDAY, decided, member, of_kind, staff
from tests.world.fablab import FABLAB, Fablab, answer

ADA = HolderId("ada")
OPEN = OpenDoor(FRONT, "a parcel")


@pytest.fixture
def place() -> Fablab:
    """The fablab on a Monday; what releases its doors is connected."""
    place = Fablab()
    for device in sorted({one for devices in FABLAB.releasers.values() for one in devices}):
        place.says(device, Availability("online"))
    return place


# -- who may ask, and when


@pytest.mark.parametrize(
    ("role", "site", "error"),
    [
        pytest.param(OPERATOR, "hub", None, id="an operator here"),
        pytest.param(ADMINISTRATOR, "hub", None, id="an administrator here"),
        pytest.param(OPERATOR, "elsewhere", "not-allowed", id="an operator of another site"),
        pytest.param("fab-manager", "hub", "not-allowed", id="another role"),
    ],
)
def test_a_role_at_this_site_is_asked_for(
    place: Fablab, role: str, site: str, error: str | None
) -> None:
    """And nothing opens for anybody else."""
    roles = (StaffRole(role, (SiteId(site),)),)  # type: ignore[arg-type] # a table of texts
    holder = structs.replace(member("ada"), roles=roles)
    place.tell(DirectoryChanged(DirectoryChange(holders=(holder,))))
    facts = place.ask(OPEN, "ada")
    assert answer(facts) == error
    assert bool(of_kind(facts, UnlockDoor, DoorChanged)) == (error is None)


@pytest.mark.parametrize("by", ["ada", "nobody"])
def test_a_member_and_a_stranger_are_refused(place: Fablab, by: str) -> None:
    """The refusal is a fact of its own, and the only one."""
    (said,) = place.ask(SetMode("lockdown", "for fun"), by, transaction="t")
    assert said == RequestAnswered("t", "mode", HolderId(by), "not-allowed")
    assert place.state.mode.mode == "normal"


@pytest.mark.parametrize(
    ("age_s", "error"), [(5.0, None), (5.001, "too-old"), (-5.0, None), (-5.001, "clock-ahead")]
)
def test_a_request_is_of_the_last_five_seconds(
    place: Fablab, age_s: float, error: str | None
) -> None:
    """By the asker's clock, both ways."""
    facts = place.ask(OPEN, age_s=age_s)
    assert answer(facts) == error
    assert bool(of_kind(facts, UnlockDoor)) == (error is None)


def test_who_may_not_ask_does_not_learn_how_old_a_request_may_be(place: Fablab) -> None:
    """First who, then when."""
    assert answer(place.ask(OPEN, "ada", age_s=60)) == "not-allowed"


def test_a_transaction_that_comes_again_is_answered_again_and_not_obeyed(place: Fablab) -> None:
    """Also when it would be too old by now."""
    first = place.ask(OPEN, transaction="t")
    place.after(20)
    again = place.ask(OPEN, transaction="t", age_s=20)
    assert again == (first[-1],)
    assert answer(again) is None


def test_a_refusal_stays_one_when_it_comes_again(place: Fablab) -> None:
    """Whatever was granted since."""
    place.ask(OPEN, "ada", transaction="t")
    place.tell(DirectoryChanged(DirectoryChange(holders=(staff("ada", OPERATOR),))))
    assert answer(place.ask(OPEN, "ada", transaction="t")) == "not-allowed"
    assert answer(place.ask(OPEN, "ada", transaction="u")) is None


def test_a_transaction_is_its_askers_own(place: Fablab) -> None:
    """Nobody gets the answer to another one's question."""
    place.ask(OPEN, transaction="t")
    assert answer(place.ask(OPEN, "ada", transaction="t")) == "not-allowed"


def test_the_answers_that_are_remembered_are_bounded(place: Fablab) -> None:
    """The oldest is forgotten."""
    for number in range(ANSWERED_MAX + 1):
        place.ask(OPEN, "ada", transaction=f"t{number}")
    assert len(place.state.answered) == ANSWERED_MAX
    assert place.state.answered[0].transaction == "t1"


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(OpenDoor(DoorId("gone")), id="a door"),
        pytest.param(MarkLeft(HolderId("nobody")), id="a holder who left"),
        pytest.param(MarkMustered(HolderId("nobody")), id="a holder who was seen"),
        pytest.param(SetService(AccessPointId("gone"), in_service=False), id="an access point"),
    ],
)
def test_what_is_not_known_is_said(place: Fablab, order: Order) -> None:
    """Nothing else happens."""
    before = place.state
    facts = place.ask(order)
    assert (answer(facts), len(facts)) == ("unknown-object", 1)
    assert structs.replace(place.state, answered=()) == before


# -- open


def test_a_door_is_opened_by_its_lock(place: Fablab) -> None:
    """As for a grant: its time, and an end."""
    facts = place.ask(OpenDoor(LAB_DOOR))
    assert facts[:2] == (
        UnlockDoor(LAB_DOOR, DeviceId("lab-lock"), 3.0, MONDAY + LATE),
        DoorChanged(LAB_DOOR, "unlocked", MONDAY),
    )
    place.contact("lab-contact", "open")
    assert place.state.doors[LAB_DOOR].status == "open"


def test_a_door_without_a_lock_is_opened_by_its_entrys_readers(place: Fablab) -> None:
    """Nobody is counted."""
    facts = place.ask(OPEN)
    assert of_kind(facts, UnlockDoor) == [
        UnlockDoor(FRONT, DeviceId("front-in"), 5.0, MONDAY + LATE)
    ]
    assert place.contact("front-contact", "open")[0] == DoorChanged(FRONT, "open", MONDAY)
    assert not place.state.presence


def test_a_door_that_nothing_can_release_is_not_opened(place: Fablab) -> None:
    """It has no lock, and its entry no reader."""
    devices = tuple(one for one in FABLAB.devices if one.id != "front-in")
    place.tell(SpaceChanged(structs.replace(FABLAB, devices=devices)))
    assert answer(place.ask(OPEN)) == "out-of-place"
    assert place.state.doors[FRONT].status == "locked"


@pytest.mark.parametrize("mode", ["lockdown", "evacuation"])
def test_an_operator_opens_a_door_in_every_mode(place: Fablab, mode: str) -> None:
    """The fire brigade wants in."""
    place.mode(mode)  # type: ignore[arg-type] # a table of texts
    facts = place.ask(OpenDoor(DoorId("booth-door")))
    assert (answer(facts), len(of_kind(facts, UnlockDoor))) == (None, 1)


@pytest.mark.parametrize("heard", [False, True], ids=["never heard", "offline"])
def test_an_order_that_no_device_takes_is_said_so(*, heard: bool) -> None:
    """It leaves all the same, and the door is not said to be unlocked."""
    place = Fablab()
    if heard:
        place.says("front-in", Availability("offline"))
    facts = place.ask(OPEN)
    assert answer(facts) == "not-connected"
    assert of_kind(facts, UnlockDoor)
    assert not of_kind(facts, DoorChanged)


def test_an_evacuation_says_which_doors_did_not_hear_of_it(place: Fablab) -> None:
    """It begins all the same."""
    place.says("front-in", Availability("offline"))
    (said,) = of_kind(place.ask(SetMode("evacuation")), RequestAnswered)
    assert said == RequestAnswered(said.transaction, "mode", said.by, None, (FRONT,))  # type: ignore[union-attr] # of that kind
    (said,) = of_kind(place.ask(SetMode("normal")), RequestAnswered)
    assert said == RequestAnswered(said.transaction, "mode", said.by)  # type: ignore[union-attr] # of that kind


# -- left


def test_who_forgot_to_badge_out_is_marked_as_gone(place: Fablab) -> None:
    """And may come in again."""
    place.enter("ada")
    assert decided(place.badge("front-in", "ada")).reason == "passback"
    facts = place.ask(MarkLeft(ADA, "phoned"))
    assert of_kind(facts, HolderMoved) == [HolderMoved(ADA, HALL, None, MONDAY)]
    assert answer(facts) is None
    assert decided(place.badge("front-in", "ada")).decision == "granted"


def test_who_did_not_go_in_after_the_grant_is_waited_for_no_more(place: Fablab) -> None:
    """Their place is free at once."""
    place.badge("front-in", "ada")
    facts = place.ask(MarkLeft(ADA))
    assert facts[0] == EntryNotTaken(ADA, FRONT, MONDAY)
    assert answer(facts) is None
    place.contact("front-contact", "open")
    assert place.where("ada") is None


def test_who_is_outside_has_left_already(place: Fablab) -> None:
    """The operator is told."""
    assert answer(place.ask(MarkLeft(ADA))) == "out-of-place"


# -- service


def test_an_access_point_is_taken_out_of_service_and_put_back(place: Fablab) -> None:
    """With the reason why; twice is as good as once."""
    point = AccessPointId("front-in")
    for _ in range(2):
        assert answer(place.ask(SetService(point, in_service=False, why="broken"))) is None
    assert dict(place.state.out_of_service) == {point: "broken"}
    assert decided(place.badge("front-in", "ada")).reason == "out-of-service"
    for _ in range(2):
        assert answer(place.ask(SetService(point, in_service=True))) is None
    assert not place.state.out_of_service
    assert decided(place.badge("front-in", "ada")).reason == "plan"


def test_a_way_out_that_is_out_of_service_is_free_all_the_same(place: Fablab) -> None:
    """Nobody is locked in."""
    place.ask(SetService(AccessPointId("front-out"), in_service=False))
    assert decided(place.badge("front-out", "ada")).reason == "exit-free"


def test_a_machine_that_nobody_signed_off_is_freed_by_taking_it_out_of_service(
    place: Fablab,
) -> None:
    """Unless its meter says that it runs: then it is still watched."""
    off = SetService(AccessPointId("laser-on"), in_service=False)
    place.to_the_lab("ada", "bob")
    place.badge("laser-on", "ada")
    place.meter("on")
    place.ask(off)
    assert LASER in place.state.machines
    place.meter("off")
    place.ask(SetService(AccessPointId("laser-on"), in_service=True))
    place.badge("laser-on", "ada")
    place.ask(off)
    assert not place.state.machines


# -- modes


def test_a_mode_has_who_set_it_and_why(place: Fablab) -> None:
    """And since when."""
    facts = place.ask(SetMode("lockdown", "a stranger"))
    assert facts[0] == ModeChanged("lockdown", "normal", HolderId("gil"), "a stranger", MONDAY)
    assert (place.state.mode.by, place.state.mode.why) == ("gil", "a stranger")
    assert place.state.mode.since == MONDAY


def test_a_mode_that_is_set_already_is_no_change(place: Fablab) -> None:
    """Two operators press the same button; both are told that it is done."""
    place.mode("lockdown")
    facts = place.ask(SetMode("lockdown", "me too"))
    assert (answer(facts), len(facts)) == (None, 1)
    assert place.state.mode.why == "a drill"
