"""Writes points, and finds those that the server will never accept.

A 400 or a 413 may be about one point or about every write: a proxy that requires HTTPS, or accepts
only smaller bodies, answers the same. A batch that is refused in this way is halved until a point
is alone. A point is given up only if it is refused twice while a line that the server accepted
earlier is accepted before and after it. Otherwise it is an outage, and the whole batch is written
again later, which is harmless because the points are the same.
"""

from typing import Final, Protocol

from msgspec import Struct

from gateway.adapters.influx.responses import WriteResult

STUBBORN: Final = 3
"""Failures (5xx) of one batch after which we test whether the server fails at all writes: older
InfluxDBs always answer 500 to one point of a wrong type."""
UNPROVEN_MAX: Final = 32
"""Points refused one by one before any was accepted, after which it counts as an outage."""
_TOO_LARGE: Final = 413


class PointSink(Protocol):
    """A destination for lines, such as an InfluxDB server."""

    async def write(self, body: bytes) -> WriteResult:
        """Write lines and return the server's answer; never raise for server or network errors."""
        ...


class Rejected(Struct, frozen=True):
    """A point that the server rejects while it accepts others."""

    line: str
    why: str


class _Suspect(Struct, frozen=True):
    """A point that was refused when written alone, and the answer."""

    line: str
    answer: WriteResult


class OutageError(Exception):
    """The server accepts nothing now: the whole batch is to be written again."""

    def __init__(self, answer: WriteResult) -> None:
        super().__init__(answer.why)
        self.answer = answer


class Delivery:
    """Writes batches of lines to one server."""

    def __init__(self, store: PointSink) -> None:
        self._store = store
        self._taken = b""
        """A line that the server has accepted; writing it again changes nothing."""
        self.written = 0
        """Points, since the start; those written again count again."""

    async def write(self, lines: list[str], failures: int = 0) -> list[Rejected]:
        """Write lines; return those that the server rejects while it accepts others.

        `failures` is the number of previous outages for these lines.

        Raises:
            OutageError: The server accepts nothing, or does not say what is wrong.
        """
        suspects: list[_Suspect] = []
        await self._halve(lines, failures, suspects)
        return [one for each in suspects if (one := await self._judge(each)) is not None]

    async def _halve(self, lines: list[str], failures: int, suspects: list[_Suspect]) -> None:
        """Write lines, halving refused ones, and collect those that are refused alone."""
        answer = await self._send(lines)
        if answer.verdict == "written":
            return
        is_stubborn = answer.is_failure and failures >= STUBBORN
        if answer.verdict != "rejected" and not is_stubborn:
            raise OutageError(answer)
        if len(lines) > 1:
            if is_stubborn:
                await self._check_takes_points(answer)
            middle = len(lines) // 2
            await self._halve(lines[:middle], failures, suspects)
            await self._halve(lines[middle:], failures, suspects)
            return
        if self._taken or len(suspects) >= UNPROVEN_MAX:
            await self._check_takes_points(answer)
        suspects.append(_Suspect(lines[0], answer))

    async def _judge(self, suspect: _Suspect) -> Rejected | None:
        """Retry a rejected point between two writes that the server accepts."""
        await self._check_takes_points(suspect.answer)
        again = await self._send([suspect.line])
        if again.verdict == "written":
            return None
        if again.verdict != "rejected" and not again.is_failure:
            raise OutageError(again)
        await self._check_takes_points(again)
        return Rejected(suspect.line, again.why)

    async def _send(self, lines: list[str]) -> WriteResult:
        answer = await self._store.write("\n".join(lines).encode())
        if answer.verdict == "written":
            self._taken = lines[-1].encode()
            self.written += len(lines)
        return answer

    async def _check_takes_points(self, answer: WriteResult) -> None:
        """Raise if the server does not accept a point that it accepted before.

        Before the first accepted point only an empty write can be tested; it proves nothing about
        the size of a body.
        """
        is_provable = self._taken or answer.status != _TOO_LARGE
        if not is_provable or (await self._store.write(self._taken)).verdict != "written":
            raise OutageError(answer)
