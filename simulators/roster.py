"""The members' list of simulated people: the lines of `seuil members import`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from gateway.core.model.site import Site
from simulators.people import SimulatedPerson, Trouble, trainings_of

COLUMNS: Final = (
    "ref",
    "name",
    "email",
    "kind",
    "plan",
    "from",
    "until",
    "status",
    "badges",
    "badge_format",
    "badge_status",
    "pin",
    "trainings",
    "roles",
)
_STATUS: Final[dict[Trouble, str]] = {"suspended": "suspended", "unpaid": "unpaid"}
_YEAR: Final = timedelta(days=365)
_MONTH: Final = timedelta(days=30)


def roster(site: Site, people: Sequence[SimulatedPerson], today: date) -> Iterator[dict[str, str]]:
    """Yield a line for each person who is enrolled at a site."""
    trainer = next((person.ref for person in people if person.roles), None)
    for person in people:
        if not person.enrolled or person.plan is None or person.badge is None:
            continue
        until = today - _MONTH if person.trouble == "expired" else today + _YEAR
        yield {
            "ref": person.ref,
            "name": person.name,
            "email": f"{person.ref}@example.org",
            "kind": person.kind,
            "plan": person.plan,
            "from": (today - _YEAR).isoformat(),
            "until": until.isoformat(),
            "status": _STATUS.get(person.trouble, "active"),
            "badges": person.badge,
            "badge_format": "hex",
            "badge_status": "lost" if person.trouble == "lost badge" else "",
            "pin": person.pin or "",
            "trainings": "; ".join(_trainings(site, person, today, trainer)),
            "roles": "; ".join(f"{role}@{site.id}" for role in person.roles),
        }


def _trainings(
    site: Site, person: SimulatedPerson, today: date, trainer: str | None
) -> Iterable[str]:
    """Return each training as `laser given 2025-11-22 until 2027-11-22 by le-seuil-m001`."""
    if person.trained == "no":
        return
    until = today - _MONTH if person.trained == "expired" else today + _YEAR
    by = f" by {trainer}" if trainer and trainer != person.ref else ""
    for training in trainings_of(site, person):
        yield f"{training} given {(today - _YEAR).isoformat()} until {until.isoformat()}{by}"
