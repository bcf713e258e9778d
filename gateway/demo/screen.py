"""The demo on a terminal: a calm page of text that redraws itself; elsewhere, a line now and then.

    title            what it is, where the live page is, how long it has run
    rooms            counted at the doors, against capacity; and how many truly are there
    passages         the last decisions, newest first
    foot             answers, points, machines, alarms, mishaps

Narrow terminals stack rooms and passages, wide ones set them side by side.
"""

from collections.abc import Iterator
from typing import IO, Final, Self
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gateway.console.i18n import Lang, in_lang
from gateway.console.words import WORDS as PAGE_WORDS
from gateway.console.words import say as page_say
from gateway.core.site import Site
from gateway.demo.report import Headcount, Report, headcounts
from gateway.demo.scene import Scene
from gateway.demo.words import say
from gateway.wire.states import AccessMessage, AlarmMessage

DECISIONS_SHOWN: Final = 10
ROOMS_TOLD: Final = 12
"""Rooms in the summary; --json has all."""
LINE_EVERY_S: Final = 5.0
WIDE: Final = 120
"""Columns from which rooms and passages stand side by side."""
_NEARLY_FULL: Final = 0.8
_PSEUDONYM: Final = 8
"""Characters of a pseudonym that tell the people of one place apart."""
_MARKS: Final = {"entry": "→", "exit": "←"}


class LiveScreen:
    """Draws over the whole terminal, and leaves it as it was."""

    every_s = 0.25

    def __init__(self, console: Console, lang: Lang) -> None:
        self._console, self._lang = console, lang
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def draw(self, scene: Scene) -> None:
        """Show this."""
        size = self._console.size
        page = render(scene, self._lang, size.width, size.height)
        self._live.update(page, refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


class LineScreen:
    """Says a line every few seconds."""

    every_s = 0.5

    def __init__(self, stream: IO[str], lang: Lang) -> None:
        self._stream, self._lang = stream, lang
        self._begun = False
        self._next_at = 0.0

    def draw(self, scene: Scene) -> None:
        """Say how it stands."""
        if not self._begun:
            self._begun = True
            kind = scene.broker.kind
            self._say(say("begun", self._lang, page=scene.page, broker=kind))
            if not scene.broker.durable:
                self._say(say("forgets", self._lang))
        if scene.tally is None or scene.seconds < self._next_at:
            return
        self._next_at = scene.seconds + LINE_EVERY_S
        people = sum(_people(site, scene).true for site in scene.sites)
        values = {"seconds": round(scene.seconds), "people": people, "points": scene.points}
        told = {"granted": scene.tally.granted, "denied": scene.tally.denied}
        self._say(say("line", self._lang, **values, **told))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was changed."""

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def render(scene: Scene, lang: Lang, width: int, height: int) -> Layout:
    """The page for a terminal of this size."""
    foot = list(_foot(scene, lang))
    body = Layout(name="body")
    whole = Layout()
    whole.split_column(
        Layout(_title(scene, lang), name="title", size=1),
        body,
        Layout(Group(*foot), name="foot", size=len(foot)),
    )
    if width >= WIDE:
        rooms, passages = Layout(name="rooms", ratio=2), Layout(name="passages", ratio=3)
        left = height - 2 - len(foot)
        rooms.update(_framed(_rooms(scene, lang, left)))
        passages.update(_framed(_passages(scene, lang, left)))
        body.split_row(rooms, passages)
        return whole
    table = _rooms(scene, lang, max(4, (height - 2 - len(foot)) // 2))
    rooms = Layout(_framed(table, above=0), name="rooms", size=table.row_count + 2)
    left = height - 1 - len(foot) - table.row_count - 2
    body.split_column(rooms, Layout(_framed(_passages(scene, lang, left), above=0)))
    return whole


def _framed(table: Table, above: int = 1) -> Padding:
    return Padding(table, (above, 1, 0, 1))


def _title(scene: Scene, lang: Lang) -> RenderableType:
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True, ratio=1)
    line.add_column(no_wrap=True, justify="right")
    name = in_lang(scene.sites[0].name, lang) if len(scene.sites) == 1 else "Seuil"
    minutes, seconds = divmod(int(scene.seconds), 60)
    when = f"{minutes:d}:{seconds:02d}" if scene.phase == "live" else say(scene.phase, lang)
    line.add_row(
        Text.assemble(
            (f" {name}  ", "bold"), (scene.page, f"underline cyan link {scene.page}/"), f"  {when}"
        ),
        Text(say("stop", lang) + " ", style="dim"),
    )
    return line


def _rooms(scene: Scene, lang: Lang, rows: int) -> Table:
    """A row a zone; with several sites, a row a site."""
    one = len(scene.sites) == 1
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(say("rooms" if one else "sites", lang), no_wrap=True, header_style="bold")
    table.add_column("", ratio=1)
    table.add_column(say("known", lang), justify="right", no_wrap=True)
    table.add_column(say("true", lang), justify="right", no_wrap=True)
    counted = list(_zones(scene, lang) if one else _sites(scene, lang))
    for name, count in counted[:rows] if len(counted) <= rows else counted[: rows - 1]:
        table.add_row(name, _bar(count), _known(count), _true(count))
    if len(counted) > rows:
        more = say("more", lang, n=len(counted) - rows + 1)
        table.add_row(Text(more, style="dim"), "", "", "")
    return table


def _zones(scene: Scene, lang: Lang) -> Iterator[tuple[str, Headcount]]:
    (site,) = scene.sites
    nobody: dict[str, dict[str, int]] = {site.id: {str(zone.id): 0 for zone in site.zones}}
    people = scene.tally.people if scene.tally else nobody
    counts = headcounts(scene.sites, people, scene.picture)
    for zone in site.zones:
        yield "  " * len(zone.ancestors) + in_lang(zone.name, lang), counts[zone.id]


def _sites(scene: Scene, lang: Lang) -> Iterator[tuple[str, Headcount]]:
    for site in scene.sites:
        yield in_lang(site.name, lang), _people(site, scene)


def _people(site: Site, scene: Scene) -> Headcount:
    """A whole site's people: those of its outermost zones."""
    told = scene.picture.sites[site.id].zones
    outermost = [zone for zone in site.zones if not zone.ancestors]
    known = sum(told[zone.id].count.known for zone in outermost if zone.id in told)
    true = scene.tally.people[site.id] if scene.tally else {}
    limits = [zone.capacity for zone in outermost if zone.capacity is not None]
    return Headcount(known, sum(true.get(zone.id, 0) for zone in outermost), sum(limits) or None)


def _bar(count: Headcount) -> RenderableType:
    if count.capacity is None or count.known is None:
        return ""
    style = _style(count)
    return ProgressBar(
        total=count.capacity,
        completed=min(count.known, count.capacity),
        style="bright_black",
        complete_style=style,
        finished_style=style,
    )


def _style(count: Headcount) -> str:
    if count.capacity is None or count.known is None:
        return "default"
    if count.known >= count.capacity:
        return "red"
    return "yellow" if count.known >= _NEARLY_FULL * count.capacity else "green"


def _known(count: Headcount) -> Text:
    of = "" if count.capacity is None else f" / {count.capacity}"
    return Text.assemble(("-" if count.known is None else str(count.known), "bold"), (of, "dim"))


def _true(count: Headcount) -> Text:
    """Dim where the count is right: what differs is what an eye should find."""
    return Text(str(count.true), style="dim" if count.true == count.known else "magenta")


def _passages(scene: Scene, lang: Lang, height: int) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(say("passages", lang), no_wrap=True, style="dim", min_width=8)
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    table.add_column("", no_wrap=True, ratio=1, overflow="ellipsis")
    latest = sorted(
        ((told, site) for site in scene.sites for told in scene.picture.sites[site.id].decisions),
        key=lambda entry: (entry[0].at, int(entry[0].id)),
        reverse=True,
    )
    for told, site in latest[: min(DECISIONS_SHOWN, height - 1)]:
        table.add_row(*_passage(told, site, lang))
    if not latest:
        table.add_row(Text(say("none", lang), style="dim"), "", "", "", "")
    return table


def _passage(told: AccessMessage, site: Site, lang: Lang) -> tuple[str | Text, ...]:
    style, mark = ("green", "✓") if told.decision == "granted" else ("red", "✗")
    return (
        f"{told.at.astimezone(ZoneInfo(site.timezone)):%H:%M:%S}",
        Text(mark, style=f"bold {style}"),
        Text((told.holder or say("nobody", lang))[:_PSEUDONYM], style="cyan"),
        f"{_MARKS.get(told.direction or '', '·')} {_where(told, site, lang)}",
        Text(in_lang(told.message, lang), style="default" if style == "green" else style),
    )


def _where(told: AccessMessage, site: Site, lang: Lang) -> str:
    """The door or machine."""
    point = next((one for one in site.access_points if one.id == told.access_point), None)
    if point is None:
        return told.reader
    if point.door is not None:
        return in_lang(site.door[point.door].name, lang)
    machine = next(one for one in site.machines if one.id == point.machine)
    return in_lang(machine.name, lang)


def _foot(scene: Scene, lang: Lang) -> Iterator[RenderableType]:
    tally = scene.tally
    parts: list[str] = [scene.broker.kind]
    faults = ""
    if tally is not None:
        parts = [say("badges", lang, granted=tally.granted, denied=tally.denied)]
        if tally.answer_ms.p50 is not None and tally.answer_ms.p99 is not None:
            p50, p99 = f"{tally.answer_ms.p50:.1f}", f"{tally.answer_ms.p99:.0f}"
            parts.append(say("answers", lang, p50=p50, p99=p99))
        parts.append(say("points", lang, n=scene.points, store=say(scene.store, lang)))
        faults = ", ".join(f"{say(name, lang)} {n}" for name, n in tally.faults.items())
    yield Text(" " + " · ".join(parts), no_wrap=True, overflow="ellipsis")
    yield Text(" " + " · ".join(_rules_at_work(scene, lang)), no_wrap=True, overflow="ellipsis")
    if scene.broker.durable:
        told = say("faults", lang, list=faults or say("faults.none", lang))
        yield Text(" " + told, style="dim", no_wrap=True, overflow="ellipsis")
    else:
        yield Text(" " + say("forgets", lang), style="yellow", no_wrap=True, overflow="ellipsis")


def _rules_at_work(scene: Scene, lang: Lang) -> Iterator[str]:
    """Modes other than normal, machines, alarms."""
    for site in scene.sites:
        mode = scene.picture.sites[site.id].mode
        if mode not in (None, "normal"):
            yield page_say(f"mode.{mode}", lang)
    machines = scene.tally.machines if scene.tally else {}
    used = ", ".join(say(what, lang, n=times) for what, times in machines.items())
    yield say("machines", lang, list=used or say("machines.none", lang))
    alarms = [
        _alarm(alarm, lang)
        for site in scene.sites
        for alarm in scene.picture.sites[site.id].alarms.values()
    ]
    yield say("alarms", lang, list=", ".join(alarms) or say("alarms.none", lang))


def _alarm(alarm: AlarmMessage, lang: Lang) -> str:
    key = f"alarm.{alarm.kind}"
    word = page_say(key, lang) if key in PAGE_WORDS else alarm.kind
    return f"{word} ({alarm.object})"


def summary(report: Report, lang: Lang) -> Table:
    """The end, for people."""
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


def _people_line(report: Report, lang: Lang) -> str:
    rooms = [f"{name} {count.known or 0}/{count.true}" for name, count in report.people.items()]
    more = ", …" if len(rooms) > ROOMS_TOLD else ""
    told = say("known", lang) + "/" + say("true", lang)
    return f"{', '.join(rooms[:ROOMS_TOLD])}{more} ({told})"
