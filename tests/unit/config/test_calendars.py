"""Calendars of the space file: where they are looked for, and that addresses stay secret."""

from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from gateway.config import CalendarFeed, ConfigError, load_calendars, load_space

PLACE = """
[site]
id = "s"
name = "S"
timezone = "Europe/Paris"
[[zones]]
id = "lab"
name = "Lab"
[[machines]]
id = "laser"
name = "L"
zone = "lab"
"""
LAB = '[[calendars]]\nzone = "lab"\n'
ADDRESS = "https://cloud.example.org/dav/s3cr3t-t0ken.ics"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A space file without calendars."""
    file = tmp_path / "space.toml"
    file.write_text(PLACE)
    return file


def with_calendars(place: Path, text: str) -> Path:
    """The file, with these."""
    place.write_text(PLACE + text)
    return place


def test_each_calendar_books_one_thing(place: Path) -> None:
    """Paths are relative to the space file, and what is not said has its default."""
    (place.parent / "secret").write_text(ADDRESS + "\n")
    text = LAB + 'file = "cal/lab.ics"\nrefresh_s = 60\n'
    text += '[[calendars]]\nmachine = "laser"\nurl_file = "secret"\n'
    lab, laser = load_calendars(with_calendars(place, text))
    assert (lab.site, lab.target, lab.file) == ("s", "zone:lab", place.parent / "cal/lab.ics")
    assert (lab.url, lab.refresh_s) == (None, 60)
    assert (laser.target, laser.file, laser.url) == ("machine:laser", None, ADDRESS)
    assert laser.refresh_s == 300


def test_a_folder_has_the_calendars_of_all_its_sites(tmp_path: Path) -> None:
    """Each feed names its site."""
    for name in ("b", "a"):
        text = PLACE.replace('"s"', f'"site-{name}"') + LAB + 'url = "https://x.org/l.ics"\n'
        (tmp_path / f"{name}.toml").write_text(text)
    assert [feed.site for feed in load_calendars(tmp_path)] == ["site-a", "site-b"]


def test_an_address_is_never_shown(place: Path) -> None:
    """Neither by repr nor by a traceback of rich, whichever key it came from."""
    (place.parent / "secret").write_text(ADDRESS)
    for line in ('url_file = "secret"\n', f'url = "{ADDRESS}"\n'):
        (feed,) = load_calendars(with_calendars(place, LAB + line))
        assert feed.url == ADDRESS
        for shown in (repr(feed), str(feed), f"{feed}", pretty_repr(feed), feed.source):
            assert "s3cr3t" not in shown
            assert "cloud.example.org" in shown


def test_the_secret_is_read_by_who_asks_for_feeds(place: Path) -> None:
    """Other commands work for people who may not read it."""
    file = with_calendars(place, LAB + 'url_file = "not-there"\n')
    assert load_space(file)[0].id == "s"
    with pytest.raises(ConfigError, match="not-there cannot be read: No such file") as wrong:
        load_calendars(file)
    assert [fault.path for fault in wrong.value.faults] == ["calendars[0].url_file"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be one address"),
        (b"s3cr3t", "must be one address"),
        (b"https://x.org/a s3cr3t", "must be one address"),
        (b"https://[s3cr3t", "must be one address"),
        (b"webcal://x.org/s3cr3t", "write https:// in place of webcal://"),
        (b"http://x.org/s3cr3t", "must begin with https://"),
        (b"\xff\xfe", "is not text"),
    ],
    ids=["nothing", "no address", "two words", "half an address", "webcal", "http", "bytes"],
)
def test_a_file_without_an_address_is_told_and_not_shown(
    place: Path, content: bytes, message: str
) -> None:
    """The file is named, what it holds is not."""
    (place.parent / "secret").write_bytes(content)
    with pytest.raises(ConfigError) as wrong:
        load_calendars(with_calendars(place, LAB + 'url_file = "secret"\n'))
    (fault,) = wrong.value.faults
    assert message in fault.message
    assert str(place.parent / "secret") in fault.message
    assert "s3cr3t" not in str(wrong.value)


FAULTS = {
    "a calendar of nothing": ('[[calendars]]\nfile = "x"\n', "calendars[0]", "either zone or mach"),
    "a calendar of two things": (
        LAB + 'machine = "laser"\nfile = "x"\n',
        "calendars[0]",
        "either zone or machine",
    ),
    "a calendar of an unknown zone": (
        '[[calendars]]\nzone = "lap"\nfile = "x"\n',
        "calendars[0].zone",
        'did you mean "lab"?',
    ),
    "a calendar of an unknown machine": (
        '[[calendars]]\nmachine = "lazer"\nfile = "x"\n',
        "calendars[0].machine",
        'did you mean "laser"?',
    ),
    "two calendars of one zone": (
        LAB + 'file = "x"\n' + LAB + 'file = "y"\n',
        "calendars[1]",
        "books the same as calendars[0]",
    ),
    "a calendar from nowhere": (LAB, "calendars[0]", "give one of file, url or url_file"),
    "a calendar from two places": (
        LAB + 'file = "x"\nurl = "https://x.org"\n',
        "calendars[0]",
        "give one of file, url or url_file",
    ),
    "an address that is none": (LAB + 'url = "x.org/a"\n', "calendars[0].url", "must be one addr"),
    "an address in the clear": (
        LAB + 'url = "http://x.org/a"\n',
        "calendars[0].url",
        "others could write bookings into it",
    ),
    "an address with a password": (
        LAB + 'url = "https://me:s3cr3t@x.org/a"\n',
        "calendars[0].url",
        "holds a password: write the address into a file, and give url_file",
    ),
    "a calendar that is asked too often": (
        LAB + 'file = "x"\nrefresh_s = 5\n',
        "calendars[0].refresh_s",
        "must be at least 60, is 5",
    ),
}


@pytest.mark.parametrize(("text", "path", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_its_place_and_what_would_be_right(
    place: Path, text: str, path: str, message: str
) -> None:
    """Exactly this one, and no address in it."""
    with pytest.raises(ConfigError) as wrong:
        load_space(with_calendars(place, text))
    assert [fault.path for fault in wrong.value.faults] == [path]
    assert message in wrong.value.faults[0].message
    assert "s3cr3t" not in str(wrong.value)


def test_this_machine_may_be_asked_in_the_clear(place: Path) -> None:
    """Nothing leaves it."""
    (feed,) = load_calendars(with_calendars(place, LAB + 'url = "http://127.0.0.1:8000/l.ics"\n'))
    assert isinstance(feed, CalendarFeed)
    assert feed.source == "a feed of 127.0.0.1"
