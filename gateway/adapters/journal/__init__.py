"""The journal: one SQLite file that holds every event and what followed from it."""
