"""The house: locks, scripts, packaging and the contracts between packages."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gateway.adapters.broker.dynamic_security import IMAGE_PLUGIN
from gateway.adapters.broker.mosquitto_config import BrokerPaths, broker_files
from gateway.config import load_space
from tests.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCRIPTS = [
    *sorted(each for each in (ROOT / "scripts").iterdir() if each.is_file() and not each.suffix),
    ROOT / ".ci" / "run",
]
PACKAGES = ("gateway", "sensors", "simulators", "benchmarks")


def locked(name: str) -> dict[str, str]:
    """Each package of a lock with its version."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["run", "dev"])
def test_each_locked_package_has_hashes(name: str) -> None:
    """Every entry is pinned, and has more than one file to choose from (wheels or the source)."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert len(entries) == len(locked(name))
    assert not [entry for entry in entries if entry.count("--hash=sha256:") < 2]


@pytest.mark.parametrize("name", ["run", "dev"])
def test_locks_name_no_index_and_no_local_path(name: str) -> None:
    """A lock says what, not from where."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert not re.search(
        r"://|^\s*-[-a-z]*(index|find|trusted|i|f)\b|file:| @ |/(opt|tmp)/", text, re.MULTILINE
    )


def test_run_lock_holds_every_dependency() -> None:
    """What pyproject.toml asks for is locked, in a version that fits."""
    extras = (PROJECT["optional-dependencies"][extra] for extra in ("console", "report", "demo"))
    for line in chain(PROJECT["dependencies"], *extras):
        if line.startswith("seuil["):
            continue
        wanted = Requirement(line)
        assert wanted.specifier.contains(locked("run")[canonicalize_name(wanted.name)]), line


def test_dev_lock_contains_the_run_lock() -> None:
    """Tests run on the versions that the service runs on."""
    assert locked("run").items() <= locked("dev").items()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_are_strict_and_executable(script: Path) -> None:
    """Bash that stops at the first fault, and can be called."""
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert os.access(script, os.X_OK)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The parts of the house that scripts/setup needs, elsewhere."""
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def setup(house: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """scripts/setup in a clean environment, called from elsewhere."""
    return subprocess.run(  # noqa: S603 - our own script
        [house / "scripts" / "setup", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(house)} | environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_setup_says_which_python_is_wrong(house: Path) -> None:
    """A PYTHON that does not work is named."""
    done = setup(house, PYTHON="/nowhere/python")
    assert done.returncode == 1
    assert done.stderr == "setup: PYTHON=/nowhere/python is no working Python 3.11 or newer.\n"


def test_setup_without_python_says_what_it_needs(house: Path) -> None:
    """With no Python on the path, the message says which one and how to name it."""
    tools = house / "bin"
    tools.mkdir()
    for name in ("bash", "cat", "cksum", "dirname", "env", "mktemp", "rm"):
        (tools / name).symlink_to(Path(shutil.which(name) or name))
    done = setup(house, PATH=str(tools))
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "PYTHON=" in done.stderr


def test_setup_says_when_no_venv_can_be_made(house: Path) -> None:
    """Debian without python3-venv: the package is named, and no half folder stays."""
    fake = house / "python"
    fake.write_text(
        f'#!/bin/sh\ncase "$*" in *venv*) mkdir .venv; exit 1;; esac\nexec {sys.executable} "$@"\n'
    )
    fake.chmod(0o755)
    done = setup(house, PYTHON=str(fake))
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert not (house / ".venv").exists()


def test_setup_refuses_what_it_does_not_know(house: Path) -> None:
    """A misspelt option is an error."""
    assert setup(house, "--devel").returncode == 2


def test_wheel_contains_what_is_not_python(tmp_path: Path) -> None:
    """SQL, templates, static files and examples are installed with the code; tests are not."""
    subprocess.run(  # noqa: S603 - hatchling
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("seuil-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        if package != "benchmarks"  # they are of a checkout
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert names == ours
    assert {name.rpartition(".")[2] for name in names} >= {"py", "sql", "toml"}


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("gateway/core/bad.py", "import sqlite3", "The core does no I/O"),
        ("gateway/core/bad.py", "from gateway.config import load_space", "The core does no I/O"),
        (
            "gateway/adapters/bad.py",
            "import gateway.service.pipeline",
            "An import never runs upwards",
        ),
        ("sensors/bad.py", "import gateway.adapters", "Sensors and simulators know the wire"),
        (
            "simulators/bad.py",
            "import gateway.service.pipeline",
            "Sensors and simulators know the wire",
        ),
        (
            "gateway/console/bad.py",
            "import gateway.service.pipeline",
            "The console is one more client",
        ),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    """Each contract turns red when its promise is broken."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / module).write_text(f'"""Broken."""\n\n{line}\n')
    lint = subprocess.run(  # noqa: S603 - import-linter
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", lint.stdout))
    assert lint.returncode == 1, said
    assert re.search(re.escape(contract) + r"((?!KEPT).)*? BROKEN", said), said


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        pytest.param(
            {
                "gateway/config/one.py": '"""One."""\nimport gateway.config.other\n',
                "gateway/config/other.py": '"""Other."""\nimport gateway.config.one\n',
            },
            "import each other: gateway.config.one, gateway.config.other",
            id="a circle",
        ),
        pytest.param(
            {"gateway/one.py": '"""One."""\n\n\nclass Engine:\n    """One."""\n\n\n'}
            | {"sensors/two.py": '"""Two."""\n\n\nclass Engine:\n    """Two."""\n'},
            "Engine is the name of several classes",
            id="a name twice",
        ),
        pytest.param(
            {"gateway/one.py": '"""One."""\n\n\nclass Turnover:\n    """One."""\n'},
            "Turnover is a banned name",
            id="a banned name",
        ),
        pytest.param(
            {"sensors/one.py": '"""Whether it is one."""\n'},
            "sensors/one.py:1: a docstring begins with its verb",
            id="a riddle",
        ),
        pytest.param(
            {"tests/unit/cutoff/test_one.py": ""},
            "tests/unit/cutoff: there is neither gateway/cutoff nor cutoff",
            id="tests of no folder",
        ),
    ],
)
def test_the_check_of_the_house_turns_red(
    tmp_path: Path, planted: dict[str, str], fault: str
) -> None:
    """Each of its promises is broken in turn, in a copy."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name, text in planted.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    check = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "scripts/check_house.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 1
    assert fault in check.stderr


def test_the_shipped_broker_configuration_is_the_example_s() -> None:
    """deploy/mosquitto has not drifted from what `seuil broker-config` makes of the example."""
    name, place = "mosquitto.conf", BrokerPaths(plugin=IMAGE_PLUGIN)
    made = broker_files(load_space(ROOT / "gateway/examples/space.toml"), place=place)
    assert (ROOT / "deploy/mosquitto" / name).read_text(encoding="utf-8") == made[name]
