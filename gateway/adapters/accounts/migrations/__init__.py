"""How an older `console.db` becomes one of today: Alembic's steps."""
