"""The console's accounts: who may sign in, and with what (SQLite)."""
