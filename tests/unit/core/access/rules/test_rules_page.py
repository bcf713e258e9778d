"""docs/rules.md says what the code does: the same rules, reasons and sentences in one order."""

import re

from gateway.core.access.reasons import EXIT_BUTTON, REASONS
from gateway.core.access.rules import RULES
from gateway.core.access.rules.descriptions import RULE_TITLES
from gateway.translation import both
from tests.paths import ROOT
from tests.unit.core.access.rules.test_rules import BY_THE_CALENDAR, GRANTS, REFUSALS

PAGE = ROOT / "docs" / "rules.md"
GRANTING = {
    "exit_is_free": {"exit-free"},
    "muster_is_noted": {"mustered"},
    "pin_is_right": {"still-here"},
    "machine_is_free": {"machine-off"},
    "plan_opens": {"plan", "booking"},
}
"""What a rule ends a matter with when it grants."""
ACCESS_EVENTS = {
    "GRANTED",
    "MUSTER",
    "OUT_OF_SERVICE",
    "AUTHENTICATION_FACTOR_READ",
    "DENIED_DENY_ALL",
    "DENIED_UNKNOWN_CREDENTIAL",
    "DENIED_INCORRECT_AUTHENTICATION_FACTOR",
    "DENIED_ZONE_NO_ACCESS_RIGHTS",
    "DENIED_NO_ACCESS_RIGHTS",
    "DENIED_OUT_OF_TIME_RANGE",
    "DENIED_PASSBACK",
    "DENIED_UNEXPECTED_LOCATION_USAGE",
    "DENIED_MAX_ATTEMPTS",
    "DENIED_LOWER_OCCUPANCY_LIMIT",
    "DENIED_UPPER_OCCUPANCY_LIMIT",
    "DENIED_AUTHENTICATION_FACTOR_LOST",
    "DENIED_AUTHENTICATION_FACTOR_STOLEN",
    "DENIED_AUTHENTICATION_FACTOR_DISABLED",
    "DENIED_CREDENTIAL_NOT_YET_ACTIVE",
    "DENIED_CREDENTIAL_EXPIRED",
    "DENIED_CREDENTIAL_DISABLED",
    "DENIED_CREDENTIAL_MAX_USES",
    "DENIED_NO_ACCOMPANIMENT",
    "DENIED_OTHER",
}
"""Those names of BACnetAccessEvent (ASHRAE 135-2020, clause 21) that are used here."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table behind a row of headings."""
    lines = PAGE.read_text().splitlines()
    first = lines.index(heading) + 2
    table = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def test_the_page_has_the_rules_in_their_order_and_words() -> None:
    """With each reason that a rule may end a matter with."""
    ends = {rule.__name__: GRANTING.get(rule.__name__, set()) for rule in RULES}
    for case in REFUSALS.values():
        ends[case.rule] = ends[case.rule] | {case.reason}
    ends["hours_are_open"] |= {reason for _, reason in BY_THE_CALENDAR.values()}
    told = rows("| | rule | in plain words | en français | may end it with |")
    assert [row[:4] for row in told] == [
        [str(number), f"`{name}`", both(title).en, both(title).fr]
        for number, (name, title) in enumerate(RULE_TITLES.items(), start=1)
    ]
    assert {row[1].strip("`"): set(re.findall("`([a-z-]+)`", row[4])) for row in told} == ends
    assert {case.reason for case in GRANTS.values()} == set().union(*GRANTING.values())


def test_the_page_has_every_reason_with_its_sentences() -> None:
    """And the standard's name for it."""
    assert rows("| code | what the member reads | ce que lit le membre | BACnet |") == [
        [f"`{code}`", both(reason.sentence).en, both(reason.sentence).fr, reason.bacnet]
        for code, reason in REASONS.items()
    ]


def test_a_reason_is_a_whole_sentence_in_both_languages() -> None:
    """Not the same words twice, and the standard's name is one of the standard's."""
    for reason in REASONS.values():
        said = both(reason.sentence)
        for sentence in (said.fr, said.en):
            assert len(sentence) > len("Hello")
            assert sentence[0].isupper()
            assert sentence.endswith(".")
        assert said.fr != said.en
        assert reason.bacnet in ACCESS_EVENTS


def test_a_grant_is_a_grant_by_the_standard_s_name_too() -> None:
    """And a refusal is none."""
    grants = {code for codes in GRANTING.values() for code in codes} | {EXIT_BUTTON}
    for code, reason in REASONS.items():
        assert (reason.bacnet in ("GRANTED", "MUSTER")) == (code in grants)
