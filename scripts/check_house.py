"""Check what keeps the code easy to enter: no circles, no name twice, no riddles.

No two modules import each other, no two public classes share a name, none has a name of the private
dialect that the code once had, no docstring begins with a question word (a function's begins with
its verb), and each folder of tests/unit is a folder of the code that it tests. No French stands in
the code: it has its place in gateway/locale.
"""

import ast
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

PACKAGES = ("gateway", "sensors", "simulators", "benchmarks")
BANNED = {
    *("Announcer", "Glances", "Handover", "Keeper", "Letter", "Looks", "Office", "Outlet"),
    *("Repeats", "Seat", "Tellings", "Turn", "Turnover", "Wish"),
}
"""Names for which the field has a standard term (docs/architecture.md)."""
RIDDLE = re.compile(r"(Who|What|Whether|How|Where|When|Which)\b")
FRENCH_LETTERS = re.compile(r"\b\w*[àâçéèêëîïôûùœ]\w*\b|[«»]", re.IGNORECASE)
FRENCH_WORDS = re.compile(
    r"\b(au|aux|avec|ce|cette|dans|des|du|elle|est|et|il|la|le|les|ne|pas|pour|que|qui|sont|sur|une"
    r"|vous|votre)\b",
    re.IGNORECASE,
)
SOME_LETTERS = 3
"""A word of fewer is no French: "é" is a test's input."""
SPEAKS_FRENCH = ("gateway/members/french.py", "gateway/translation.py", "simulators/people.py")
"""The columns of French spreadsheets, the spaces of French typography, the members of the demo."""
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def faults_of_names(root: Path) -> Iterator[str]:
    """Yield what is wrong with names and docstrings below a folder."""
    classes: dict[str, list[str]] = defaultdict(list)
    files = sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))
    for file in files:
        where = str(file.relative_to(root))
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, DOCUMENTED) and RIDDLE.match(ast.get_docstring(node) or ""):
                yield f"{where}:{node.body[0].lineno}: a docstring begins with its verb"
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].append(where)
    for name, places in classes.items():
        if len(places) > 1:
            yield f"{name} is the name of several classes: {', '.join(places)}"
        if name in BANNED:
            yield f"{places[0]}: {name} is a banned name: use the field's term"


def faults_of_language(root: Path) -> Iterator[str]:
    """Yield the lines of code, docstrings, comments and templates that are in French."""
    for package in (*PACKAGES, "scripts"):
        for file in sorted((root / package).rglob("*")):
            where = file.relative_to(root).as_posix()
            if where not in SPEAKS_FRENCH:
                for line, text in _texts(file):
                    if is_french(text):
                        yield f"{where}:{line}: French has its place in gateway/locale: {text:.40}"


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings and comments of a module, or the lines of a template."""
    if file.suffix in (".html", ".js"):
        yield from enumerate(file.read_text("utf-8").splitlines(), start=1)
    elif file.suffix == ".py" and file.name != "check_house.py":
        with tokenize.open(file) as opened:
            for token in tokenize.generate_tokens(opened.readline):
                kind = tokenize.tok_name[token.type]
                if kind in ("STRING", "COMMENT", "FSTRING_MIDDLE"):
                    yield token.start[0], token.string


def is_french(text: str) -> bool:
    """Return whether a text has a French word with an accent, or two of French's small words."""
    accented = FRENCH_LETTERS.findall(text)
    small = {word.lower() for word in FRENCH_WORDS.findall(text)}
    return any(word in "«»" or len(word) >= SOME_LETTERS for word in accented) or len(small) > 1


def circles(imports: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Yield the groups of modules that import each other: what reaches itself."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            new = imports[waiting.pop()] - found
            found |= new
            waiting += new
        return found

    reach = {module: reached(module) for module in imports}
    told: set[str] = set()
    for module in sorted(imports):
        if module in reach[module] and module not in told:
            group = sorted(other for other in reach[module] if module in reach[other])
            told.update(group)
            yield group


def faults_of_tests(root: Path) -> Iterator[str]:
    """Yield the folders of tests/unit that no folder of gateway/ or of the checkout stands for."""
    unit = root / "tests/unit"
    for folder in sorted({file.parent.relative_to(unit) for file in unit.rglob("*.py")}):
        if not any((home / folder).is_dir() for home in (root / "gateway", root)):
            yield f"tests/unit/{folder}: there is neither gateway/{folder} nor {folder}"


def main(root: Path) -> int:
    """Print each fault; return the exit code."""
    sys.path.insert(0, str(root))
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    faults = [f"these import each other: {', '.join(group)}" for group in circles(imports)]
    faults += [*faults_of_names(root), *faults_of_tests(root), *faults_of_language(root)]
    for fault in faults:
        sys.stderr.write(f"check: {fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if sys.argv[1:] else ".").resolve()))
