"""Signing in: accounts, sessions and tokens, behind `gateway.console.auth.requirements.Seats`.

`seats` says who asks; `routes` are the pages. An account belongs to a member: what they may do is
their staff role in the directory and nothing here.

`store` is `console.db` (`tables`, `migrations`), of which `accounts`, `sessions`, `tokens`, `links`
and `passkeys` are the chapters; `people` reads the members. `passwords` and `codes` are what is
typed, `secret` what is random, `cookies` what the browser keeps, `limiter` how often somebody may
try, `waiting` what two requests of one sign-in share, `oidc` the provider, `first` how it begins.
"""
