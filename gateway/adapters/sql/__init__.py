"""What every SQLite store shares."""
