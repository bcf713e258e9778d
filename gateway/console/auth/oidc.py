"""Single sign-on with an OpenID Connect provider: authorization code flow with PKCE, by Authlib.

Authlib makes and checks state, nonce and the signed ID token. Between the two steps it keeps them
in `request.session`, which is here a dict kept in memory for the same browser.
"""

import warnings
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gateway.config import Settings
from gateway.console.auth.pending import PendingStore
from gateway.console.auth.sessions import FRESH

PATIENCE_S: Final = 10.0
"""Seconds that the provider may take to answer."""


class ProviderError(Exception):
    """The provider does not answer, or its answer cannot be trusted; the message says which."""


class OidcIdentity(Struct, frozen=True):
    """A person as the provider knows them. `shown` is when they last authenticated there."""

    issuer: str
    subject: str
    email: str | None
    shown: datetime | None


class Provider:
    """The provider of the settings, if there is one."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = (settings.oidc_issuer or "").rstrip("/")
        self._waiting: PendingStore[dict[str, Any]] = PendingStore()
        self._client: Any = None
        self._faults: tuple[type[Exception], ...] = ()
        if self.issuer:
            self._client, self._faults = _client(self.issuer, settings)

    def __bool__(self) -> bool:
        return self._client is not None

    async def send_there(
        self,
        request: Request,
        browser: str,
        back: str,
        next_path: str,
        now: datetime,
        *,
        anew: bool,
    ) -> Response:
        """Redirect to the provider; `anew`: it must ask a known browser for the password too.

        Raises:
            ProviderError: It does not answer, or is not the configured one.
        """
        session: dict[str, Any] = {"next": next_path}
        request.scope["session"] = session
        asked = {"prompt": "login", "max_age": "0"} if anew else {}
        try:
            metadata = await self._client.load_server_metadata()
            if metadata.get("issuer", "").rstrip("/") != self.issuer:
                raise ProviderError(f"{self.issuer} calls itself {metadata.get('issuer')}")
            answer: Response = await self._client.authorize_redirect(request, back, **asked)
        except self._faults as wrong:
            raise ProviderError(f"{self.issuer}: {type(wrong).__name__}: {wrong}") from wrong
        self._waiting.put(browser, session, now)
        return answer

    async def come_back(
        self, request: Request, browser: str, now: datetime
    ) -> tuple[OidcIdentity, str]:
        """Return the person who has come back from the provider, and the page that they wanted.

        Raises:
            ProviderError: They did not start here, the provider refused, or its token is invalid.
        """
        session = self._waiting.take(browser, now)
        if session is None:
            raise ProviderError("this browser did not go to the provider, or long ago")
        request.scope["session"] = session
        try:
            token = await self._client.authorize_access_token(request)
        except self._faults as wrong:
            raise ProviderError(f"{self.issuer}: {type(wrong).__name__}: {wrong}") from wrong
        claims = token.get("userinfo")
        if not claims or not claims.get("sub"):
            raise ProviderError(f"{self.issuer} sent no ID token")
        return _person(self.issuer, claims), str(session["next"])


def is_recent(person: OidcIdentity, now: datetime) -> bool:
    """Return whether they authenticated at the provider recently enough to count here too."""
    return person.shown is not None and person.shown >= now - FRESH


def _person(issuer: str, claims: Any) -> OidcIdentity:  # noqa: ANN401 - Authlib's
    email = claims.get("email")
    verified = claims.get("email_verified") is True and isinstance(email, str)
    shown = claims.get("auth_time")
    return OidcIdentity(
        issuer,
        str(claims["sub"]),
        email if verified else None,
        datetime.fromtimestamp(shown, UTC) if isinstance(shown, int) else None,
    )


def _client(issuer: str, settings: Settings) -> tuple[Any, tuple[type[Exception], ...]]:
    """Return Authlib's client, which has no types, and the exceptions that it raises."""
    # Imported here: most places have no provider, and httpx weighs 4 MB. Importing Authlib warns
    # that it prefers httpx2, which an operator cannot change.
    import httpx  # noqa: PLC0415

    with warnings.catch_warnings(record=True):
        from authlib.integrations.base_client import (  # type: ignore[import-untyped]  # noqa: PLC0415
            OAuthError,
        )
        from authlib.integrations.starlette_client import (  # type: ignore[import-untyped]  # noqa: PLC0415
            OAuth,
        )
        from joserfc.errors import JoseError  # noqa: PLC0415
    secret = settings.oidc_client_secret
    oauth = OAuth()
    oauth.register(
        "provider",
        client_id=settings.oidc_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "timeout": PATIENCE_S,
            **({"token_endpoint_auth_method": "none"} if secret is None else {}),
        },
    )
    faults = (httpx.HTTPError, OAuthError, JoseError, ValueError)
    return oauth.create_client("provider"), faults
