"""The screens, one module each: its pages, and the same things for programs under `/api/v1`.

A module has `pages` (not in the OpenAPI document) and `api`, both FastAPI routers; each route says
what it needs by the type of its seat (`gateway.console.seat`).
"""

from typing import Final

from fastapi import APIRouter

from gateway.console.screens import (
    alarms,
    audit,
    devices,
    doors,
    enrol,
    health,
    here,
    history,
    kiosk,
    live,
    log,
    members,
    members_api,
    members_change,
    members_import,
    members_revised,
    mode,
    rules,
    sites,
    what_if,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    *(live.pages, live.api),
    *(doors.pages, doors.api),
    *(mode.pages, mode.api),
    *(log.pages, log.api),
    *(here.pages, here.api),
    *(history.pages, history.api),
    members_import.pages,  # before a member's page: its paths are words, not pseudonyms
    *(members.pages, members_change.pages),
    *(members_api.api, members_revised.api),  # in this order: a word is no pseudonym
    *(enrol.pages, enrol.api),
    *(rules.pages, rules.api),
    *(what_if.pages, what_if.api),
    *(devices.pages, devices.api),
    *(alarms.pages, alarms.api),
    *(health.pages, health.api),
    *(audit.pages, audit.api),
    *(kiosk.pages, sites.api),
)
