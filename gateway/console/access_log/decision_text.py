"""A decision in plain words: `people = 12` becomes "people there: 12", a zone's id its name.

A verdict keeps values as the engine knows them (ids, seconds, ISO times). A name that no table here
knows, from an older journal, is shown as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from msgspec import Struct

from gateway.console.access_log.log import advice, name_of, sentence
from gateway.console.web.labels import name_among, point_name
from gateway.console.web.opening_hours_text import in_words
from gateway.core.access.explanation import not_asked, title_of
from gateway.core.access.reasons import REASONS
from gateway.core.facts import RuleVerdict, Value
from gateway.core.model.directory import HolderId
from gateway.core.model.names import MachineId, PlanId, Text
from gateway.core.model.site import Site
from gateway.phrase import Phrase, joined
from gateway.translation import LOCALES, Lang, in_lang


class Reading(Struct, frozen=True):
    """The reader of an explanation: site, names of holders, language."""

    site: Site
    names: Mapping[HolderId, str]
    lang: Lang

    def say(self, text: Text | str) -> str:
        """Return a text in the reader's language."""
        return in_lang(text, self.lang)


class ShownValue(Struct, frozen=True):
    """A value that a rule saw, ready to show."""

    name: str
    value: str


class RuleSaid(Struct, frozen=True):
    """One rule's verdict: `outcome` is pass, grant, deny, or "" where it was not evaluated."""

    rule: str
    title: str
    outcome: str
    word: str
    saw: tuple[ShownValue, ...]


class DecisionText(Struct, frozen=True):
    """A decision in plain words, with every rule in order."""

    granted: bool
    reason: str
    told: str
    advice: str
    bacnet: str
    rules: tuple[RuleSaid, ...]


def answer(
    decision: str, reason: str, verdicts: Sequence[RuleVerdict], to: Reading
) -> DecisionText:
    """Return a decision, or what one would be, in words."""
    helps = advice(reason) if decision == "denied" else ""
    asked = [_said(verdict, to) for verdict in verdicts]
    others = [_not_asked(rule, to) for rule in not_asked(verdicts)]
    return DecisionText(
        granted=decision == "granted",
        reason=reason,
        told=to.say(sentence(reason)),
        advice=to.say(helps),
        bacnet=REASONS[reason].bacnet if reason in REASONS else "",
        rules=(*asked, *others),
    )


_HOUR_S: Final = 3600.0
_OUTCOMES: Final = {
    "pass": Phrase("passes"),
    "grant": Phrase("grants"),
    "deny": Phrase("refuses"),
    "": Phrase("not checked"),
}
_NAMES: Final = {
    "direction": Phrase("direction"),
    "zone": Phrase("space"),
    "retained": Phrase("kept by the broker"),
    "age_s": Phrase("age"),
    "limit_s": Phrase("limit"),
    "access_point": Phrase("access point"),
    "mode": Phrase("mode"),
    "why": Phrase("why"),
    "machine": Phrase("machine"),
    "user": Phrase("used by"),
    "inside": Phrase("is in"),
    "wrong": Phrase("wrong PINs"),
    "again": Phrase("possible again"),
    "holder": Phrase("person"),
    "kind": Phrase("kind"),
    "status": Phrase("state"),
    "starts": Phrase("from"),
    "ends": Phrase("until"),
    "shown": Phrase("shown"),
    "needed": Phrase("required"),
    "noted": Phrase("noted"),
    "typed": Phrase("PIN typed"),
    "memberships": Phrase("memberships"),
    "plan": Phrase("plan"),
    "rights": Phrase("rights"),
    "booking": Phrase("booking"),
    "booked": Phrase("booked"),
    "hours": Phrase("hours"),
    "timezone": Phrase("time zone"),
    "quota": Phrase("counted in"),
    "per": Phrase("per"),
    "used": Phrase("used"),
    "amount": Phrase("included"),
    "trainings": Phrase("trainings"),
    "training": Phrase("training"),
    "target": Phrase("what is booked"),
    "until": Phrase("until"),
    "role": Phrase("role"),
    "people": Phrase("people inside"),
    "known": Phrase("known by badge"),
    "not_counted": Phrase("not counted, perhaps gone"),
    "last_shown_s": Phrase("last shown"),
    "capacity": Phrase("capacity"),
    "p_full": Phrase("probability of being full"),
    "since": Phrase("since"),
    "door": Phrase("door"),
    "device": Phrase("device"),
}
_VALUES: Final = {
    "entry": Phrase("entry"),
    "exit": Phrase("exit"),
    "machine": Phrase("machine"),
    "muster": Phrase("muster point"),
    "here": Phrase("who is here"),
    "normal": Phrase("normal"),
    "lockdown": Phrase("lockdown"),
    "evacuation": Phrase("evacuation"),
    "badge": Phrase("badge"),
    "qr": Phrase("QR code"),
    "pin": Phrase("code"),
    "number": Phrase("badge alone"),
    "number-and-pin": Phrase("badge and PIN"),
    "member": Phrase("member"),
    "visitor": Phrase("visitor"),
    "active": Phrase("valid"),
    "suspended": Phrase("suspended"),
    "lost": Phrase("lost"),
    "stolen": Phrase("stolen"),
    "passback": Phrase("already inside"),
    "duress": Phrase("under duress"),
    "days": Phrase("days"),
    "half-days": Phrase("half days"),
    "hours": Phrase("hours"),
    "entries": Phrase("entries"),
    "day": Phrase("day"),
    "week": Phrase("week"),
    "month": Phrase("month"),
    "year": Phrase("year"),
    "locked": Phrase("locked"),
    "unlocked": Phrase("unlocked"),
    "open": Phrase("open"),
    "held": Phrase("held open"),
    "forced": Phrase("forced"),
}
_YES: Final = Phrase("yes")
_NO: Final = Phrase("no")
_MOMENTS: Final = frozenset({"again", "starts", "ends", "until", "since"})
_WORDS: Final = frozenset(
    {"direction", "mode", "kind", "status", "shown", "needed", "noted", "quota", "per"}
)


def _said(verdict: RuleVerdict, to: Reading) -> RuleSaid:
    seen = [
        ShownValue(to.say(_NAMES.get(name, name)), _value(name, value, to))
        for name, value in verdict.saw.items()
        if value is not None and value != ""
    ]
    title, word = title_of(verdict.rule), _OUTCOMES[verdict.outcome]
    return RuleSaid(verdict.rule, to.say(title), verdict.outcome, to.say(word), tuple(seen))


def _not_asked(rule: str, to: Reading) -> RuleSaid:
    return RuleSaid(rule, to.say(title_of(rule)), "", to.say(_OUTCOMES[""]), ())


def _value(name: str, value: Value, to: Reading) -> str:
    if isinstance(value, bool):
        return to.say(_YES if value else _NO)
    if isinstance(value, int | float):
        return _number(name, value, to.lang)
    if name in _MOMENTS:
        return _moment(str(value), to)
    if name in ("holder", "user"):
        return name_of(str(value), to.names, to.lang)
    return to.say(_text(name, str(value), to.site))


def _number(name: str, value: float, lang: Lang) -> str:
    if name == "p_full":
        return str(format_percent(value, locale=LOCALES[lang]))
    number = str(format_decimal(value, locale=LOCALES[lang]))
    if name == "last_shown_s" and float(value) >= _HOUR_S:
        return f"{format_decimal(round(float(value) / _HOUR_S), locale=LOCALES[lang])} h"
    return f"{number} s" if name.endswith("_s") else number


def _text(name: str, value: str, site: Site) -> Text | str:
    """Return a value in words: a fixed word, or the name of an id."""
    if name in _WORDS:
        return _VALUES.get(value, value)
    if name in ("target", "booked"):
        kind, _, id_ = value.partition(":")
        return _text(kind, id_, site)
    if name in _CALLED:
        return _CALLED[name](site, value)
    return value


def _plan(site: Site, id_: str) -> Text | str:
    plan = site.plan.get(PlanId(id_))
    return plan.name if plan is not None else id_


def _machine(site: Site, id_: str) -> Text | str:
    machine = site.machine.get(MachineId(id_))
    return machine.name if machine is not None else id_


def _trainings(site: Site, ids: str) -> Text | str:
    return joined([name_among(site.trainings, each) for each in ids.split(", ")])


def _hours(_: Site, hours: str) -> Text | str:
    return joined([in_words(each) for each in hours.split(" || ")], " / ")


_CALLED: Final[dict[str, Callable[[Site, str], Text | str]]] = {
    "zone": Site.name_of,
    "inside": Site.name_of,
    "door": Site.name_of,
    "access_point": point_name,
    "machine": _machine,
    "plan": _plan,
    "training": _trainings,
    "trainings": _trainings,
    "role": lambda site, role: name_among(site.roles, role),
    "hours": _hours,
}
"""The functions that find the name of an id, by the name of the value."""


def _moment(value: str, to: Reading) -> str:
    try:
        at = datetime.fromisoformat(value).astimezone(to.site.clock)
    except ValueError:
        return value
    return str(format_datetime(at, "d MMM y, HH:mm", locale=LOCALES[to.lang]))
