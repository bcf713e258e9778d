"""Alembic's migration steps for `console.db`."""
