"""A small OpenID Connect provider on loopback: it signs in whoever it was told to, and can lie.

Written from OpenID Connect Core 1.0 (authorization code flow) and RFC 7636 (PKCE).
"""

import asyncio
import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.adapters.broker.ports import LOOPBACK, free_port
from tests.servers import PATIENCE_S

CLIENT, SECRET = "seuil-console", "the-secret-of-the-client"


class Provider:
    """Knows one person (`claims`); `lies` are put over what the ID token should say."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://{LOOPBACK}:{port}"
        self.claims: dict[str, Any] = {
            "sub": "s-1",
            "email": "ada@example.org",
            "email_verified": True,
        }
        self.lies: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self._key = RSAKey.generate_key(2048, {"kid": "one"})
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _metadata(self, _: Request) -> Response:
        told = {
            "issuer": self.lies.get("metadata", self.issuer),
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return JSONResponse(told)

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def _authorize(self, request: Request) -> Response:
        self.asked = dict(request.query_params)
        code = f"code-{len(self._codes)}"
        self._codes[code] = self.asked
        back = urlencode({"code": code, "state": self.asked["state"]})
        return RedirectResponse(f"{self.asked['redirect_uri']}?{back}", 302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        asked = self._codes.pop(str(form["code"]), None)
        shown = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = urlsafe_b64encode(shown).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())  # noqa: TID251 - the library's own clock
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.claims,
            **self.lies,
        }
        key = self.lies.get("key", self._key)
        claims.pop("key", None)
        id_token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        told = {"access_token": "a", "token_type": "Bearer", "id_token": id_token}
        return JSONResponse(told)


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """One that answers."""
    port = free_port()
    made = Provider(port)
    config = uvicorn.Config(
        made.app, host=LOOPBACK, port=port, log_config=None, lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not server.started:
                await asyncio.sleep(0.01)
        yield made
    finally:
        server.should_exit = True
        await serving
