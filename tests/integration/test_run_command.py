"""`seuil run` as a real process beside a real mosquitto, and what the other commands say of it."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import aiomqtt
import msgspec
import pytest

from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.reader import JournalFile
from gateway.wire.message import encode
from gateway.wire.states import HealthMessage
from gateway.wire.topics import Topics
from tests.paths import ROOT
from tests.servers import PATIENCE_S, Mosquitto, until
from tests.world.closed_place import access_settings

SPACE = ROOT / "gateway" / "examples" / "space.toml"
HEADER = "ref,name,plan,badges\n"
CAMILLE = "M-1,Camille Moreau,resident,04a224b2c31990\n"
TOM = "M-2,Tom Le Goff,resident,04b1d3729c6680\n"
READER = "seuil/le-seuil/front-in"
SEUIL = (sys.executable, "-c", "from gateway.cli import main; main()")


class Gateway:
    """A data folder, and the commands of `seuil` upon it as processes of their own."""

    def __init__(self, folder: Path, broker_url: str) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.space = SPACE
        self.options: tuple[str, ...] = ()
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SEUIL_")
        } | {
            "SEUIL_BROKER_URL": broker_url,
            "SEUIL_DATA_DIR": str(folder / "data"),
            "SEUIL_INSTANCE": "gw1",
        }
        self._process: Process | None = None

    @property
    def log(self) -> str:
        """What the gateway said so far."""
        return (self.folder / "log").read_text(encoding="utf-8")

    async def start(self) -> None:
        """Start `seuil run SPACE`; returns at once."""
        with (self.folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*SEUIL, "run", str(self.space), *self.options),
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal it; its exit code, which must come."""
        process, self._process = self._process, None
        assert process is not None
        if process.returncode is None:
            process.send_signal(how)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            pytest.fail(f"it did not end within {PATIENCE_S:g} s: {self.log}")

    @property
    def is_running(self) -> bool:
        """The process is there."""
        return self._process is not None and self._process.returncode is None

    async def seuil(self, *arguments: str) -> tuple[int, str, str]:
        """Another command with the same settings: exit code, stdout, stderr."""
        process = await asyncio.create_subprocess_exec(
            *(*SEUIL, *arguments), env=self.environment, stdout=PIPE, stderr=PIPE, cwd=self.folder
        )
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def told(self, *arguments: str) -> dict[str, Any]:
        """The one object that a command with `--json` prints."""
        _, out, err = await self.seuil(*arguments, "--json")
        assert out, err
        answer: dict[str, Any] = json.loads(out)
        return answer

    async def import_members(self, text: str) -> None:
        """Members, by the command that operators use."""
        file = self.folder / "members.csv"
        file.write_text(text, encoding="utf-8")
        code, _, err = await self.seuil("members", "import", str(file), "--space", str(SPACE))
        assert code == 0, err

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            await self.stop()


@pytest.fixture
def gateway(tmp_path: Path, broker: Mosquitto) -> Gateway:
    """A gateway of this test's own, not started."""
    return Gateway(tmp_path / "gateway", broker.url)


class Reader:
    """The reader at the front door, with its numbering, and everything the broker says to us."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._seq = 0
        self.heard: dict[str, list[bytes]] = {}

    async def listen(self) -> None:
        """Keep what comes."""
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            self.heard.setdefault(str(message.topic), []).append(message.payload)

    async def present(self, number: str) -> int:
        """Hold a badge to it; the event's number."""
        self._seq += 1
        event = {
            "boot": 1,
            "seq": self._seq,
            "at": datetime.now(UTC).isoformat(),  # noqa: TID251 - a device has its own clock
            "type": "credential",
            "credential": number,
        }
        await self._client.publish(f"{READER}/event", json.dumps(event).encode(), qos=1)
        return self._seq

    async def answer(self, seq: int, *, acked: bool = True) -> dict[str, Any]:
        """The command of an event, once it (and the ack) is there."""

        def command() -> dict[str, Any] | None:
            for payload in self.heard.get(f"{READER}/command", []):
                said: dict[str, Any] = json.loads(payload)
                if said["seq"] == seq:
                    return said
            return None

        def acknowledged() -> bool:
            if not acked:
                return True
            acks = self.heard.get(f"{READER}/ack", [])
            return any(json.loads(ack)["seq"] >= seq for ack in acks)

        await until(lambda: command() and acknowledged(), f"event {seq} is answered")
        said = command()
        assert said is not None
        return said

    def last(self, topic: str) -> bytes | None:
        """The newest message on a topic."""
        return self.heard.get(topic, [None])[-1]


@asynccontextmanager
async def at_the_door(broker: Mosquitto) -> AsyncIterator[Reader]:
    """Stand at the front door."""
    async with aiomqtt.Client(
        LOOPBACK, broker.port, protocol=aiomqtt.ProtocolVersion.V5, timeout=PATIENCE_S
    ) as client:
        reader = Reader(client)
        listening = asyncio.create_task(reader.listen())
        try:
            await client.subscribe([(f"{READER}/#", 1), ("seuil/gateway/#", 1)])
            yield reader
        finally:
            listening.cancel()
            await asyncio.wait([listening])


async def online(reader: Reader) -> None:
    """Wait until the gateway says that it is there, and how it is."""
    await until(
        lambda: (
            reader.last("seuil/gateway/gw1/state") == b"online"
            and reader.last("seuil/gateway/gw1/health")
        ),
        "the gateway is online and has told its health",
    )


async def test_a_day_in_the_life(gateway: Gateway, broker: Mosquitto) -> None:
    """A badge is answered and explained, the doctor is content, a stop is clean, a replay equal."""
    await gateway.import_members(HEADER + CAMILLE)
    async with at_the_door(broker) as reader, gateway:
        await online(reader)

        said = await reader.answer(await reader.present("04a224b2c31990"))
        assert (said["type"], said["decision"], said["reason"]) == ("access", "granted", "plan")
        assert said["unlock_s"] == 5

        why = await gateway.told("why", "last@front-in")
        assert (str(why["n"]), why["decision"]) == (said["id"], "granted")
        assert why["verdicts"]

        doctor = await gateway.told("doctor", str(SPACE))
        faults = [one for one in doctor["findings"] if one["verdict"] == "fault"]
        assert (doctor["ok"], faults) == (True, [])
        checks = {one["check"]: one["verdict"] for one in doctor["findings"]}
        assert {checks[one] for one in ("broker", "subscriptions", "gateway", "journal")} == {"ok"}
        code, line, _ = await gateway.seuil("doctor", "--health")
        assert (code, len(line.splitlines())) == (0, 1)

        assert await gateway.stop() == 0
        await until(
            lambda: reader.last("seuil/gateway/gw1/state") == b"offline",
            "the broker says that it is gone",
        )
    assert not list((gateway.folder / "data").glob("journal.db-*"))  # all is in the one file
    assert (await gateway.seuil("doctor", "--health"))[0] == 1
    assert "Traceback" not in gateway.log
    assert "04a224b2c31990" not in gateway.log
    assert (await gateway.told("replay"))["equal"] is True


async def test_ctrl_c_is_a_clean_end_too(gateway: Gateway, broker: Mosquitto) -> None:
    """SIGINT: exit 0, no trace."""
    async with at_the_door(broker) as reader, gateway:
        await online(reader)
        assert await gateway.stop(signal.SIGINT) == 0
    assert "Traceback" not in gateway.log


async def test_an_import_is_in_force_at_once(gateway: Gateway, broker: Mosquitto) -> None:
    """A badge that was unknown is granted after its import, without a restart."""
    await gateway.import_members(HEADER + CAMILLE)
    async with at_the_door(broker) as reader, gateway:
        await online(reader)
        before = await reader.answer(await reader.present("04b1d3729c6680"))
        assert before["reason"] == "credential-unknown"

        await gateway.import_members(HEADER + TOM)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                said = await reader.answer(await reader.present("04b1d3729c6680"))
                if said["decision"] == "granted":
                    break
        assert await gateway.stop() == 0
    assert (await gateway.told("replay"))["equal"] is True


async def test_members_are_in_force_from_the_first_badge(
    gateway: Gateway, broker: Mosquitto
) -> None:
    """Nobody is unknown in the first second after a start; the change is journaled once."""
    await gateway.import_members(HEADER + CAMILLE)
    async with at_the_door(broker) as reader:
        early = await reader.present("04a224b2c31990")  # while nobody listens: nothing is kept
        async with gateway:
            await until(lambda: reader.last("seuil/gateway/gw1/state") == b"online", "it is online")
            late = await reader.present("04a224b2c31990")
            said = await reader.answer(late, acked=False)  # the first event may still come: no ack
            assert said["decision"] == "granted"
            assert early < said["seq"]
            assert await gateway.stop() == 0
    with closing(JournalFile(gateway.folder / "data" / JOURNAL_FILE)) as file:
        changes = [row.n for row in file.rows_after(0, 1000) if row.kind == "directory"]
    assert len(changes) == 1
    assert changes[0] < int(said["id"])


async def test_a_broken_space_file_ends_with_2(tmp_path: Path, broker: Mosquitto) -> None:
    """Every fault is told, and nothing was started."""
    gateway = Gateway(tmp_path / "broken", broker.url)
    gateway.space = gateway.folder / "space.toml"
    text = SPACE.read_text(encoding="utf-8")
    text = text.replace("Europe/Paris", "Europe/Pariss").replace('zone = "hall"', 'zone = "hal"', 1)
    gateway.space.write_text(text, encoding="utf-8")
    code, out, err = await gateway.seuil("run", str(gateway.space))
    assert (code, out) == (2, "")
    assert "site.timezone" in err
    assert '"hal" is not a zone; did you mean "hall"?' in err
    assert not (gateway.folder / "data").exists()


async def test_an_absent_broker_is_waited_for(tmp_path: Path) -> None:
    """One clear line a try and no crash; when the broker comes, the gateway is there."""
    port = free_port()
    gateway = Gateway(tmp_path / "gateway", f"mqtt://{LOOPBACK}:{port}")
    async with gateway:
        await until(lambda: "Connection refused" in gateway.log, "it says that nobody listens")
        assert gateway.is_running
        assert f"mqtt://{LOOPBACK}:{port}" in gateway.log
        async with (
            Mosquitto(tmp_path / "late", port=port) as broker,
            at_the_door(broker) as reader,
        ):
            await online(reader)
        await until(lambda: "connection ended" in gateway.log, "it says that the broker left")
        assert gateway.is_running
        assert await gateway.stop() == 0
    assert "Traceback" not in gateway.log


async def test_a_taken_port_is_told(gateway: Gateway, broker: Mosquitto) -> None:
    """`--embedded-broker` on a port that another program has: one line, and exit 2."""
    port = str(broker.port)
    code, _, err = await gateway.seuil("run", str(SPACE), "--embedded-broker", "--port", port)
    assert code == 2
    assert f"port {port} is in use by another program" in err
    assert "Traceback" not in err


async def test_a_data_folder_that_cannot_be_is_told(gateway: Gateway) -> None:
    """One line, and exit 2."""
    (gateway.folder / "data").write_text("a file is in the way")
    code, _, err = await gateway.seuil("run", str(SPACE))
    assert code == 2
    assert "data: cannot be used: File exists" in err
    assert "Traceback" not in err


async def test_health_of_a_wedged_gateway_is_bad(gateway: Gateway, broker: Mosquitto) -> None:
    """`online` is not enough: its last word must be young."""
    topics = Topics()
    old = datetime.now(UTC) - timedelta(minutes=5)  # noqa: TID251 - the doctor reads the real clock
    health = HealthMessage(old, "ok", "0.1.0", 1, 0, 0, 0.1, 0)
    async with aiomqtt.Client(LOOPBACK, broker.port) as client:
        await client.publish(topics.gateway_state("gw1"), b"online", qos=1, retain=True)
        await client.publish(topics.gateway_health("gw1"), encode(health), qos=1, retain=True)
        code, line, _ = await gateway.seuil("doctor", "--health")
        assert code == 1
        assert "silent for 5 minutes" in line
        young = msgspec.structs.replace(health, at=old + timedelta(minutes=5))
        await client.publish(topics.gateway_health("gw1"), encode(young), qos=1, retain=True)
        assert (await gateway.seuil("doctor", "--health"))[0] == 0


async def test_a_refused_password_is_told_in_words(tmp_path: Path) -> None:
    """With the variables to look at."""
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    settings = ("allow_anonymous false", f"password_file {passwords}")
    async with Mosquitto(tmp_path / "closed", settings=settings) as broker:
        gateway = Gateway(tmp_path / "gateway", broker.url)
        gateway.environment["SEUIL_BROKER_USERNAME"] = "gateway"
        gateway.environment["SEUIL_BROKER_PASSWORD"] = "sesame"  # noqa: S105 - of nobody
        doctor = await gateway.told("doctor", str(SPACE))
        said = next(one for one in doctor["findings"] if one["check"] == "broker")
        assert "Not authorized" in said["found"]
        assert "SEUIL_BROKER_PASSWORD" in said["do"]


async def test_the_generated_broker_files_serve_gateway_and_doctor(tmp_path: Path) -> None:
    """`seuil broker-config`, mosquitto with its files, `seuil run`: nothing is denied."""
    gateway = Gateway(tmp_path / "gateway", "")
    out = tmp_path / "mq"
    assert (await gateway.seuil("broker-config", str(SPACE), "--out", str(out)))[0] == 0
    settings = access_settings((out / "mosquitto.conf").read_text())
    async with Mosquitto(tmp_path / "closed", settings=settings) as broker:
        gateway.environment |= {
            "SEUIL_BROKER_URL": broker.url,
            "SEUIL_BROKER_USERNAME": "gateway",
            "SEUIL_BROKER_PASSWORD": (out / "secrets" / "gateway").read_text().strip(),
        }
        async with gateway:
            await until(lambda: "is ready" in gateway.log, "it runs")
            async with asyncio.timeout(PATIENCE_S):
                while (await gateway.seuil("doctor", "--health"))[0] != 0:
                    pass
            doctor = await gateway.told("doctor", str(SPACE))
            assert doctor["ok"] is True, doctor
            checks = [one["check"] for one in doctor["findings"]]
            assert "broker subscriptions" not in checks  # they are checked
