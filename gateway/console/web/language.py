"""The language of a visitor: the one that they chose, or that their browser asks for."""

from babel.core import negotiate_locale

from gateway.translation import LANGS, Lang


def choose_lang(asked: str | None, remembered: str | None, accepted: str) -> Lang:
    """Return the language of the switch, else the earlier choice, else that of Accept-Language."""
    chosen = negotiate_locale([asked or "", remembered or "", *_preferences(accepted)], LANGS)
    return "fr" if chosen == "fr" else "en"


def _preferences(accepted: str) -> list[str]:
    """Return the primary tags of an Accept-Language header (RFC 9110), best first, without q=0."""
    ranked: list[tuple[float, str]] = []
    for item in accepted.split(","):
        tag, _, weight = item.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if quality > 0:
            ranked.append((-quality, tag.split("-")[0].lower()))
    return [tag for _, tag in sorted(ranked, key=lambda wish: wish[0])]
