"""The pages of signing in, one module a chapter."""

from typing import Final

from fastapi import APIRouter

from gateway.console.signin.routes import (
    accounts,
    again,
    me,
    oidc,
    passkeys,
    set_up,
    sign_in,
    tokens,
    totp,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    sign_in.pages,
    again.pages,
    passkeys.pages,
    oidc.pages,
    set_up.pages,
    me.pages,
    totp.pages,
    tokens.pages,
    accounts.pages,
)
