"""Limits on attempts to sign in, by account and by address.

Each attempt counts before it is checked, so that parallel attempts gain nothing. Accounts and
addresses fall into a fixed number of buckets under a salt of this process: the memory is bounded,
and an attacker cannot choose whose bucket to share.
"""

import hashlib
import ipaddress
import math
import secrets
import time
from typing import Final, Literal

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from gateway.console.web.errors import Problem
from gateway.phrase import Phrase

Door = Literal["sign-in", "code", "again", "link", "passkey", "oidc"]
BUCKETS: Final = 1 << 14
"""For accounts and for addresses each; more than a site has people."""
_BY_ACCOUNT: Final = parse("10 per 15 minute")
_BY_ADDRESS: Final = parse("60 per 5 minute")
"""A whole site may share one address."""


class Limiter:
    """Counts attempts."""

    def __init__(
        self, by_account: RateLimitItem = _BY_ACCOUNT, by_address: RateLimitItem = _BY_ADDRESS
    ) -> None:
        self._by_account = by_account
        self._by_address = by_address
        self._storage = MemoryStorage()
        self._limits = FixedWindowRateLimiter(self._storage)
        self._salt = secrets.token_bytes(16)

    def count(self, door: Door, address: str, account: str | None = None) -> None:
        """Count an attempt.

        Raises:
            Problem: There were too many; it says when to try again.
        """
        rules = [(self._by_address, self._bucket(door, "address", _network(address)))]
        if account is not None:
            rules.append((self._by_account, self._bucket(door, "account", account)))
        for rule, bucket in rules:
            if not self._limits.hit(rule, *bucket):
                raise _too_many(self._limits.get_window_stats(rule, *bucket).reset_time)

    def forgive(self, door: Door, account: str) -> None:
        """Forget an account's failed attempts, after its owner has signed in."""
        self._limits.clear(self._by_account, *self._bucket(door, "account", account))

    def __len__(self) -> int:
        return len(self._storage.storage)

    def _bucket(self, *words: str) -> tuple[str, str]:
        digest = hashlib.blake2b("\0".join(words).encode(), key=self._salt, digest_size=4).digest()
        return words[0], f"{words[1]}-{int.from_bytes(digest) % BUCKETS}"


def _network(address: str) -> str:
    """Return an address's network: an IPv6 customer may change freely within a /64."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 6 and known.ipv4_mapped is None:  # noqa: PLR2004 - IPv6
        return str(ipaddress.ip_network(f"{known}/64", strict=False))
    return str(known)


def _too_many(reset: float) -> Problem:
    wait_s = max(1, math.ceil(reset - time.time()))  # noqa: TID251 - the library's own clock
    minutes = math.ceil(wait_s / 60)
    return Problem(
        429,
        "too-many-tries",
        Phrase("Too many attempts"),
        Phrase("Try again in %(minutes)s min.", minutes=minutes),
        headers={"Retry-After": str(wait_s)},
    )
