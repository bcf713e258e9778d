"""Client ids that nobody can guess, and sessions that the broker must not keep for ever."""

import stat
from pathlib import Path

from gateway.adapters.mqtt.client_ids import FILE, ClientIds


def test_a_client_id_has_a_secret_that_stays(tmp_path: Path) -> None:
    """Over restarts, or the broker would keep what came for another session."""
    first = ClientIds(tmp_path, "seuil", "gw1", is_new=True)
    first.keep([first.of("publisher")])
    again = ClientIds(tmp_path, "seuil", "gw1", is_new=True)
    assert again.of("publisher") == first.of("publisher")
    assert first.of("publisher").startswith("seuil-gw1-publisher-")
    (tmp_path / "other").mkdir()
    assert ClientIds(tmp_path / "other", "seuil", "gw1", is_new=True).of("publisher") != first.of(
        "publisher"
    )


def test_the_secret_is_for_nobody_else(tmp_path: Path) -> None:
    """Whoever knows it can take a session over."""
    ClientIds(tmp_path, "seuil", "gw1", is_new=True).keep(["a"])
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_sessions_that_are_no_longer_used_are_known_until_they_are_ended(tmp_path: Path) -> None:
    """Also those of a release whose ids had no secret."""
    assert ClientIds(tmp_path, "seuil", "gw1", is_new=True).left_over([]) == []
    ids = ClientIds(tmp_path, "seuil", "gw1", is_new=False)
    before = ["seuil-gw1-credentials", "seuil-gw1-sensors", "seuil-gw1-strangers"]
    assert ids.left_over(["reader-01"]) == before
    ids.keep([ids.of("reader-01"), ids.of("reader-02")])
    for one in before:
        ids.ended(one)
    again = ClientIds(tmp_path, "seuil", "gw1", is_new=True)
    assert again.left_over(["reader-02"]) == [ids.of("reader-01")]


def test_a_damaged_file_costs_the_old_sessions_alone(tmp_path: Path) -> None:
    """They expire at the broker."""
    (tmp_path / FILE).write_text("{", "utf-8")
    ids = ClientIds(tmp_path, "seuil", "gw1", is_new=True)
    assert ids.left_over([]) == []
    ids.keep([ids.of("publisher")])
    assert ClientIds(tmp_path, "seuil", "gw1", is_new=True).of("publisher") == ids.of("publisher")
