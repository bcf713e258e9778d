"""The screens, in the order of the menu, and who sees them there."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gateway.core.model.names import SiteId, Text

if TYPE_CHECKING:
    from gateway.console.identity import Principal, Rank


class MenuEntry(Struct, frozen=True):
    """A screen at `/sites/{site}/{word}`; `icon` is a symbol of icons.svg."""

    word: str
    name: Text
    icon: str
    rank: "Rank"


SCREENS: Final = (
    MenuEntry("live", Text("En direct", "Live"), "menu-live", "viewer"),
    MenuEntry("doors", Text("Portes", "Doors"), "menu-doors", "viewer"),
    MenuEntry("log", Text("Passages", "Access log"), "menu-log", "operator"),
    MenuEntry("here", Text("Présents", "Who is here"), "menu-here", "operator"),
    MenuEntry("history", Text("Historique", "History"), "menu-history", "viewer"),
    MenuEntry("members", Text("Membres", "Members"), "menu-members", "operator"),
    MenuEntry("rules", Text("Règles", "Rules"), "menu-rules", "viewer"),
    MenuEntry("devices", Text("Appareils", "Devices"), "menu-devices", "viewer"),
    MenuEntry("alarms", Text("Alarmes", "Alarms"), "menu-alarms", "viewer"),
    MenuEntry("health", Text("Santé", "Health"), "menu-health", "viewer"),
    MenuEntry("audit", Text("Audit", "Audit"), "menu-audit", "administrator"),
)
"""Beside these, `/kiosk/{site}` is public and has no menu entry."""


def menu_of(seat: "Principal", site: SiteId) -> tuple[MenuEntry, ...]:
    """Return the screens that a user may open at a site."""
    return tuple(entry for entry in SCREENS if seat.may(entry.rank, site))
