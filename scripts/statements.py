"""Count the statements of Python code; `scripts/statements` calls it.

    scripts/statements                            each package and the tests
    scripts/statements gateway/core tests/world   these folders or files
    scripts/statements --at d93418c gateway       as it was at a commit

A statement is a node of the syntax tree (`ast.stmt`). A docstring is none: words are not code, and
neither are comments, line breaks nor the number of names in one import.
"""

import argparse
import ast
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
COUNTED: Final = ("gateway", "sensors", "simulators", "benchmarks", "tests")


def statements(source: str | bytes) -> int:
    """Return the number of statements in a module."""
    return sum(
        isinstance(node, ast.stmt) and not _is_words(node) for node in ast.walk(ast.parse(source))
    )


def _is_words(node: ast.stmt) -> bool:
    """Recognise a docstring, of a module, a class, a function or a constant."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def sources(root: Path, path: str, at: str | None = None) -> Iterator[bytes]:
    """Yield the Python files of a folder, or one file, of the checkout or of a commit.

    Raises:
        FileNotFoundError: There is no such path.

    """
    if at is not None:
        yield from _archived(root, path, at)
    elif (root / path).is_file():
        yield (root / path).read_bytes()
    elif (root / path).is_dir():
        yield from (file.read_bytes() for file in sorted((root / path).rglob("*.py")))
    else:
        raise FileNotFoundError(path)


def _archived(root: Path, path: str, at: str) -> Iterator[bytes]:
    git = subprocess.run(  # noqa: S603 - git, on this repository
        ("git", "archive", "--format=tar", at, "--", path),  # noqa: S607 - from PATH
        cwd=root,
        capture_output=True,
        check=False,
    )
    if git.returncode:
        raise FileNotFoundError(git.stderr.decode().strip())
    with tarfile.open(fileobj=io.BytesIO(git.stdout)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".py") else None
            if file is not None:
                yield file.read()


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print a line for each path; return the exit code."""
    parser = argparse.ArgumentParser("scripts/statements", description=__doc__.partition("\n")[0])
    parser.add_argument("--at", metavar="COMMIT", help="count what the commit has")
    parser.add_argument("path", nargs="*", default=COUNTED, help="a folder or a file")
    asked = parser.parse_args(arguments)
    print(f"{'statements':>10} {'files':>6}  path")
    for path in asked.path:
        try:
            counts = [statements(source) for source in sources(root, path, asked.at)]
        except FileNotFoundError as error:
            print(f"statements: {error}: no such path", file=sys.stderr)
            return 2
        print(f"{sum(counts):>10} {len(counts):>6}  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
