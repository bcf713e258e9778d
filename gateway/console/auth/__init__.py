"""Signing in: accounts, sessions and tokens, behind `gateway.console.identity.Seats`.

`authenticator` finds the seat of a request; `routes` are the pages. An account belongs to a member:
its rights are the member's staff role in the directory and nothing here.

Accounts, `sessions`, `tokens`, `links` and `passkeys` are kept in `console.db`; `staff` reads the
members. `passwords` and `totp` check what is typed, `secrets` makes what is random, `cookies` is
what the browser keeps, `attempt_limit` bounds the attempts, `pending` keeps what two requests of
one sign-in share, `oidc` is the provider, `bootstrap` makes the first link.
"""
