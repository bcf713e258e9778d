"""Doors: the screen, opening one, and the site's mode."""
