"""A badge that was asked about, and decided alone: one event, our own record, and no late order."""

import json
from pathlib import Path

from msgspec import structs

from gateway.adapters.directory import credential_hash
from gateway.core.access.offline_rights import rights_of
from gateway.core.events import DirectoryChanged, GatewayAway, ListConfirmed
from gateway.core.model.directory import CredentialHash, DirectoryChange
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId
from gateway.service.open_questions import KEPT, OpenQuestion, OpenQuestions
from tests.servers import until
from tests.unit.service.test_pipeline import Desk, desk
from tests.unit.service.test_quarantine import all_acknowledged, answers
from tests.world.engine import MONDAY, SITE, card, member

READER = "seuil/hub/front-in/event"
COMMAND = "seuil/hub/front-in/command"
ADA = "04a224b2c31990"
FRONT: Device = SITE.device[DeviceId("front-in")]


def told(seq: int, decided: str | None = None) -> bytes:
    """Ada's badge, at the same moment each time."""
    said = {"boot": 1, "seq": seq, "at": MONDAY.isoformat(), "type": "credential"}
    said |= {"credential": ADA} | ({"decided": decided} if decided else {})
    return json.dumps(said).encode()


async def with_a_list(place: Desk) -> None:
    """Ada has a badge, and the front reader a list with it."""
    hashed = credential_hash(b"k" * 32, ADA)
    badge = structs.replace(card("ada"), hash=hashed, reader_hash=CredentialHash("readers"))
    change = DirectoryChange((member("ada"),), (badge,))
    await place.service.tell(SITE.id, DirectoryChanged(change))
    state = place.service.states[SITE.id]
    rights = rights_of(SITE, state, FRONT, MONDAY)
    assert hashed in {entry.credential.hash for entry in rights.entries}
    confirmed = ListConfirmed(FRONT.id, "v1", "listed", state.past.revision, rights.post)
    await place.service.tell(SITE.id, confirmed)


async def decisions(place: Desk) -> list[tuple[str, str, str]]:
    """Each decision, and what became of its answer."""
    await until(lambda: not place.service.inbox, "nothing waits")
    place.clock.advance(1.1)  # the fate of answers is journaled once a second
    place.service.inbox.nudge()
    await place.service.tell(SITE.id, GatewayAway(MONDAY, MONDAY))
    found = await place.journal.read(
        lambda file: file._db.execute(
            "SELECT decision, reason, handover FROM decision ORDER BY n"
        ).fetchall()
    )
    return [(decision, reason, handover) for decision, reason, handover in found]


async def test_an_order_that_was_not_waited_for_is_never_sent(tmp_path: Path) -> None:
    """Both lay in the broker while we were away: the answer is void before it could leave."""
    async with desk(tmp_path) as place:
        await with_a_list(place)
        place.clock.advance(2)
        for decided in (None, "granted", "granted"):
            place.hear(READER, told(1, decided))
        await all_acknowledged(place, READER, READER, READER)
        assert answers(place) == []
        assert await decisions(place) == [
            ("granted", "plan", "undelivered"),
            ("granted", "reader-decided", "none"),
        ]
        said = place.session.said("seuil/hub/access")
        assert [(one["reason"], one["late"]) for one in said] == [
            ("plan", False),
            ("reader-decided", True),
        ]
        assert place.session.said("seuil/hub/front-in/ack")[-1] == {"boot": 1, "seq": 1}


async def test_an_order_that_waits_for_the_broker_is_taken_back(tmp_path: Path) -> None:
    """It was made, and could not leave: when the broker is back, the door stays shut."""
    async with desk(tmp_path) as place:
        await with_a_list(place)
        place.session.is_away = True
        place.hear(READER, told(1))
        await until(lambda: len(place.service.states[SITE.id].cut_off[FRONT.id].asked), "asked")
        place.clock.advance(2)
        place.hear(READER, told(1, "denied"))
        await all_acknowledged(place, READER, READER)
        place.session.is_away = False
        place.service.broker_is_up()
        assert answers(place) == []
        assert (await decisions(place))[0] == ("granted", "plan", "undelivered")
        assert not place.service.states[SITE.id].presence


async def test_who_was_answered_in_time_is_not_believed(tmp_path: Path) -> None:
    """The broker had our answer at once, by our own clock."""
    async with desk(tmp_path) as place:
        await with_a_list(place)
        place.hear(READER, told(1))
        await until(lambda: answers(place), "it is answered")
        numbers = [n for n, one in enumerate(place.session.sent, 1) if COMMAND in str(one)]
        place.service.taken(numbers[0])
        place.clock.advance(2)
        place.hear(READER, told(1, "granted"))
        await all_acknowledged(place, READER, READER)
        assert await decisions(place) == [
            ("granted", "plan", "delivered"),
            ("granted", "claimed", "none"),
        ]
        assert ("unproven-claim", "front-in") in place.service.states[SITE.id].alarms


async def test_a_claim_out_of_nothing_is_not_believed(tmp_path: Path) -> None:
    """We were there, and it had not asked."""
    async with desk(tmp_path) as place:
        await with_a_list(place)
        place.hear(READER, told(1, "granted"))
        await all_acknowledged(place, READER)
        assert await decisions(place) == [("granted", "claimed", "none")]


async def test_our_own_absence_is_journaled(tmp_path: Path) -> None:
    """When the broker was lost, and for as long as something held us up."""
    async with desk(tmp_path) as place:
        await with_a_list(place)
        place.service.reached(is_heard=True)
        place.service.reached(is_heard=False, silent_s=4)
        place.service.reached(is_heard=False, silent_s=9)
        await place.service.tell(SITE.id, DirectoryChanged(DirectoryChange()))
        (lost,) = place.service.states[SITE.id].away
        assert (MONDAY - lost.begins).total_seconds() == 4
        place.clock.advance(1)
        place.service.reached(is_heard=True)
        await place.service.tell(SITE.id, DirectoryChanged(DirectoryChange()))
        (over,) = place.service.states[SITE.id].away
        assert (over.ends - over.begins).total_seconds() == 5
        place.clock.advance(10)
        await place.service.tell(SITE.id, DirectoryChanged(DirectoryChange()))
        *_, stalled = place.service.states[SITE.id].away
        assert (stalled.ends - stalled.begins).total_seconds() == 10


def test_how_long_a_question_waited_is_known_for_the_last_ones() -> None:
    """Until it was answered, or until now."""
    questions = OpenQuestions()
    key = (SITE.id, FRONT.id, 1, 1)
    questions.add({key: OpenQuestion(7, 100.0)})
    question = questions.get(key)
    assert question is not None
    assert questions.waited_s(question, 103.5) == 3.5
    questions.answered(7, 101.0)
    assert questions.waited_s(question, 103.5) == 1.0
    for seq in range(2, KEPT + 2):
        questions.add({(SITE.id, FRONT.id, 1, seq): OpenQuestion(seq + 7, 100.0)})
        questions.answered(seq + 7, 100.0)
    assert questions.get(key) is None
