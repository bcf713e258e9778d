"""Lockdown, evacuation and operators' requests, end to end over MQTT."""

import json
from typing import Any

import pytest

from gateway.core.events import Requested
from gateway.core.facts import DoorChanged, ModeChanged, RequestAnswered, UnlockDoor
from gateway.core.model.names import AccessPointId, DoorId
from gateway.core.requests import MarkMustered, OpenDoor, SetMode, SetService
from tests.servers import until
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA, BOB, CYD, OLA, holder
from tests.world.play import CLOCK, Play

LAB = "zone/lab/muster"


# -- lockdown


async def test_in_a_lockdown_nobody_enters_and_everybody_may_leave(
    workshop: GatewayProcess, place: Play
) -> None:
    """Back to normal only by an operator; each step is journaled with who and why."""
    await place.enter(ADA)
    said = await place.ask(OLA, SetMode("lockdown", "a fight outside"))
    assert (said.status, said.error, said.message.en) == ("ok", None, "Done.")
    await until(lambda: place.last("mode")["mode"] == "lockdown", "everybody is told")
    assert (place.last("mode")["by"], place.last("mode")["why"]) == (holder(OLA), "a fight outside")

    refused = await place.badge("front-in", BOB)
    assert (refused.effect, refused.reason) == ("denied", "lockdown")
    await place.leave(ADA)

    said = await place.ask(ADA, SetMode("normal", "let me in"))
    assert (said.status, said.error) == ("error", "not-allowed")
    assert (await place.badge("front-in", BOB)).reason == "lockdown"

    assert (await place.ask(OLA, SetMode("normal", "it is over"))).status == "ok"
    await place.enter(BOB)
    assert place.last("mode")["mode"] == "normal"
    assert _asked(workshop) == [
        (holder(OLA), "lockdown", None),
        (holder(ADA), "normal", "not-allowed"),
        (holder(OLA), "normal", None),
    ]
    assert [(fact.mode, fact.why) for fact in _facts(workshop, ModeChanged)] == [
        ("lockdown", "a fight outside"),
        ("normal", "it is over"),
    ]


async def test_a_lockdown_outlives_the_gateway(workshop: GatewayProcess, place: Play) -> None:
    """Killed at once after its answer, it comes back locked, and says so."""
    await place.ask(OLA, SetMode("lockdown", "a fight outside"))
    await workshop.kill()
    place.said.clear()
    await workshop.start()
    await until(lambda: place.last("mode"), "it says in which mode it is")
    assert place.last("mode")["mode"] == "lockdown"
    assert (await place.badge("front-in", ADA)).reason == "lockdown"


# -- evacuation


async def test_an_evacuation_until_everybody_is_found(
    workshop: GatewayProcess, place: Play
) -> None:
    """Found at the muster point, at the way out, or by an operator; a kill changes nothing."""
    await place.enter(ADA, BOB, CYD)
    assert (await place.ask(OLA, SetMode("evacuation", "smoke"))).status == "ok"
    await until(lambda: place.last(LAB), "there is a muster list")
    assert _muster(place) == (3, 0, {ADA, BOB, CYD})
    assert (await place.badge("front-in", OLA)).reason == "evacuation"

    heard = await place.badge("yard", ADA)
    assert (heard.effect, heard.reason) == ("granted", "mustered")
    await until(lambda: _muster(place) == (3, 1, {BOB, CYD}), "Ada is safe")
    await place.leave(BOB)
    await until(lambda: _muster(place) == (3, 2, {CYD}), "Bob is safe")

    await workshop.kill()
    place.said.clear()
    await workshop.start()
    await until(lambda: place.last(LAB), "there is a muster list again")
    assert _muster(place) == (3, 2, {CYD})
    assert (place.last("mode")["mode"], place.last("mode")["why"]) == ("evacuation", "smoke")

    assert (await place.ask(OLA, MarkMustered(holder(CYD)))).status == "ok"
    await until(lambda: _muster(place) == (3, 3, set()), "everybody is safe")
    assert (await place.ask(OLA, SetMode("normal", "false alarm"))).status == "ok"
    await until(lambda: place.last(LAB) is None, "the list is gone")
    await until(lambda: place.last("mode")["mode"] == "normal", "all is well")


async def test_in_an_evacuation_safe_doors_are_released_again_and_again(
    workshop: GatewayProcess, place: Play
) -> None:
    """Before each release ends, over a kill, until it is over; a secure door stays locked."""
    await place.ask(OLA, SetMode("evacuation", "smoke"))
    await _released_often(place)
    assert place.last("door/front/state")["state"] in ("unlocked", "open")
    await workshop.kill()
    await workshop.start()
    await _released_often(place)
    assert place.orders("store-in") == []
    assert place.last("door/store-door/state")["state"] == "locked"
    states = [fact for fact in _facts(workshop, DoorChanged) if fact.door == "front"]
    assert [fact.state for fact in states] == ["unlocked"], "it never locked in between"

    await place.ask(OLA, SetMode("normal", "false alarm"))
    released = len(_facts(workshop, UnlockDoor))
    await until(lambda: place.last("door/front/state")["state"] == "locked", "it locks again")
    assert len(_facts(workshop, UnlockDoor)) == released


async def _released_often(place: Play) -> None:
    before = len(place.orders("front-in"))
    await until(lambda: len(place.orders("front-in")) >= before + 4, "it is released again")
    assert set(place.orders("front-in")) == {"unlock"}
    assert place.heard["front-in"][-1].effect == "unlocked"


# -- requests


async def test_a_request_that_comes_twice_is_obeyed_once(
    workshop: GatewayProcess, place: Play
) -> None:
    """And answered twice: the asker may not have heard."""
    said = await place.ask(OLA, OpenDoor(DoorId("front"), "a delivery"), times=3)
    assert said.status == "ok"
    await until(lambda: place.orders("front-in"), "the reader was told")
    assert place.orders("front-in") == ["unlock"]
    assert len(_facts(workshop, UnlockDoor)) == 1
    assert len(_asked(workshop)) == 3


async def test_an_access_point_out_of_service(workshop: GatewayProcess, place: Play) -> None:
    """Until it is put back."""
    point = AccessPointId("front-in")
    await place.ask(OLA, SetService(point, in_service=False, why="broken glass"))
    assert (await place.badge("front-in", ADA)).reason == "out-of-service"
    await place.ask(OLA, SetService(point, in_service=True))
    assert (await place.badge("front-in", ADA)).reason == "plan"
    assert len(_asked(workshop)) == 2


def _request(**changed: object) -> bytes:
    fields = {
        "transaction": "t-1",
        "by": holder(OLA),
        "at": CLOCK.now().isoformat(),
        "door": "front",
    }
    return json.dumps(fields | changed).encode()


@pytest.mark.parametrize(
    ("changed", "error", "detail"),
    [
        pytest.param({"door": 5}, "malformed", "door: has the wrong type", id="a number"),
        pytest.param({"lock": "x"}, "malformed", "a field is not known", id="a field more"),
        pytest.param({"at": "2026-01-01T00:00:00Z"}, "too-old", "", id="an old one"),
        pytest.param({"door": "none"}, "unknown-object", "", id="no such door"),
    ],
)
async def test_a_request_that_is_refused_opens_nothing(
    workshop: GatewayProcess,
    place: Play,
    changed: dict[str, object],
    error: str,
    detail: str,
) -> None:
    """It is answered with what would be right; what nobody could read is a dead letter, too."""
    await place.say("seuil/hub/request/open", _request(**changed))
    await until(lambda: place.last("response/open"), "it is answered")
    said = place.last("response/open")
    assert (said["transaction"], said["status"], said["error"]) == ("t-1", "error", error)
    assert said.get("detail", "").startswith(detail)
    letters = workshop.ask(lambda file: file.count("dead_letter"))
    assert letters == (1 if error == "malformed" else 0)
    assert place.orders("front-in") == []


async def test_what_is_no_request_at_all_is_a_dead_letter(
    workshop: GatewayProcess, place: Play
) -> None:
    """There is nobody to answer."""
    await place.say("seuil/hub/request/open", b"open sesame")
    await place.say("seuil/hub/request/open", _request(why="x" * 5000))
    await until(lambda: workshop.ask(lambda file: file.count("dead_letter")) == 2, "two letters")
    assert place.last("response/open") is None
    assert "dead letter from 'seuil/hub/request/open': not-json" in workshop.log


async def test_a_kept_request_is_refused_at_each_start(
    stopped_workshop: GatewayProcess, place: Play
) -> None:
    """Somebody told the broker to keep it: no gateway that starts obeys it."""
    await place.say("seuil/hub/request/open", _request(), retain=True)
    async with stopped_workshop as workshop:
        await until(lambda: place.last("response/open"), "it is answered")
        assert place.last("response/open")["error"] == "retained"
        assert _facts(workshop, UnlockDoor) == []


def _muster(place: Play) -> tuple[int, int, set[str]]:
    """Expected and seen in the lab, and the badges of who is missing."""
    said = place.last(LAB)
    by_pseudonym = {holder(badge): badge for badge in (ADA, BOB, CYD, OLA)}
    return said["expected"], said["seen"], {by_pseudonym[one] for one in said["missing"]}


def _facts(workshop: GatewayProcess, kind: type[Any]) -> list[Any]:
    """The facts of a kind, in order."""
    rows = workshop.ask(lambda file: [stored.row for stored in file.events_after(0)])
    return [fact for row in rows for fact in row.facts if isinstance(fact, kind)]


def _asked(workshop: GatewayProcess) -> list[tuple[str, str, str | None]]:
    """Each journaled request: who asked, what for, and the error."""
    rows = workshop.ask(lambda file: list(file.events_after(0)))
    asked = []
    for stored in rows:
        if isinstance(stored.event, Requested):
            (answer,) = (fact for fact in stored.row.facts if isinstance(fact, RequestAnswered))
            order = stored.event.request.order
            wish = order.mode if isinstance(order, SetMode) else answer.verb
            asked.append((str(stored.event.request.by), str(wish), answer.error))
    return asked
