"""The screens, in the order of the menu, and who sees them there."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gateway.core.model.names import SiteId
from gateway.phrase import Phrase

if TYPE_CHECKING:
    from gateway.console.identity import Principal, Rank


class MenuEntry(Struct, frozen=True):
    """A screen at `/sites/{site}/{word}`; `icon` is a symbol of icons.svg."""

    word: str
    name: Phrase
    icon: str
    rank: "Rank"


SCREENS: Final = (
    MenuEntry("live", Phrase("Live"), "menu-live", "viewer"),
    MenuEntry("doors", Phrase("Doors"), "menu-doors", "viewer"),
    MenuEntry("log", Phrase("Access log"), "menu-log", "operator"),
    MenuEntry("here", Phrase("Who is here"), "menu-here", "operator"),
    MenuEntry("history", Phrase("History"), "menu-history", "viewer"),
    MenuEntry("members", Phrase("Members"), "menu-members", "operator"),
    MenuEntry("rules", Phrase("Rules"), "menu-rules", "viewer"),
    MenuEntry("devices", Phrase("Devices"), "menu-devices", "viewer"),
    MenuEntry("alarms", Phrase("Alarms"), "menu-alarms", "viewer"),
    MenuEntry("health", Phrase("Health"), "menu-health", "viewer"),
    MenuEntry("audit", Phrase("Audit"), "menu-audit", "administrator"),
)
"""Beside these, `/kiosk/{site}` is public and has no menu entry."""


def menu_of(seat: "Principal", site: SiteId) -> tuple[MenuEntry, ...]:
    """Return the screens that a user may open at a site."""
    return tuple(entry for entry in SCREENS if seat.may(entry.rank, site))
