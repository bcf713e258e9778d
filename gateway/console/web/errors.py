"""The exception for a request that cannot be served, and its form as RFC 9457 writes it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from gateway.core.model.names import Text

API: Final = "/api/"
JSON: Final = "application/problem+json"


class ProblemBody(BaseModel):
    """An error as RFC 9457 writes it: `type` is a stable code, `detail` says what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:seuil:no-such-site",
                    "title": "No such site",
                    "status": 404,
                    "detail": "The sites that you may see are listed at /api/v1/sites.",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None
    """The faults of a request: where each is, and its correction."""


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """A request cannot be served. `code` stays the same forever; the texts are for people."""

    def __init__(
        self,
        status: int,
        code: str,
        title: Text | str,
        detail: Text | str = "",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors: Sequence[dict[str, str]] = ()


_RENAMED: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""RFC 9110's names, which Python has from 3.13 on, so that codes are equal on every Python."""


def phrase(status: int) -> str:
    """Return the phrase of a status."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": phrase(status)}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 503)
}
"""The errors that each route of the API may return besides its own; `openapi` completes them."""
