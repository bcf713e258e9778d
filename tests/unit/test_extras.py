"""A gateway alone is installed without what only the console, the report and the demo need."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from typing import Final, NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.paths import ROOT

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
BASE: Final = {canonicalize_name(Requirement(one).name) for one in PROJECT["dependencies"]}
EXTRAS: Final = ("console", "report", "demo")


def modules() -> set[str]:
    """Return the top-level modules of packages that come with an extra alone."""
    wanted = {
        canonicalize_name(Requirement(line).name)
        for extra in EXTRAS
        for line in PROJECT["optional-dependencies"][extra]
    }
    return {
        module
        for module, packages in packages_distributions().items()
        if {canonicalize_name(each) for each in packages} & (wanted - BASE - {"seuil"})
    }


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


MISSING: Final = (("console", "x.toml"), ("report", "2026-11"))
"""Commands of an extra."""
WORKING: Final = (
    ("check", "gateway/examples/space.toml"),
    ("members", "--help"),
    ("why", "--help"),
    ("privacy", "--help"),
    ("broker-config", "--help"),
    ("doctor", "--help"),
    ("run", "--help"),
    ("request", "--help"),
)
"""Commands that need none."""
PROGRAM: Final = """
import contextlib, io, json, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None
from gateway.cli import main
ended = []
for words in json.loads(sys.argv[2]):
    sys.argv = ["seuil", *words]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        with contextlib.redirect_stderr(io.StringIO()) as err:
            try:
                code = main()
            except SystemExit as end:
                code = end.code
    ended.append((code or 0, out.getvalue(), err.getvalue()))
print(json.dumps(ended))
"""


@pytest.fixture(scope="module")
def without_extras() -> Mapping[tuple[str, ...], Ended]:
    """How each command ends where no extra is installed, all in one process."""
    commands = (("--help",), *MISSING, *WORKING)
    told = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-c", PROGRAM, json.dumps(sorted(modules())), json.dumps(commands)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return dict(zip(commands, map(Ended._make, json.loads(told.stdout)), strict=True))


def test_the_extras_are_known() -> None:
    """Else nothing would be looked for below."""
    assert modules() >= {"authlib", "webauthn", "reportlab", "fastapi", "jinja2", "iotcore"}


def test_the_gateway_imports_none_of_them() -> None:
    """Its process holds what it needs, and no more."""
    code = "import gateway.cli.run, gateway.service.app, gateway.service.components, sys"
    told = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", f"{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "gateway.service.pipeline" in told
    assert modules() & {name.partition(".")[0] for name in told} == set()


def test_help_names_what_is_missing(without_extras: Mapping[tuple[str, ...], Ended]) -> None:
    """Every command is there; the missing ones say how they are installed."""
    told = without_extras["--help",]
    assert told.code == 0, told.err
    assert "Not installed: extra console." in told.out
    assert "doctor" in told.out


@pytest.mark.parametrize("words", MISSING, ids=" ".join)
def test_a_missing_command_says_how_it_is_installed(
    without_extras: Mapping[tuple[str, ...], Ended], words: tuple[str, ...]
) -> None:
    """One line, exit code 2."""
    told = without_extras[words]
    assert told.code == 2
    extra = words[0]
    assert told.err == f"`seuil {extra}` is not installed: pip install 'seuil[{extra}]'\n"


@pytest.mark.parametrize("words", WORKING, ids=" ".join)
def test_the_others_work_without(
    without_extras: Mapping[tuple[str, ...], Ended], words: tuple[str, ...]
) -> None:
    """None of them needs an extra."""
    told = without_extras[words]
    assert told.code == 0, told.err
