"""An export as a text that its member can read, in French or English."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from gateway.core.access.reasons import REASONS
from gateway.phrase import Phrase
from gateway.privacy.erase_and_export import Export, Passage
from gateway.translation import Lang, in_lang

_WORDS: Final[dict[str, Phrase]] = {
    "title": Phrase("Data kept about you"),
    "as of": Phrase("As of"),
    "utc": Phrase("Times are in UTC."),
    "ref": Phrase("Reference"),
    "name": Phrase("Name"),
    "email": Phrase("E-mail address"),
    "holder": Phrase("Pseudonym in the journal"),
    "groups": Phrase("Groups"),
    "memberships": Phrase("Memberships"),
    "trainings": Phrase("Trainings"),
    "roles": Phrase("Roles"),
    "credentials": Phrase("Badges and codes (their numbers are not kept)"),
    "usage": Phrase("Days of use counted for a quota"),
    "inside": Phrase("Current presence"),
    "passages": Phrase("Passages and what followed"),
    "looks": Phrase("Views of your data"),
    "none": Phrase("nothing"),
    "granted": Phrase("granted"),
    "denied": Phrase("denied"),
}


def text_of(export: Export, language: Lang) -> str:
    """Return the whole export, one line per entry."""
    return "\n".join(_lines(export, language)) + "\n"


def _lines(export: Export, language: Lang) -> Iterator[str]:
    def word(key: str) -> str:
        return in_lang(_WORDS[key], language)

    yield word("title")
    yield f"{word('as of')} {_moment(export.at)}. {word('utc')}"
    yield ""
    for key in ("ref", "name", "email", "holder"):
        yield f"{word(key)}: {getattr(export, key) or word('none')}"
    yield f"{word('groups')}: {', '.join(export.groups) or word('none')}"
    for key in ("memberships", "trainings", "roles", "credentials"):
        yield from _section(word(key), map(_plain, getattr(export, key)), word("none"))
    days = (f"{site}: {_plain(day)}" for site, kept in export.usage.items() for day in kept)
    yield from _section(word("usage"), days, word("none"))
    places = (f"{site}: {_plain(where)}" for site, where in export.inside.items())
    yield from _section(word("inside"), places, word("none"))
    passages = (_passage(one, language) for one in export.passages)
    yield from _section(word("passages"), passages, word("none"))
    looks = (
        f"{_moment(one.at)}  {one.by}  {one.action}  {one.why}  {one.outcome}"
        for one in export.looks
    )
    yield from _section(word("looks"), looks, word("none"))


def _section(title: str, lines: Iterator[str], nothing: str) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    found = False
    for line in lines:
        found = True
        yield f"  {line}"
    if not found:
        yield f"  {nothing}"


def _passage(one: Passage, language: Lang) -> str:
    said = ", ".join(filter(None, (_fact(fact, language) for fact in one.facts)))
    return f"{_moment(one.at)}  {one.site}  {one.kind}  {said}".rstrip()


def _fact(fact: dict[str, Any], language: Lang) -> str:
    """Return a decision in words, and the name and place of another fact."""
    if fact["fact"] != "Decided":
        places = (fact.get(key) for key in ("zone", "door", "machine", "object"))
        return " ".join([fact["fact"], *(place for place in places if place)])
    reason = REASONS.get(fact["reason"])
    why = in_lang(reason.sentence, language) if reason else fact["reason"]
    return f"{fact.get('access_point', '')} {in_lang(_WORDS[fact['decision']], language)}: {why}"


def _plain(values: dict[str, Any]) -> str:
    def spoken(value: object) -> str:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

    return "; ".join(f"{key} {spoken(value)}" for key, value in values.items() if value is not None)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
