"""The demo on a terminal: a page of text that is redrawn; elsewhere, a line every few seconds.

title            name, address of the live page, running time rooms            counted at the doors,
against capacity; and the true number of people passages         the last decisions, newest first
foot             answers, points, machines, alarms, mishaps

Narrow terminals stack rooms and passages, wide ones place them side by side.
"""

from typing import IO, Final, Self

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gateway.demo.foot import foot_lines
from gateway.demo.passages import passages_table
from gateway.demo.rooms import people_of, rooms_table
from gateway.demo.scene import Scene
from gateway.demo.words import say
from gateway.translation import Lang, in_lang

LINE_EVERY_S: Final = 5.0
WIDE: Final = 120
"""Width in columns from which rooms and passages are side by side."""


class LiveScreen:
    """Draws over the whole terminal, and restores it at the end."""

    every_s = 0.25

    def __init__(self, console: Console, lang: Lang) -> None:
        self._console, self._lang = console, lang
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def draw(self, scene: Scene) -> None:
        """Draw this scene."""
        size = self._console.size
        page = render(scene, self._lang, size.width, size.height)
        self._live.update(page, refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


class LineScreen:
    """Prints a line every few seconds."""

    every_s = 0.5

    def __init__(self, stream: IO[str], lang: Lang) -> None:
        self._stream, self._lang = stream, lang
        self._begun = False
        self._next_at = 0.0

    def draw(self, scene: Scene) -> None:
        """Print the current figures."""
        if not self._begun:
            self._begun = True
            kind = scene.broker.kind
            self._say(say("begun", self._lang, page=scene.page, broker=kind))
            if not scene.broker.durable:
                self._say(say("forgets", self._lang))
        if scene.tally is None or scene.seconds < self._next_at:
            return
        self._next_at = scene.seconds + LINE_EVERY_S
        people = sum(people_of(site, scene).true for site in scene.sites)
        values = {"seconds": round(scene.seconds), "people": people, "points": scene.points}
        told = {"granted": scene.tally.granted, "denied": scene.tally.denied}
        self._say(say("line", self._lang, **values, **told))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: the terminal was not changed."""

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def render(scene: Scene, lang: Lang, width: int, height: int) -> Layout:
    """Return the page for a terminal of this size."""
    foot = list(foot_lines(scene, lang))
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
        rooms.update(_framed(rooms_table(scene, lang, left)))
        passages.update(_framed(passages_table(scene, lang, left)))
        body.split_row(rooms, passages)
        return whole
    table = rooms_table(scene, lang, max(4, (height - 2 - len(foot)) // 2))
    rooms = Layout(_framed(table, above=0), name="rooms", size=table.row_count + 2)
    left = height - 1 - len(foot) - table.row_count - 2
    body.split_column(rooms, Layout(_framed(passages_table(scene, lang, left), above=0)))
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
