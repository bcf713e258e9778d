"""Reference data to check lines against: plans, trainings, roles and groups of the space file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.core.model.names import ADMINISTRATOR, OPERATOR, VIEWER, SiteId, Text
from gateway.core.model.site import Site
from gateway.members.questions import Choice
from gateway.members.vocabulary import plain

STANDING_ROLES: Final = frozenset({OPERATOR, ADMINISTRATOR, VIEWER})
"""Roles that every site has, in addition to those of its space file."""


class ReferenceData(Struct, frozen=True):
    """Reference data to check lines against.

    `plans` and `roles` are those of each site, `trainings` and `groups` those of any; None: not
    checked. `timezone` converts dates to moments; None: a date is a fault.
    """

    key: bytes
    timezone: ZoneInfo | None = None
    plans: Mapping[SiteId, frozenset[str]] | None = None
    trainings: frozenset[str] | None = None
    roles: Mapping[SiteId, frozenset[str]] | None = None
    groups: frozenset[str] | None = None
    formats: frozenset[str] = frozenset()
    """The formats in which the readers of the space file spell badges; empty: not known."""
    words: Mapping[str, Mapping[str, str]] = {}
    names: Mapping[str, tuple[Choice, ...]] = {}
    """The ids and displayed names of plans, trainings and sites."""

    def labels(self, what: str) -> tuple[Choice, ...]:
        """Return the ids of a kind with their displayed names."""
        return self.names.get(what, ())

    def named(self, what: str) -> Mapping[str, str]:
        """Return plain id or displayed name -> id."""
        return self.words.get(what, {})


def known_of(key: bytes, timezone: ZoneInfo | None, sites: Sequence[Site] | None) -> ReferenceData:
    """Return the reference data of the sites; None: there is no space file to check against."""
    if sites is None:
        return ReferenceData(key, timezone)
    names = {
        "plan": _choices((each.id, each.name) for site in sites for each in site.plans),
        "training": _choices((each.id, each.name) for site in sites for each in site.trainings),
        "sites": _choices((site.id, site.name) for site in sites),
    }
    return ReferenceData(
        key,
        timezone,
        plans={site.id: frozenset(plan.id for plan in site.plans) for site in sites},
        trainings=frozenset(each.id for site in sites for each in site.trainings),
        roles={site.id: STANDING_ROLES | {each.id for each in site.roles} for site in sites},
        groups=frozenset(each.id for site in sites for each in site.groups),
        formats=frozenset(
            device.format
            for site in sites
            for device in site.devices
            if device.role == "reader" and device.format not in ("pin", "qr")
        ),
        words={what: _words(choices) for what, choices in names.items()},
        names=names,
    )


def _choices(pairs: Iterable[tuple[str, Text]]) -> tuple[Choice, ...]:
    return tuple(Choice(id_, name) for id_, name in dict.fromkeys(pairs))


def _words(choices: Iterable[Choice]) -> dict[str, str]:
    """Return plain id or displayed name -> id; a name that several share is none."""
    found: dict[str, set[str]] = {}
    for each in choices:
        texts = (each.label.fr, each.label.en) if isinstance(each.label, Text) else ()
        for text in texts:
            found.setdefault(plain(text), set()).add(each.value)
    named = {word: next(iter(ids)) for word, ids in found.items() if len(ids) == 1}
    return named | {plain(each.value): each.value for each in choices}
