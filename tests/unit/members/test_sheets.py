"""Lists in layouts that real exports document: read without a question, or asked; never wrongly."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.config import load_space
from gateway.members.diff import MembersDiff, change_of
from gateway.members.importer import read_members
from gateway.members.known import known_of
from gateway.members.questions import Answers
from gateway.members.together import Members
from gateway.members.written_days import iso
from tests.unit.members.sheets import LISTS, ListFile, Truth
from tests.world.console import EXAMPLE

PARIS = ZoneInfo("Europe/Paris")
KNOWN = known_of(b"k" * 32, PARIS, load_space(EXAMPLE))
IDS = [each.name for each in LISTS]


def read(each: ListFile, folder: Path, *, answered: bool) -> Members:
    """Read a list, with the answers to its questions or without."""
    file = folder / each.name
    file.write_bytes(each.content)
    return read_members(file, KNOWN, answers=each.answers if answered else {})


@pytest.mark.parametrize("each", LISTS, ids=IDS)
def test_a_list_asks_no_more_than_it_must(each: ListFile, tmp_path: Path) -> None:
    """No fault, and the questions that only a person can answer, each with possible answers."""
    found = read(each, tmp_path, answered=False)
    assert found.faults == ()
    assert len(found.questions) == each.questions, found.questions
    for question in found.questions:
        assert len(question.choices) > 1


@pytest.mark.parametrize("each", LISTS, ids=IDS)
def test_a_list_is_read_as_it_was_meant(each: ListFile, tmp_path: Path) -> None:
    """Every member with what the list says, and its own columns are told as left out."""
    found = read(each, tmp_path, answered=True)
    assert (found.faults, found.questions) == ((), ())
    members = {member.name: member for member in found.members.values()}
    assert set(members) == {truth.name for truth in each.truth}
    for truth in each.truth:
        member = members[truth.name]
        plan = member.holder.memberships[0]
        ends = plan.ends and (plan.ends.astimezone(PARIS) - timedelta(days=1)).date().isoformat()
        assert (
            Truth(
                member.name,
                plan.plan,
                ends or "",
                plan.status,
                (member.email or "") if truth.email else "",
                len(member.credentials),
                tuple(each.training for each in member.holder.trainings),
                member.ref if truth.ref else "",
            )
            == truth
        )
    assert set(each.ignored) <= set(found.ignored)


def test_nine_of_ten_lists_are_read_without_a_question() -> None:
    """The badge format apart; the others ask two at most."""
    asking = [each for each in LISTS if each.questions and "badge_format" not in str(each.answers)]
    assert len(LISTS) - len(asking) >= 27
    assert max(each.questions for each in asking) <= 2


def _list(text: str, folder: Path, answers: Answers | None = None) -> Members:
    file = folder / "list.csv"
    file.write_text(text)
    return read_members(file, KNOWN, answers=answers)


def test_an_address_is_one_address(tmp_path: Path) -> None:
    """One with a space is a fault; one that two members share is told, capitals aside."""
    lines = "1,A,resident,a b@case.example\n2,D,resident,Dee@case.example\n"
    found = _list(f"ref,name,plan,E-mail\n{lines}3,E,resident,dee@case.example\n", tmp_path)
    assert [(each.line, each.column) for each in found.faults] == [(2, "E-mail")]
    assert [note for note in found.notes if "nobody" in note] == [
        'line 4 has the address of "2": bookings by it are nobody\'s'
    ]


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("03/11/2026", "2026-11-03"),
        ("3 nov. 2026", "2026-11-03"),
        ("mardi 3 novembre 2026", "2026-11-03"),
        ("1er février 2027", "2027-02-01"),
        ("Nov 3, 2026", "2026-11-03"),
        ("03.11.26", "2026-11-03"),
        ("2026/11/03", "2026-11-03"),
        ("46329", "2026-11-03"),
        ("03/11/2026 18h30", "2026-11-03 18:30"),
        ("2026-11-03T10:00:00Z", "2026-11-03 10:00:00Z"),
        ("illimité", ""),
        ("bientôt", "bientôt"),
        ("31/02/2027", "31/02/2027"),
        ("2027", "2027"),
    ],
)
def test_a_day_is_read_as_people_write_it(written: str, right: str) -> None:
    """And what is none stays as it is, for the fault that names it."""
    assert iso(written, "day-first") == right


def test_days_that_contradict_each_other_are_faults(tmp_path: Path) -> None:
    """31/12 and 12/31 in one list: one of them is no day, and nobody guesses which was meant."""
    text = "ref,name,plan,until\n1,A,resident,31/12/2026\n2,B,resident,12/31/2026\n"
    found = _list(text, tmp_path)
    assert [(each.line, each.column) for each in found.faults] == [(3, "until")]


def test_a_mistyped_column_is_asked_and_an_unknown_one_listed(tmp_path: Path) -> None:
    """Neither is silently without effect."""
    found = _list("ref,name,plan,statuss,shoes\n1,A,resident,paid,42\n", tmp_path)
    assert [(each.group, each.key) for each in found.questions] == [("columns", "statuss")]
    answers = {"columns": {"statuss": "status"}}
    assert _list("ref,name,plan,statuss,shoes\n1,A,resident,paid,42\n", tmp_path, answers).rows
    assert found.ignored == ("shoes",)


@pytest.mark.parametrize("name", ["Cotisation jusqu'au", "Valid till day", "DuesEnd", "Terme"])
def test_an_unknown_column_of_last_days_is_asked(name: str, tmp_path: Path) -> None:
    """Left out, no membership would end; beside a column that is known, or without days, it is."""
    text = f"Nom complet;Formule;{name}\nAnn Lee;resident;31/08/2027\nBob Roy;nomad;\n"
    (asked,) = _list(text, tmp_path).questions
    assert (asked.key, [each.value for each in asked.choices]) == (name, ["until", "-"])
    found = _list(text, tmp_path, {"columns": {name: "until"}})
    assert [bool(each.holder.memberships[0].ends) for each in found.members.values()] == [
        True,
        False,
    ]
    for other in (
        _list(text, tmp_path, {"columns": {name: "-"}}),
        _list(text.replace("31/08/2027", "la fin"), tmp_path),
        _list(text.replace(";", ";Fin;", 1).replace("Lee;", "Lee;1/9/2027;"), tmp_path),
    ):
        assert other.ignored == (name,)
        assert other.questions == ()


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("Date de fin de cotisation", "2027-08-31"),
        ("Fin d'abonnement", "2027-08-31"),
        ("Date de fin de contrat", "2027-08-31"),
        ("membership_expires_at", "2027-08-31"),
        ("Paid until", "2027-08-31"),
        ("Date de naissance", ""),
        ("Last login", ""),
    ],
)
def test_the_last_day_is_known_by_its_usual_names(name: str, ends: str, tmp_path: Path) -> None:
    """As the associations and services write it whose lists are public."""
    text = f"Nom complet;Formule;{name}\nAnn Lee;resident;2027-08-31\n"
    (member,) = _list(text, tmp_path).members.values()
    last = member.holder.memberships[0].ends
    day = last and (last.astimezone(PARIS) - timedelta(days=1)).date().isoformat()
    assert (day or "") == ends


def test_a_day_below_a_training_is_not_guessed(tmp_path: Path) -> None:
    """It may be the day of the training or its last: a fault says how to write either."""
    found = _list("ref,name,plan,Laser cutting\n1,A,resident,3 Nov 2026\n", tmp_path)
    assert [(each.line, each.column) for each in found.faults] == [(2, "Laser cutting")]
    assert "laser until 2026-11-03" in found.faults[0].message


def test_a_list_without_plans_asks_for_one(tmp_path: Path) -> None:
    """For all, or the column that says it."""
    text = "Nom complet;N° adhérent;Offre choisie\nAnn Lee;1;Résident\nBob Roy;2;Nomade\n"
    (asked,) = _list(text, tmp_path).questions
    assert "=Offre choisie" in [each.value for each in asked.choices]
    found = _list(text, tmp_path, {"file": {"plan": "=Offre choisie"}})
    plans = [each.holder.memberships[0].plan for each in found.members.values()]
    assert plans == ["resident", "nomad"]
    found = _list(text, tmp_path, {"file": {"plan": "nomad"}})
    assert {each.holder.memberships[0].plan for each in found.members.values()} == {"nomad"}


def test_an_open_question_removes_nobody(tmp_path: Path) -> None:
    """An import with --prune knows of no member of a list that it cannot read yet."""
    kept = _list("ref,name,plan\n1,A,resident\n", tmp_path).members.values()
    found = _list("ref,name,plan\n1,A,Permanent\n", tmp_path)
    assert found.questions
    assert change_of(kept, found, prune=True) == MembersDiff()


@pytest.mark.parametrize("spelling", ["wiegand26", "hex", ""])
def test_a_card_may_be_written_as_it_is_printed(spelling: str, tmp_path: Path) -> None:
    """188:24910 is facility 188, card 24910: the three bytes bc614e."""
    head = "ref,name,plan,badges,badge_format\n"
    printed = _list(f"{head}1,A,resident,188:24910,{spelling}\n", tmp_path)
    plain = _list(f"{head}1,A,resident,bc614e,hex\n", tmp_path)
    assert printed.faults == ()
    assert printed.members["1"].credentials == plain.members["1"].credentials
    assert _list(f"{head}1,A,resident,256:24910,{spelling}\n", tmp_path).faults


def test_a_card_column_is_badges_or_a_number_by_its_words(tmp_path: Path) -> None:
    """A badge's number is never taken for a reference, which pages show; open ones are asked."""
    text = "Name,Email,Plan,Card\nAnn Lee,a@e.example,Resident,{}\nBob Roy,b@e.example,Nomad,{}\n"
    found = _list(text.format("04a224b2c31990", "04a224b2c31991"), tmp_path)
    assert set(found.members) == {"a@e.example", "b@e.example"}
    assert all(len(each.credentials) == 1 for each in found.members.values())
    assert set(_list(text.format("12", "15"), tmp_path).members) == {"12", "15"}
    (asked,) = _list(text.format("10012345", "10012346"), tmp_path).questions
    assert [each.value for each in asked.choices] == ["badges", "ref", "-"]


def test_a_column_that_fits_in_part_is_asked(tmp_path: Path) -> None:
    """A total below does not hide what the column is; a word that nobody knows is asked."""
    text = "Nom;Formule;Cotisation\nLee;resident;payee\nRoy;nomad;{}\nTotal;;2\n"
    found = _list(text.format("en attente"), tmp_path)
    states = [each.holder.memberships[0].status for each in found.members.values()]
    assert states == ["active", "unpaid"]
    (asked,) = _list(text.format("bureau"), tmp_path).questions
    assert asked.key == "Cotisation"
