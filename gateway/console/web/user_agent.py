"""The name of a browser, as its owner would give it: "Firefox, Windows".

So that users recognise their own sessions, and no more: a User-Agent proves nothing.
"""

from typing import Final

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
"""The first that is named applies: each later name also occurs in those before it."""
_MACHINES: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
_SHOWN: Final = 60
"""Characters of a name that is none of these."""


def browser(agent: str) -> str:
    """Return browser and machine of a User-Agent; its beginning where it is another program."""
    found = [
        next((name for sign, name in signs if sign in agent), None)
        for signs in (_BROWSERS, _MACHINES)
    ]
    return ", ".join(name for name in found if name) or agent[:_SHOWN]
