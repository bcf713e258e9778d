"""The space file's tables and keys, in the operator's words. docs/space-file.md tells the whys.

These models say what each table may hold; the JSON schema for editors is made of them. What ties
tables together (a door's zone exists, a driver knows its options) is in `gateway.config.checks`.
`places`, `equipment` and `plans` are chapters as in `gateway.core`, `outside` is what comes from
the world and is told to it, `fields` is what all are made of; `space` is the whole file.
"""
