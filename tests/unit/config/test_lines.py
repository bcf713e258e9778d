"""The line of a fault, in a file as people write it."""

import pytest

from gateway.config.faults import ConfigFault
from gateway.config.lines import line_of, with_line

TEXT = """\
[site]
id = "hub"

[[zones]]   # the first
id = "hall"
capacity = 3

[[zones]]
id = "lab"
[zones.note]
text = "x"

[[plans]]
id = "all"
[[plans.rights]]
zones = ["hall"]
[[plans.rights]]
zones = ["lab"]

[[plans]]
id = "some"
[[plans.rights]]
hours = "Mo"
zones = ["lab"]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("site.id", 2),
        ("site.timezone", 1),
        ("zones[0].capacity", 6),
        ("zones[1]", 8),
        ("zones[1].capacity", 8),
        ("zones[1].note.text", 11),
        ("plans[0].rights[1].zones", 18),
        ("plans[1].rights[0].hours", 23),
        ("plans[1].rights[0].zones[0]", 24),
        ("doors[0].id", None),
    ],
)
def test_a_faults_key_has_its_line(path: str, line: int | None) -> None:
    """A key that is missing has its table's; a table that is missing has none."""
    assert line_of(TEXT, path) == line


def test_a_file_that_cannot_be_read_changes_nothing() -> None:
    """The fault itself says so."""
    fault = ConfigFault("/no/such.toml", "site.id", "is wrong")
    assert with_line(fault) == fault
