"""The screens, one module each: its pages, and the same for programs under `/api/v1`.

A module has `pages` (not in the OpenAPI document) and `api`, both FastAPI routers; each route
declares the rights that it needs by the type of its seat (`gateway.console.auth.roles`).
"""

from typing import Final

from fastapi import APIRouter

from gateway.console.access_log import screen as log
from gateway.console.alarms import screen as alarms
from gateway.console.audit import screen as audit
from gateway.console.devices import screen as devices
from gateway.console.doors import mode_screen
from gateway.console.doors import screen as doors
from gateway.console.health import screen as health
from gateway.console.history import screen as history
from gateway.console.kiosk import screen as kiosk
from gateway.console.live import machines
from gateway.console.live import screen as live
from gateway.console.members import (
    api,
    api_edit,
    enrolment_screen,
    forms,
    import_screen,
)
from gateway.console.members import (
    screen as members,
)
from gateway.console.muster import screen as here
from gateway.console.rules import screen as rules
from gateway.console.rules import what_if_screen
from gateway.console.sites import screen as sites

ROUTERS: Final[tuple[APIRouter, ...]] = (
    *(live.pages, live.api),
    *(doors.pages, doors.api),
    *(mode_screen.pages, mode_screen.api),
    *(machines.pages, machines.api),
    *(log.pages, log.api),
    *(here.pages, here.api),
    *(history.pages, history.api),
    import_screen.pages,  # before a member's page: its paths are words, not pseudonyms
    *(members.pages, forms.pages),
    *(api.api, api_edit.api),  # in this order: a word is no pseudonym
    *(enrolment_screen.pages, enrolment_screen.api),
    *(rules.pages, rules.api),
    *(what_if_screen.pages, what_if_screen.api),
    *(devices.pages, devices.api),
    *(alarms.pages, alarms.api),
    *(health.pages, health.api),
    *(audit.pages, audit.api),
    *(kiosk.pages, sites.api),
)
