"""The steps of the members' schema, for Alembic; `gateway.adapters.sql.migration` runs them.

A released step is never changed: a new one follows it. `tables` is the result of all steps.
"""
