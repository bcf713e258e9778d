"""The lists of esp-rfid readers, against a reader that does what the firmware does."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from gateway.core.model.directory import CredentialHash, HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId
from gateway.offline_rights.esp_rfid import (
    ANSWER,
    PAUSE,
    QUIET,
    TRIES,
    USERS_MAX,
    EspRfidBus,
    Progress,
)
from gateway.offline_rights.known_numbers import Numbers
from gateway.offline_rights.reader_list import REFRESH, ListedHolder
from tests.fakes.esp_rfid import FakeEspRfid
from tests.world.engine import MONDAY

HUB = SiteId("hub")
STEP = timedelta(seconds=1)
UNTIL = MONDAY + timedelta(hours=12)
ADA, BOB, CYD = "04a224b2c31990", "90535856", "11223344"


def hashed(canonical: str) -> CredentialHash:
    """Not the real one: whoever reads a failure sees whose it is."""
    return CredentialHash(f"hash-{canonical}")


def declared(name: str, ip: str, format: str = "hex") -> Device:  # noqa: A002 - the space file's word
    """A reader of the space file that keeps a list."""
    options: dict[str, str | int | float | bool] = {"hostname": f"esp-{name}", "ip": ip}
    return Device(
        DeviceId(name),
        "reader",
        "esp-rfid",
        "esp",
        format=format,
        options=options | {"keeps_list": True},
    )


FRONT, LAB = declared("front", "10.0.0.1"), declared("lab", "10.0.0.2")
AT_FRONT, AT_LAB = (HUB, FRONT.id), (HUB, LAB.id)


def wish(*numbers: str, until: datetime = UNTIL) -> dict[CredentialHash, ListedHolder]:
    """These badges should be on a list."""
    return {hashed(one): ListedHolder(HolderId(f"h-{one[:4]}"), MONDAY, until) for one in numbers}


class Talk:
    """A line and its readers, and the time that passes between them."""

    def __init__(self, *readers: FakeEspRfid) -> None:
        self.now = MONDAY
        self.numbers = Numbers(hashed)
        self.line = EspRfidBus("esp", [(HUB, FRONT), (HUB, LAB)], self.numbers)
        self.readers = readers
        self.sent: list[dict[str, str]] = []

    def says(self, message: dict[str, object]) -> None:
        """A message of TOPIC/send."""
        self.line.heard(json.dumps(message).encode(), self.now)

    def wake(self) -> None:
        """Every reader sends a heartbeat."""
        for reader in self.readers:
            self.says(reader.heartbeat())

    def after(self, seconds: float) -> None:
        """Time passes, with all that is said meanwhile."""
        for _ in range(round(seconds)):
            self.now += STEP
            message = self.line.due(self.now)
            if message is None:
                continue
            assert (message.topic, message.qos, message.retain) == ("esp/cmd", 1, False)
            assert message.expires == self.now + ANSWER
            self.sent.append(json.loads(message.payload))
            for reader in self.readers:
                for said in reader.obey(message.payload):
                    self.says(said)

    def orders(self) -> list[tuple[str, str]]:
        """What was ordered, without the questions."""
        return [
            (one["cmd"], one.get("uid", "")) for one in self.sent if one["cmd"] != "getuserlist"
        ]

    def is_confirmed(self, reader: tuple[SiteId, DeviceId] = AT_FRONT) -> bool:
        """Whether a reader's list is known to be as wanted."""
        return self.line.progress(reader).confirmed


@pytest.fixture
def front() -> FakeEspRfid:
    """A reader whose page was used to enrol two people."""
    reader = FakeEspRfid("esp-front", "10.0.0.1")
    reader.enrol(ADA)
    reader.enrol(BOB)
    return reader


@pytest.fixture
def lab() -> FakeEspRfid:
    """Another one, on the same TOPIC."""
    return FakeEspRfid("esp-lab", "10.0.0.2")


def test_a_list_is_asked_for_diffed_and_confirmed(front: FakeEspRfid) -> None:
    """Unwanted goes, wanted gets our expiry, and only the next list confirms it."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.after(60)
    assert talk.sent == []  # nobody asks a reader that was never heard of
    talk.wake()
    talk.after(3)
    assert [one["cmd"] for one in talk.sent] == ["getuserlist", "deletuid"]
    assert not talk.is_confirmed()
    talk.after(1)
    assert talk.orders() == [("deletuid", BOB), ("adduser", ADA)]
    assert not talk.is_confirmed()
    talk.after(20)
    assert [one["cmd"] for one in talk.sent][-1] == "getuserlist"
    assert talk.line.progress(AT_FRONT) == Progress(confirmed=True, listed=1, missing=0)
    assert json.loads(front.files[ADA]) == {
        "cmd": "adduser",
        "doorip": "10.0.0.1",
        "uid": ADA,
        "user": "h-04a2",
        "acctype": "1",
        "pincode": "",
        "validsince": str(int(MONDAY.timestamp())),
        "validuntil": str(int(UNTIL.timestamp()) - 1),
    }
    known = len(talk.sent)
    talk.after(600)
    assert len(talk.sent) == known


def test_the_reader_opens_from_the_first_to_before_the_last_second(front: FakeEspRfid) -> None:
    """As the firmware compares: `validuntil < now` is over."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(30)
    assert front.opens_for(ADA, MONDAY)
    assert front.opens_for(ADA, UNTIL - STEP)
    assert not front.opens_for(ADA, UNTIL)
    assert not front.opens_for(ADA, MONDAY - STEP)
    assert not front.opens_for(ADA, datetime.fromtimestamp(5, MONDAY.tzinfo))  # before NTP


def test_a_revoked_badge_is_deleted_before_anybody_is_added(front: FakeEspRfid) -> None:
    """And not in force until the reader's list shows it."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA, BOB))
    talk.wake()
    talk.after(30)
    assert talk.is_confirmed()
    del talk.sent[:]
    talk.line.wish(AT_FRONT, wish(ADA, until=UNTIL + STEP))
    assert not talk.is_confirmed()
    talk.after(2)
    assert talk.orders() == [("deletuid", BOB), ("adduser", ADA)]
    talk.after(30)
    assert talk.is_confirmed()
    assert BOB not in front.files


def test_somebody_new_is_added_once_their_number_was_heard(front: FakeEspRfid) -> None:
    """At any reader of the TOPIC; nobody keeps numbers of badges that are not wanted."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA, BOB, CYD))
    talk.wake()
    talk.after(30)
    assert talk.line.progress(AT_FRONT) == Progress(confirmed=True, listed=2, missing=1)
    talk.says(front.scan("deadbeef"))
    assert len(talk.numbers) == 2
    talk.says(front.scan(CYD))
    talk.after(30)
    assert talk.line.progress(AT_FRONT) == Progress(confirmed=True, listed=3, missing=0)
    talk.numbers.forget(lambda one: one == hashed(ADA))
    assert len(talk.numbers) == 1


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_acknowledgement_is_made_good(front: FakeEspRfid, lost: int) -> None:
    """The order goes again, and does no harm twice."""
    talk = Talk(front)
    front.loses_acks = lost
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(60)
    assert talk.orders() == [("deletuid", BOB)] * (lost + 1) + [("adduser", ADA)]
    assert talk.is_confirmed()


def test_a_silent_reader_is_left_alone_until_it_speaks(front: FakeEspRfid) -> None:
    """Three times, then nothing; from the next sign of life on all is done again."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(1)
    front.loses_acks = 1000
    talk.after(120)
    assert talk.orders() == [("deletuid", BOB)] * TRIES
    assert not talk.is_confirmed()
    front.loses_acks = 0
    talk.wake()
    talk.after(60)
    assert talk.is_confirmed()


def test_an_entry_that_left_is_taken_out_again_though_nobody_confirmed_it(
    front: FakeEspRfid,
) -> None:
    """Revoked between the order and its acknowledgement: it may be on the reader's disk."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA, BOB, CYD))
    talk.wake()
    talk.after(30)
    front.loses_acks = 1
    talk.says(front.scan(CYD))
    talk.after(1)
    assert talk.orders()[-1] == ("adduser", CYD)
    assert CYD in front.files
    del talk.sent[:]
    talk.line.wish(AT_FRONT, wish(ADA, BOB))
    talk.after(60)
    assert CYD not in front.files
    assert [one["cmd"] for one in talk.sent] == ["deletuid", "getuserlist"]
    assert talk.is_confirmed()


def test_a_disk_that_is_full_is_not_believed(front: FakeEspRfid) -> None:
    """The firmware acknowledges an entry that it could not write: the list tells, then a pause."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA, BOB, CYD))
    talk.wake()
    talk.says(front.scan(CYD))
    front.is_full = True
    talk.after(120)
    assert not talk.is_confirmed()
    tried = len(talk.sent)
    talk.after(PAUSE.total_seconds() / 2)
    assert len(talk.sent) == tried
    front.is_full = False
    talk.after(PAUSE.total_seconds())
    assert talk.is_confirmed()


def test_two_readers_on_one_topic_are_asked_in_turn(front: FakeEspRfid, lab: FakeEspRfid) -> None:
    """Lists say not whose they are: while one is told, nobody else is asked."""
    lab.enrol(CYD)
    talk = Talk(front, lab)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.line.wish(AT_LAB, wish(CYD))
    talk.wake()
    talk.after(90)
    assert talk.is_confirmed(AT_FRONT)
    assert talk.is_confirmed(AT_LAB)
    assert (set(front.files), set(lab.files)) == ({ADA}, {CYD})
    assert {one["uid"]: one["doorip"] for one in talk.sent if "uid" in one} == {
        BOB: "10.0.0.1",
        ADA: "10.0.0.1",
        CYD: "10.0.0.2",
    }


def test_a_deletion_does_not_wait_for_another_readers_additions(
    front: FakeEspRfid, lab: FakeEspRfid
) -> None:
    """Whoever has to go, goes first, wherever they are."""
    for n in range(40):
        front.enrol(f"aa0000{n:02x}")
    talk = Talk(front, lab)
    many = [f"aa0000{n:02x}" for n in range(40)]
    talk.line.wish(AT_FRONT, wish(ADA, BOB, *many))
    talk.line.wish(AT_LAB, wish(ADA))
    lab.enrol(ADA)
    talk.wake()
    talk.after(25)
    assert talk.orders()[-1][0] == "adduser"
    talk.line.wish(AT_LAB, wish(BOB))
    talk.after(3)
    assert ADA not in lab.files
    assert not talk.is_confirmed(AT_FRONT)


def test_messages_of_strangers_change_nothing(front: FakeEspRfid) -> None:
    """Another hostname's acknowledgement, another address's entry, and whatever is no message."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA, BOB))
    talk.wake()
    talk.after(1)
    talk.says({"cmd": "adduser", "doorip": "10.9.9.9", "uid": CYD, "acctype": "1"})
    talk.after(3)
    front.loses_acks = 1
    talk.says({"type": "adduser", "ip": "10.9.9.9", "hostname": "esp-else"})
    talk.line.heard(b"{cmd:'open'}", talk.now)
    talk.line.heard(b'{"type":"adduser"}', talk.now)
    talk.line.heard(b'{"command":"userfile","uid":42}', talk.now)
    talk.line.heard(b"x" * 5000, talk.now)
    talk.after(60)
    assert talk.is_confirmed()
    assert ("deletuid", CYD) not in talk.orders()


def test_another_readers_acknowledgement_answers_nothing(front: FakeEspRfid) -> None:
    """Two readers of one TOPIC, or of two gateways: the hostname says who obeyed."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    front.loses_acks = 1
    talk.after(3)
    assert talk.orders() == [("deletuid", BOB)]
    talk.says({"type": "deletuid", "ip": "10.9.9.9", "hostname": "esp-else"})
    talk.says({"type": "adduser", "ip": "10.0.0.1", "hostname": "esp-front"})
    talk.after(ANSWER.total_seconds() - 1)
    assert talk.orders() == [("deletuid", BOB)]
    talk.after(2)
    assert talk.orders()[:2] == [("deletuid", BOB)] * 2


def test_who_administrates_the_reader_is_taken_off_or_made_a_member(front: FakeEspRfid) -> None:
    """An account of type 99 opens at any time: no revocation would reach it."""
    front.enrol(ADA, acctype=99)
    front.enrol(BOB, acctype=99)
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(30)
    assert json.loads(front.files[ADA])["acctype"] == "1"
    assert BOB not in front.files


def test_one_badge_in_two_spellings_stays_once(front: FakeEspRfid) -> None:
    """And the line comes to rest."""
    front.enrol(ADA.upper())
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(60)
    assert talk.is_confirmed()
    assert len(front.files) == 1


def test_a_lockdown_takes_everybody_off_at_once(front: FakeEspRfid) -> None:
    """One order, and numbers are not forgotten: afterwards all are back."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA, BOB))
    talk.wake()
    talk.after(30)
    del talk.sent[:]
    talk.line.wish(AT_FRONT, {})
    talk.after(60)
    assert talk.orders() == [("deletusers", "")]
    assert front.files == {}
    assert talk.is_confirmed()
    talk.line.wish(AT_FRONT, wish(ADA, BOB))
    talk.after(60)
    assert talk.is_confirmed()
    assert set(front.files) == {ADA, BOB}


def test_an_empty_list_is_asked_for_three_times(lab: FakeEspRfid) -> None:
    """It looks like a reader that did not hear us."""
    talk = Talk(lab)
    talk.line.wish(AT_LAB, {})
    talk.wake()
    talk.after(TRIES * ANSWER.total_seconds() - 1)
    assert not talk.is_confirmed(AT_LAB)
    talk.after(ANSWER.total_seconds())
    assert [one["cmd"] for one in talk.sent] == ["getuserlist"] * TRIES
    assert talk.is_confirmed(AT_LAB)


def test_a_list_that_somebody_changed_at_the_reader_is_put_right(front: FakeEspRfid) -> None:
    """Every few hours it is looked at."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA, BOB))
    talk.wake()
    talk.after(30)
    front.enrol(CYD)
    talk.after(REFRESH.total_seconds() + 30)
    assert set(front.files) == {ADA, BOB}


def test_a_list_has_a_bound_and_an_end() -> None:
    """A reader, or whoever pretends to be one, that tells for ever is not listened to for ever."""
    talk = Talk(FakeEspRfid("esp-front", "10.0.0.1"))
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(1)
    for n in range(USERS_MAX + 10):
        talk.says({"command": "userfile", "uid": f"{n:08x}", "acctype": 1})
    talk.now += QUIET
    talk.says({"command": "userfile", "uid": "ffffffff", "acctype": 1})
    talk.after(1)
    assert talk.orders()[0][0] == "deletuid"


def test_a_lost_connection_begins_again(front: FakeEspRfid) -> None:
    """What was under way may not have left; nothing is believed any more."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(30)
    talk.line.restart()
    assert not talk.is_confirmed()
    talk.wake()
    talk.after(30)
    assert talk.is_confirmed()


def test_a_reader_whose_address_changed_is_written_to_under_the_new_one(
    front: FakeEspRfid,
) -> None:
    """DHCP gave it another one: whom it lets in by an entry of then is deleted as well."""
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(30)
    assert front.files.keys() == {ADA}
    front.ip = "10.0.0.77"
    talk.line.wish(AT_FRONT, wish(BOB))
    talk.wake()
    talk.after(60)
    talk.says(front.scan(BOB))
    talk.after(60)
    assert {one["doorip"] for one in talk.sent[-2:]} == {"10.0.0.77"}
    assert ADA not in front.files


def test_no_number_is_logged(front: FakeEspRfid, caplog: pytest.LogCaptureFixture) -> None:
    """Nor is it in anything that is shown."""
    caplog.set_level(logging.DEBUG)
    talk = Talk(front)
    talk.line.wish(AT_FRONT, wish(ADA))
    talk.wake()
    talk.after(60)
    assert ADA not in caplog.text
    assert ADA not in repr(talk.line.progress(AT_FRONT))


def _numbers() -> Iterator[str]:
    yield from (ADA, BOB, CYD)


def test_numbers_of_another_format_are_of_no_use() -> None:
    """A number is kept as this format spells it; too long a one, the firmware would cut off."""
    numbers = Numbers(hashed)
    assert numbers.hear("not hex", "hex") is None
    for number in _numbers():
        assert numbers.hear(number, "hex") == hashed(number)
    assert numbers.of(hashed(ADA), "hex") == ADA
    assert numbers.of(hashed(ADA), "decimal") is None
    long = "aa" * 10
    assert numbers.hear(long, "hex") == hashed(long)
    assert numbers.of(hashed(long), "hex") is None
