"""Every sentence of the sign-in pages has its French, with the same blanks."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_file

from gateway.console import pages
from gateway.console.i18n import catalogue

TEMPLATES = Path(pages.__file__).parent / "templates"
OURS = (
    *("sign_in", "sign_in_code", "sign_in_again", "signed_out", "set_up"),
    *("me", "totp", "recovery", "tokens", "accounts"),
)


def test_french() -> None:
    """None is missing, none lacks a value."""
    french = catalogue("fr")
    found = [
        str(message)
        for name in OURS
        for _, message, *_ in extract_from_file("jinja2", TEMPLATES / f"{name}.html")
    ]
    assert len(found) > 100
    for message in found:
        said = french.gettext(message)
        assert said != message or message in {"Action", "E-mail", "Sessions", "Sites"}, message
        assert re.findall(r"%\(\w+\)s", said) == re.findall(r"%\(\w+\)s", message)
