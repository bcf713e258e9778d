"""Rendering of pages: templates, the reader's language, the menu, times and numbers."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal, format_percent
from starlette.requests import Request
from starlette.responses import HTMLResponse

from gateway.console.web.language import choose_lang
from gateway.console.web.menu import menu_of
from gateway.console.web.user_agent import browser
from gateway.core.model.names import Text
from gateway.core.model.site import Site
from gateway.translation import LOCALES, NAMES, Lang, catalogue, colon, in_lang

if TYPE_CHECKING:
    from gateway.console.identity import Principal

COOKIE: Final = "seuil_lang"
COOKIE_LIFE_S: Final = 365 * 24 * 3600
_TEMPLATES: Final = Path(__file__).parent / "templates"


def page(
    request: Request,
    template: str,
    *,
    seat: "Principal",
    site: Site,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """Return a screen of a site, as `seat` may see it; the template extends `base.html`."""
    sites = [
        each for each in request.app.state.console.sites.values() if seat.may("viewer", each.id)
    ]
    return show(
        request,
        template,
        status=status,
        headers=headers,
        seat=seat,
        site=site,
        sites=sites,
        menu=menu_of(seat, site.id),
        csrf=seat.csrf,
        waiting=waiting_alarms(request, seat, site),
        **values,
    )


def waiting_alarms(request: Request, seat: "Principal", site: Site) -> int:
    """Return the number of unacknowledged alarms that this seat may see, for the menu.

    Those of duress count for operators, without a name: a number reveals nothing.
    """
    alarms = request.app.state.console.picture.sites[site.id].alarms.values()
    told = (alarm for alarm in alarms if seat.sees_alarm(alarm.kind, site.id))
    return sum(alarm.acknowledged_at is None for alarm in told)


def show(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """Return any page, also without a sign-in (`site` and `seat` are then absent)."""
    lang = lang_of(request)
    known: dict[str, object] = {"seat": None, "site": None, "sites": (), "menu": (), "csrf": ""}
    html = (
        templates(lang)
        .get_template(template)
        .render(known | {"request": request, "lang": lang, "langs": NAMES} | values)
    )
    answer = HTMLResponse(html, status, {"Cache-Control": "no-store"} | dict(headers or {}))
    if request.query_params.get("lang") == lang:
        answer.set_cookie(COOKIE, lang, max_age=COOKIE_LIFE_S, httponly=True, samesite="lax")
    return answer


def lang_of(request: Request) -> Lang:
    """Return the language that the reader chose, or that their browser asks for."""
    return choose_lang(
        request.query_params.get("lang"),
        request.cookies.get(COOKIE),
        request.headers.get("accept-language", ""),
    )


@cache
def templates(lang: Lang) -> jinja2.Environment:
    """Return the templates in one language. Everything is escaped; an unknown name is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(catalogue(lang), newstyle=True)  # type: ignore[attr-defined] # the extension's
    made.filters |= _filters(lang)
    made.globals["colon"] = colon(lang)
    return made


def _filters(lang: Lang) -> dict[str, Any]:
    return {
        "text": lambda text: in_lang(text, lang) if isinstance(text, Text | str) else text,
        "time": lambda at, site: format_time(_local(at, site), "short", locale=LOCALES[lang]),
        "seconds": lambda at, site: format_time(_local(at, site), "medium", locale=LOCALES[lang]),
        "day": lambda at, site: format_date(_local(at, site), "full", locale=LOCALES[lang]),
        "date": lambda at, site: format_date(_local(at, site), "medium", locale=LOCALES[lang]),
        "moment": lambda at, site: format_datetime(
            _local(at, site), "medium", locale=LOCALES[lang]
        ),
        "browser": browser,
        "iso": lambda at: at.isoformat(),
        "number": lambda value: format_decimal(value, locale=LOCALES[lang]),
        "percent": lambda share: format_percent(share, locale=LOCALES[lang]),
    }


def _local(at: datetime, site: Site) -> datetime:
    return at.astimezone(ZoneInfo(site.timezone))
