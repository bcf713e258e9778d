"""Simulated people, devices and faults on the real wire; the same seed gives the same day."""
