"""Alarms: the screen and their acknowledgement."""
