"""The simulators' parts: devices, spellings, routes, truth, rosters, recordings."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from gateway.config import load_space
from gateway.core.model.equipment import Device, Machine
from gateway.core.model.names import DeviceId, MachineId, PlanId, SiteId, Text, ZoneId
from gateway.core.model.site import Site
from gateway.core.readings import CredentialPresented, DoorReported, Motion, Reading
from gateway.members.importer import read_members
from gateway.members.known import known_of
from gateway.wire.commands import AccessCommand, Ack, UnlockCommand
from gateway.wire.message import Outgoing, encode
from gateway.wire.states import AccessMessage
from gateway.wire.topics import Topics
from sensors.badges import FORMATS, normalise
from sensors.registry import Registry
from simulators.badges import spelled
from simulators.devices import NativeDevice, SimulatedReader
from simulators.faults import FaultRates
from simulators.judge import Must, must_be
from simulators.layouts import LayoutError, Timed, read_recording
from simulators.outcomes import Bookkeeping
from simulators.people import MEMBERS, SimulatedPerson, trainings_of
from simulators.roster import COLUMNS, roster
from simulators.routes import SiteRoutes
from simulators.scenarios import SCENARIOS, network
from simulators.sensing import Counter, MmWave, Pir
from simulators.sessions import MachineSession, sessions_of
from simulators.setup import Plot, write_roster
from simulators.spellings import foreign_device
from simulators.truth import TrueCount, Truth, people_at
from tests.paths import ROOT

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SPACE = ROOT / "gateway" / "examples" / "space.toml"
DEMO = ROOT / "gateway" / "demo" / "space.toml"
SITE = SiteId("here")
TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def example() -> Site:
    """The site of `seuil init`."""
    return load_space(SPACE)[0]


def _reader(limit: int = 1000) -> SimulatedReader:
    return SimulatedReader(SITE, DeviceId("front-in"), boot=1, limit=limit)


def _answer(
    seq: int, *, decision: str = "granted", life_s: float = 5, number: str = "1"
) -> AccessCommand:
    return AccessCommand(
        id=number,
        decision="granted" if decision == "granted" else "denied",
        reason="plan",
        boot=1,
        seq=seq,
        unlock_s=5.0 if decision == "granted" else None,
        expires=NOW + timedelta(seconds=life_s),
        message=Text("", ""),
    )


def _decided(decision: Must, *, late: bool) -> bytes:
    """What the gateway says to everyone of what a reader decided alone."""
    message = AccessMessage(
        id="7",
        at=NOW,
        reader=DeviceId("r"),
        access_point=None,
        zone=None,
        direction="entry",
        decision=decision,
        reason="reader-decided",
        holder=None,
        message=Text("", ""),
        latency_ms=1.0,
        late=late,
    )
    return encode(message)


class TestReader:
    """The native protocol."""

    def test_numbers_from_one_and_says_when(self) -> None:
        """The first event of a boot has seq 1, the device's time and the reading's own fields."""
        event = _reader().present("04a224b2c31990", NOW)
        assert event is not None
        assert event.message.topic == "seuil/here/front-in/event"
        assert json.loads(event.message.payload) == {
            "boot": 1,
            "seq": 1,
            "at": "2026-11-23T08:00:00.000Z",
            "type": "credential",
            "credential": "04a224b2c31990",
            "format": "hex",
        }

    def test_a_reboot_begins_at_one_and_keeps_what_was_kept(self) -> None:
        """A boot begins at seq 1, and an ack of the new boot frees nothing of the old."""
        reader = _reader()
        reader.present("04a224b2c31990", NOW)
        reader.reboot(2)
        event = reader.present("04a224b2c31990", NOW)
        assert event is not None
        assert event.key == (2, 1)
        assert reader.on_ack(Ack(2, 1)) == 1
        assert reader.unacknowledged == 1

    def test_an_ack_is_cumulative(self) -> None:
        """An ack frees all up to its seq, and nothing twice."""
        reader = _reader()
        for _ in range(5):
            reader.present("04a224b2c31990", NOW)
        assert reader.on_ack(Ack(1, 3)) == 3
        assert reader.on_ack(Ack(1, 3)) == 0
        assert reader.unacknowledged == 2

    def test_a_full_store_refuses_and_counts(self) -> None:
        """A full store refuses the new event, counts it and uses no number for it."""
        reader = _reader(limit=2)
        told = [reader.present("04a224b2c31990", NOW) for _ in range(3)]
        assert told[2] is None
        assert reader.refused == 1
        reader.on_ack(Ack(1, 2))
        event = reader.present("04a224b2c31990", NOW)
        assert event is not None
        assert event.seq == 3

    def test_resends_what_waited(self) -> None:
        """What has no ack after five seconds goes again, the same bytes, oldest first."""
        reader = _reader()
        first = [reader.present("04a224b2c31990", NOW + timedelta(seconds=n)) for n in range(3)]
        assert reader.due_resends(NOW + timedelta(seconds=4)) == []
        assert reader.due_resends(NOW + timedelta(seconds=6.5)) == first[:2]
        assert reader.due_resends(NOW + timedelta(seconds=7)) == first[2:]

    def test_keeps_while_offline(self) -> None:
        """Offline, events are kept and nothing is due; back online all go, oldest first."""
        reader = _reader()
        reader.went_offline()
        kept = [reader.present("04a224b2c31990", NOW) for _ in range(3)]
        assert reader.due_resends(NOW + timedelta(hours=1)) == []
        assert reader.came_online(NOW + timedelta(hours=1)) == kept

    @pytest.mark.parametrize(
        ("life_s", "effect", "opens"),
        [
            pytest.param(5, "granted", True, id="a fresh grant unlocks"),
            pytest.param(-0.001, "expired", False, id="an expired grant does not"),
            pytest.param(0, "expired", False, id="a grant at its expiry does not"),
        ],
    )
    def test_obeys_in_time(self, life_s: float, effect: str, opens: bool) -> None:  # noqa: FBT001 - a table's column
        reader = _reader()
        reader.present("04a224b2c31990", NOW)
        assert reader.on_command(_answer(1, life_s=life_s), NOW).effect == effect
        assert (reader.unlocked_until is not None) is opens

    def test_an_answer_counts_once(self) -> None:
        """The second answer to one event is known as such and does not unlock again."""
        reader = _reader()
        reader.present("04a224b2c31990", NOW)
        reader.on_command(_answer(1), NOW)
        unlocked = reader.unlocked_until
        heard = reader.on_command(_answer(1), NOW + timedelta(seconds=2))
        assert heard.effect == "repeated"
        assert reader.unlocked_until == unlocked

    def test_a_lock_obeys_an_order_once(self) -> None:
        """An order to a lock unlocks it, and the same order told again does not."""
        lock = _reader()
        order = UnlockCommand("17", 5.0, NOW + timedelta(seconds=5))
        assert [lock.on_command(order, NOW).effect for _ in range(2)] == ["unlocked", "repeated"]


class TestSpellings:
    """What simulated devices say is what the drivers read."""

    @pytest.mark.parametrize("name", sorted(set(FORMATS) - {"pin", "hex-unpadded", "qr"}))
    def test_formats(self, name: str) -> None:
        """A badge spelled for a reader of each format is the same badge to the gateway."""
        sizes = {"wiegand26": 3, "wiegand26-hex": 3, "decimal40": 5, "decimal56": 7, "decimal64": 8}
        badge = bytes(range(0x41, 0x41 + sizes.get(name, 4))).hex()
        assert normalise(spelled(badge, name), name) == badge

    @pytest.mark.parametrize("kind", ["esp-rfid", "tasmota"])
    def test_a_reader_is_read_and_unlocked(self, kind: str) -> None:
        """The driver reads the maker's scan, and its order to unlock is understood."""
        options: dict[str, str | int | float | bool] = (
            {"ip": "192.0.2.7"} if kind == "esp-rfid" else {"relay": 1}
        )
        device = Device(DeviceId("odd"), "reader", kind, "odd", options=options)
        site = Site(SITE, Text("", ""), "Europe/Paris", devices=(device,))
        registry, simulated = Registry([site]), foreign_device(device, timedelta())
        assert simulated is not None
        (scan,) = simulated.says(CredentialPresented("04a224b2"), NOW)
        (report,) = registry.decode(scan.topic, scan.payload)
        assert report.reading == CredentialPresented("04a224b2")
        (order,) = registry.unlock(SITE, device.id, "1", 5.0, NOW + timedelta(seconds=5))
        assert order.topic == simulated.hears
        assert simulated.unlocks(order.payload)
        assert not simulated.unlocks(b'{"cmd":"opendoor","doorip":"192.0.2.8"}')

    @pytest.mark.parametrize("reading", [Motion(active=True), Motion(active=False)])
    def test_pirs_are_read(self, example: Site, reading: Reading) -> None:
        """Each PIR of the example is read as what it said."""
        registry = Registry([example])
        for name in ("coworking-pir", "meeting-pir"):
            simulated = foreign_device(example.device[DeviceId(name)], timedelta())
            assert simulated is not None
            (said,) = simulated.says(reading, NOW)
            assert [report.reading for report in registry.decode(said.topic, said.payload)] == [
                reading
            ]

    def test_contacts_are_read(self, example: Site) -> None:
        """`contact: false` is open."""
        simulated = foreign_device(example.device[DeviceId("fablab-contact")], timedelta())
        assert simulated is not None
        (said,) = simulated.says(DoorReported("open"), NOW)
        (report,) = Registry([example]).decode(said.topic, said.payload)
        assert report.reading == DoorReported("open")


class TestRoutesAndTruth:
    """Where people can go, and how many are there."""

    def test_the_way_leads_through_doors(self, example: Site) -> None:
        """From the street to the laser one passes three doors, and the way back is the same."""
        routes = SiteRoutes(example)
        way = routes.way(None, ZoneId("laser-room"))
        assert [passage.door for passage in way] == ["front", "fablab-door", "laser-door"]
        assert [one.back for one in reversed(way)] == list(routes.way(ZoneId("laser-room"), None))

    def test_parents_count_their_children(self, example: Site) -> None:
        """Who goes from the hall to the fablab stays in the building, and is counted in both."""
        told: list[TrueCount] = []
        truth = Truth(example, NOW, told.append)
        truth.move(None, ZoneId("hall"), NOW)
        truth.move(ZoneId("hall"), ZoneId("laser-room"), NOW + timedelta(seconds=9))
        inside = {zone: count for zone, count in truth.people.items() if count}
        assert inside == {"building": 1, "fablab": 1, "laser-room": 1}
        assert people_at(told, example.id, ZoneId("hall"), NOW + timedelta(seconds=5)) == 1
        with pytest.raises(ValueError, match="nobody is in hall"):
            truth.move(ZoneId("hall"), None, NOW)

    def test_a_network_has_topics_of_its_own(self, example: Site) -> None:
        """Copies of a site are told apart by every driver."""
        sites = network(example, 3)
        assert [site.id for site in sites] == ["site-001", "site-002", "site-003"]
        Registry(sites)


class TestSensors:
    """What sensors see, and do not."""

    def test_a_pir_is_blind_after_a_trigger(self) -> None:
        """However many move, two triggers are never less than the blind time apart."""
        pir = Pir(FaultRates(pir_blind_s=60), Random(1))
        triggered = []
        for second in range(0, 3600, 5):
            pir._active = False
            if list(pir.look(20, NOW + timedelta(seconds=second))):
                triggered.append(second)
        gaps = [after - before for before, after in pairwise(triggered)]
        assert len(gaps) > 30
        assert min(gaps) >= 60

    def test_a_stuck_radar_clears_late(self) -> None:
        """A mmWave sensor that sticks says "nobody" only after its time."""
        radar = MmWave(FaultRates(stuck_presence=1.0, stuck_s=600), Random(1))
        said = []
        for second in range(0, 1200, 5):
            people = 1 if second < 60 else 0
            said += [(second, one) for one in radar.look(people, NOW + timedelta(seconds=second))]
        assert [second for second, _ in said] == [0, 660]

    def test_a_counter_may_wrap(self) -> None:
        """Totals begin again at zero after their last value."""
        counter = Counter(FaultRates.none(), Random(1), wraps_at=4)
        said = [counter.passed(inward=True) for _ in range(5)]
        assert [one.in_total for one in said if one] == [1, 2, 3, 0, 1]

    def test_missed_and_double_counts_come_at_their_rates(self) -> None:
        """Of 20,000 people about 2 % are missed and 1 % counted twice."""
        counter = Counter(FaultRates(missed_crossing=0.02, double_crossing=0.01), Random(1))
        seen = []
        for _ in range(20_000):
            before = counter.entered
            counter.passed(inward=True)
            seen.append(counter.entered - before)
        assert seen.count(0) / 20_000 == pytest.approx(0.02, rel=0.15)
        assert seen.count(2) / 20_000 == pytest.approx(0.01, rel=0.2)


class TestRoster:
    """Who the gateway is told about."""

    def test_columns_and_troubles(self, example: Site, tmp_path: Path) -> None:
        """The CSV has the import's columns, and members whose badges will be refused."""
        count = write_roster(tmp_path / "m.csv", [example], Plot(), date(2026, 11, 23))
        with (tmp_path / "m.csv").open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        assert tuple(rows[0]) == COLUMNS
        assert len(rows) == count
        assert {row["status"] for row in rows} == {"active", "suspended", "unpaid"}
        assert {row["badge_status"] for row in rows} == {"", "lost"}
        assert any(row["until"] < "2026-11-23" for row in rows)
        assert len({row["badges"] for row in rows}) == count
        assert {row["plan"] for row in rows} <= set(example.plan)

    @pytest.mark.parametrize("space", [SPACE, DEMO], ids=["the example", "the demo"])
    def test_who_is_there(self, space: Path) -> None:
        """A manager, makers of whom some are trained, some never, some long ago; PINs, guests."""
        (site,) = load_space(space)
        people = SCENARIOS["ordinary-day"].people(site, 1, MEMBERS)
        by_ref = {row["ref"]: row for row in roster(site, people, date(2026, 11, 24))}
        manager, *others = people
        assert by_ref[manager.ref]["roles"] == "fab-manager@le-seuil"
        assert not any(by_ref[one.ref]["roles"] for one in others if one.enrolled)
        users = [one for one in people if one.enrolled and trainings_of(site, one)]
        said = {one.trained: by_ref[one.ref]["trainings"] for one in users if one != manager}
        assert said["no"] == ""
        by = f" by {manager.ref}"
        assert said["yes"] == f"laser given 2025-11-24 until 2027-11-24{by}"
        assert said["expired"] == f"laser given 2025-11-24 until 2026-10-25{by}"
        pins = {one.ref: row["pin"] for one in people if (row := by_ref.get(one.ref))}
        assert 0 < sum(len(pin) == 4 for pin in pins.values()) < len(pins)
        assert not any(pins[one.ref] for one in people if one.enrolled and one.kind == "visitor")
        hosts = {one.host for one in people if one.kind == "visitor"}
        assert None in hosts
        assert hosts - {None} <= {one.ref for one in people if one.kind == "member"}

    @pytest.mark.parametrize("space", [SPACE, DEMO], ids=["the example", "the demo"])
    def test_it_is_imported(self, space: Path, tmp_path: Path) -> None:
        """Every line of several sites is taken, checked against their space files."""
        sites = network(load_space(space)[0], 2)
        count = write_roster(tmp_path / "m.csv", sites, Plot(), date(2026, 11, 24))
        key = b"0123456789abcdef"
        read = read_members(tmp_path / "m.csv", known_of(key, ZoneInfo("Europe/Paris"), sites))
        assert read.faults == ()
        assert len(read.members) == count

    def test_a_seed_gives_the_same_people(self, example: Site) -> None:
        """To the last digit of their PINs; another seed does not."""
        told = [
            list(roster(example, SCENARIOS["ordinary-day"].people(example, seed, 48), TODAY))
            for seed in (7, 7, 8)
        ]
        assert told[0] == told[1]
        assert told[0] != told[2]


class TestSessions:
    """Who works at the laser, and with whom."""

    def _sessions(self, hours: dict[str, tuple[float, float]]) -> list[MachineSession]:
        on = date(2026, 11, 24)
        midnight = datetime(2026, 11, 24)  # noqa: DTZ001 - habits are local
        times = {
            ref: (midnight + timedelta(hours=comes), midnight + timedelta(hours=leaves))
            for ref, (comes, leaves) in hours.items()
        }
        machine = Machine(MachineId("laser"), Text("", ""), ZoneId("laser-room"))
        return list(sessions_of(machine, times, {"ada", "bob"}, on, Random(1)))

    def test_the_first_and_the_last_are_alone(self) -> None:
        """Of those who were trained; the last one is still there when the others go."""
        first, *_, last = self._sessions({"ada": (9, 17), "bob": (11, 20), "cyd": (8, 19)})
        assert (first.user, first.company, f"{first.begin:%H:%M}") == ("ada", None, "10:20")
        assert (last.user, last.company) == ("bob", None)
        assert last.begin.hour < 19 <= last.end.hour

    def test_company_leaves_stays_or_comes_late(self) -> None:
        """In turn; nobody is their own company, or is counted on when they are not there."""
        there = {"ada": (9.0, 20.0), "bob": (9.0, 20.5), "cyd": (9.0, 20.2), "dan": (18.0, 18.5)}
        _, *pairs, _ = self._sessions(there)
        turns = [
            (one.joins == one.begin, one.parts is not None and one.parts < one.end) for one in pairs
        ]
        assert turns[:3] == [(True, True), (True, False), (False, False)]
        assert not any(one.user == one.company or "dan" in (one.user, one.company) for one in pairs)

    def test_nobody_is_there(self) -> None:
        """Nothing happens."""
        assert self._sessions({}) == []


class TestJudge:
    """What is known of an answer before it comes."""

    @pytest.mark.parametrize(
        ("who", "reader", "pin", "must"),
        [
            pytest.param({}, "front-in", None, None, id="a good badge: who knows"),
            pytest.param({"trouble": "lost badge"}, "front-in", None, "denied", id="a lost one"),
            pytest.param({"trouble": "unpaid"}, "front-in", None, "denied", id="not paid"),
            pytest.param({"plan": None}, "front-in", None, "denied", id="not enrolled"),
            pytest.param({"trouble": "lost badge"}, "front-out", None, "granted", id="the way out"),
            pytest.param({"pin": "0042"}, "laser-in", "0042", None, id="the right PIN"),
            pytest.param({"pin": "0042"}, "laser-in", "0043", "denied", id="a wrong PIN"),
            pytest.param({"pin": "0042"}, "laser-in", None, "denied", id="no PIN"),
            pytest.param({"trained": "yes"}, "laser-badge", None, None, id="trained"),
            pytest.param({"trained": "expired"}, "laser-badge", None, "denied", id="long ago"),
            pytest.param({"trained": "no"}, "laser-badge", None, "denied", id="never trained"),
        ],
    )
    def test_must_be(
        self, example: Site, who: dict[str, Any], reader: str, pin: str | None, must: str | None
    ) -> None:
        """By whose badge it is, and where it is held."""
        plain: dict[str, Any] = {"plan": PlanId("fablab"), "trouble": "none"}
        person = SimulatedPerson(
            "p", "P", "member", rhythm="maker", badge="04a224b2", **plain | who
        )
        assert must_be(example, person, DeviceId(reader), pin) == must


class TestTally:
    """One decision for each question."""

    @pytest.mark.parametrize(
        ("must", "decision", "wrong"),
        [
            pytest.param("denied", "granted", (1, 0), id="who must not pass could"),
            pytest.param("granted", "denied", (0, 1), id="who may leave could not"),
            pytest.param("granted", "granted", (0, 0), id="as it must be"),
            pytest.param(None, "denied", (0, 0), id="nobody knows"),
        ],
    )
    def test_what_must_be(self, must: Must | None, decision: Must, wrong: tuple[int, int]) -> None:
        """A decision that must not be is a fault, told by its kind."""
        tally = Bookkeeping()
        tally.asked(SITE, DeviceId("r"), (1, 1), NOW, must=must)
        answer = structs.replace(_answer(1), decision=decision)
        tally.heard(SITE, DeviceId("r"), answer, NOW)
        result = tally.result([], {}, {})
        assert (result.wrongly_granted, result.wrongly_denied) == wrong
        assert result.ok is (wrong == (0, 0))

    @pytest.mark.parametrize(
        ("told", "seen"),
        [
            pytest.param([("granted", True)], (0, 0, True), id="told late and alike"),
            pytest.param([], (1, 0, False), id="never told"),
            pytest.param([("granted", False)], (1, 0, False), id="told, but not as late"),
            pytest.param([("denied", True)], (0, 1, False), id="told otherwise"),
        ],
    )
    def test_decided_alone(
        self, told: list[tuple[Must, bool]], seen: tuple[int, int, bool]
    ) -> None:
        """What a reader decided alone has to be told once, as late, and as the reader did."""
        tally = Bookkeeping()
        tally.asked(SITE, DeviceId("r"), (1, 1), NOW, fresh=False, decided="granted")
        tally.asked(SITE, DeviceId("q"), (1, 1), NOW)
        tally.heard(SITE, DeviceId("q"), _answer(1), NOW)
        for decision, late in told:
            tally.overheard(SITE, _decided(decision, late=late), NOW)
        result = tally.result([], {}, {})
        assert (result.undecided, result.contradicted, result.ok) == seen
        assert (result.late, result.decided_alone) == (0, 1)

    def test_decided_after_it_was_asked(self) -> None:
        """Our answer comes too late, and what counts is what the reader says that it did."""
        tally = Bookkeeping()
        for seq in (2, 1):
            tally.asked(SITE, DeviceId("r"), (1, seq), NOW)
            tally.gave_up(SITE, DeviceId("r"), (1, seq), "granted" if seq == 1 else "denied")
        tally.heard(SITE, DeviceId("r"), _answer(1), NOW + timedelta(seconds=3))
        for decision in ("granted", "denied"):  # in the order of their numbers
            tally.overheard(SITE, _decided(decision, late=True), NOW)
        result = tally.result([], {}, {})
        assert (result.ok, result.decided_alone, result.decisions) == (True, 2, 2)
        assert (result.contradicted, result.answer_ms.p50) == (0, None)

    def test_two_decisions_are_seen(self) -> None:
        """The same decision told again is a repetition; another one is a fault."""
        tally = Bookkeeping()
        tally.asked(SITE, DeviceId("r"), (1, 1), NOW)
        for number in ("7", "7", "8"):
            tally.heard(SITE, DeviceId("r"), _answer(1, number=number), NOW)
        result = tally.result([], {}, {})
        assert (result.decisions, result.answers_repeated, result.decided_twice) == (1, 1, 1)
        assert not result.ok

    def test_no_decision_is_seen(self) -> None:
        """A fresh question without a decision is a fault; one that went out too late is none."""
        tally = Bookkeeping()
        for seq in (1, 2, 3):
            tally.asked(SITE, DeviceId("r"), (1, seq), NOW)
        tally.heard(SITE, DeviceId("r"), _answer(1), NOW + timedelta(milliseconds=4))
        assert tally.result([], {}, {}).undecided == 2
        for seq in (2, 3):
            tally.resent(SITE, DeviceId("r"), (1, seq))
        result = tally.result([], {}, {})
        assert (result.ok, result.late, result.answer_ms.p50) == (True, 2, 4.0)

    def test_an_unacknowledged_event_is_a_fault(self) -> None:
        """An event that is not on the gateway's disk at the end is told."""
        tally = Bookkeeping()
        device = NativeDevice(SITE, DeviceId("r"), boot=1)
        device.report(Motion(active=True), NOW)
        tally.asked(SITE, DeviceId("r"), (1, 1), NOW)
        tally.heard(SITE, DeviceId("r"), _answer(1), NOW)
        assert not tally.result([device], {}, {}).ok


class TestRecordings:
    """Public data sets as a device would tell them."""

    def test_calit2_totals(self, datasets: Path) -> None:
        """The last totals are the file's, and each half hour has its own figures."""
        folder = datasets / "uci156-calit2"
        recording = read_recording(folder)
        crossings = [(one.at, *_totals(one)) for one in recording.timed]
        assert crossings[0][1:] == (0, 0)
        assert crossings[-1][1:] == (19_597, 18_837)
        assert len({at for at, *_ in crossings}) == len(crossings)
        assert _by_half_hour(crossings) == _file_by_half_hour(folder / "CalIt2.data")

    def test_robod_rows(self, datasets: Path) -> None:
        """Each row gives its true count at its time in UTC, and its CO2 where it has one."""
        recording = read_recording(datasets / "robod" / "combined_Room1.csv")
        assert recording.totals["count"] == 8_352
        assert 0 < recording.totals["co2"] < 8_352
        assert recording.timed[0].at == datetime(2021, 9, 6, 16, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            pytest.param(
                "date,people\n", "found 'date,people'; right would be", id="another header"
            ),
            pytest.param(
                "7,07/24/05,noon,1\n", "line 1: found '7,07/24/05,noon,1'", id="a bad time"
            ),
        ],
    )
    def test_unknown_layouts(self, tmp_path: Path, text: str, said: str) -> None:
        """The error says where, what was found and what would be right."""
        file = tmp_path / "odd.csv"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(LayoutError, match=r"odd\.csv") as wrong:
            read_recording(file)
        assert said in str(wrong.value)


def _totals(timed: Timed) -> tuple[int, int]:
    fields = timed.reading
    return getattr(fields, "in_total"), getattr(fields, "out_total")  # noqa: B009 - of any reading


def _by_half_hour(crossings: list[tuple[datetime, int, int]]) -> dict[datetime, tuple[int, int]]:
    flows: dict[datetime, tuple[int, int]] = {}
    before = (0, 0)
    for at, entered, left in crossings:
        begin = at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
        comes, goes = flows.get(begin, (0, 0))
        flows[begin] = (comes + entered - before[0], goes + left - before[1])
        before = (entered, left)
    return {begin: flow for begin, flow in flows.items() if flow != (0, 0)}


def _file_by_half_hour(file: Path) -> dict[datetime, tuple[int, int]]:
    flows: dict[datetime, list[int]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            flow, day, clock, people = line.split(",")
            begin = datetime.strptime(f"{day} {clock}", "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
            flows.setdefault(begin, [0, 0])["97".index(flow)] += int(people)
    return {begin: (both[0], both[1]) for begin, both in flows.items() if any(both)}


def test_topics_follow_the_prefix() -> None:
    """A device speaks under the prefix that it is given."""
    device = NativeDevice(SITE, DeviceId("r"), boot=1, topics=Topics("lab"))
    event = device.report(Motion(active=True), NOW)
    assert event is not None
    assert isinstance(event.message, Outgoing)
    assert event.message.topic == "lab/here/r/event"
