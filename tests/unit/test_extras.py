"""A gateway alone is installed without what only the console, the report and the demo need."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Final

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


def without_extras(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where no extra is installed."""
    code = (
        f"import sys\nfor name in {sorted(modules())!r}: sys.modules[name] = None\n"
        "from gateway.cli import main; main()"
    )
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )


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


def test_help_names_what_is_missing() -> None:
    """Every command is there; the missing ones say how they are installed."""
    told = without_extras("--help")
    assert told.returncode == 0, told.stderr
    assert "Not installed: extra console." in told.stdout
    assert "doctor" in told.stdout


@pytest.mark.parametrize(
    ("words", "extra"), [(("console", "x.toml"), "console"), (("report", "2026-11"), "report")]
)
def test_a_missing_command_says_how_it_is_installed(words: tuple[str, ...], extra: str) -> None:
    """One line, exit code 2."""
    told = without_extras(*words)
    assert told.returncode == 2
    assert told.stderr == f"`seuil {words[0]}` is not installed: pip install 'seuil[{extra}]'\n"


@pytest.mark.parametrize(
    "words",
    [
        ("check", "gateway/examples/space.toml"),
        ("members", "--help"),
        ("why", "--help"),
        ("privacy", "--help"),
        ("broker-config", "--help"),
        ("doctor", "--help"),
        ("run", "--help"),
        ("request", "--help"),
    ],
    ids=" ".join,
)
def test_the_others_work_without(words: tuple[str, ...]) -> None:
    """None of them needs an extra."""
    told = without_extras(*words)
    assert told.returncode == 0, told.stderr
