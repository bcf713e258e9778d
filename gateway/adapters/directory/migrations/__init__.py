"""The steps of the members' schema, for Alembic; `gateway.adapters.directory.migration` runs them.

A step is never changed once it was released: a new one comes after it, and `tables` says what all
of them make together.
"""
