"""docs/architecture.md is true: its files and functions exist, and the README leads there."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from scripts.where import NEAR, Module, Row, modules, ranked, rows
from tests.paths import ROOT

PAGE: Final = ROOT / "docs/architecture.md"
ROWS: Final = rows(PAGE.read_text(encoding="utf-8"))
PAGES: Final = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/README.md",
    "docs/architecture.md",
)
"""A newcomer's first pages."""
QUESTIONS: Final = 14
LINK: Final = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def links(page: Path) -> set[Path]:
    """Return the files and folders of this repository that a page links to."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    return {(page.parent / target).resolve() for target in targets}


def defined(tree: ast.Module) -> set[str]:
    """Return the functions and classes of a module, and methods as `Class.method`."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = set()
    for node in tree.body:
        if isinstance(node, kinds):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, kinds)}
    return names


def test_the_table_answers_each_question_with_a_word_to_search_for() -> None:
    """A question's first row has the word, the rows below it begin with an ellipsis."""
    asked = [row for row in ROWS if row.word]
    assert len({row.question for row in asked}) == len({row.word for row in asked}) == QUESTIONS
    assert all(row.question.startswith("…") for row in ROWS if not row.word)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.question} {row.function}")
def test_a_file_of_the_table_defines_its_function(row: Row) -> None:
    """A function that was moved or renamed is corrected here, too."""
    tree = ast.parse((ROOT / row.file).read_text(encoding="utf-8"))
    assert row.function in defined(tree)


@pytest.mark.parametrize("file", sorted({row.file for row in ROWS}))
def test_a_file_of_the_table_is_two_links_from_the_readme(file: str) -> None:
    """README, the architecture, the file."""
    near = links(ROOT / "README.md")
    assert PAGE in near
    assert any(ROOT / file in links(page) for page in near if page.suffix == ".md")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    """No file that was moved or renamed is left behind in a newcomer's first pages."""
    assert sorted(str(target) for target in links(ROOT / page) if not target.exists()) == []


def test_the_layers_are_those_that_the_linter_checks() -> None:
    """In the same order, the same folders on one line."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if contract["id"] == "layers"
    )
    text = PAGE.read_text(encoding="utf-8")
    (table,) = re.findall(r"\| layer of `gateway/` .*\n\|[-|]+\n((?:\|.*\n)+)", text)
    told = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in table.splitlines()]
    assert told == [layer.split(" | ") for layer in layers]


@pytest.mark.parametrize("row", [row for row in ROWS if row.word], ids=lambda row: row.word)
def test_the_natural_word_leads_to_the_deciding_file(row: Row) -> None:
    """`scripts/where WORD` has it among the first: a newcomer opens three files at most."""
    files = [found.file for found in ranked(row.word, _searched())[:NEAR]]
    assert row.file in files


@cache
def _searched() -> list[Module]:
    return modules()
