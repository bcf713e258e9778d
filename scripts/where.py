"""Rank the files of gateway/ and sensors/ that mention a word; `scripts/where` calls it.

    scripts/where "dry run"     the ten files that a newcomer would open first
    scripts/where               for each question of docs/architecture.md, the deciding file's rank

Names count more than prose: first a file that is called so, then a file whose name has the word,
then a folder's name, a function or class, a docstring, and any other line. Case, hyphens,
underscores and spaces are the same: "what-if" finds `what_if` and `WhatIf`. A word of five letters
or more also finds what begins with it ("influx" finds `influxdb`); a shorter one finds only its
plural and past ("ack" does not find "back").
"""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs/architecture.md"
SEARCHED: Final = ("gateway", "sensors")
WHOLE_NAME: Final = 40
FILE_NAME: Final = 20
FOLDER_NAME: Final = 8
DEFINITION: Final = 6
DOCSTRING: Final = 3
LINE: Final = 1
LINES_MAX: Final = 10
"""Other lines that count: a variable that is used everywhere doesn't make a file the answer."""
LONG: Final = 5
SHOWN: Final = 10
NEAR: Final = 3
_CELL: Final = re.compile(r"\[`([^`]+)`\]")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Row(NamedTuple):
    """A row of the table; `word` is empty in the rows below a question's first one."""

    question: str
    file: str
    function: str
    word: str


class Found(NamedTuple):
    """A file that mentions the word, with its weight."""

    file: str
    weight: int


class Module(NamedTuple):
    """A file's text by weight, normalised."""

    file: str
    stem: str
    folders: str
    definitions: tuple[str, ...]
    docstrings: str
    lines: tuple[str, ...]


def rows(text: str) -> list[Row]:
    """Return the rows of the table behind the heading "Where is it?"."""
    section = text.partition("\n## Where is it?\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    found = []
    for line in lines[2:]:
        question, file, function, word = (cell.strip() for cell in line.strip("|").split("|"))
        found.append(Row(question, "".join(_CELL.findall(file)), function.strip("`"), word))
    return found


def modules() -> list[Module]:
    """Read every Python file that is searched."""
    paths = [path for folder in SEARCHED for path in sorted((ROOT / folder).rglob("*.py"))]
    return [_module(path) for path in paths]


def ranked(word: str, searched: list[Module]) -> list[Found]:
    """Return the files that mention a word, the likeliest first."""
    pattern = _pattern(word)
    found = [Found(module.file, _weight(module, pattern)) for module in searched]
    return sorted((one for one in found if one.weight), key=lambda one: (-one.weight, one.file))


def _plain(text: str) -> str:
    return re.sub(r"[-_/]", " ", _CAMEL.sub(" ", text)).lower()


def _pattern(word: str) -> re.Pattern[str]:
    parts = _plain(word).split()
    end = r"\w*" if len(parts[-1]) >= LONG else r"(?:s|d|ed)?"
    return re.compile(r"\b" + r"\s?".join(map(re.escape, parts)) + end + r"\b")


def _module(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    named = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    docstrings = [ast.get_docstring(node) or "" for node in (tree, *named)]
    prose = set(_lines_of_docstrings([tree, *named]))
    other = [line for n, line in enumerate(text.splitlines(), start=1) if n not in prose]
    file = path.relative_to(ROOT)
    return Module(
        file=file.as_posix(),
        stem=_plain(file.stem),
        folders=_plain(" ".join(file.parent.parts[1:])),
        definitions=tuple(_plain(node.name) for node in named),
        docstrings=_plain("\n".join(docstrings)),
        lines=tuple(_plain(line) for line in other),
    )


def _lines_of_docstrings(nodes: list[ast.AST]) -> Iterator[int]:
    for node in nodes:
        body = getattr(node, "body", [])
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            yield from range(body[0].lineno, (body[0].end_lineno or body[0].lineno) + 1)


def _weight(module: Module, pattern: re.Pattern[str]) -> int:
    lines = sum(bool(pattern.search(line)) for line in module.lines)
    is_name = bool(pattern.fullmatch(module.stem))
    return (
        (WHOLE_NAME if is_name else FILE_NAME * bool(pattern.search(module.stem)))
        + FOLDER_NAME * bool(pattern.search(module.folders))
        + DEFINITION * sum(bool(pattern.search(name)) for name in module.definitions)
        + DOCSTRING * len(pattern.findall(module.docstrings))
        + LINE * min(lines, LINES_MAX)
    )


def _print_files(word: str) -> None:
    found = ranked(word, modules())
    for place, one in enumerate(found[:SHOWN], start=1):
        print(f"{place:3}  {one.file}  ({one.weight})")
    if len(found) > SHOWN:
        print(f"     ... and {len(found) - SHOWN} more")
    if not found:
        print(f'where: no file of {" or ".join(SEARCHED)} mentions "{word}"')


def _print_ranks() -> None:
    searched, near = modules(), 0
    asked = [row for row in rows(PAGE.read_text(encoding="utf-8")) if row.word]
    for row in asked:
        files = [one.file for one in ranked(row.word, searched)]
        rank = files.index(row.file) + 1 if row.file in files else None
        near += rank is not None and rank <= NEAR
        instead = "" if rank == 1 or not files else f"  (first: {files[0]})"
        print(f"{rank or '-':>3} of {len(files):<3} {row.word:14} {row.file}{instead}")
    print(f"{near} of {len(asked)} deciding files are among the first {NEAR}")


def main() -> None:
    """Print the files of a word, or the ranks of all questions."""
    about = (__doc__ or "").partition(";")[0]
    parser = argparse.ArgumentParser(prog="scripts/where", description=about)
    parser.add_argument("word", nargs="*", help="what to look for: late, dry run, anti-passback")
    word = " ".join(parser.parse_args().word)
    if word:
        _print_files(word)
    else:
        _print_ranks()


if __name__ == "__main__":
    main()
