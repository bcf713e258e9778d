"""`seuil request` and `seuil muster` as an operator uses them: a real broker, a gateway played."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gateway.adapters.broker.ports import LOOPBACK
from gateway.adapters.directory import FILE, DirectoryStore, Member, holder_of
from gateway.core.model.directory import Holder, HolderId
from gateway.core.model.names import Text
from gateway.wire.message import encode
from gateway.wire.states import ModeMessage, MusterMessage, ResponseMessage
from tests.servers import PATIENCE_S, Mosquitto, until

KEY = b"k" * 32
OLA, ADA = holder_of(KEY, "M-1"), holder_of(KEY, "M-2")
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
SEUIL = (sys.executable, "-c", "from gateway.cli import main; main()")
EVACUATION = ModeMessage("evacuation", AT, OLA, "smoke in the store")


class Desk:
    """A computer with a members file, and the only client that speaks for a gateway."""

    def __init__(self, folder: Path, broker: Mosquitto, client: aiomqtt.Client) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """Verbs and requests, as they came."""
        self.folder = folder
        self._broker = broker
        self._client = client

    async def seuil(self, *arguments: str) -> tuple[int, str, str]:
        """A command: exit code, stdout, stderr."""
        process = await self.start(*arguments)
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def start(self, *arguments: str) -> Process:
        """A command that goes on."""
        own = {"SEUIL_BROKER_URL": self._broker.url, "SEUIL_DATA_DIR": str(self.folder / "data")}
        others = {name: value for name, value in os.environ.items() if not name.startswith("SEUIL")}
        return await asyncio.create_subprocess_exec(
            *SEUIL, *arguments, env=others | own, stdout=PIPE, stderr=PIPE
        )

    async def answer(self, respond: Callable[[str], list[bytes]]) -> None:
        """Play the gateway: to each request, what `respond` says of its transaction."""
        async for message in self._client.messages:
            verb = message.topic.value.rpartition("/")[2]
            request = json.loads(bytes(message.payload))
            self.asked.append((verb, request))
            for payload in respond(request["transaction"]):
                await self._client.publish(f"seuil/hub/response/{verb}", payload, qos=1)

    async def keep(self, topic: str, payload: bytes) -> None:
        """Have the broker keep a message of the site."""
        await self._client.publish(f"seuil/hub/{topic}", payload, qos=1, retain=True)


@pytest.fixture
async def desk(broker: Mosquitto, tmp_path: Path) -> AsyncIterator[Desk]:
    """An operator and a member are known here."""
    store = DirectoryStore(tmp_path / "data" / FILE)
    store.apply(
        [Member("M-1", "Ola Nordmann", Holder(OLA)), Member("M-2", "Ada Byron", Holder(ADA))]
    )
    store.close()
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        await client.subscribe("seuil/hub/request/+", qos=1)
        yield Desk(tmp_path, broker, client)


def done(transaction: str) -> list[bytes]:
    """The gateway obeys."""
    return [encode(ResponseMessage(transaction, "ok", Text("C'est fait.", "Done.")))]


def refused(transaction: str) -> list[bytes]:
    """The gateway refuses; before that it answers somebody else, and says nonsense."""
    words = Text("Refusé.", "Refused: only an operator may.")
    refusal = ResponseMessage(transaction, "error", words, error="not-allowed")
    return [*done("another's"), b"nonsense", encode(refusal)]


async def asking(
    desk: Desk, respond: Callable[[str], list[bytes]], *arguments: str
) -> tuple[int, str, str]:
    """A command, while a gateway answers."""
    gateway = asyncio.create_task(desk.answer(respond))
    try:
        return await desk.seuil(*arguments, "--site", "hub")
    finally:
        gateway.cancel()
        await asyncio.wait([gateway])


@pytest.mark.parametrize(
    ("arguments", "verb", "fields"),
    [
        pytest.param(
            ["mode", "lockdown", "--why", "a fight"],
            "mode", {"mode": "lockdown", "why": "a fight"}, id="a mode",
        ),
        pytest.param(["open", "front"], "open", {"door": "front", "why": ""}, id="a door"),
        pytest.param(["muster", "M-2"], "muster", {"holder": ADA, "seen": True}, id="safe"),
        pytest.param(
            ["muster", ADA, "--missing"], "muster", {"holder": ADA, "seen": False}, id="not safe"
        ),
        pytest.param(["left", "M-2"], "left", {"holder": ADA, "why": ""}, id="left"),
        pytest.param(
            ["service", "front-in", "--off", "--why", "broken"],
            "service", {"access_point": "front-in", "in_service": False, "why": "broken"}, id="off",
        ),
    ],
)  # fmt: skip
async def test_each_order_is_asked_for(
    desk: Desk, arguments: list[str], verb: str, fields: dict[str, object]
) -> None:
    """In the operator's name, by pseudonym; done is 0."""
    code, out, err = await asking(desk, done, "request", *arguments, "--by", "M-1")
    assert (code, out, err) == (0, "Done.\n", "")
    ((asked, request),) = desk.asked
    for name in ("transaction", "at"):
        assert request.pop(name)
    assert (asked, request) == (verb, {"by": OLA} | fields)


async def test_a_device_s_numbers_begin_again(desk: Desk) -> None:
    """It is asked for as every request is."""
    told = ("devices", "reset", "front-in", "--by", "M-1", "--why", "a new board")
    assert await asking(desk, done, *told) == (0, "Done.\n", "")
    ((asked, request),) = desk.asked
    assert (asked, request["device"], request["why"], request["by"]) == (
        "reset", "front-in", "a new board", OLA,
    )  # fmt: skip
    code, out, _ = await asking(desk, refused, *told)
    assert (code, out) == (1, "Refused: only an operator may.\n")


async def test_a_refusal_is_told(desk: Desk) -> None:
    """In words, and with 1; answers to others and nonsense are passed over."""
    code, out, _ = await asking(desk, refused, "request", "open", "front", "--by", ADA)
    assert (code, out) == (1, "Refused: only an operator may.\n")
    code, out, _ = await asking(desk, refused, "request", "open", "front", "--by", ADA, "--json")
    said = json.loads(out)
    assert (code, said["ok"], said["error"]) == (1, False, "not-allowed")


async def test_nobody_answers(desk: Desk) -> None:
    """After 5 s it says so, and what to look at."""
    code, out, err = await desk.seuil("request", "open", "front", "--site", "hub", "--by", ADA)
    assert (code, out) == (2, "")
    assert "no gateway of hub has answered within 5 s" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--by", "M-9", "--site", "hub"], 'no member has the ref "M-9"', id="nobody"),
        pytest.param(["--by", ADA, "--site", "a/b"], '"a/b" is no id of a site', id="no site"),
        pytest.param(
            ["--by", ADA, "--site", "hub", "--why", "x" * 201],
            "--why: has 201 characters; at most 200", id="a novel",
        ),
        pytest.param(
            ["--by", "M-1", "--site", "hub", "--data-dir", "/nowhere"],
            "no members are kept here; give pseudonyms", id="a computer without members",
        ),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked(desk: Desk, arguments: list[str], said: str) -> None:
    """What is wrong, and what would be right; nothing leaves for the broker."""
    code, _, err = await desk.seuil("request", "open", "front", *arguments)
    assert code == 2
    assert said in " ".join(err.split())
    assert desk.asked == []


async def test_without_a_broker(desk: Desk, broker: Mosquitto) -> None:
    """Both say where they looked."""
    await broker.stop()
    for command in (["request", "open", "front", "--by", ADA], ["muster"]):
        code, _, err = await desk.seuil(*command, "--site", "hub")
        assert code == 2
        assert f"{broker.url}: " in err


# -- muster


async def _evacuated(desk: Desk) -> None:
    await desk.keep("mode", encode(EVACUATION))
    await desk.keep("zone/lab/muster", encode(MusterMessage(AT, 3, 2, (ADA,))))
    await desk.keep("zone/store/muster", encode(MusterMessage(AT, 1, 1)))


async def test_who_is_missing(desk: Desk) -> None:
    """To be ticked off with a pen; 1 while somebody is missing; names only when asked for."""
    await _evacuated(desk)
    code, out, _ = await desk.seuil("muster", "--site", "hub")
    assert code == 1
    assert "hub: evacuation since 2026-11-22 08:00:00 UTC" in out
    assert "smoke in the store" in out
    lab, store = (line.split() for line in out.splitlines()[-2:])
    assert lab == ["lab", "3", "2", "1", "☐", ADA]
    assert store == ["store", "1", "1", "0"]
    code, out, _ = await desk.seuil("muster", "--site", "hub", "--names")
    assert "☐ Ada Byron" in out
    assert ADA not in out


async def test_who_is_missing_for_scripts(desk: Desk) -> None:
    """One object, with everything."""
    await _evacuated(desk)
    code, out, _ = await desk.seuil("muster", "--site", "hub", "--json")
    said = json.loads(out)
    assert (code, said["ok"], said["mode"]["mode"]) == (1, False, "evacuation")
    assert said["zones"]["lab"]["missing"] == [{"holder": ADA}]
    assert said["zones"]["store"] == {
        "at": "2026-11-22T08:00:00Z", "expected": 1, "seen": 1, "missing": [], "more": 0,
    }  # fmt: skip
    _, out, _ = await desk.seuil("muster", "--site", "hub", "--json", "--names")
    assert json.loads(out)["zones"]["lab"]["missing"] == [{"holder": ADA, "name": "Ada Byron"}]


async def test_more_are_missing_than_a_message_names(desk: Desk) -> None:
    """They are counted."""
    await desk.keep("mode", encode(EVACUATION))
    await desk.keep("zone/lab/muster", encode(MusterMessage(AT, 12, 0, (ADA, HolderId("h-2")), 10)))
    _, out, _ = await desk.seuil("muster", "--site", "hub")
    assert "and 10 more" in out


async def test_nobody_is_waited_for(desk: Desk) -> None:
    """In a normal mode, say."""
    await desk.keep("mode", encode(ModeMessage("normal", None, None)))
    code, out, _ = await desk.seuil("muster", "--site", "hub")
    assert (code, out) == (0, "hub: normal\nnobody is waited for\n")


async def test_a_site_that_no_gateway_serves(desk: Desk) -> None:
    """Silence is no good news."""
    code, out, err = await desk.seuil("muster", "--site", "hub")
    assert (code, out) == (2, "")
    assert "no gateway has said in which mode hub is" in err


async def test_a_list_that_is_watched_changes_by_itself(desk: Desk) -> None:
    """One line a change for scripts; Ctrl-C ends it, with 0 once nobody is missing."""
    await _evacuated(desk)
    watching = await desk.start("muster", "--site", "hub", "--watch", "--json")
    assert watching.stdout is not None
    lines: list[dict[str, Any]] = []

    async def read(stdout: asyncio.StreamReader) -> None:
        async for line in stdout:
            lines.append(json.loads(line))  # noqa: PERF401 - as they come

    reading = asyncio.create_task(read(watching.stdout))
    await until(lambda: lines and not lines[-1]["ok"], "somebody is missing")
    await desk.keep("zone/lab/muster", encode(MusterMessage(AT, 3, 3)))
    await until(lambda: lines[-1]["ok"], "nobody is missing any more")
    watching.send_signal(signal.SIGINT)
    async with asyncio.timeout(PATIENCE_S):
        await reading
        assert await watching.wait() == 0
