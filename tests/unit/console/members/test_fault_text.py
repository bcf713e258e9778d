"""What is wrong with a members' file is said in French too: every sentence that there is."""

import re
from pathlib import Path

import pytest

from gateway.config import load_space
from gateway.config.faults import unknown
from gateway.console.members.fault_text import in_words
from gateway.core.readings import WireError
from gateway.members.diff import change_of
from gateway.members.importer import read_members
from gateway.members.known import known_of
from sensors import badges
from tests.paths import ROOT
from tests.world.console import EXAMPLE

MEMBERS = ROOT / "gateway" / "members"
SITES = load_space(EXAMPLE)
KNOWN = known_of(b"k" * 32, SITES[0].clock, SITES)
HEADER = (
    "ref,name,email,kind,plan,sites,from,until,status,badges,pin,code,duress_code,trainings,roles"
)
LINES = (
    "M-1,Ada,a,member,resident,,,,,,,,,,",
    "M-1,,,,resident,,,,,,,,,,",
    "M-1,Ada,,gast,resident,,,,,,,,,,",
    "M-1,Ada,,,residant,,,,,,,,,,",
    "M-1,Ada,,,resident,,22/11,,,,,,,,",
    "M-1,Ada,,,resident,,2026-02-01,2026-01-01,,,,,,,",
    "M-1,Ada,,,resident,le-seuill,,,,,,,,,",
    "M-1,Ada,,,resident,,,,,xyz,,,,,",
    "M-1,Ada,,,resident,,,,,000000 04a224b2,,,,,",
    "M-1,Ada,,,resident,,,,,,1234,,,,",
    "M-1,Ada,,,resident,,,,,,,12,12,,",
    "M-1,Ada,,,resident,,,,,,,,,laser until,",
    "M-1,Ada,,,resident,,,,,,,,,welding,",
    "M-1,Ada,,,resident,,,,,,,,,laser by M-7,",
    "M-1,Ada,,,resident,,,,,,,,,,king",
    "M-1,Ada,,,,,,,,,,,,,",
    "M-1,Ada,,,,,2026-01-01,,,,,,,,",
    "M-1,Ada,,,resident",
)


@pytest.mark.parametrize("line", LINES)
def test_a_fault_is_told_in_french(line: str, tmp_path: Path) -> None:
    """With its values; English stays English."""
    file = tmp_path / "members.csv"
    file.write_text(f"{HEADER}\n{line}\n")
    read = read_members(file, KNOWN)
    faults = [*read.faults, *change_of((), read).faults]
    assert faults
    for fault in faults:
        french = in_words(fault.message, "fr")
        assert french != fault.message, fault.message
        assert "%(" not in french
        assert in_words(fault.message, "en") == fault.message


def test_a_long_list_is_cut_in_french() -> None:
    """The number of what is left out is a value, too."""
    told = unknown("nom", "column", [f"c{n:02}" for n in range(15)])
    assert in_words(told, "fr").endswith("c10, c11 et 3 de plus")


def test_every_sentence_of_the_code_is_there() -> None:
    """Each text that ends a line with a fault, with something in each place."""
    fault = re.compile(
        r'\b(?:wrong|Wrong|LineFault|BadSheet)\(\s*(?:[\w.\[\]"]+,\s*)+"([^"{}]+)",?\s*\)'
    )
    found = [text for file in MEMBERS.glob("*.py") for text in fault.findall(file.read_text())]
    assert len(found) > 10
    for text in found:
        assert in_words(text, "fr") != text, text


def test_a_badge_is_told_without_its_number() -> None:
    """In French as in English."""
    with pytest.raises(WireError) as wrong:
        badges.normalise("xyz", "hex")
    said = in_words("badge 2 " + wrong.value.detail.removeprefix("credential: "), "fr")
    assert said == "le badge 2 n'est pas au format hex"
