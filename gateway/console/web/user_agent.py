"""What a browser calls itself, as its owner would: "Firefox, Windows".

For a person to recognise their own sessions and no more: what a User-Agent says proves nothing.
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
"""The first that is named: each later one is claimed by those before it, too."""
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
    """Browser and machine of a User-Agent; its beginning where it is something else."""
    found = [
        next((name for sign, name in signs if sign in agent), None)
        for signs in (_BROWSERS, _MACHINES)
    ]
    return ", ".join(name for name in found if name) or agent[:_SHOWN]
