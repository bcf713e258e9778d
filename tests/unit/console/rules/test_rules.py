"""The rules as sentences, may somebody pass, and a trial of changed rules."""

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from gateway.analysis.what_if import Reached
from gateway.cli import app
from gateway.config import load_space
from gateway.console.rules.policy_text import readable
from gateway.console.rules.what_if_jobs import BYTES_MAX, TrialResult, Trials, WhatIfTrial
from gateway.console.web.opening_hours_text import in_words
from gateway.core.access.rules import RULES
from gateway.translation import LANGS, Lang, both
from tests.servers import until
from tests.world.console import EXAMPLE, NOW, ConsolePlace, seat
from tests.world.console_past import ConsolePast
from tests.world.engine import SITE

RULES_PAGE = "/sites/hub/rules"
WHAT_IF = "/api/v1/sites/hub/what-if"
SPACE = """
[site]
id = "hub"
name = "Hub"
timezone = "Europe/Paris"

[[zones]]
id = "hall"
name = "Hall"

[[doors]]
id = "front"
name = "Front"
zone = "hall"
exit = "reader"

[[access_points]]
id = "front-in"
door = "front"
direction = "entry"

[[access_points]]
id = "front-out"
door = "front"
direction = "exit"

[[readers]]
id = "front-in"
access_point = "front-in"

[[readers]]
id = "front-out"
access_point = "front-out"

[[plans]]
id = "full"
name = "Full"

[[plans.rights]]
zones = ["hall"]
hours = "Mo-Fr 08:00-18:00"
"""
"""The place with the full plan closed on Sundays."""


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> ConsolePast:
    """The console after a morning."""
    past = ConsolePast(tmp_path_factory.mktemp("past"))
    past.sits(seat("administrator"))
    return past


@pytest.mark.parametrize(
    ("hours", "fr", "en"),
    [
        ("24/7", "à toute heure", "at any time"),
        (
            "Mo-Fr 08:00-20:00; PH off",
            "du lundi au vendredi de 08:00 à 20:00 ; fermé : jours fériés",
            "Monday to Friday 08:00 to 20:00; closed on public holidays",
        ),
        (
            "SH Mo 14:00-18:00",
            "lundi pendant les vacances scolaires de 14:00 à 18:00",
            "Monday in school holidays 14:00 to 18:00",
        ),
        (
            "Sa,Su 09:00-12:00,14:00-23:00",
            None,
            "Saturday and Sunday 09:00 to 12:00 and 14:00 to 23:00",
        ),
        ("off", "fermé", "closed"),
        ("Mo[1] 08:00-12:00", "Mo[1] 08:00-12:00", "Mo[1] 08:00-12:00"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_hours_are_words_or_stay_as_they_are(hours: str, fr: str | None, en: str) -> None:
    """Never half a translation."""
    assert in_words(hours) == en
    assert fr is None or both(in_words(hours)).fr == fr


@pytest.mark.parametrize("lang", LANGS)
def test_the_example_reads_as_sentences(lang: Lang) -> None:
    """Everything that the example demands is said, in the reader's language alone."""
    (site,) = load_space(EXAMPLE)
    told = readable(site, lang)
    said = {topic.id: " ".join(topic.says) for topics in (told.plans, told.zones, told.machines,
            told.doors, told.days) for topic in topics}  # fmt: skip
    words = {
        "en": {
            "nomad": "Days: up to 10 a month.",
            "hall": "allowed and recorded",
            "fablab": "Fab manager",
            "meeting": "only for whoever booked it",
            "laser": "At least 2 people in Fablab.",
            "laser-door": "badge and PIN",
            "2026-12-31": "closed",
        },
        "fr": {
            "nomad": "Jours\u00a0: 10 par mois au plus.",
            "hall": "acceptée et notée",
            "fablab": "Responsable du fablab",
            "meeting": "seulement pour son titulaire",
            "laser": "Au moins 2 personnes",
            "laser-door": "badge et code",
            "2026-12-31": "fermé",
        },
    }
    for id_, sentence in words[lang].items():
        assert sentence in said[id_]
    assert [topic.id for topic in told.rules] == [rule.__name__ for rule in RULES]


async def test_a_viewer_reads_the_rules_but_asks_nothing(past: ConsolePast) -> None:
    """The page has no link that a viewer may not follow."""
    past.sits(seat("viewer"))
    async with past.browser() as browser:
        page = (await browser.get(RULES_PAGE)).text
        body = (await browser.get("/api/v1/sites/hub/rules")).json()
    past.sits(seat("administrator"))
    assert "/rules/may" not in page
    assert "the day" in page
    assert {"full", "day"} == {plan["id"] for plan in body["plans"]}


@pytest.mark.parametrize(
    ("who", "point", "at"),
    [
        ("M-ada", "front-in", None),
        ("M-fay", "front-in", None),
        ("M-new", "front-in", None),
        ("M-bob", "front-out", "2026-12-24T03:00:00+01:00"),
        ("M-cyd", "booth-in", None),
    ],
)
async def test_may_is_the_command_s(
    past: ConsolePast, monkeypatch: pytest.MonkeyPatch, who: str, point: str, at: str | None
) -> None:
    """The same answer, by the same rules, as `seuil may --json` gives."""
    at = at or NOW.isoformat()
    monkeypatch.setenv("SEUIL_CREDENTIAL_KEY", "k" * 64)
    folder = str(past.settings.data_dir)
    command = ["may", who, point, "--at", at, "--json", "--data-dir", folder]
    told = json.loads((await asyncio.to_thread(CliRunner().invoke, app, command)).stdout)
    async with past.browser() as browser:
        answer = await browser.get(
            "/api/v1/sites/hub/may", params={"holder": who, "point": point, "at": at}
        )
        page = await browser.get(f"{RULES_PAGE}/may", params={"who": who, "point": point, "at": at})
    body = answer.json()
    assert {key: value for key, value in body.items() if key != "at"} == {
        key: value for key, value in told.items() if key != "at"
    }
    assert f'data-granted="{"yes" if told["decision"] == "granted" else "no"}"' in page.text


async def test_may_nobody_and_nowhere(past: ConsolePast) -> None:
    """Who is no member and what is no access point is said, not guessed."""
    asked = {"holder": "nobody", "point": "front-in"}
    async with past.browser() as browser:
        assert (await browser.get("/api/v1/sites/hub/may", params=asked)).status_code == 404
        for point in ("moon", "door:front", ""):
            asked = {"holder": "M-ada", "point": point}
            assert (await browser.get("/api/v1/sites/hub/may", params=asked)).status_code == 422
        for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"):
            asked = {"holder": "M-ada", "point": "front-in", "at": at}
            assert (await browser.get("/api/v1/sites/hub/may", params=asked)).status_code == 422
        several = await browser.get(f"{RULES_PAGE}/may", params={"who": "ad", "point": "front-in"})
    assert "Ada Byron" in several.text
    assert 'class="verdict"' not in several.text


async def test_an_empty_place_may_be_asked(tmp_path: Path) -> None:
    """Before anything happened there is no journal, and that is said."""
    place = ConsolePlace(tmp_path, (SITE,))
    place.sits(seat("operator"))
    async with place.browser() as browser:
        answer = await browser.get(f"{RULES_PAGE}/may?who=x&point=front-in")
        assert answer.status_code == 200
        assert "No match." in answer.text


# -- a trial


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """A trial is running, and comes to its end once this is set."""
    event, run = asyncio.Event(), Trials._run

    async def held(trials: Trials, trial: WhatIfTrial, folder: Path) -> TrialResult:
        await event.wait()
        return await run(trials, trial, folder)

    monkeypatch.setattr(Trials, "_run", held)
    return event


async def tried(past: ConsolePast, text: str, go: asyncio.Event) -> str:
    """The page after a trial; while it runs it shows itself again, and no other one begins."""
    async with past.browser() as browser:
        answer = await browser.post(f"{RULES_PAGE}/what-if", data={"text": text, "days": "7"})
        assert answer.status_code == 303
        page = await browser.get(f"{RULES_PAGE}/what-if")
        assert 'http-equiv="refresh"' in page.text
        again = await browser.post(f"{RULES_PAGE}/what-if", data={"text": text})
        assert again.status_code == 409
        go.set()
        await until(lambda: not running(past), "the trial is over")
        return (await browser.get(f"{RULES_PAGE}/what-if")).text


def running(past: ConsolePast) -> bool:
    """Whether the trial is not over."""
    trial = past.console.trials.last(SITE.id)
    return trial is not None and trial.state == "running"


async def test_a_trial_shows_what_would_differ(past: ConsolePast, go: asyncio.Event) -> None:
    """Closed on Sundays, three who came in would have stood before the door."""
    page = await tried(past, SPACE, go)
    trial = past.console.trials.last(SITE.id)
    assert trial is not None
    assert trial.state == "done", trial.failed
    assert trial.outcome is not None
    assert (trial.outcome.decisions, trial.outcome.changed) == (7, 3)
    assert "cover this hour" in page
    assert "Ada Lovelace" in page
    assert re.search(r'href="/sites/hub/log/\d+"', page)
    assert past.console.trials.last(load_space(EXAMPLE)[0].id) is None, "another site's"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("[site", "", id="no TOML"),
        pytest.param(SPACE.replace('id = "hub"', 'id = "annex"', 1), "must be", id="another site"),
        pytest.param(SPACE.replace('zone = "hall"', 'zone = "moon"'), "moon", id="a fault"),
        pytest.param("#" * (BYTES_MAX + 1), "longer than 256 kB", id="too long"),
    ],
)
async def test_a_wrong_file_is_told_as_check_tells_it(
    past: ConsolePast, text: str, told: str
) -> None:
    """With each fault's place; nothing is tried, and what was typed stays."""
    before = past.console.trials.last(SITE.id)
    async with past.browser() as browser:
        answer = await browser.post(f"{RULES_PAGE}/what-if", data={"text": text})
    assert answer.status_code == 422
    assert "describe this site" in answer.text
    assert told in answer.text
    assert past.console.trials.last(SITE.id) is before


async def test_a_trial_says_how_far_it_is(
    past: ConsolePast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In percent as its process reports, and the time left as soon as it has shown its pace."""
    trials = past.console.trials
    monkeypatch.setattr(trials, "_last", WhatIfTrial(SITE.id, NOW - timedelta(days=7), NOW))
    for reached, percent, left_s, words in (
        (None, None, None, "Opening the journal…"),
        (Reached(300, 10_000, 9.0), 3, None, "3% done."),
        (Reached(3400, 10_000, 9.0), 34, 17, "34% done. About 15 s left."),
        (Reached(2000, 10_000, 30.0), 20, 120, "20% done. About 2 minutes left."),
    ):
        monkeypatch.setattr(trials, "reached", lambda _site, now=reached: now)
        async with past.browser() as browser:
            page = (await browser.get(f"{RULES_PAGE}/what-if")).text
            told = (await browser.get(WHAT_IF)).json()
        assert words in " ".join(re.sub("<[^>]*>", " ", page).split())
        assert (told["state"], told["percent"], told["left_s"]) == ("running", percent, left_s)


async def test_a_program_tries_rules_too(past: ConsolePast, go: asyncio.Event) -> None:
    """Begun, looked at until it is done, told as the page tells it; a second one is refused."""
    sent = {"file": ("space.toml", SPACE.encode())}
    async with past.browser() as browser:
        wrong = await browser.post(WHAT_IF, files={"file": ("space.toml", b"[site")})
        assert wrong.headers["content-type"] == "application/problem+json"
        begun = await browser.post(WHAT_IF, files=sent, data={"days": "7"})
        assert (begun.status_code, begun.json()["state"]) == (202, "running")
        again = await browser.post(WHAT_IF, files=sent)
        assert (again.status_code, again.json()["type"]) == (409, "about:seuil:what-if-runs")
        go.set()
        await until(lambda: not running(past), "the trial is over")
        told = (await browser.get(WHAT_IF)).json()
    assert (told["state"], told["percent"], told["left_s"]) == ("done", 100, None)
    assert (told["decisions"], told["changed"], len(told["first"])) == (7, 3, 3)
    assert sum(each["count"] for each in told["changes"]) == 3
    assert {each["access_point"] for each in told["first"]} == {"front-in"}


async def test_without_a_trial_there_is_none(tmp_path: Path) -> None:
    """A program is told so."""
    place = ConsolePlace(tmp_path)
    place.sits(seat("administrator"))
    async with place.browser() as browser:
        answer = await browser.get("/api/v1/sites/le-seuil/what-if")
    assert (answer.status_code, answer.json()["type"]) == (404, "about:seuil:no-trial")


async def test_a_trial_that_takes_too_long_is_ended(
    past: ConsolePast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process is gone, and the page says so."""
    monkeypatch.setattr("gateway.console.rules.what_if_jobs.LIMIT_S", 0.5)
    monkeypatch.setattr("gateway.console.rules.what_if_jobs._RUN", "import time; time.sleep(3600)")
    before = psutil.Process().children()
    async with past.browser() as browser:
        answer = await browser.post(f"{RULES_PAGE}/what-if", data={"text": SPACE, "days": "7"})
        assert answer.status_code == 303
        await until(lambda: not running(past), "the trial is over")
        page = (await browser.get(f"{RULES_PAGE}/what-if")).text
    assert psutil.Process().children() == before
    trial: WhatIfTrial | None = past.console.trials.last(SITE.id)
    assert trial is not None
    assert trial.state == "failed"
    assert "not done within" in page
