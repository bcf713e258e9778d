"""A session is told by the browser's name, not by what all browsers say."""

import pytest

from gateway.console.web.user_agent import browser

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/131.0 Safari/537.36", "Chrome, Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/131.0 Edg/131.0", "Edge, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel) Gecko/20100101 Firefox/133.0", "Firefox, Mac"),
        (f"Mozilla/5.0 (iPhone; like Mac OS X) {WEBKIT} Version/18 Safari/604", "Safari, iPhone"),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/131.0 Safari/537", "Chrome, Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_browser_is_told_by_its_name(agent: str, told: str) -> None:
    """And by its machine; anything else by what it says."""
    assert browser(agent) == told
