"""The summary at the end of a demo, for people."""

from typing import Final

from rich.table import Table
from rich.text import Text

from gateway.demo.report import DemoReport
from gateway.demo.words import say
from gateway.translation import Lang

ROOMS_TOLD: Final = 12
"""Rooms in the summary; --json has all of them."""


def summary(report: DemoReport, lang: Lang) -> Table:
    """Return the summary."""
    table = Table(box=None, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    values = {"seconds": report.seconds, "seed": report.seed, "scenario": report.scenario}
    table.add_row(say("summary.time", lang), say("summary.seconds", lang, **values))
    table.add_row(say("summary.badges", lang), str(report.credentials))
    told = say("badges", lang, granted=report.granted, denied=report.denied)
    table.add_row(say("summary.decisions", lang), f"{report.decisions} ({told})")
    reasons = ", ".join(f"{reason} {times}" for reason, times in report.denied_by_reason.items())
    table.add_row(say("summary.denied", lang), reasons or "-")
    machines = ", ".join(say(what, lang, n=times) for what, times in report.machines.items())
    table.add_row(say("summary.machines", lang), machines or say("machines.none", lang))
    alone = say("summary.decided_alone", lang, n=report.decided_alone)
    table.add_row(say("summary.alone", lang), alone)
    times = {"p50": report.answer_ms.p50, "p99": report.answer_ms.p99, "late": report.late}
    table.add_row(say("summary.answers", lang), say("summary.ms", lang, **times))
    table.add_row(say("summary.people", lang), _people_line(report, lang))
    table.add_row(say("summary.points", lang), f"{report.points_written} ({report.store})")
    rows = say("summary.rows", lang, rows=report.journal.rows)
    replayed = say("summary.replay", lang) if report.replay_equal else ""
    table.add_row(say("summary.journal", lang), rows + replayed)
    for wrong in report.wrong:
        table.add_row(Text(say("summary.wrong", lang), style="red"), Text(wrong, style="red"))
    if report.ok:
        table.add_row("", Text(say("summary.ok", lang), style="green"))
    return table


def _people_line(report: DemoReport, lang: Lang) -> str:
    rooms = [f"{name} {count.known or 0}/{count.true}" for name, count in report.people.items()]
    more = ", …" if len(rooms) > ROOMS_TOLD else ""
    told = say("known", lang) + "/" + say("true", lang)
    return f"{', '.join(rooms[:ROOMS_TOLD])}{more} ({told})"
