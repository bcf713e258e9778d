"""A clock that is wrong after a restart: no order to open may leave after its end.

Orders are created and do not reach the broker; the gateway is killed, and restarted with its clock
set back or forward, at once or when every order is over. Then its clock is corrected by another
restart, and all is judged. A harder case has badges pending at the kill: they come again, old by
then, to a gateway whose clock makes them look new.
"""

import asyncio
from pathlib import Path
from typing import Final

from msgspec import Struct

from benchmarks.crash_judge import asked
from benchmarks.faults import mqtt_proxy as mqtt
from benchmarks.faults.broker import BrokerFaultResult, between
from benchmarks.faults.mqtt_proxy import Packet
from benchmarks.faults.rig import PATIENCE_S, FaultVerdict, until
from benchmarks.processes import BenchError

SHIFTS_S: Final = (-3600.0, -600.0, 3600.0)
AT_ONCE_S, OVER_S = 0.0, 6.0
"""The time for which the gateway is dead: an order lives for 5 s."""
WRONG_S: Final = 3.0
"""The time for which it runs with a wrong clock."""
PENDING: Final = 10
"""Orders that are pending when it is killed."""
_PENDING: Final = "SELECT count(*) FROM decision WHERE handover = 'pending'"


class Case(Struct, frozen=True):
    """A case: the error of the clock, the time before the restart, and the pending messages."""

    shift_s: float
    dead_s: float
    badges_under_way: bool = False

    def __str__(self) -> str:
        also = ", badges under way" if self.badges_under_way else ""
        return f"{self.shift_s:+.0f} s, dead for {self.dead_s:g} s{also}"


async def wrong(folder: Path, case: Case, seed: int) -> BrokerFaultResult:
    """Run one kill with pending orders, and a restart with a wrong clock."""

    def no_orders(packet: Packet) -> list[Packet]:
        return [] if mqtt.is_order(packet) else [packet]

    def enough() -> bool:
        with asked(place.data / "journal.db") as ask:
            ((count,),) = ask(_PENDING)
        return int(count) >= PENDING

    async with between(folder, seed) as (place, proxy):
        try:
            async with place.busy():
                await place.goes_on("it runs")
                proxy.up = no_orders
                await until(enough, "orders wait", place.gateway)
                if case.badges_under_way:
                    await place.gateway.kill()
            if not case.badges_under_way:
                await place.people.settled(PATIENCE_S)
                await place.gateway.kill()
            proxy.behave()
            await asyncio.sleep(case.dead_s)
            place.use(clock_shift_s=case.shift_s)
            await place.gateway.start()
            await asyncio.sleep(WRONG_S)
            await place.gateway.kill()
            place.use()
            await place.gateway.start()
            async with place.busy():
                await place.goes_on("it goes on with the right clock")
            judged = await place.judged()
            # The end in an order is as wrong as the clock: the crowd counts by its own.
            judged.stale_unlocks = place.people.seen.late_unlocks
            return BrokerFaultResult(judged)
        except BenchError as wrong:
            return BrokerFaultResult(FaultVerdict(), str(wrong))
