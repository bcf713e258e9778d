"""The house: locks, scripts, packaging and the contracts between packages."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Final

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


FORBIDDEN: Final = (
    ("gateway.core.bad", "sqlite3", "The core does no I/O"),
    ("gateway.core.worse", "gateway.config", "The core does no I/O"),
    ("gateway.adapters.bad", "gateway.service.pipeline", "An import never runs upwards"),
    ("sensors.bad", "gateway.adapters", "Sensors and simulators know the wire"),
    ("simulators.bad", "gateway.service.pipeline", "Sensors and simulators know the wire"),
    ("gateway.console.bad", "gateway.service.pipeline", "The console is one more client"),
)
"""Modules, what each imports, and the contract that this breaks."""
PLANTED: Final[Mapping[str, tuple[Mapping[str, str], str]]] = {
    "a circle": (
        {
            "gateway/config/one.py": '"""One."""\nimport gateway.config.other\n',
            "gateway/config/other.py": '"""Other."""\nimport gateway.config.one\n',
        },
        "import each other: gateway.config.one, gateway.config.other",
    ),
    "a name twice": (
        {
            "gateway/one.py": '"""One."""\n\n\nclass Engine:\n    """One."""\n\n\n',
            "sensors/two.py": '"""Two."""\n\n\nclass Engine:\n    """Two."""\n',
        },
        "Engine is the name of several classes",
    ),
    "a banned name": (
        {"gateway/three.py": '"""Three."""\n\n\nclass Turnover:\n    """Three."""\n'},
        "Turnover is a banned name",
    ),
    "a riddle": (
        {"sensors/one.py": '"""Whether it is one."""\n'},
        "sensors/one.py:1: a docstring begins with its verb",
    ),
    "tests of no folder": (
        {"tests/unit/cutoff/test_one.py": ""},
        "tests/unit/cutoff: there is neither gateway/cutoff nor cutoff",
    ),
    "a French sentence": (
        {"gateway/four.py": '"""Four."""\n\nONE = "La porte est ouverte"\n'},
        "gateway/four.py:3: French has its place in gateway/locale",
    ),
    "a French comment": (
        {"sensors/five.py": '"""Five."""\n\n# Porte fermée\n'},
        "sensors/five.py:3: French has its place in gateway/locale",
    ),
    "a French page": (
        {"gateway/console/web/templates/one.html": "<h1>Au fablab, que sont</h1>"},
        "one.html:1: French has its place in gateway/locale",
    ),
}
"""Files, and what the check says of them."""


def copied(folder: Path, planted: Mapping[str, str]) -> None:
    """Copy the packages, and put files among them."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name, text in planted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def broken_contracts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy in which every promise is broken."""
    folder = tmp_path_factory.mktemp("lint")
    copied(
        folder,
        {
            f"{module.replace('.', '/')}.py": f'"""Broken."""\n\nimport {imported}\n'
            for module, imported, _ in FORBIDDEN
        },
    )
    shutil.copy(ROOT / "pyproject.toml", folder)
    lint = subprocess.run(  # noqa: S603 - import-linter
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 1, lint.stdout
    said = re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", lint.stdout))
    return said.partition("Broken contracts")[2]


@pytest.mark.parametrize(("module", "imported", "contract"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(
    broken_contracts: str, module: str, imported: str, contract: str
) -> None:
    """Each contract turns red when its promise is broken, and names the import."""
    section = re.search(re.escape(contract) + r".*?(?:-{5,} ?)+(.*?)(-{5,}|$)", broken_contracts)
    assert section is not None, broken_contracts
    assert f"{module} -> {imported} " in section[1], broken_contracts


@pytest.fixture(scope="module")
def faults_of_the_house(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the check says of a copy in which each of its promises is broken."""
    folder = tmp_path_factory.mktemp("house")
    copied(folder, {name: text for files, _ in PLANTED.values() for name, text in files.items()})
    check = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "scripts/check_house.py", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 1
    return check.stderr


@pytest.mark.parametrize(("_files", "fault"), PLANTED.values(), ids=PLANTED)
def test_the_check_of_the_house_turns_red(
    faults_of_the_house: str, _files: Mapping[str, str], fault: str
) -> None:
    """Each fault is named, in one run."""
    assert fault in faults_of_the_house


def test_the_shipped_broker_configuration_is_the_example_s() -> None:
    """deploy/mosquitto has not drifted from what `seuil broker-config` makes of the example."""
    name, place = "mosquitto.conf", BrokerPaths(plugin=IMAGE_PLUGIN)
    made = broker_files(load_space(ROOT / "gateway/examples/space.toml"), place=place)
    assert (ROOT / "deploy/mosquitto" / name).read_text(encoding="utf-8") == made[name]
