"""The screens, in the order of care, and who sees them in the menu."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gateway.core.model.names import SiteId, Text

if TYPE_CHECKING:
    from gateway.console.auth.requirements import Rank, Seat


class Entry(Struct, frozen=True):
    """A screen at `/sites/{site}/{word}`; `icon` is a symbol of icons.svg."""

    word: str
    name: Text
    icon: str
    rank: "Rank"


SCREENS: Final = (
    Entry("live", Text("En direct", "Live"), "menu-live", "viewer"),
    Entry("doors", Text("Portes", "Doors"), "menu-doors", "viewer"),
    Entry("log", Text("Passages", "Access log"), "menu-log", "operator"),
    Entry("here", Text("Présents", "Who is here"), "menu-here", "operator"),
    Entry("history", Text("Historique", "History"), "menu-history", "viewer"),
    Entry("members", Text("Membres", "Members"), "menu-members", "operator"),
    Entry("rules", Text("Règles", "Rules"), "menu-rules", "viewer"),
    Entry("devices", Text("Appareils", "Devices"), "menu-devices", "viewer"),
    Entry("alarms", Text("Alarmes", "Alarms"), "menu-alarms", "viewer"),
    Entry("health", Text("Santé", "Health"), "menu-health", "viewer"),
    Entry("audit", Text("Audit", "Audit"), "menu-audit", "administrator"),
)
"""Beside these, `/kiosk/{site}` is public and stands in no menu."""


def menu_of(seat: "Seat", site: SiteId) -> tuple[Entry, ...]:
    """What somebody may open at a site."""
    return tuple(entry for entry in SCREENS if seat.may(entry.rank, site))
