"""A site's plans and rules as sentences: the space file, for people who never read it."""

from collections.abc import Iterable, Iterator
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal
from msgspec import Struct

from gateway.console.web.labels import name_among, point_name
from gateway.console.web.opening_hours_text import in_words
from gateway.core.access.explanation import title_of
from gateway.core.access.rules import RULES
from gateway.core.model.names import DoorId, Named, Text, ZoneId
from gateway.core.model.places import Demands, Zone
from gateway.core.model.plans import Plan, Quota, Right
from gateway.core.model.site import Site
from gateway.translation import LOCALES, Lang, in_lang, words


class Topic(Struct, frozen=True):
    """A thing, and the sentences about it."""

    id: str
    name: str
    says: tuple[str, ...]


class Readable(Struct, frozen=True):
    """Everything that decides who may pass."""

    plans: tuple[Topic, ...]
    zones: tuple[Topic, ...]
    machines: tuple[Topic, ...]
    doors: tuple[Topic, ...]
    days: tuple[Topic, ...]
    rules: tuple[Topic, ...]


def readable(site: Site, lang: Lang) -> Readable:
    """Return the rules of a site in one language."""
    return _Reader(site, lang).whole()


class _Reader:
    def __init__(self, site: Site, lang: Lang) -> None:
        self._site = site
        self._lang = lang
        self._ = words(lang)

    def whole(self) -> Readable:
        site = self._site
        return Readable(
            plans=tuple(self._topic(plan.id, plan.name, self._plan(plan)) for plan in site.plans),
            zones=tuple(self._topic(zone.id, zone.name, self._zone(zone)) for zone in site.zones),
            machines=tuple(
                self._topic(one.id, one.name, self._demands(one.demands, one.zone))
                for one in site.machines
            ),
            doors=tuple(
                self._topic(door.id, door.name, self._door(door.id)) for door in site.doors
            ),
            days=tuple(
                Topic(
                    f"{day.day}",
                    f"{self._say(day.name)}, {self._date(day.day)}",
                    (self._hours(day.hours),),
                )
                for day in site.exceptional_days
            ),
            rules=tuple(
                Topic(rule.__name__, self._say(title_of(rule.__name__)), ()) for rule in RULES
            ),
        )

    def _plan(self, plan: Plan) -> Iterator[str]:
        for right in plan.rights:
            yield self._right(right)
        for quota in plan.quotas:
            yield self._quota(quota)
        if not plan.rights:
            yield self._("Doesn't open anything.")

    def _right(self, right: Right) -> str:
        names = [self._zone_name(zone) for zone in right.zones]
        names += [self._say(self._site.machine[one].name) for one in right.machines]
        return self._("%(what)s: %(hours)s", what=self._list(names), hours=self._hours(right.hours))

    def _quota(self, quota: Quota) -> str:
        _ = self._
        kinds = {
            "days": _("Days"), "half-days": _("Half days"),
            "hours": _("Hours"), "entries": _("Entries"),
        }  # fmt: skip
        pers = {"day": _("a day"), "week": _("a week"), "month": _("a month"), "year": _("a year")}
        amount = format_decimal(quota.amount, locale=LOCALES[self._lang])
        return _(
            "%(kind)s: up to %(amount)s %(per)s.",
            amount=amount,
            kind=kinds[quota.kind],
            per=pers[quota.per],
        )

    def _zone(self, zone: Zone) -> Iterator[str]:
        _ = self._
        if zone.ancestors:
            yield _("In %(zone)s.", zone=self._zone_name(zone.ancestors[0]))
        if zone.capacity is not None:
            yield _("Capacity %(people)s; no entry when full.", people=zone.capacity)
        yield from self._demands(zone.demands, zone.id)
        if zone.passback == "soft":
            yield _("A second entry without an exit is allowed and recorded.")
        if zone.passback == "hard":
            yield _("A badge that is inside can't enter again until it has left.")
        if zone.passback == "timed":
            yield _(
                "After entering, a badge can't enter again for %(minutes)s minutes.",
                minutes=format_decimal(zone.passback_s / 60, locale=LOCALES[self._lang]),
            )
        if zone.opened_by is not None:
            yield _(
                "Closed each day until a manager with this role arrives: %(role)s.",
                role=self._named(self._site.roles, zone.opened_by),
            )
        if zone.escort:
            yield _("Visitors only while a member is inside.")

    def _demands(self, demands: Demands, zone: ZoneId) -> Iterator[str]:
        _ = self._
        place = self._zone_name(demands.present_in or zone)
        if demands.trainings:
            names = [self._named(self._site.trainings, each) for each in demands.trainings]
            yield _("Requires training: %(trainings)s.", trainings=self._list(names))
        if demands.min_present > 1:
            yield _(
                "At least %(people)s people in %(place)s.",
                people=demands.min_present,
                place=place,
            )
        if demands.role_present is not None:
            yield _(
                "Only while a person with this role is in %(place)s: %(role)s.",
                place=place,
                role=self._named(self._site.roles, demands.role_present),
            )
        if demands.booking == "respected":
            yield _("While booked, only for whoever booked it.")
        if demands.booking == "required":
            yield _("Only with a booking.")
        if demands.check_in:
            yield _("Users must badge into the room first.")

    def _door(self, door: DoorId) -> Iterator[str]:
        _, site = self._, self._site
        for point in site.access_points:
            if point.door == door and point.min_credential == "number-and-pin":
                yield _("%(point)s: badge and PIN.", point=self._say(point_name(site, point.id)))
        for lock in site.interlocks:
            if door in lock.doors:
                others = [self._say(site.name_of(other)) for other in lock.doors if other != door]
                yield _("Opens only while these are closed: %(doors)s.", doors=self._list(others))
        if site.door[door].fail_mode == "secure":
            yield _("Stays locked from outside in an evacuation; the way out is free.")

    def _topic(self, id_: str, name: Text, says: Iterable[str]) -> Topic:
        return Topic(id_, self._say(name), tuple(says))

    def _say(self, text: Text | str) -> str:
        return in_lang(text, self._lang)

    def _zone_name(self, zone: ZoneId) -> str:
        return self._say(self._site.name_of(zone))

    def _named(self, things: tuple[Named, ...], id_: str) -> str:
        return self._say(name_among(things, id_))

    def _hours(self, hours: str) -> str:
        return self._say(in_words(hours))

    def _date(self, day: date) -> str:
        return str(format_date(day, "full", locale=LOCALES[self._lang]))

    def _list(self, names: list[str]) -> str:
        return ", ".join(names)
