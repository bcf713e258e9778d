"""Health: the gateway, its stores and this console; each line says whether it works."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from gateway import __version__
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.queries.dead_letters import dead_letters
from gateway.backup.last import LATE, last_backup
from gateway.config import known_credential_key
from gateway.console.auth.roles import ConsoleHere, SiteHere, Viewer
from gateway.console.context import AppContext
from gateway.console.feed.site_state import GatewayNow
from gateway.console.web.errors import RESPONSES, Problem
from gateway.console.web.rendering import lang_of, page
from gateway.core.model.site import Site
from gateway.doctor import machine, stores
from gateway.doctor import settings as configured
from gateway.doctor.broker import BACKLOG_LARGE, HEALTH_OLD
from gateway.doctor.finding import Finding, decimal, spoken
from gateway.doctor.machine import DISK_FULL_BYTES, DISK_LOW_BYTES
from gateway.translation import Lang, Translator, in_lang, words
from gateway.wire.alarm_texts import SILENT, alarm_said, alarm_words

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/sites/{site}", tags=["health"], responses=RESPONSES)
State = Literal["ok", "warning", "fault"]
COMMIT_SLOW_MS: Final = 100.0
"""A disk that is slower delays every door."""
INBOX_LONG: Final = 100
"""Messages: a second of a busy site."""
REJECTED_MANY: Final = 100
LOOK_BACK: Final = timedelta(days=1)


class HealthRow(Struct, frozen=True):
    """One part: its state in words, and what to do if it needs attention."""

    name: str
    state: State
    said: str
    do: str = ""


class HealthLine(BaseModel):
    """One part of the installation."""

    name: str
    state: State
    said: str
    do: str = ""


class HealthBody(BaseModel):
    """The installation's health; `state` is the worst of the lines."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "state": "ok",
                    "lines": [
                        {
                            "name": "Gateway main",
                            "state": "ok",
                            "said": "in service, version 0.2.0",
                            "do": "",
                        }
                    ],
                }
            ]
        }
    )
    state: State
    lines: list[HealthLine]


@pages.get("/sites/{site}/health")
async def shown(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> Response:
    """Show every part, and the doctor's findings on this machine."""
    lang = lang_of(request)
    lines = await _all(console, here, lang)
    findings: list[HealthRow] = []
    if seat.may("administrator", here.id):
        found = await asyncio.to_thread(_findings, console, here)
        findings = [_line(each, lang) for each in found]
    return page(
        request,
        "health.html",
        seat=seat,
        site=here,
        lines=lines,
        worst=_worst(lines),
        findings=findings,
    )


@api.get("/health")
async def told(request: Request, seat: Viewer, here: SiteHere, console: ConsoleHere) -> HealthBody:
    """The same, for programs."""
    del seat
    lines = await _all(console, here, lang_of(request))
    return HealthBody(
        state=_worst(lines),
        lines=[HealthLine(name=x.name, state=x.state, said=x.said, do=x.do) for x in lines],
    )


def _worst(lines: list[HealthRow]) -> State:
    states = {line.state for line in lines}
    return "fault" if "fault" in states else "warning" if "warning" in states else "ok"


async def _all(console: AppContext, here: Site, lang: Lang) -> list[HealthRow]:
    now, say = console.clock.now(), words(lang)
    lines = [_broker(console, now, say)]
    for instance, gateway in sorted(console.picture.gateways.items()):
        lines += _gateway(instance, gateway, console, now, say)
    if not console.picture.gateways:
        lines.append(
            HealthRow(say("Gateway"), "fault", say("none seen yet"), say("Start it: seuil run."))
        )
    lines.append(_alarms(console, here, say))
    lines += _clocks(console, here, lang)
    lines += await _journal(console, now, lang)
    lines.append(await asyncio.to_thread(_disk, console, say))
    lines.append(await asyncio.to_thread(_key, console, say))
    lines.append(await asyncio.to_thread(_backup, console, now, say))
    lines.append(_console(console, say))
    return lines


def _broker(console: AppContext, now: datetime, say: Translator) -> HealthRow:
    """Return the broker's row; the client disconnects where one of its topics is refused."""
    name, picture = say("Console's broker connection"), console.picture
    if not picture.connected:
        do = say("Is the broker running? Is its address right?")
        if not picture.lost:
            return HealthRow(name, "fault", say("not connected"), do)
        return HealthRow(name, "fault", say("not connected: %(why)s", why=picture.lost), do)
    if picture.heard is None:
        do = say("Has a gateway ever used this broker? Is SEUIL_PREFIX the same on both sides?")
        return HealthRow(
            name, "warning", say("connected, subscribed to all topics, no retained messages"), do
        )
    age = spoken(max(now - picture.heard, timedelta()))
    told = say("connected, subscribed to all topics, last message %(age)s ago", age=age)
    return HealthRow(name, "ok", told)


def _alarms(console: AppContext, here: Site, say: Translator) -> HealthRow:
    alarms = console.picture.sites[here.id].alarms.values()
    count = sum(alarm.kind not in SILENT for alarm in alarms)
    if count:
        do = say("See Alarms for what happened and when.")
        return HealthRow(say("Alarms"), "warning", say("active: %(count)s", count=count), do)
    return HealthRow(say("Alarms"), "ok", say("none active"))


def _clocks(console: AppContext, here: Site, lang: Lang) -> Iterator[HealthRow]:
    """Yield each device whose clock is off: by how much, and how to correct it."""
    say, do = words(lang), in_lang(alarm_words("clock-skew").do, lang)
    for alarm in console.picture.sites[here.id].alarms.values():
        if alarm.kind == "clock-skew":
            name = say("Clock of %(device)s", device=alarm.object)
            yield HealthRow(
                name, "warning", in_lang(alarm_said(alarm.kind, alarm.ahead_s), lang), do
            )


def _gateway(
    instance: str, gateway: GatewayNow, console: AppContext, now: datetime, say: Translator
) -> Iterator[HealthRow]:
    name = say("Gateway %(name)s", name=instance)
    health = gateway.health
    if gateway.state != "online":
        yield HealthRow(name, "fault", say("offline"), say("Start it or read its log."))
        return
    if health is None or now - health.at > HEALTH_OLD:
        do = say("It hangs or the clocks differ: restart it and keep its log.")
        yield HealthRow(name, "fault", say("silent for over 30 s"), do)
        return
    if health.status != "ok":
        do = say("Read its log: disk full? broker down?")
        yield HealthRow(name, "fault", _status(health.status, say), do)
    else:
        yield HealthRow(name, "ok", say("in service, version %(version)s", version=health.version))
    told = say("%(ms)s ms for the last commit", ms=decimal(health.commit_ms))
    if health.commit_ms > COMMIT_SLOW_MS:
        yield HealthRow(
            say("Commits"), "warning", told, say("The disk is slow: every door waits for it.")
        )
    else:
        yield HealthRow(say("Commits"), "ok", told)
    told = say("%(count)s messages waiting", count=health.inbox)
    late = health.inbox > INBOX_LONG
    do = say("Is a device repeating itself? See Devices.") if late else ""
    yield HealthRow(say("Inbox"), "warning" if late else "ok", told, do)
    yield _influx(console, health.backlog, say)
    if health.space == "faulty":
        do = say("Run seuil check. The previous version stays active.")
        told = health.space_fault or say("changed, with errors")
        yield HealthRow(say("Space file"), "warning", told, do)
    else:
        yield HealthRow(say("Space file"), "ok", say("active"))
    yield HealthRow(say("Members"), "ok", say("version %(version)s active", version=health.members))


def _status(status: str, say: Translator) -> str:
    said = {
        "journal-failing": say("can't write its journal: nothing opens"),
        "broker-lost": say("disconnected from the broker"),
        "starting": say("starting"),
    }
    return said.get(status, status)


def _influx(console: AppContext, backlog: int, say: Translator) -> HealthRow:
    if console.settings.influx_url is None and not backlog:
        return HealthRow(
            "InfluxDB", "ok", say("not configured: history is kept in the journal only")
        )
    told = say("%(count)s rows waiting", count=backlog)
    if backlog > BACKLOG_LARGE:
        return HealthRow("InfluxDB", "warning", told, say("Nothing is lost. Is InfluxDB running?"))
    return HealthRow("InfluxDB", "ok", told)


async def _journal(console: AppContext, now: datetime, lang: Lang) -> list[HealthRow]:
    say = words(lang)
    file = console.settings.data_dir / JOURNAL_FILE
    try:
        since = now - LOOK_BACK
        letters = await console.stores.past(lambda c: dead_letters(c, since, limit=1000))
    except Problem as wrong:
        do = say("Created by the first seuil run. Otherwise check SEUIL_DATA_DIR.")
        return [HealthRow(say("Journal"), "fault", in_lang(wrong.detail, lang), do)]
    size = file.stat().st_size / 1e6
    lines = [HealthRow(say("Journal"), "ok", say("%(size)s MB", size=decimal(size)))]
    if letters:
        told = say("%(count)s in the last day", count=len(letters))
        do = say("See Devices for what to fix.")
        lines.append(HealthRow(say("Unreadable messages"), "warning", told, do))
    else:
        lines.append(HealthRow(say("Unreadable messages"), "ok", say("none in the last day")))
    return lines


def _disk(console: AppContext, say: Translator) -> HealthRow:
    folder = console.settings.data_dir
    if not folder.exists():
        return HealthRow(say("Disk"), "warning", say("the data folder doesn't exist yet"))
    free = shutil.disk_usage(folder).free
    told = say("%(size)s GB free", size=decimal(free / 1e9))
    if free < DISK_FULL_BYTES:
        do = say(
            "Free up space now: when the disk is full, no door opens. Sensors wait until then."
        )
        return HealthRow(say("Disk"), "fault", told, do)
    if free < DISK_LOW_BYTES:
        return HealthRow(
            say("Disk"), "warning", told, say("Free up space: a busy site needs 1 GB.")
        )
    return HealthRow(say("Disk"), "ok", told)


def _key(console: AppContext, say: Translator) -> HealthRow:
    name = say("Badge key")
    if known_credential_key(console.settings) is None:
        return HealthRow(
            name, "warning", say("not created yet"), say("Created by the first seuil run.")
        )
    there = (console.settings.data_dir / MEMBERS_FILE).exists()
    said = say("present") if there else say("present; no members yet")
    return HealthRow(name, "ok", said)


def _backup(console: AppContext, now: datetime, say: Translator) -> HealthRow:
    name, last = say("Backup"), last_backup(console.settings.data_dir)
    if last is None:
        do = say("Run seuil backup every night: docs/backup.md.")
        return HealthRow(name, "warning", say("no backup yet"), do)
    age = max(now - last.at, timedelta())
    told = say("last one %(age)s ago", age=spoken(age))
    if age > LATE:
        do = say("Run seuil backup, and check why the nightly backup fails.")
        return HealthRow(name, "warning", told, do)
    return HealthRow(name, "ok", told)


def _console(console: AppContext, say: Translator) -> HealthRow:
    told = say(
        "version %(version)s, open pages: %(streams)s, unreadable messages: %(rejected)s",
        version=__version__,
        streams=len(console.hub),
        rejected=console.picture.rejected,
    )
    many = console.picture.rejected > REJECTED_MANY
    do = say("Who else writes to the broker? Check its ACL.") if many else ""
    return HealthRow(say("This console"), "warning" if many else "ok", told, do)


def _line(finding: Finding, lang: Lang) -> HealthRow:
    check, found, do = (in_lang(each, lang) for each in (finding.check, finding.found, finding.do))
    return HealthRow(check, finding.verdict, found, do)


def _findings(console: AppContext, here: Site) -> list[Finding]:
    """Return the findings of `seuil doctor` on this machine, without asking the broker."""
    settings, now = console.settings, console.clock.now()
    key, about_key = configured.credential_key(settings)
    return [
        *machine.versions(),
        machine.clock(now),
        *machine.data_folder(settings.data_dir),
        about_key,
        stores.members(settings.data_dir, key),
        *stores.journal(settings.data_dir, (here,), now),
        stores.backup(settings.data_dir, now),
    ]
