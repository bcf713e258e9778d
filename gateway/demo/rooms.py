"""The demo's rooms on a terminal: the count against capacity, and the true number of people."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gateway.core.model.site import Site
from gateway.demo.report import Headcount, headcounts
from gateway.demo.scene import Scene
from gateway.demo.words import say
from gateway.translation import Lang, in_lang

_NEARLY_FULL: Final = 0.8


def rooms_table(scene: Scene, lang: Lang, rows: int) -> Table:
    """Return a table with one row per zone; with several sites, one row per site."""
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
        yield in_lang(site.name, lang), people_of(site, scene)


def people_of(site: Site, scene: Scene) -> Headcount:
    """Return a whole site's people: those of its outermost zones."""
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
    """Return the true count, dim where the known one is right, so that differences stand out."""
    return Text(str(count.true), style="dim" if count.true == count.known else "magenta")
