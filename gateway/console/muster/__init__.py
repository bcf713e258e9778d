"""Presence and muster: the list of people inside."""
