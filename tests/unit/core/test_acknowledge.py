"""Acknowledging an alarm: somebody looks after it, and it stays on until it is over.

A forced door or a case that was opened is listed until both have happened, in either order.
"""

import pytest

from gateway.core.events import ConditionReported
from gateway.core.facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmKind,
    AlarmOver,
    AlarmRaised,
    RequestAnswered,
)
from gateway.core.model.directory import HolderId
from gateway.core.readings import Tampered
from gateway.core.requests import AcknowledgeAlarm
from gateway.core.state import Acknowledgement
from tests.world.engine import MONDAY, of_kind
from tests.world.fablab import Fablab, answer

GIL = HolderId("gil")
SEE_TO_IT = AcknowledgeAlarm("tamper", "pir", "on my way")


@pytest.fixture
def place() -> Fablab:
    """A place where a sensor's case was opened."""
    place = Fablab()
    place.says("pir", Tampered(active=True))
    return place


def test_somebody_looks_after_an_alarm(place: Fablab) -> None:
    """Who, since when and why is a fact; the alarm stays on."""
    place.after(30)
    (said,) = of_kind(place.ask(SEE_TO_IT), AlarmAcknowledged)
    assert said == AlarmAcknowledged(
        "tamper", "pir", raised=MONDAY, at=place.now, by=GIL, why="on my way"
    )
    assert place.state.alarms["tamper", "pir"] == MONDAY
    assert place.state.acknowledged["tamper", "pir"] == Acknowledgement(place.now, GIL)


def test_who_was_first_stays_it(place: Fablab) -> None:
    """Asked again, also by another request, it is done already."""
    place.ask(SEE_TO_IT)
    place.after(5)
    facts = place.ask(SEE_TO_IT)
    assert answer(facts) is None
    assert not of_kind(facts, AlarmAcknowledged)
    assert place.state.acknowledged["tamper", "pir"].at == MONDAY


def test_it_goes_with_its_alarm(place: Fablab) -> None:
    """An alarm that comes again is nobody's yet."""
    place.ask(SEE_TO_IT)
    assert of_kind(place.says("pir", Tampered(active=False)), AlarmCleared)
    assert not place.state.acknowledged
    place.says("pir", Tampered(active=True))
    assert not place.state.acknowledged


def test_over_it_is_listed_until_somebody_acknowledges_it(place: Fablab) -> None:
    """Then it goes, with the name of who did."""
    place.after(30)
    (over,) = of_kind(place.says("pir", Tampered(active=False)), AlarmOver)
    assert over == AlarmOver("tamper", "pir", MONDAY, place.now)
    assert place.says("pir", Tampered(active=False))[1:] == ()  # over once
    assert place.state.alarms["tamper", "pir"] == MONDAY
    told = place.ask(SEE_TO_IT)
    assert [type(fact) for fact in told[:2]] == [AlarmAcknowledged, AlarmCleared]
    assert not place.state.alarms
    assert not place.state.over


def test_what_happens_again_is_raised_again(place: Fablab) -> None:
    """Before anybody acknowledged the first time."""
    place.says("pir", Tampered(active=False))
    place.after(30)
    again = place.says("pir", Tampered(active=True))
    assert of_kind(again, AlarmRaised) == [AlarmRaised("tamper", "pir", place.now)]
    assert not place.state.over


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(AcknowledgeAlarm("held", "front"), id="off"),
        pytest.param(AcknowledgeAlarm("tamper", "nothing"), id="of nothing"),
        pytest.param(AcknowledgeAlarm("no-kind", "pir"), id="of no kind"),
    ],
)
def test_only_an_alarm_that_is_on(place: Fablab, order: AcknowledgeAlarm) -> None:
    """Else the answer says so, and nothing is kept."""
    assert answer(place.ask(order)) == "not-on"
    assert not place.state.acknowledged


def test_a_member_may_not(place: Fablab) -> None:
    """As with every request."""
    (said,) = place.ask(SEE_TO_IT, "ada", transaction="t")
    assert said == RequestAnswered("t", "acknowledge", HolderId("ada"), "not-allowed")


def test_an_alarm_about_what_happened_ends_with_it(place: Fablab) -> None:
    """Nothing else ever would end it; one about what is stays on."""
    kinds: tuple[AlarmKind, ...] = ("engine-fault", "flooding")
    for kind in kinds:
        place.tell(ConditionReported(kind, "pir", active=True))
        place.ask(AcknowledgeAlarm(kind, "pir"))
    assert set(place.state.alarms) == {("flooding", "pir"), ("tamper", "pir")}
