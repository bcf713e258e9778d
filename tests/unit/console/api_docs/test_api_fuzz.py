"""Whatever is asked of the API, it answers as its OpenAPI document says, and never breaks.

schemathesis makes the questions from the document: its examples, its bounds and what lies beyond
them, over a house with a journal, members and an alarm. The gateway is faked: it does what is
asked, or refuses, or is away.
"""

import asyncio
import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests  # schemathesis speaks in its terms
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckContext, Response
from schemathesis.checks import load_all_checks
from schemathesis.config import (
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
)
from schemathesis.config import SchemathesisConfig as Config
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from gateway.adapters.directory import credential_key
from gateway.adapters.mqtt.request_client import DeskError, UnansweredError
from gateway.console.rules.what_if_jobs import DecisionChange, TrialResult, WhatIfTrial
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId, Text
from gateway.core.readings import DoorReported
from gateway.core.requests import Order
from gateway.wire.states import ResponseMessage
from tests.paths import ROOT
from tests.world.console import EXAMPLE
from tests.world.console_desk import EVE, DeskPlace, pseudonym

DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
EXAMPLES = 8
"""Questions of each operation that are drawn, beside those that its bounds make."""
HERE = "/api/v1/sites/{site}"
KNOWN = {
    "site": "le-seuil",
    "holder": pseudonym("Ada"),
    "door": "front",
    "point": "front-entry",
    "zone": "coworking",
    "kind": "held",
    "about": "front",
    "n": 4,
    "place": 1,
}
"""What there is, for paths."""
QUERIES: dict[str, dict[str, Any]] = {
    f"{HERE}/history/{{zone}}": {"from": "2026-11-22T08:00:00Z", "to": "2026-11-22T09:00:00Z"},
    f"{HERE}/enrolments/{{enrolment}}": {"wait": 0.01},  # or it would really be waited
    f"{HERE}/may": {"holder": pseudonym("Ada"), "point": "front-entry"},
}
BODIES: dict[str, Any] = {
    f"DELETE {HERE}/members/{{holder}}": {"ref": "M-Ada"},
    f"PATCH {HERE}/members/{{holder}}": {"name": "Ada Lovelace"},
    f"POST {HERE}/members/{{holder}}/plans": {"plan": "nomad", "until": "2027-06-30"},
    f"PATCH {HERE}/members/{{holder}}/plans/{{place}}": {"status": "suspended"},
    f"POST {HERE}/enrolments": {"holder": pseudonym("Ada"), "reader": "fablab-in"},
    f"PUT {HERE}/members/{{holder}}/roles": {"role": "viewer", "at": "here"},
    f"POST {HERE}/members/{{holder}}/trainings": {"training": "laser", "until": ""},
    f"POST {HERE}/what-if": {"file": EXAMPLE.read_bytes(), "days": 7},
}
FILE = b"ref,name,plan\nM-9,Zoe,resident\n"
UNAVAILABLE = 503
load_all_checks()


def nothing_breaks(context: CheckContext, response: Response, case: Case[Any]) -> None:
    """No answer of the five hundreds, but that something is away."""
    del context, case
    assert response.status_code < 500 or response.status_code == UNAVAILABLE, response.text


CHECKS = [
    nothing_breaks,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def questions(*, bounds: bool) -> OpenApiSchema:
    """The document as a source of questions; `bounds`: also each limit of each parameter."""
    project = ProjectConfig(
        generation=GenerationConfig(max_examples=EXAMPLES, deterministic=True, database="none"),
        phases=PhasesConfig(coverage=CoveragePhaseConfig(enabled=bounds)),
    )
    return schemathesis.openapi.from_dict(
        DOCUMENT, config=Config(projects=ProjectsConfig(default=project))
    )


EVERYTHING = questions(bounds=True)
SOME = questions(bounds=False)


class House(DeskPlace):
    """A house in which much has happened, and one event loop for all that is asked of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, people=("Ada", "Bob"))
        credential_key(self.settings)
        self._n_asked = 0
        self._made_last: dict[str, str] = {}
        self.done: set[tuple[str, str]] = set()
        """Operations that were once carried out."""
        self._loop = asyncio.Runner()
        self._answers = cycle(("ok", "refuses", "ok", "silent", "away", "not-allowed"))
        self._loop.run(self._live())
        self.console.ask = self._fake  # type: ignore[method-assign]
        self.console.trials._run = self._tried  # type: ignore[method-assign]

    def end(self) -> None:
        """Close everything."""
        self._loop.run(self.close())
        self._loop.close()

    def ask(self, case: Case[Any]) -> httpx.Response:
        """What the app answers. Of two questions, one is about what is there."""
        self._n_asked += 1
        case.path_parameters["site"] = KNOWN["site"]
        if self._n_asked % 2:
            self._loop.run(self._aimed(case))
        answer = self._loop.run(self._asked(case))
        if answer.is_success:
            self.done.add((case.method, case.path))
        return answer

    async def _aimed(self, case: Case[Any]) -> None:
        """Have the question be about somebody and something that there is."""
        if "/members/{holder}" in case.path:
            await self.enrol("Ada")  # whom the last one may have erased
        for name in case.path_parameters.keys() & KNOWN.keys():
            case.path_parameters[name] = KNOWN[name]
        told = DOCUMENT["paths"][case.path].get(case.method.lower(), {}).get("parameters", ())
        known = {each["name"] for each in told}  # any other is refused
        query = {**(case.query or {}), **QUERIES.get(case.path, {})}
        case.query = {name: value for name, value in query.items() if name in known}
        case.headers.pop("If-Match", None)
        if isinstance(case.body, dict):
            case.body = BODIES.get(f"{case.method} {case.path}", case.body)
        if "preview" in case.path_parameters:
            case.path_parameters["preview"] = await self._made("members/imports", files=FILE)
        if "enrolment" in case.path_parameters:
            wanted = BODIES[f"POST {HERE}/enrolments"]
            case.path_parameters["enrolment"] = await self._made("enrolments", body=wanted)

    async def _made(
        self, what: str, *, files: bytes = b"", body: dict[str, str] | None = None
    ) -> str:
        """The id of something new; of the last one, where nobody will make one now."""
        async with self.browser() as browser:
            path = f"{HERE}/{what}".replace("{site}", str(KNOWN["site"]))
            upload = {"file": ("m.csv", files)} if files else None
            answer = await browser.post(path, json=body, files=upload)
        self._made_last[what] = answer.json().get("id", self._made_last.get(what, "none"))
        return self._made_last[what]

    async def _live(self) -> None:
        await self.open()
        await self.enters("Ada", "Bob")
        await self.enters("Nobody known")
        await self.says("front-in", DoorReported("open"))
        self.clock.advance(120)

    async def _asked(self, case: Case[Any]) -> httpx.Response:
        question = case.as_transport_kwargs(base_url="http://localhost")
        ready: Any = requests.Request(**question).prepare()
        async with self.browser() as browser:
            sent = dict(ready.headers) | {"x-csrf-token": browser.headers["x-csrf-token"]}
            headers = {name: value.encode("latin-1") for name, value in sent.items()}
            return await browser.request(
                ready.method, ready.url, headers=headers, content=ready.body or b""
            )

    async def _tried(self, trial: WhatIfTrial, folder: Path) -> TrialResult:
        """A trial without a process of its own."""
        del trial, folder
        return TrialResult(
            1, 1, (DecisionChange("granted", "plan", "denied", "zone-full", 1),), 0.1
        )

    async def _fake(
        self, site: SiteId, order: Order, by: HolderId, transaction: str | None = None
    ) -> ResponseMessage:
        del site, order, by
        match next(self._answers):
            case "silent":
                raise UnansweredError("nobody answered in 5 s")
            case "away":
                raise DeskError("no broker")
            case "refuses":
                return ResponseMessage(
                    transaction or "t", "error", Text("non", "no"), "no-such-door"
                )
            case "not-allowed":
                return ResponseMessage(
                    transaction or "t", "error", Text("non", "no"), "not-allowed"
                )
            case _:
                return ResponseMessage(transaction or "t", "ok", Text("fait", "done"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house; what one operation changes, the next one meets."""
    house = House(tmp_path_factory.mktemp("house"))
    yield house
    house.end()


limits = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@EVERYTHING.parametrize()
@limits
def test_an_administrator_is_answered_as_documented(case: Case[Any], house: House) -> None:
    """Each operation, whatever is sent: an answer, or a problem, of the shape that is promised."""
    house.sits(house.sitting(EVE))
    case.validate_response(house.ask(case), checks=CHECKS)


@SOME.parametrize()
@limits
def test_nobody_is_told_nothing(case: Case[Any], house: House) -> None:
    """Without a seat: 401 whatever is sent, unless it is public."""
    house.sits(None)
    answer = house.ask(case)
    case.validate_response(answer, checks=CHECKS)
    if case.path.startswith("/api/"):
        assert answer.status_code in (400, 401, 405, 422)  # what is no JSON is refused at once


def test_each_operation_was_carried_out(house: House) -> None:
    """The questions were no mere nonsense: each operation succeeded at least once."""
    shown = {(method.upper(), path) for path, each in DOCUMENT["paths"].items() for method in each}
    not_offered = {("GET", "/metrics"), ("GET", "/bookings.ics"), ("GET", "/spaceapi.json")}
    assert shown - house.done == not_offered, "the settings and the space file offer none of these"
