"""What is refused before a request is read."""

from pathlib import Path

import pytest

from gateway.console.web.security_headers import UNSEATED_MAX
from tests.world.console import ConsolePlace, seat

UPLOAD = "/api/v1/sites/le-seuil/members/imports"


class Unread:
    """A body that nobody may read."""

    def __aiter__(self) -> "Unread":
        return self

    async def __anext__(self) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    "headers",
    [{"content-length": str(UNSEATED_MAX + 1)}, {"transfer-encoding": "chunked"}],
    ids=str,
)
async def test_nobody_s_upload_is_not_read(tmp_path: Path, headers: dict[str, str]) -> None:
    """Whoever has not signed in has no 10 MB parsed; whoever has is answered as ever."""
    place = ConsolePlace(tmp_path)
    async with place.browser() as browser:
        refused = await browser.post(UPLOAD, content=Unread(), headers=headers)
        assert (refused.status_code, refused.text) == (401, "Sign in first.\n")
        assert refused.headers["x-content-type-options"] == "nosniff"
        place.sits(seat("administrator"))
        answer = await browser.post(UPLOAD, content=b"x" * (UNSEATED_MAX + 1))
        assert answer.status_code == 422
