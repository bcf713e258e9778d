"""The screens, one module each: its pages, and the same things for programs under `/api/v1`.

A module has `pages` (not in the OpenAPI document) and `api`, both FastAPI routers; each route says
what it needs by the type of its seat (`gateway.console.seat`).
"""

from typing import Final

from fastapi import APIRouter

from gateway.console.screens import (
    devices,
    enrol,
    health,
    live,
    members,
    members_api,
    members_change,
    members_import,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    live.pages,
    live.api,
    members_import.pages,  # before a member's page: its paths are words, not pseudonyms
    members.pages,
    members_change.pages,
    members_api.api,
    enrol.pages,
    enrol.api,
    devices.pages,
    devices.api,
    health.pages,
    health.api,
)
