"""Limits on requests without a sign-in, by address.

Addresses fall into a fixed number of buckets under a salt of this process: the memory is bounded,
and an attacker cannot choose whose bucket to share. An IPv6 customer has a /64 and counts as one.
"""

import hashlib
import ipaddress
import secrets
from typing import Final

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from gateway.console.web.errors import Problem
from gateway.phrase import Phrase

BUCKETS: Final = 1 << 12
STREAMS_EACH: Final = 8
"""Open streams per address: the wall screens of a site behind one router."""
_ASKED: Final = parse("120 per 1 minute")
"""Pages and streams per address."""


class PublicRateLimit:
    """Counts requests of the public."""

    def __init__(self) -> None:
        self._limits = FixedWindowRateLimiter(MemoryStorage())
        self._salt = secrets.token_bytes(16)

    def count(self, request: Request) -> str:
        """Count a request, and return its address's bucket.

        Raises:
            Problem: There were too many.
        """
        bucket = self._bucket(request.client.host if request.client else "")
        if not self._limits.hit(_ASKED, bucket):
            raise Problem(
                429,
                "too-many-requests",
                Phrase("Too many requests"),
                Phrase("Try again in a minute."),
                headers={"Retry-After": "60"},
            )
        return bucket

    def _bucket(self, address: str) -> str:
        digest = hashlib.blake2b(_network(address).encode(), key=self._salt, digest_size=4)
        return f"visitor-{int.from_bytes(digest.digest()) % BUCKETS}"


def _network(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is None:
        return str(ipaddress.ip_network(f"{known}/64", strict=False))
    return str(known)
