"""The screens, one module each: its pages, and the same things for programs under `/api/v1`.

A module has `pages` (not in the OpenAPI document) and `api`, both FastAPI routers; each route says
what it needs by the type of its seat (`gateway.console.seat`).
"""

from typing import Final

from fastapi import APIRouter

from gateway.console.screens import (
    alarms,
    audit,
    doors,
    here,
    history,
    kiosk,
    live,
    log,
    mode,
    rules,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    *(live.pages, live.api),
    *(doors.pages, doors.api),
    *(mode.pages, mode.api),
    *(log.pages, log.api),
    *(here.pages, here.api),
    *(history.pages, history.api),
    *(rules.pages, rules.api),
    *(alarms.pages, alarms.api),
    *(audit.pages, audit.api),
    kiosk.pages,
)
