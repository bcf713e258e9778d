"""An open stream of the running console, when its watcher may no longer see it."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from gateway.adapters.loopback import LOOPBACK, free_port
from gateway.config import Settings, load_space
from gateway.console.serve import serve
from gateway.console.signin.seats import SignIn
from tests.console_place import EXAMPLE
from tests.signed_in import administrator, enrol

CLOSED_WITHIN_S = 2.0
_SLACK_S = 2.0
"""For a machine that does ten other things."""


@pytest.mark.parametrize("how", ["role", "sign-out"])
async def test_ends(tmp_path: Path, how: str) -> None:
    """A role that is taken, or a sign-out elsewhere, ends the stream within 2 s."""
    settings = Settings(data_dir=tmp_path, broker_url=f"mqtt://{LOOPBACK}:{free_port()}")
    ada = administrator(settings, "viewer")
    (site, *_), port = load_space(EXAMPLE), free_port()
    serving = asyncio.create_task(serve((site,), settings, seats=SignIn, port=port))
    try:
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=10) as browser:
            browser.cookies.set(*ada.cookie)
            await _until_up(browser)
            async with browser.stream("GET", f"/sites/{site.id}/events") as answer:
                lines = answer.aiter_lines()
                assert (await anext(lines)).startswith("event")
                began = time.monotonic()
                if how == "role":
                    enrol(settings, "")
                else:
                    async with httpx.AsyncClient(base_url=browser.base_url) as other:
                        other.cookies.set(*ada.cookie)
                        await other.post("/sign-out", headers={"x-csrf-token": ada.csrf})
                async with asyncio.timeout(10):
                    async for _ in lines:
                        pass
                assert time.monotonic() - began < CLOSED_WITHIN_S + _SLACK_S
            path = f"/sites/{site.id}/events"
            assert (await browser.get(path)).status_code == (404 if how == "role" else 303)
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def _until_up(browser: httpx.AsyncClient) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await browser.get("/healthz")
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
            else:
                return
