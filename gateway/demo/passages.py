"""The demo's last decisions on a terminal."""

from typing import Final
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from gateway.core.model.site import Site
from gateway.demo.scene import Scene
from gateway.demo.words import say
from gateway.translation import Lang, in_lang
from gateway.wire.states import AccessMessage

DECISIONS_SHOWN: Final = 10
_PSEUDONYM: Final = 8
"""Characters of a pseudonym that distinguish the people of one place."""
_MARKS: Final = {"entry": "→", "exit": "←"}


def passages_table(scene: Scene, lang: Lang, height: int) -> Table:
    """Return a table with one row per decision, the newest first."""
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
    """Return the name of the door or machine."""
    point = next((one for one in site.access_points if one.id == told.access_point), None)
    if told.door in site.door:
        return in_lang(site.door[told.door].name, lang)
    if point is None:
        return told.reader
    machine = next(one for one in site.machines if one.id == point.machine)
    return in_lang(machine.name, lang)
