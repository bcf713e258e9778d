"""The sites that a user may see, for programs: the starting point of the API."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from gateway.console.api_docs.permissions_table import ORDER
from gateway.console.auth.roles import ConsoleHere, Viewer
from gateway.console.gateway_client import Bilingual
from gateway.console.identity import Rank
from gateway.console.web.errors import RESPONSES

api = APIRouter(prefix="/api/v1", tags=["live"], responses=RESPONSES)


class SiteBody(BaseModel):
    """A site, and the highest role of the user there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "le-seuil",
                    "name": {"fr": "Le Seuil", "en": "Le Seuil"},
                    "timezone": "Europe/Paris",
                    "role": "operator",
                }
            ]
        }
    )

    id: str
    name: Bilingual
    timezone: str
    role: Rank


@api.get("/sites")
async def sites(seat: Viewer, console: ConsoleHere) -> list[SiteBody]:
    """The sites that you may see."""
    return [
        SiteBody(
            id=site.id,
            name=Bilingual.model_validate(site.name),
            timezone=site.timezone,
            role=max((rank for rank in ORDER if seat.may(rank, site.id)), key=ORDER.index),
        )
        for site in console.sites.values()
        if seat.may("viewer", site.id)
    ]
