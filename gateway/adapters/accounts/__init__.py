"""The console's accounts: the users who may sign in, and their credentials (SQLite)."""
