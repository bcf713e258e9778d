"""An open stream of the running console, when its watcher may no longer see it."""

import asyncio
from pathlib import Path

import httpx
import pytest

from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.config import Settings, load_space
from gateway.console.auth.authenticator import SignIn
from tests.servers import PATIENCE_S
from tests.world.console import EXAMPLE, served
from tests.world.signed_in import administrator, enrol


@pytest.mark.parametrize("how", ["role", "sign-out"])
async def test_ends(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that is taken, or a sign-out elsewhere, ends the stream."""
    monkeypatch.setattr("gateway.console.feed.hub.HEARTBEAT_S", 3600.0)  # it is not that
    settings = Settings(data_dir=tmp_path, broker_url=f"mqtt://{LOOPBACK}:{free_port()}")
    ada = administrator(settings, "viewer")
    (site, *_) = load_space(EXAMPLE)
    async with (
        served((site,), settings, SignIn) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as browser,
    ):
        browser.cookies.set(*ada.cookie)
        async with browser.stream("GET", f"/sites/{site.id}/events") as answer:
            lines = answer.aiter_lines()
            assert (await anext(lines)).startswith("event")
            if how == "role":
                enrol(settings, "")
            else:
                async with httpx.AsyncClient(base_url=browser.base_url) as other:
                    other.cookies.set(*ada.cookie)
                    await other.post("/sign-out", headers={"x-csrf-token": ada.csrf})
            async with asyncio.timeout(PATIENCE_S):
                async for _ in lines:
                    pass
        path = f"/sites/{site.id}/events"
        assert (await browser.get(path)).status_code == (404 if how == "role" else 303)
