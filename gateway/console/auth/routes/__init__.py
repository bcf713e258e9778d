"""The pages of signing in, one module per topic."""

from typing import Final

from fastapi import APIRouter

from gateway.console.auth.routes import (
    accounts,
    my_account,
    oidc,
    passkeys,
    reauthenticate,
    set_up,
    sign_in,
    tokens,
    totp,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    sign_in.pages,
    reauthenticate.pages,
    passkeys.pages,
    oidc.pages,
    set_up.pages,
    my_account.pages,
    totp.pages,
    tokens.pages,
    accounts.pages,
)
