"""A site as its page shows it in one language: the snapshot that a page gets, and each change.

A page gets a snapshot when it connects, and again when it has fallen behind.

Every text is ready to show (times in the site's time zone, numbers in sentences), so the template
and the browser's module only place it and cannot disagree.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.clock import Clock
from gateway.console.feed.hub import View
from gateway.console.feed.reach import not_freed
from gateway.console.feed.site_state import Picture, SitePicture, StateChange, ZoneNow, hint_id
from gateway.console.feed.status_words import WORDS, say
from gateway.console.feed.view_models import (
    AlarmView,
    ChangeView,
    DecisionView,
    DoorView,
    HintView,
    HouseView,
    MachineView,
    MusterView,
    SiteView,
    ZoneView,
    as_json,
)
from gateway.core.model.directory import HolderId
from gateway.core.model.equipment import Machine
from gateway.core.model.names import DoorId, MachineId, SiteId, Text, ZoneId
from gateway.core.model.places import Door, Zone
from gateway.core.model.site import Site
from gateway.translation import Lang, in_lang
from gateway.wire.alarm_texts import SILENT, alarm_said
from gateway.wire.states import AccessMessage, AlarmMessage, HintMessage, OccupancyMessage

SHOWN_DECISIONS = 30
"""Decisions on the page: two screens of a phone; the whole page stays under 60 kB."""
SHOWN_HINTS = 5
"""Hints on the page: more would hide the last one."""
NEARLY_FULL = 0.8
"""Share of the capacity from which a room is called nearly full."""
BAR_LIMIT = 90.0
"""The capacity's place on the bar (0 to 100): beyond it there is room to show an excess."""
PSEUDONYM_SHOWN = 8
"""Characters of a pseudonym: enough to recognise a person in the list."""


class Viewer:
    """Draws the pages of every site."""

    def __init__(self, sites: dict[SiteId, Site], picture: Picture, clock: Clock) -> None:
        self._sites = sites
        self._picture = picture
        self._clock = clock
        self.names: dict[HolderId, str] = {}
        """Everybody's name, for those who may see it; `AppContext.read_names` updates it."""
        self._zones = {site.id: ZoneInfo(site.timezone) for site in sites.values()}

    def site(self, site_id: SiteId, lang: Lang, *, people: bool = False) -> SiteView:
        """Return the whole page of a site; with `people`, who passed."""
        site, now = self._sites[site_id], self._picture.sites[site_id]
        return SiteView(
            zones=tuple(self._zone(site, zone, lang) for zone in site.zones),
            doors=tuple(self._door(site, door, lang) for door in site.doors),
            machines=tuple(
                self._machine(site, machine, lang, people=people) for machine in site.machines
            ),
            alarms=self._alarms(site, lang),
            decisions=tuple(
                self._decision(site, message, lang, people=people)
                for message in now.decisions[:SHOWN_DECISIONS]
            ),
            hints=tuple(
                self._hint(site, hint, lang, people=people) for hint in now.hints[:SHOWN_HINTS]
            ),
            musters=tuple(self._muster(site, zone) for zone in now.muster),
            house=self._house(site, lang),
        )

    def snapshot(self, view: View) -> str:
        """Return the whole page as JSON."""
        return as_json(self.site(view.site, view.lang, people=view.people))

    def change(self, view: View, change: StateChange) -> str | None:  # noqa: C901 - a dispatch
        """Return one change as JSON; None for a decision that is no longer kept."""
        site, lang = self._sites[view.site], view.lang
        value: (
            ZoneView
            | DoorView
            | MachineView
            | DecisionView
            | HintView
            | HouseView
            | MusterView
            | tuple[AlarmView, ...]
        )
        match change.part:
            case "zone":
                value = self._zone(site, site.zone[ZoneId(change.key)], lang)
            case "door":
                value = self._door(site, site.door[DoorId(change.key)], lang)
            case "machine":
                machine = site.machine[MachineId(change.key)]
                value = self._machine(site, machine, lang, people=view.people)
            case "access":
                decisions = self._picture.sites[view.site].decisions
                message = next((each for each in decisions if each.id == change.key), None)
                if message is None:
                    return None
                value = self._decision(site, message, lang, people=view.people)
            case "hint":
                hints = self._picture.sites[view.site].hints
                hint = next((each for each in hints if hint_id(each) == change.key), None)
                if hint is None:
                    return None
                value = self._hint(site, hint, lang, people=view.people)
            case "alarms":
                value = self._alarms(site, lang)
            case "house":
                value = self._house(site, lang)
            case "muster":
                value = self._muster(site, ZoneId(change.key))
        return as_json(ChangeView(change.part, self.heard(view.site, lang), value))

    def gateway_is_up(self) -> bool:
        """Return whether the broker is connected and a gateway is online there."""
        return gateway_state(self._picture) not in ("unreachable", "offline", "unknown")

    def heard(self, site: SiteId, lang: Lang) -> str:
        """Return the time of the last message."""
        heard = self._picture.heard
        return say("link.never", lang) if heard is None else self._time(site, heard)

    def _zone(self, site: Site, zone: Zone, lang: Lang) -> ZoneView:
        now = self._picture.sites[site.id].zones.get(zone.id)
        name = in_lang(zone.name, lang)
        if now is None:
            of = f"/ {zone.capacity}" if zone.capacity is not None else ""
            return _unknown_zone(zone.id, name, of, lang)
        count = now.count
        state = _state_of(count)
        word = say(f"zone.{_word_of(state, count)}", lang)
        word = f"{word}, {say('zone.stale', lang)}" if count.stale else word
        people, of = str(count.people), _out_of(count, lang)
        return ZoneView(
            id=zone.id,
            name=name,
            state=state,
            word=word,
            people=people,
            of=of,
            known=say("known", lang, n=count.known) if count.known != count.people else "",
            range=_range_of(count, lang),
            trend=self._trend(site.id, now, lang),
            trend_icon={1: "up", 0: "", -1: "down"}[now.trend],
            limited=count.capacity is not None,
            fill=_place(count.people, count.capacity),
            low=_place(count.low, count.capacity),
            high=_place(count.high, count.capacity),
            stale=count.stale,
            because=tuple(in_lang(reason, lang) for reason in count.because),
            told=say("zone.told", lang, name=name, people=people, of=of, word=word),
        )

    def _trend(self, site: SiteId, now: ZoneNow, lang: Lang) -> str:
        if now.moved is None:
            return ""
        return say(f"trend.{now.trend}", lang, time=self._time(site, now.moved, seconds=False))

    def _door(self, site: Site, door: Door, lang: Lang) -> DoorView:
        now = self._picture.sites[site.id].doors.get(door.id)
        state = "unknown" if now is None else now.state
        since = "" if now is None else self._since(site.id, now.at, lang)
        name, word = in_lang(door.name, lang), say(f"door.{state}", lang)
        told = say("door.told", lang, name=name, word=word)
        return DoorView(door.id, name, state, word, since, told)

    def _machine(self, site: Site, machine: Machine, lang: Lang, *, people: bool) -> MachineView:
        now = self._picture.sites[site.id].machines.get(machine.id)
        state = "unknown" if now is None else now.state
        return MachineView(
            id=machine.id,
            name=in_lang(machine.name, lang),
            state=state,
            word=say(f"machine.{state}", lang),
            since="" if now is None else self._since(site.id, now.at, lang),
            who=self._who(now.user) if people and now is not None else "",
        )

    def _decision(
        self, site: Site, message: AccessMessage, lang: Lang, *, people: bool
    ) -> DecisionView:
        way = message.direction if message.direction in ("entry", "exit", "machine") else None
        return DecisionView(
            id=message.id,
            at=message.at.isoformat(),
            time=self._time(site.id, message.at),
            decision=message.decision,
            word=say(message.decision, lang),
            place=_place_name(site, message, lang),
            way=say(way, lang) if way else "",
            reason=in_lang(message.message, lang),
            who=self._who(message.holder) if people else "",
        )

    def _hint(self, site: Site, message: HintMessage, lang: Lang, *, people: bool) -> HintView:
        return HintView(
            id=hint_id(message),
            at=message.at.isoformat(),
            time=self._time(site.id, message.at),
            text=in_lang(message.message, lang),
            who=self._who(message.holder) if people else "",
        )

    def _who(self, holder: str | None) -> str:
        """Return a name, or the pseudonym of a person enrolled since the names were read."""
        return self.names.get(HolderId(holder), _short(holder)) if holder is not None else ""

    def _alarms(self, site: Site, lang: Lang) -> tuple[AlarmView, ...]:
        alarms = self._picture.sites[site.id].alarms
        told = [(key, alarm) for key, alarm in alarms.items() if alarm.kind not in SILENT]
        newest_first = sorted(told, key=lambda item: item[1].at, reverse=True)
        return tuple(self._alarm(site, key, alarm, lang) for key, alarm in newest_first)

    def _alarm(self, site: Site, key: str, alarm: AlarmMessage, lang: Lang) -> AlarmView:
        seen_to = alarm.acknowledged_at
        return AlarmView(
            id=key,
            word=alarm_word(alarm.kind, lang, alarm.ahead_s),
            about=subject(site, alarm.kind, alarm.object, lang),
            since=self._lasted(site.id, alarm, lang),
            seen_to=""
            if seen_to is None
            else say("seen-to", lang, time=self._time(site.id, seen_to, seconds=False)),
        )

    def _muster(self, site: Site, zone: ZoneId) -> MusterView:
        now = self._picture.sites[site.id].muster.get(zone)
        return MusterView(zone, now.expected if now else 0, now.seen if now else 0)

    def _house(self, site: Site, lang: Lang) -> HouseView:
        now = self._picture.sites[site.id]
        gateway = gateway_state(self._picture)
        return HouseView(
            mode=now.mode or "normal",
            mode_word=_mode_word(site, now, lang),
            gateway=gateway,
            gateway_word=say(f"house.{gateway}", lang),
            heard=self.heard(site.id, lang),
        )

    def _lasted(self, site: SiteId, alarm: AlarmMessage, lang: Lang) -> str:
        if alarm.over_at is None:
            return self._since(site, alarm.at, lang)
        start, end = (self._time(site, at, seconds=False) for at in (alarm.at, alarm.over_at))
        return say("alarm.over", lang, start=start, end=end)

    def _since(self, site: SiteId, at: datetime, lang: Lang) -> str:
        return say("since", lang, time=self._time(site, at, seconds=False))

    def _time(self, site: SiteId, at: datetime, *, seconds: bool = True) -> str:
        """Return the site's local time; with the date where it is another day."""
        zone = self._zones[site]
        local, today = at.astimezone(zone), self._clock.now().astimezone(zone).date()
        day = "" if local.date() == today else f"{local:%Y-%m-%d} "
        return f"{day}{local:%H:%M:%S}" if seconds else f"{day}{local:%H:%M}"


def _mode_word(site: Site, now: SitePicture, lang: Lang) -> str:
    """Return the banner's words; an evacuation names the doors that did not hear of it."""
    if shut := not_freed(site, now):
        doors = ", ".join(in_lang(door.name, lang) for door in shut)
        return say("mode.evacuation-partly", lang, doors=doors)
    return say(f"mode.{now.mode}", lang) if f"mode.{now.mode}" in WORDS else ""


def _unknown_zone(zone: ZoneId, name: str, of: str, lang: Lang) -> ZoneView:
    return ZoneView(
        id=zone,
        name=name,
        state="unknown",
        word=say("zone.unknown", lang),
        people="—",
        of=of,
        known="",
        range="",
        trend="",
        trend_icon="",
        limited=bool(of),
        fill=0,
        low=0,
        high=0,
        stale=False,
        because=(),
        told=say("zone.told", lang, name=name, people="—", of=of, word=say("zone.unknown", lang)),
    )


def _state_of(count: OccupancyMessage) -> str:
    if count.capacity is not None and count.people >= count.capacity:
        return "full" if count.people == count.capacity else "over"
    if count.people <= 0:
        return "empty"
    if count.capacity is not None and count.people >= NEARLY_FULL * count.capacity:
        return "nearly"
    return "open"


def _word_of(state: str, count: OccupancyMessage) -> str:
    """Return the state's word: a room without a limit is in use, one with a limit has room left."""
    return "used" if state == "open" and count.capacity is None else state


def _out_of(count: OccupancyMessage, lang: Lang) -> str:
    if count.capacity is not None:
        return f"/ {count.capacity}"
    alone = count.people == 1 or (count.people == 0 and lang == "fr")
    return say("person" if alone else "people", lang)


def _range_of(count: OccupancyMessage, lang: Lang) -> str:
    return say("between", lang, low=count.low, high=count.high) if count.low < count.high else ""


def _place(people: int, capacity: int | None) -> float:
    """Return the place of a number of people on the bar."""
    if capacity is None:
        return 0
    share = people / capacity if capacity > 0 else float(people > 0) + 1
    return round(min(max(share * BAR_LIMIT, 0), 100), 1)


def _place_name(site: Site, message: AccessMessage, lang: Lang) -> str:
    point = next((p for p in site.access_points if p.id == message.access_point), None)
    if point is None:
        where = message.access_point or message.reader
        return where if message.door is None else _name_among(site.doors, message.door, lang)
    if point.machine is not None:
        return _name_among(site.machines, point.machine, lang)
    return _name_among(site.doors, point.door or point.id, lang)


def alarm_word(kind: str, lang: Lang, ahead_s: float | None = None) -> str:
    """Return an alarm's name; of an unknown kind, the kind itself."""
    return in_lang(alarm_said(kind, ahead_s), lang)


def subject(site: Site, kind: str, about: str, lang: Lang) -> str:
    """Return the name of an alarm's object in a language."""
    return in_lang(subject_name(site, kind, about), lang)


def subject_name(site: Site, kind: str, about: str) -> Text | str:
    """Return the name of an alarm's object; an id alone may be a door's or a zone's."""
    things: tuple[Door | Zone | Machine, ...] = (*site.zones, *site.doors, *site.machines)
    if kind == "duress":
        point = next((point for point in site.access_points if point.id == about), None)
        about = (point.door or point.machine or about) if point is not None else about
        things = (*site.doors, *site.machines)
    elif kind in ("forced", "held"):
        things = site.doors
    elif kind in ("lone-worker", "unsupervised", "unattended", "safe-stop"):
        things = site.machines
    return next((thing.name for thing in things if thing.id == about), about)


def _name_among(things: Iterable[Door | Zone | Machine], about: str, lang: Lang) -> str:
    """Return the thing's name; a device has only its id."""
    return next((in_lang(thing.name, lang) for thing in things if thing.id == about), about)


def _short(holder: str) -> str:
    return holder if len(holder) <= PSEUDONYM_SHOWN else f"{holder[:PSEUDONYM_SHOWN]}…"


def gateway_state(picture: Picture) -> str:
    """Return one word for all instances: the site is served as long as one of them is."""
    if not picture.connected:
        return "unreachable"
    states = [gateway.state for gateway in picture.gateways.values()]
    if "online" not in states:
        return "offline" if "offline" in states else "unknown"
    worst = [
        gateway.health.status
        for gateway in picture.gateways.values()
        if gateway.state == "online" and gateway.health and gateway.health.status != "ok"
    ]
    return worst[0] if worst else "ok"
