"""The lines at the foot of the demo's page."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from gateway.console.feed.page_snapshot import alarm_word
from gateway.console.feed.status_words import say as page_say
from gateway.demo.scene import Scene
from gateway.demo.words import say
from gateway.translation import Lang
from gateway.wire.states import AlarmMessage


def foot_lines(scene: Scene, lang: Lang) -> Iterator[RenderableType]:
    """Yield the lines for answers and points; modes, machines, alarms; mishaps."""
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
    """Yield the modes other than normal, machines and alarms."""
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
    return f"{alarm_word(alarm.kind, lang)} ({alarm.object})"
