"""InfluxDB, where it is configured: an empty write tests the route, the token and the bucket."""

import asyncio
import ssl

from gateway.adapters.influx.responses import WriteResult
from gateway.adapters.influx.settings import InfluxSettings, influx_settings
from gateway.config import Settings
from gateway.doctor.finding import Finding, fault, ok
from gateway.phrase import Phrase

CHECK = Phrase("InfluxDB")
TIMEOUT_S = 5.0


def influx(settings: Settings) -> Finding:
    """Return whether InfluxDB would accept points. Nothing is written."""
    store = influx_settings(settings, TIMEOUT_S)
    if store is None:
        return ok(CHECK, Phrase("not configured: history is kept in the journal only"))
    return judged(asyncio.run(_empty_write(store)), store)


def judged(answer: WriteResult, store: InfluxSettings) -> Finding:
    """Interpret the answer to an empty write: a rejected body means that the rest is right."""
    match answer.verdict:
        case "rejected" if "<html" in answer.why.lower():
            do = Phrase(
                "a proxy before it? does the port want https? Points wait in the journal meanwhile"
            )
            return fault(
                CHECK,
                Phrase("%(where)s takes nothing: %(why)s", where=store.where, why=answer.why),
                do,
            )
        case "written" | "rejected":
            return ok(CHECK, Phrase("%(where)s takes our points", where=store.where))
        case "unreachable":
            do = Phrase(
                "is it running, and SEUIL_INFLUX_URL right? Points wait in the journal meanwhile"
            )
            return fault(
                CHECK,
                Phrase("%(where)s is out of reach: %(why)s", where=store.where, why=answer.why),
                do,
            )
        case "refused":
            do = Phrase(
                "check SEUIL_INFLUX_TOKEN and its right to write, SEUIL_INFLUX_ORG and "
                "SEUIL_INFLUX_BUCKET; InfluxDB 1 needs 1.8 or newer"
            )
            return fault(
                CHECK,
                Phrase("%(where)s refuses us: %(why)s", where=store.where, why=answer.why),
                do,
            )


async def _empty_write(store: InfluxSettings) -> WriteResult:
    from gateway.adapters.influx.http import HttpStore  # noqa: PLC0415 - a quarter of a second

    async with HttpStore(store, ssl.create_default_context()) as http:
        return await http.write(b"")
