"""Writes points, and finds those that the server will never take.

A 400 or a 413 may be about a point, or about everything: a proxy that wants HTTPS, or takes smaller
bodies, says the same. A batch that is refused so is halved until a point is alone, and a point is
given up only where it is refused twice while a write that the server has taken before is taken,
before and after. Else it is an outage, and all of it is written again later: the same points, which
changes nothing.
"""

from typing import Final, Protocol

from msgspec import Struct

from gateway.adapters.influx.responses import WriteResult

STUBBORN: Final = 3
"""Failures (5xx) of one batch after which the server is asked whether it fails at all writes: older
InfluxDBs answer 500 to one point of a wrong type, for ever."""
UNPROVEN_MAX: Final = 32
"""Points refused one by one before any was taken; then it is an outage, and they wait together."""
_TOO_LARGE: Final = 413


class PointSink(Protocol):
    """What takes lines."""

    async def write(self, body: bytes) -> WriteResult:
        """The server's answer; never raises for what a server or network may do."""
        ...


class Rejected(Struct, frozen=True):
    """A point that the server does not take, while it takes others."""

    line: str
    why: str


class _Suspect(Struct, frozen=True):
    """A point that was refused alone, and how."""

    line: str
    answer: WriteResult


class OutageError(Exception):
    """The server takes nothing now: the whole batch is to be written again."""

    def __init__(self, answer: WriteResult) -> None:
        super().__init__(answer.why)
        self.answer = answer


class Delivery:
    """Writes batches of lines to one server."""

    def __init__(self, store: PointSink) -> None:
        self._store = store
        self._taken = b""
        """A line that the server has taken; to write it again changes nothing."""
        self.written = 0
        """Points, since the start; those written again count again."""

    async def write(self, lines: list[str], failures: int = 0) -> list[Rejected]:
        """Write lines; return those that the server rejects, while it takes others.

        `failures` says how often these lines met an outage before.

        Raises:
            OutageError: The server takes nothing, or does not say what is wrong.
        """
        suspects: list[_Suspect] = []
        await self._halve(lines, failures, suspects)
        return [one for each in suspects if (one := await self._judge(each)) is not None]

    async def _halve(self, lines: list[str], failures: int, suspects: list[_Suspect]) -> None:
        """Write lines, and find those that are refused alone."""
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
        """Ask once more about a point that was rejected, between two writes that are taken."""
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
        """Raise where the server does not take a point that it has taken before.

        Before the first one an empty write is all that can be asked for; it proves nothing about
        the size of a body.
        """
        is_provable = self._taken or answer.status != _TOO_LARGE
        if not is_provable or (await self._store.write(self._taken)).verdict != "written":
            raise OutageError(answer)
