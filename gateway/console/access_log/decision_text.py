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


_OUTCOMES: Final = {
    "pass": Text("passe", "passes"),
    "grant": Text("accorde", "grants"),
    "deny": Text("refuse", "refuses"),
    "": Text("pas consultée", "not asked"),
}
_NAMES: Final = {
    "direction": Text("sens", "direction"),
    "zone": Text("espace", "space"),
    "retained": Text("gardé par le serveur", "kept by the broker"),
    "age_s": Text("âge", "age"),
    "limit_s": Text("limite", "limit"),
    "access_point": Text("accès", "access point"),
    "mode": Text("mode", "mode"),
    "why": Text("motif", "why"),
    "machine": Text("machine", "machine"),
    "user": Text("utilisée par", "used by"),
    "inside": Text("se trouve dans", "is in"),
    "wrong": Text("codes faux", "wrong PINs"),
    "again": Text("à nouveau possible", "possible again"),
    "holder": Text("personne", "person"),
    "kind": Text("genre", "kind"),
    "status": Text("état", "state"),
    "starts": Text("à partir du", "from"),
    "ends": Text("jusqu'au", "until"),
    "shown": Text("présenté", "shown"),
    "needed": Text("demandé", "asked for"),
    "noted": Text("noté", "noted"),
    "typed": Text("code tapé", "PIN typed"),
    "memberships": Text("adhésions", "memberships"),
    "plan": Text("formule", "plan"),
    "rights": Text("droits", "rights"),
    "booking": Text("réservation", "booking"),
    "booked": Text("réservé", "booked"),
    "hours": Text("heures", "hours"),
    "timezone": Text("fuseau", "time zone"),
    "quota": Text("compté en", "counted in"),
    "per": Text("par", "per"),
    "used": Text("utilisé", "used"),
    "amount": Text("compris", "included"),
    "trainings": Text("formations", "trainings"),
    "training": Text("formation", "training"),
    "target": Text("ce qui est réservé", "what is booked"),
    "until": Text("jusqu'à", "until"),
    "role": Text("rôle", "role"),
    "people": Text("personnes présentes", "people there"),
    "capacity": Text("capacité", "capacity"),
    "p_full": Text("probabilité que ce soit plein", "chance that it is full"),
    "since": Text("depuis", "since"),
    "door": Text("porte", "door"),
    "device": Text("appareil", "device"),
}
_VALUES: Final = {
    "entry": Text("entrée", "entry"),
    "exit": Text("sortie", "exit"),
    "machine": Text("machine", "machine"),
    "muster": Text("point de rassemblement", "muster point"),
    "normal": Text("normal", "normal"),
    "lockdown": Text("confinement", "lockdown"),
    "evacuation": Text("évacuation", "evacuation"),
    "badge": Text("badge", "badge"),
    "qr": Text("code QR", "QR code"),
    "pin": Text("code", "code"),
    "number": Text("badge seul", "badge alone"),
    "number-and-pin": Text("badge et code", "badge and PIN"),
    "member": Text("membre", "member"),
    "visitor": Text("visiteur", "visitor"),
    "active": Text("valable", "valid"),
    "suspended": Text("suspendu", "suspended"),
    "lost": Text("perdu", "lost"),
    "stolen": Text("volé", "stolen"),
    "passback": Text("déjà à l'intérieur", "inside already"),
    "duress": Text("sous la contrainte", "under duress"),
    "days": Text("jours", "days"),
    "half-days": Text("demi-journées", "half days"),
    "hours": Text("heures", "hours"),
    "entries": Text("entrées", "entries"),
    "day": Text("jour", "day"),
    "week": Text("semaine", "week"),
    "month": Text("mois", "month"),
    "year": Text("an", "year"),
    "locked": Text("verrouillée", "locked"),
    "unlocked": Text("déverrouillée", "unlocked"),
    "open": Text("ouverte", "open"),
    "held": Text("restée ouverte", "held open"),
    "forced": Text("forcée", "forced"),
}
_YES: Final = Text("oui", "yes")
_NO: Final = Text("non", "no")
_MOMENTS: Final = frozenset({"again", "starts", "ends", "until", "since"})
_WORDS: Final = frozenset(
    {"direction", "mode", "kind", "status", "shown", "needed", "noted", "quota", "per"}
)


def _said(verdict: RuleVerdict, to: Reading) -> RuleSaid:
    seen = [
        ShownValue(to.say(_NAMES.get(name, Text(name, name))), _value(name, value, to))
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
    return f"{number} s" if name.endswith("_s") else number


def _text(name: str, value: str, site: Site) -> Text:
    """Return a value in words: a fixed word, or the name of an id."""
    if name in _WORDS:
        return _VALUES.get(value, Text(value, value))
    if name in ("target", "booked"):
        kind, _, id_ = value.partition(":")
        return _text(kind, id_, site)
    if name in _CALLED:
        return _CALLED[name](site, value)
    return Text(value, value)


def _plan(site: Site, id_: str) -> Text:
    plan = site.plan.get(PlanId(id_))
    return plan.name if plan is not None else Text(id_, id_)


def _machine(site: Site, id_: str) -> Text:
    machine = site.machine.get(MachineId(id_))
    return machine.name if machine is not None else Text(id_, id_)


def _trainings(site: Site, ids: str) -> Text:
    return _joined([name_among(site.trainings, each) for each in ids.split(", ")], ", ")


def _hours(_: Site, hours: str) -> Text:
    return _joined([in_words(each) for each in hours.split(" || ")], " / ")


def _joined(texts: Sequence[Text], by: str) -> Text:
    return Text(by.join(text.fr for text in texts), by.join(text.en for text in texts))


_CALLED: Final[dict[str, Callable[[Site, str], Text]]] = {
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
