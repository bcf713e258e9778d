"""`[spaceapi]` and `[[webhooks]]` of the space file: what is read, refused, and kept secret."""

import base64
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from gateway.config import ConfigError, load_other_tools, load_settings, load_space

PLACE = """
[site]
id = "s"
name = "S"
timezone = "Europe/Paris"
[[zones]]
id = "lab"
name = "Lab"
[[doors]]
id = "front"
name = "F"
zone = "lab"
"""
SPACEAPI = """
[spaceapi]
url = "https://s.example"
logo = "https://s.example/logo.png"
contact = { email = "us@s.example" }
"""
HOOK = '[[webhooks]]\nurl = "https://hooks.example/s3cr3t"\nsecret_file = "hook"\n'
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a webhook's secret."""
    (tmp_path / "hook").write_text("whsec_" + base64.b64encode(SECRET).decode() + "\n")
    return tmp_path / "space.toml"


def written(place: Path, text: str) -> Path:
    """The space file with these tables."""
    place.write_text(PLACE + text)
    return place


def test_nothing_is_told_by_default(place: Path) -> None:
    """A space file that names no other tool has none."""
    told = load_other_tools(written(place, ""))
    assert (told.spaceapi, told.webhooks) == ({}, ())


def test_what_is_written_is_told(place: Path) -> None:
    """Both tables are read, a site each, and the site itself knows nothing of them."""
    text = SPACEAPI + 'open_when = { doors = ["front"] }\npeople_in = ["lab"]\n' + HOOK
    told = load_other_tools(written(place, text))
    public = told.spaceapi[load_space(place)[0].id]
    assert public.contact == {"email": "us@s.example"}
    assert (public.open_doors, public.open_zones, public.people_in) == (("front",), (), ("lab",))
    (hook,) = told.webhooks
    assert hook.secret == SECRET
    assert sorted(hook.events) == ["alarm", "door", "mode", "zone"]


def test_a_webhook_is_never_shown(place: Path) -> None:
    """Neither its secret nor its address, which may be one."""
    (hook,) = load_other_tools(written(place, HOOK)).webhooks
    for shown in (repr(hook), f"{hook}", pretty_repr(hook)):
        assert "s3cr3t" not in shown
        assert "0123" not in shown


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (SPACEAPI + 'people_in = ["lap"]\n', "spaceapi.people_in[0]", 'did you mean "lab"'),
        (SPACEAPI + 'open_when = { doors = ["frond"] }\n', "spaceapi.open_when.doors[0]", "front"),
        (SPACEAPI + "lat = 1.5\n", "spaceapi.lat", "together"),
        (SPACEAPI.replace('email = "us@s.example"', ""), "spaceapi.contact", "at least one way"),
        (SPACEAPI.replace("https://s.example/", "s.example/"), "spaceapi.logo", "https://"),
        ("[[spaceapi]]\n", "spaceapi", "written [spaceapi]"),
        (HOOK.replace("https:", "http:"), "webhooks[0].url", "must begin with https://"),
        (HOOK.replace("//hooks", "//me:s3cr3t@hooks"), "webhooks[0].url", "not hold a password"),
        (HOOK + HOOK, "webhooks[1].url", "webhooks[0].url"),
        (HOOK + "events = []\n", "webhooks[0].events", "names none"),
        (HOOK + 'events = ["dor"]\n', "webhooks[0].events[0]", 'did you mean "door"'),
    ],
)
def test_a_fault_says_what_would_be_right(place: Path, text: str, path: str, message: str) -> None:
    """Each is found by `seuil check`, at its place."""
    with pytest.raises(ConfigError) as wrong:
        load_space(written(place, text))
    (fault,) = wrong.value.faults
    assert (fault.path, message in fault.message) == (path, True), fault


@pytest.mark.parametrize("content", [b"", b"s3cr3t", b"whsec_s3cr3t", b"whsec_c2hvcnQ=", b"\xff"])
def test_a_file_without_a_secret_is_told_and_not_shown(place: Path, content: bytes) -> None:
    """The file is named, what it holds is not."""
    place.with_name("hook").write_bytes(content)
    with pytest.raises(ConfigError, match="holds no secret") as wrong:
        load_other_tools(written(place, HOOK))
    assert "s3cr3t" not in str(wrong.value).replace(str(place), "")


def test_hosts_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEUIL_WEBHOOK_HOSTS is read as people write lists; an address in its place is a fault."""
    monkeypatch.setenv("SEUIL_WEBHOOK_HOSTS", "Hooks.example, 192.168.1.7 ,")
    assert load_settings().webhook_hosts == ("hooks.example", "192.168.1.7")
    monkeypatch.setenv("SEUIL_WEBHOOK_HOSTS", "https://hooks.example/x")
    with pytest.raises(ConfigError, match="must be hosts alone"):
        load_settings()
