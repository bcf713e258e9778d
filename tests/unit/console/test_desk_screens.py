"""Doors, who is here, the muster, alarms and the audit: what each seat sees and may do there."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from gateway.adapters.mqtt.request_client import DeskError, UnansweredError
from gateway.console.audit.throttle import ONE_LOOK
from gateway.core.events import ConditionReported
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, MachineId, ZoneId
from gateway.core.readings import Availability, Tampered
from gateway.core.requests import (
    AcknowledgeAlarm,
    MarkMustered,
    Mode,
    OpenDoor,
    PowerOff,
    ResetDevice,
    SetMode,
    SetPeople,
    SetService,
    TellVacant,
)
from gateway.wire.states import AlarmMessage
from tests.world.console_desk import EVE, OLA, DeskPlace, pseudonym

ADA, BOB, VERA = "Ada Lovelace", "Bob Martin", "Vera Viewer"
HOSTILE = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil.example")'
SITE = "/sites/le-seuil"
API = "/api/v1/sites/le-seuil"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[DeskPlace]:
    """The example's house; Ada and Bob are inside, Ola sits at the desk."""
    place = DeskPlace(tmp_path, (ADA, BOB, HOSTILE, FORMULA))
    await place.open()
    await place.enters(ADA, BOB)
    place.sits(place.sitting(OLA))
    yield place
    await place.close()


@pytest.fixture
async def browser(place: DeskPlace) -> AsyncIterator[httpx.AsyncClient]:
    """An English-speaking desk."""
    async with place.browser() as browser:
        yield browser


def words(answer: httpx.Response) -> str:
    """What a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


async def follow(browser: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    """The page behind a redirect after a change."""
    assert answer.status_code == 303, answer.text
    return await browser.get(answer.headers["location"].partition("#")[0])


async def test_a_program_counts_a_zone(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """By eye, or as empty; an unknown zone and an impossible number ask nobody."""
    zone = f"{API}/zones/coworking"
    assert (await browser.post(f"{zone}/people", json={"people": 7})).status_code == 200
    assert (await browser.post(f"{zone}/vacant", json={"why": "looked in"})).status_code == 200
    assert (await browser.post(f"{zone}/people", json={"people": -1})).status_code == 422
    assert (await browser.post(f"{API}/zones/moon/vacant", json={})).status_code == 404
    coworking = ZoneId("coworking")
    wanted = [SetPeople(coworking, 7), TellVacant(coworking, "looked in")]
    assert [each.order for each in place.asked] == wanted


async def test_a_machine_is_switched_off(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """On the page and by a program; the example's has no relay, so the gateway refuses."""
    machine, laser = f"{API}/machines/laser/power-off", MachineId("laser")
    refused = await browser.post(machine, json={"even_running": True})
    assert refused.json()["type"] == "about:seuil:out-of-place"
    assert (await browser.post(machine, json={"even": True})).status_code == 422
    answer = await browser.post(f"{SITE}/machines/laser/power-off", data={})
    assert answer.status_code == 303
    wanted = [PowerOff(laser, even_running=True), PowerOff(laser)]
    assert [each.order for each in place.asked] == wanted
    told = {each["id"]: each["state"] for each in (await browser.get(f"{API}/machines")).json()}
    assert told["laser"] in {"off", "unknown"}


# -- the gateway's answer


async def test_an_answer_is_shown_once_asked(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """After the redirect, to the session that asked; another session's code says nothing."""
    answer = await browser.post(f"{SITE}/doors/front/open", data={"why": "a parcel"})
    assert "Front door unlocked for 5 s." in words(await follow(browser, answer))
    assert place.asked[-1].order == OpenDoor(DoorId("front"), "a parcel")
    assert place.asked[-1].by == pseudonym(OLA)
    place.sits(place.sitting(EVE))
    assert "released" not in words(await follow(browser, answer))


async def test_a_refusal_is_the_gateways(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """In its own words, on the page and for a program."""
    place.sits(place.sitting(OLA))
    page = await follow(browser, await browser.post(f"{SITE}/doors/nowhere/open"))
    assert "unknown id at this site" in words(page)
    answer = await browser.post(f"{API}/doors/nowhere/open", json={})
    assert (answer.status_code, answer.json()["type"]) == (404, "about:seuil:unknown-object")


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        pytest.param(DeskError("refused"), "broker-away", "Nothing was changed", id="no broker"),
        pytest.param(UnansweredError("late"), "gateway-silent", "Not confirmed", id="no answer"),
    ],
)
async def test_a_gateway_that_is_away_is_told_as_it_is(
    place: DeskPlace, browser: httpx.AsyncClient, wrong: DeskError, code: str, said: str
) -> None:
    """Nobody believes that a door was opened."""
    place.away = wrong
    page = await follow(browser, await browser.post(f"{SITE}/doors/front/open"))
    assert said in words(page)
    answer = await browser.post(f"{API}/doors/front/open", json={})
    assert (answer.status_code, answer.json()["type"]) == (503, f"about:seuil:{code}")


@pytest.mark.parametrize("path", ["doors", "here", "alarms"])
async def test_an_unknown_code_says_nothing(browser: httpx.AsyncClient, path: str) -> None:
    """Nothing of the address is shown."""
    page = await browser.get(f"{SITE}/{path}?told=You+have+been+hacked")
    assert "hacked" not in re.sub(r"<nav.*?</nav>", "", page.text, flags=re.DOTALL)
    assert 'class="notice told' not in page.text


# -- doors and the mode


async def test_a_door_says_who_passed_last(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """To operators; a viewer sees that somebody did."""
    assert BOB in words(await browser.get(f"{SITE}/doors"))
    front = (await browser.get(f"{API}/doors")).json()[0]
    assert (front["id"], front["state"], front["last"]["who"]) == ("front", "locked", BOB)
    place.sits(place.sitting(VERA))
    page = words(await browser.get(f"{SITE}/doors"))
    assert BOB not in page
    assert "granted entry" in page
    assert "Open now" not in page
    assert (await browser.get(f"{API}/doors")).json()[0]["last"]["who"] is None


async def test_an_access_point_out_of_service(browser: httpx.AsyncClient, place: DeskPlace) -> None:
    """And back; the page says why it is out."""
    path = f"{SITE}/access-points/front-entry/service"
    answer = await browser.post(path, data={"in_service": "false", "why": "broken glass"})
    page = words(await follow(browser, answer))
    assert "front-entry: out of service." in page
    assert "broken glass" in page
    assert place.asked[-1].order == SetService(
        AccessPointId("front-entry"), in_service=False, why="broken glass"
    )
    await browser.post(f"{API}/access-points/front-entry/service", json={"in_service": True})
    assert "broken glass" not in words(await browser.get(f"{SITE}/doors"))


async def test_a_mode_has_a_page_of_its_own(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """What it will do is said before; every screen then says that it is on."""
    sure = words(await browser.get(f"{SITE}/mode/lockdown"))
    assert "This will block every entry." in sure
    answer = await browser.post(f"{SITE}/mode", data={"mode": "lockdown", "why": "a fight"})
    assert "Lockdown: every entry is blocked." in words(await follow(browser, answer))
    for screen in ("live", "doors", "here", "alarms"):
        page = await browser.get(f"{SITE}/{screen}")
        assert 'id="mode" role="alert">LOCKDOWN' in page.text, screen
    told = (await browser.get(f"{API}/mode")).json()
    assert (told["mode"], told["by"], told["why"]) == ("lockdown", OLA, "a fight")
    place.sits(place.sitting(VERA))
    assert (await browser.get(f"{API}/mode")).json()["by"] is None


@pytest.mark.parametrize("mode", ["evacuation", "lockdown"])
async def test_an_emergency_is_two_taps_away(
    place: DeskPlace, browser: httpx.AsyncClient, mode: Mode
) -> None:
    """From every screen, without a password and without a reason."""
    place.sits(place.sitting(OLA, fresh=False))
    for screen in ("live", "log", "members", "health"):
        assert f'href="{SITE}/mode/{mode}"' in (await browser.get(f"{SITE}/{screen}")).text
    assert " required" not in (await browser.get(f"{SITE}/mode/{mode}")).text
    answer = await browser.post(f"{SITE}/mode", data={"mode": mode, "why": " "})
    assert answer.status_code == 303
    assert place.asked[-1].order == SetMode(mode)
    assert (await browser.post(f"{API}/mode", json={"mode": mode})).status_code == 200


async def test_an_evacuation_that_no_device_takes_is_said_so(
    place: DeskPlace, browser: httpx.AsyncClient
) -> None:
    """In the answer, in the banner of every screen, at the door, and in the API."""
    await place.says("front-in", Availability("offline"))
    (front, *_) = (await browser.get(f"{API}/doors")).json()
    assert (front["id"], front["reached"]) == ("front", False)
    refused = await browser.post(f"{SITE}/doors/front/open")
    assert "so no device took the order." in words(await follow(browser, refused))
    answer = await browser.post(f"{SITE}/mode", data={"mode": "evacuation"})
    page = words(await follow(browser, answer))
    assert "no device took the order here: Front door" in page
    assert "EVACUATION IN PROGRESS \N{EN DASH} not unlocked: Front door" in page
    assert 'id="reach-front" data-fresh><span' in (await browser.get(f"{SITE}/doors")).text


async def test_who_ends_a_mode_is_asked(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """It wants a fresh password; a check-off in the rain does not."""
    await place.request(SetMode("evacuation", "a drill"))
    place.sits(place.sitting(OLA, fresh=False))
    answer = await browser.post(f"{API}/mode", json={"mode": "normal"})
    assert answer.json()["type"] == "about:seuil:sign-in-again"
    answer = await browser.post(f"{SITE}/mode", data={"mode": "normal"})
    assert answer.headers["location"].startswith("/sign-in/again")
    assert (await browser.post(f"{API}/muster/{pseudonym(ADA)}", json={})).status_code == 200
    place.sits(place.sitting(OLA))
    assert (await browser.post(f"{API}/mode", json={"mode": "normal"})).status_code == 200


# -- who is here, and the muster


async def test_who_is_here(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """By zone, by name, with plan; a viewer sees figures only."""
    page = words(await browser.get(f"{SITE}/here"))
    assert "2 people are here by badge." in page
    assert f"{ADA} Resident" in page
    hall = next(r for r in (await browser.get(f"{API}/here")).json()["rooms"] if r["id"] == "hall")
    assert [person["name"] for person in hall["people"]] == [ADA, BOB]
    place.sits(place.sitting(VERA))
    page = words(await browser.get(f"{SITE}/here"))
    assert "2 people are here by badge." in page
    assert ADA not in page
    assert (await browser.get(f"{API}/here")).status_code == 403
    assert (await browser.get(f"{SITE}/here/list")).status_code == 403


async def test_more_people_than_badges_say(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """The difference is named, and has empty boxes on the paper."""
    place.sees("hall", people=5)
    assert "3 more than badges say" in words(await browser.get(f"{SITE}/here"))
    assert words(await browser.get(f"{SITE}/here/list")).count("someone without a badge") == 3


async def test_somebody_forgot_to_badge_out(browser: httpx.AsyncClient) -> None:
    """Marked as left, they are gone from the list."""
    answer = await browser.post(f"{SITE}/here/{pseudonym(ADA)}/left")
    page = words(await follow(browser, answer))
    assert "Marked as left." in page
    assert ADA not in page
    again = await browser.post(f"{API}/here/{pseudonym(ADA)}/left", json={})
    assert again.json()["type"] == "about:seuil:out-of-place"


async def test_two_of_one_name_are_told_apart(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """By their plans; nobody else's is told."""
    await place.request(SetMode("evacuation", "smoke"))
    page = (await browser.get(f"{SITE}/here")).text
    assert f'<span class="called">{ADA}</span>' in page
    assert "Reason: smoke" in page
    await place.rename(BOB, ADA)
    page = (await browser.get(f"{SITE}/here")).text
    assert page.count(f'<span class="called">{ADA} (Resident)</span>') == 2


async def test_the_muster(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """Checked off and taken back; sent twice under one transaction it is done once."""
    await place.request(SetMode("evacuation", "smoke"))
    page = words(await browser.get(f"{SITE}/here"))
    assert "2 missing 0 safe 2 expected" in page
    path, mark = f"{API}/muster/{pseudonym(ADA)}", {"seen": True, "transaction": "phone-1"}
    assert (await browser.post(path, json=mark)).status_code == 200
    back = {"seen": False, "transaction": "phone-2"}
    assert (await browser.post(path, json=back)).status_code == 200
    assert (await browser.post(path, json=mark)).status_code == 200, "the first one comes again"
    told = (await browser.get(f"{API}/muster")).json()
    assert (told["expected"], told["seen"]) == (2, 0), "and does not undo what came after"
    answer = await browser.post(f"{SITE}/muster/{pseudonym(ADA)}", data={"seen": "yes"})
    assert "1 missing 1 safe" in words(await follow(browser, answer))
    place.sits(place.sitting(VERA))
    told = (await browser.get(f"{API}/muster")).json()
    assert (told["expected"], told["seen"]) == (2, 1)
    assert all(room["people"] is None for room in told["rooms"])
    assert ADA not in (await browser.get(f"{SITE}/here")).text


async def test_a_phone_s_worker_is_for_pages_of_sites(browser: httpx.AsyncClient) -> None:
    """It may answer below /sites/ and load from us alone; no other file of ours may answer."""
    worker = (await browser.get("/static/muster_worker.js")).headers
    assert worker["service-worker-allowed"] == "/sites/"
    assert worker["content-security-policy"] == "default-src 'none'; connect-src 'self'"
    assert worker["x-content-type-options"] == "nosniff"
    other = (await browser.get("/static/here.js")).headers
    assert "service-worker-allowed" not in other


async def test_only_an_operator_s_page_can_be_kept(
    place: DeskPlace, browser: httpx.AsyncClient
) -> None:
    """What a phone keeps has a mark for when it is shown without a network; a viewer's has none."""
    await place.request(SetMode("evacuation", "Smoke"))
    for who, keeps in ((OLA, True), (VERA, False)):
        place.sits(place.sitting(who))
        page = (await browser.get(f"{SITE}/here")).text
        assert page.count('id="offline" hidden') == keeps, who


async def test_the_list_outlives_the_gateway(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """With the time that it is of, on the page, on paper and for programs."""
    await place.request(SetMode("evacuation", "smoke"))
    written = place.clock.now()
    place.clock.advance(1200)
    place.console.picture.connected = False
    for path in ("here", "here/list"):
        page = words(await browser.get(f"{SITE}/{path}"))
        assert "ast known list, from 22 Nov 2026, 10:00" in page
        assert ADA in page
    told = (await browser.get(f"{API}/muster")).json()
    assert (told["current"], told["at"]) == (False, f"{written:%Y-%m-%dT%H:%M:%SZ}")


async def test_a_look_is_noted_once_in_a_while(
    place: DeskPlace, browser: httpx.AsyncClient
) -> None:
    """A page that draws itself anew is one look; a viewer looks at nobody."""

    async def looks() -> int:
        found = await place.console.stores.audit(lambda log: log.search(action="look"))
        return len(found.lines)

    for _ in range(3):
        await browser.get(f"{SITE}/here")
    assert await looks() == 1
    place.clock.advance(ONE_LOOK.total_seconds())
    await browser.get(f"{SITE}/here")
    assert await looks() == 2
    place.sits(place.sitting(VERA))
    await browser.get(f"{SITE}/here")
    assert await looks() == 2


async def test_an_evacuation_does_not_wait_for_the_audit(
    place: DeskPlace, browser: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Where nothing can be noted nobody looks; but the muster list is there missing people."""
    (tmp_path / "audit.db").mkdir()
    assert (await browser.get(f"{SITE}/here")).status_code == 503
    await place.request(SetMode("evacuation", "smoke"))
    assert ADA in (await browser.get(f"{SITE}/here")).text


async def test_a_hostile_name_is_a_name(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """On every page that shows it."""
    await place.enters(HOSTILE)
    for path in ("here", "here/list", "doors"):
        page = (await browser.get(f"{SITE}/{path}")).text
        assert "<img" not in page
        assert "&lt;img src=x" in page, path


# -- alarms


async def test_an_alarm_is_looked_after(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """By whom and since when, for everybody; the name and the note for operators."""
    await place.says("meeting-co2", Tampered(active=True))
    page = await browser.get(f"{SITE}/alarms")
    assert "Acknowledge (I'm on it)" in words(page)
    assert "Check the device: its case was opened." in words(page)
    answer = await browser.post(
        f"{SITE}/alarms/tamper/meeting-co2/acknowledge", data={"why": "new battery"}
    )
    page = await follow(browser, answer)
    assert "Acknowledged: you" in words(page)
    assert f"{OLA} is on it" in words(page)
    assert "new battery" in words(page)
    assert place.asked[-1].order == AcknowledgeAlarm("tamper", "meeting-co2", "new battery")
    on = (await browser.get(f"{API}/alarms")).json()["on"]
    assert [(one["kind"], one["by"]) for one in on] == [("tamper", OLA)]
    place.sits(place.sitting(VERA))
    page = await browser.get(f"{SITE}/alarms")
    assert "An operator is on it" in words(page)
    assert "new battery" not in page.text
    assert "acknowledged at" in words(await browser.get(f"{SITE}/live"))


async def test_what_is_over_stays_listed(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """On every screen until somebody acknowledges it; then the past tells how long it was."""
    await place.says("meeting-co2", Tampered(active=True))
    place.clock.advance(125)
    await place.says("meeting-co2", Tampered(active=False))
    page = words(await browser.get(f"{SITE}/alarms"))
    assert "listed until acknowledged" in page
    assert "Case opened meeting-co2 2 min" in page
    assert re.search(
        r"Case opened meeting-co2 \S+ to \S+, not ack", words(await browser.get(f"{SITE}/live"))
    )
    (on,) = (await browser.get(f"{API}/alarms")).json()["on"]
    assert on["over"] == place.clock.now().isoformat().replace("+00:00", "Z")
    seen_to = await browser.post(f"{API}/alarms/tamper/meeting-co2/acknowledge", json={})
    assert seen_to.status_code == 200
    assert "No active alarms" in words(await browser.get(f"{SITE}/alarms"))
    missing = await browser.post(f"{API}/alarms/tamper/meeting-co2/acknowledge", json={})
    assert (missing.status_code, missing.json()["type"]) == (409, "about:seuil:not-on")


async def test_duress_is_told_to_operators_on_one_page_only(
    place: DeskPlace, browser: httpx.AsyncClient
) -> None:
    """Not in a banner, nor in the stream; a number in the menu gives nothing away."""
    place.hears(
        "alarm/duress/laser-entry", AlarmMessage(place.clock.now(), "duress", "laser-entry")
    )
    page = words(await browser.get(f"{SITE}/alarms"))
    assert "Badge under duress Laser room door" in page
    assert (await browser.get(f"{SITE}/alarms/count")).text == "1"
    banner = re.compile(r'<section class="alarms".*?</section>', re.DOTALL)
    for screen in ("live", "doors", "here", "alarms"):
        (section,) = banner.findall((await browser.get(f"{SITE}/{screen}")).text)
        assert "uress" not in section
    assert not place.console.viewer.site(place.site.id, "en").alarms
    for seat in (place.sitting(VERA), place.sitting(OLA, scopes=("read",))):
        place.sits(seat)
        assert (await browser.get(f"{API}/alarms")).json()["on"] == []
        assert (await browser.get(f"{SITE}/alarms/count")).text == ""
        assert "duress" not in (await browser.get(f"{API}/picture")).text
        assert "uress" not in (await browser.get(f"{SITE}/alarms")).text


# -- devices


async def test_a_device_s_numbers_begin_again(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """By a button that asks whether one is sure; the row says so then, and the audit who it was."""
    assert "Restart its numbering (" not in words(await browser.get(f"{SITE}/devices"))
    await place.tell(ConditionReported("numbering-refused", "front-in", active=True))
    assert "Restart its numbering (front-in)" in words(await browser.get(f"{SITE}/devices"))
    assert "(front-out)" not in words(await browser.get(f"{SITE}/devices"))  # it was never heard
    answer = await browser.post(f"{SITE}/devices/front-in/reset", data={"why": "a new board"})
    assert "front-in: numbering restarted." in words(await follow(browser, answer))
    assert place.asked[-1].order == ResetDevice(DeviceId("front-in"), "a new board")
    front = (await browser.get(f"{API}/devices")).json()["devices"]
    (line,) = (each for each in front if each["device"] == "front-in")
    assert (line["generation"], line["boots"]) == (1, [])
    place.sits(place.sitting(EVE))
    (noted,) = (await browser.get(f"{API}/audit", params={"action": "reset"})).json()["lines"]
    assert (noted["who"], noted["about"]["en"], noted["why"]) == (OLA, "front-in", "a new board")
    sure = words(await browser.get(f"{SITE}/devices/front-in/reset?lang=fr"))
    assert "Recommencer la numérotation de front-in" in sure.replace("\N{NO-BREAK SPACE}", " ")


async def test_who_may_not_operate_sees_the_numbering_alone(
    place: DeskPlace, browser: httpx.AsyncClient
) -> None:
    """Who signed in long ago is asked for the password; no other device is made up."""
    await place.tell(ConditionReported("numbering-refused", "front-in", active=True))
    place.sits(place.sitting(VERA))
    page = words(await browser.get(f"{SITE}/devices"))
    assert "generation 0 · boots 1" in page
    assert "Restart its numbering (" not in page
    place.sits(place.sitting(OLA, fresh=False))
    answer = await browser.post(f"{SITE}/devices/front-in/reset")
    assert answer.headers["location"].startswith("/sign-in/again")
    assert place.asked == []
    place.sits(place.sitting(OLA))
    assert (await browser.get(f"{SITE}/devices/nowhere/reset")).status_code == 404


@pytest.mark.parametrize(
    ("device", "status", "code"),
    [
        pytest.param("front-in", 200, None, id="one that was heard"),
        pytest.param("front-out", 409, "never-heard", id="one that was never heard"),
        pytest.param("nowhere", 404, "unknown-object", id="none of that name"),
    ],
)
async def test_a_program_has_numbers_begin_again(
    place: DeskPlace, browser: httpx.AsyncClient, device: str, status: int, code: str | None
) -> None:
    """The gateway decides whether there is anything to begin again."""
    place.sits(place.sitting(OLA, scopes=("operate",)))
    answer = await browser.post(f"{API}/devices/{device}/reset", json={"why": "a new board"})
    assert answer.status_code == status
    assert answer.json().get("type") == (code and f"about:seuil:{code}")


# -- the audit


async def test_the_audit_names_everything(place: DeskPlace, browser: httpx.AsyncClient) -> None:
    """Requests and looks in one list, refusals with their sentence."""
    await place.request(OpenDoor(DoorId("front"), "a parcel"))
    await place.request(SetMode("evacuation", "smoke"))
    await place.request(MarkMustered(pseudonym(ADA)))
    await place.request(OpenDoor(DoorId("front")), ADA)
    await browser.get(f"{SITE}/here")
    place.sits(place.sitting(EVE))
    lines = (await browser.get(f"{API}/audit")).json()["lines"]
    assert [(one["who"], one["action"], one["about"]["en"], one["outcome"]) for one in lines] == [
        (OLA, "look", "who is here", None),
        (ADA, "open", "Front door", "not-allowed"),
        (OLA, "muster", ADA, None),
        (OLA, "mode", "evacuation", None),
        (OLA, "open", "Front door", None),
    ]
    page = words(await browser.get(f"{SITE}/audit"))
    assert "refused Refused: only an operator" in page


async def test_the_audit_is_filtered_and_paged(
    place: DeskPlace, browser: httpx.AsyncClient
) -> None:
    """Every line once, whatever the page's length."""
    for n in range(120):
        who = OLA if n % 2 else EVE
        await place.request(OpenDoor(DoorId("front"), f"no. {n}"), who)
        place.clock.advance(1)
    place.sits(place.sitting(EVE))
    seen: list[str] = []
    place_, query = "", {"by": pseudonym(OLA), "action": "open"}
    while True:
        told = (await browser.get(f"{API}/audit", params=query | {"place": place_})).json()
        seen += [line["why"] for line in told["lines"]]
        place_ = told["following"]
        if place_ is None:
            break
    assert seen == [f"no. {n}" for n in range(119, 0, -2)]
    today = f"{place.clock.now():%Y-%m-%d}"
    later = f"{place.clock.now() + timedelta(days=1):%Y-%m-%d}"
    for since, until, count in ((today, today, 50), (later, "", 0), ("", "2026-11-21", 0)):
        told = await browser.get(f"{API}/audit", params={"since": since, "until": until})
        assert len(told.json()["lines"]) == count
    page = await browser.get(f"{SITE}/audit", params={"place": "garbage", "since": "garbage"})
    assert page.status_code == 200


async def test_an_export_is_itself_in_the_audit(
    place: DeskPlace, browser: httpx.AsyncClient
) -> None:
    """And no cell of it is a formula."""
    await place.enters(FORMULA)
    await place.request(OpenDoor(DoorId("front"), "=1+1"), FORMULA)
    place.sits(place.sitting(EVE))
    answer = await browser.get(f"{SITE}/audit.csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert answer.headers["content-type"].startswith("text/csv")
    assert [row[1:7] for row in rows[1:]] == [
        [EVE, pseudonym(EVE), "Export", "audit", "", "done"],
        [f"'{FORMULA}", pseudonym(FORMULA), "Door opened", "Front door", "'=1+1", "not-allowed"],
    ]
    place.sits(place.sitting(EVE, fresh=False))
    assert (await browser.get(f"{SITE}/audit.csv")).headers["location"].startswith("/sign-in/again")
    place.sits(place.sitting(OLA))
    assert (await browser.get(f"{SITE}/audit")).status_code == 403
