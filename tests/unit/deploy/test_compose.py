"""docker-compose.yml, the Dockerfile, systemd units and Grafana's files say only what is true."""

import json
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from dotenv import dotenv_values
from typer.core import TyperGroup

from gateway.cli import app
from gateway.config import Settings
from tests.paths import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("gateway", "console", "backup", "simulators")
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
SPACE = "gateway/examples/space.toml"
SETTINGS = {f"SEUIL_{name.upper()}" for name in Settings.model_fields}
MEASUREMENTS = {  # design, section 6: (tags, fields)
    "occupancy": (
        {"site", "zone"},
        {"people", "low", "high", "known", "capacity", "p_vacant", "p_full"},
    ),
    "occupancy_1m": ({"site", "zone"}, {"mean", "min", "max"}),
    "access": ({"site", "access_point", "decision", "reason"}, {"count", "latency_ms"}),
    "sensor": ({"site", "zone", "device", "kind"}, {"value"}),
    "device": (
        {"site", "device"},
        {"online", "battery", "last_seen_s", "gaps", "duplicates", "ghosts"},
    ),
    "gateway": ({"instance"}, {"backlog", "commit_ms", "decisions", "dropped"}),
}


def environment(name: str) -> set[str]:
    """A container's variables, with those of the installation's file."""
    file = dotenv_values(ROOT / "deploy" / "docker.env")
    return set(SERVICES[name].get("environment", {})) | set(file)


def each_service() -> pytest.MarkDecorator:
    """One case a service."""
    return pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def test_compose_file_is_valid() -> None:
    """It follows the compose specification's schema."""
    schema = files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    jsonschema.validate(COMPOSE, json.loads(schema.read_text(encoding="utf-8")))


@each_service()
def test_everything_mounted_exists(service: dict[str, Any]) -> None:
    """A path of ours is there; a volume is declared."""
    for mount in service.get("volumes", []):
        source = re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", mount).split(":")[0]
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert mount.endswith(":ro"), f"{source}: is not ours to be written"
        else:
            assert source in COMPOSE["volumes"]


@each_service()
def test_each_secret_is_declared(service: dict[str, Any]) -> None:
    """What a service asks for is in the list, and what we read has a setting's name."""
    for secret in service.get("secrets", []):
        source, target = source_and_target(secret)
        assert source in COMPOSE["secrets"]
        if target.startswith("seuil_"):
            assert target.upper() in SETTINGS


def test_each_declared_secret_is_used() -> None:
    """No secret is mounted for nobody."""
    used = {
        source_and_target(secret)[0]
        for service in SERVICES.values()
        for secret in service.get("secrets", [])
    }
    assert used == set(COMPOSE["secrets"])


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """The script makes every declared file, tells no stranger, and keeps what is there."""
    (tmp_path / "deploy" / "mosquitto").mkdir(parents=True)
    script = shutil.copy(ROOT / "deploy" / "make_secrets.py", tmp_path / "deploy")
    made = []
    command = [sys.executable, script, ROOT / SPACE, "--demo"]
    for _ in range(2):
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ours
        made.append({file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()})
    first, second = made
    assert set(first) == set(COMPOSE["secrets"]) | {"devices"}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    salted = {"mosquitto_access"}
    assert {name for name in first if first[name] != second[name]} == salted


def test_a_real_place_has_no_login_that_plays_every_device(tmp_path: Path) -> None:
    """The simulator's is made for the demo only; all else is the same."""
    (tmp_path / "deploy" / "mosquitto").mkdir(parents=True)
    script = shutil.copy(ROOT / "deploy" / "make_secrets.py", tmp_path / "deploy")
    subprocess.run([sys.executable, script, ROOT / SPACE], check=True, capture_output=True)  # noqa: S603 - ours
    made = {file.name for file in (tmp_path / "secrets").iterdir()}
    assert made == set(COMPOSE["secrets"]) - {"simulator_password"} | {"devices"}
    access = json.loads((tmp_path / "secrets" / "mosquitto_access").read_text())
    assert "simulator" not in {client["username"] for client in access["clients"]}


@pytest.mark.parametrize("name", OURS)
def test_no_secret_is_in_the_environment(name: str) -> None:
    """Passwords, tokens and keys come from files only."""
    secret = [word for word in environment(name) if re.search("PASS|TOKEN|KEY", word)]
    assert not secret


@pytest.mark.parametrize("name", OURS)
def test_each_variable_is_a_setting(name: str) -> None:
    """A misspelt variable would be lost."""
    assert environment(name) <= SETTINGS


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_of_ours(name: str) -> None:
    """The command line of each container is accepted by the real command."""
    accepted(SERVICES[name]["command"])


def test_dockerfile_runs_and_checks_with_our_commands() -> None:
    """CMD and HEALTHCHECK are accepted by the real command."""
    text = (ROOT / "Dockerfile").read_text()
    command, *health = (json.loads(found) for found in reversed(re.findall(r"CMD (\[.*\])", text)))
    accepted(command)
    assert [one[0] for one in health] == ["seuil"]
    accepted(health[0][1:])
    assert SERVICES["gateway"]["healthcheck"]["test"] == ["CMD", *health[0]]
    for variable in re.findall(r"SEUIL_\w+", text):
        assert variable in SETTINGS


def test_dockerfile_copies_what_dockerignore_lets_through() -> None:
    """Each thing that is copied from here exists and is not ignored."""
    let = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    copied = re.findall(
        r"^COPY ((?!--from).*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    assert {name for line in copied for name in line.split()} == let
    assert not [name for name in let if not (ROOT / name).exists()]


@each_service()
def test_each_container_has_little_power(service: dict[str, Any]) -> None:
    """Not root, no capability, no port beyond the loopback, a pinned image, a health check."""
    assert service["user"].split(":")[0] not in {"0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] or service["image"].startswith("influxdb:")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert re.search(r":\d+\.\d+\.\d+$", service["image"])
    assert service["healthcheck"]


def test_profiles() -> None:
    """Without a profile: broker, store, gateway, page."""
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert profiles == {
        "mosquitto": None,
        "influxdb": None,
        "gateway": None,
        "console": None,
        "backup": None,
        "demo-roster": ["demo"],
        "demo-members": ["demo"],
        "simulators": ["demo"],
        "grafana": ["observability"],
    }


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_units_use_our_commands_and_settings(unit: Path) -> None:
    """Each ExecStart is accepted; each variable and credential is a setting."""
    text = unit.read_text()
    (line,) = re.findall(r"^ExecStart=/opt/seuil/bin/seuil (.*)$", text, re.MULTILINE)
    accepted(line.split())
    assert set(re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)) <= SETTINGS
    credentials = re.findall(r"LoadCredential=(\w+):", text)
    assert credentials
    assert {name.upper() for name in credentials} <= SETTINGS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_units_are_watched_and_confined(unit: Path) -> None:
    """Each is heard of, restarted when it is wedged, and touches nothing but its own data."""
    lines = unit.read_text().splitlines()
    (folder,) = (line.partition("=")[2] for line in lines if line.startswith("StateDirectory="))
    assert dotenv_values(UNITS[0].with_name("seuil.env"))["SEUIL_DATA_DIR"] == f"/var/lib/{folder}"
    for line in (
        "DynamicUser=yes",
        "UMask=0077",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
    ):
        assert line in lines, line
    if "Type=oneshot" in lines:
        timer = unit.with_suffix(".timer").read_text()
        assert "Persistent=true" in timer
    else:
        assert {"Type=notify", "Restart=always"} <= set(lines)
        assert [line for line in lines if line.startswith("WatchdogSec=")]


def test_the_installations_file_says_only_what_a_setting_is() -> None:
    """And no secret: services' users read it."""
    for file in (ROOT / "deploy/systemd/seuil.env", ROOT / "deploy/docker.env"):
        told = set(dotenv_values(file)) | set(re.findall(r"# (SEUIL_\w+)=", file.read_text()))
        assert told <= SETTINGS
        assert not [name for name in told if re.search("PASS|TOKEN|KEY", name)]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_its_units(unit: Path, tmp_path: Path) -> None:
    """Its own judge finds no fault, and little that an intruder could reach (2.0 of 10 at most)."""
    copy = tmp_path / unit.name  # the program of a real installation is not here
    copy.write_text(unit.read_text().replace("/opt/seuil/bin/seuil", "/bin/true"))
    for arguments in (("verify",), ("security", "--offline=yes", "--threshold=20")):
        command = ("systemd-analyze", "--no-pager", *arguments, str(copy))
        judged = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.parametrize(
    "file", sorted((ROOT / "deploy" / "grafana").rglob("*.yml")), ids=lambda file: file.parent.name
)
def test_grafana_provisioning_parses(file: Path) -> None:
    """Each provisioning file is YAML of version 1."""
    assert yaml.safe_load(file.read_text())["apiVersion"] == 1


def test_datasource_and_dashboard_agree() -> None:
    """The dashboard asks the provisioned datasource, for the gateway's own bucket."""
    folder = ROOT / "deploy" / "grafana" / "provisioning" / "datasources"
    (source,) = yaml.safe_load((folder / "influxdb.yml").read_text())["datasources"]
    bucket = SERVICES["gateway"]["environment"]["SEUIL_INFLUX_BUCKET"]
    assert source["jsonData"]["dbName"] == bucket
    assert SERVICES["influxdb"]["environment"]["DOCKER_INFLUXDB_INIT_BUCKET"] == bucket
    assert {panel["datasource"]["uid"] for panel in dashboard()["panels"]} == {source["uid"]}


@pytest.mark.parametrize(
    "query",
    [
        target["query"]
        for panel in json.loads((ROOT / "deploy/grafana/dashboards/seuil.json").read_text())[
            "panels"
        ]
        for target in panel["targets"]
    ],
)
def test_dashboard_names_only_what_is_written(query: str) -> None:
    """Measurement, fields and tags are those of the design."""
    (measurement,) = re.findall(r'FROM "(\w+)"', query)
    tags, fields = MEASUREMENTS[measurement]
    asked = re.findall(r'\w+\("(\w+)"', query)
    assert asked
    assert set(asked) <= fields
    grouped = query.partition("GROUP BY")[2]
    filtered = re.findall(r'"(\w+)" =~', query)
    assert set(re.findall(r'"(\w+)"', grouped)) | set(filtered) <= tags


def source_and_target(secret: str | dict[str, str]) -> tuple[str, str]:
    """A secret's name in the compose file, and its file's name in the container."""
    if isinstance(secret, str):
        return secret, secret
    return secret["source"], Path(secret.get("target", secret["source"])).name


def dashboard() -> dict[str, Any]:
    """The shipped dashboard."""
    found: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboards/seuil.json").read_text())
    return found


def accepted(arguments: list[str]) -> None:
    """Fail unless the real command line takes these arguments."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    name, *rest = [SPACE if word == "/etc/seuil/space.toml" else word for word in arguments]
    command = group.get_command(group.make_context("seuil", [name]), name)
    assert command is not None, name
    command.make_context(name, rest)
