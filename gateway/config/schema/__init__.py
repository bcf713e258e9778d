"""The space file's tables and keys, in the operator's words; docs/space-file.md gives the reasons.

These models define what each table may hold; the JSON schema for editors is made of them. Rules
between tables (a door's zone exists, a driver knows its options) are in `gateway.config.checks`.
`places`, `equipment` and `plans` are chapters as in `gateway.core`, `outside` is data from and for
the outside world, `fields` holds the shared types, and `space` is the whole file.
"""
