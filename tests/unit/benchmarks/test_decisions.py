"""`seuil bench decisions`: a small dose; the figure itself is for a quiet machine."""

import gc
import json

from typer.testing import CliRunner

from gateway.cli import app


def test_half_of_the_badges_are_granted_and_the_figure_is_told() -> None:
    """By nearly every chapter of the rules; and the collector is as it was."""
    before = gc.get_threshold()
    run = CliRunner().invoke(app, ["bench", "decisions", "--thousands", "1", "--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    assert (told["decisions"], told["granted"]) == (1000, 500)
    assert (told["members"], told["present"]) == (5000, 300)
    assert told["per_second"] > 0
    assert told["us_each"] > 0
    assert set(told["reasons"]) == {
        "plan",
        "credential-unknown",
        "no-right",
        "outside-hours",
        "quota-used-up",
        "training-missing",
        "booked",
        "not-checked-in",
        "passback",
        "zone-full",
    }
    assert sum(told["reasons"].values()) == 1000
    assert gc.get_threshold() == before
