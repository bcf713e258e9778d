"""Code shared by all SQLite stores."""
