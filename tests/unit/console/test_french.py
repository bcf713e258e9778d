"""Every sentence of the templates has its French, with the same values to fill in."""

import re
from pathlib import Path

import jinja2
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from gateway.console.i18n import LOCALE

TEMPLATES = LOCALE.parent / "templates"
_VALUE = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def french() -> dict[str, tuple[str, ...]]:
    """All that is translated: by its English, its French (two where it has a plural)."""
    found: dict[str, tuple[str, ...]] = {}
    for chapter in (LOCALE / "fr").glob("*.po"):
        with chapter.open("rb") as opened:
            catalog: Catalog = read_po(opened, locale="fr")
        for message in catalog:
            one = message.id if isinstance(message.id, str) else message.id[0]
            told = message.string
            found[one] = (told,) if isinstance(told, str) else tuple(told or ())
    return found


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.stem)
def test_every_sentence_has_its_french(template: Path, french: dict[str, tuple[str, ...]]) -> None:
    """Where there is a plural in English there is one in French."""
    reader = jinja2.Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - nothing is rendered
    for line, _, message in reader.extract_translations(template.read_text(encoding="utf-8")):  # type: ignore[attr-defined] # the extension's
        forms = (message,) if isinstance(message, str) else tuple(filter(None, message))
        told = french.get(forms[0], ())
        assert all(told), f"line {line}: {forms[0]}"
        assert told, f"line {line}: {forms[0]}"
        for form in told:
            assert set(_VALUE.findall(form)) == set(_VALUE.findall(forms[0])), forms[0]
