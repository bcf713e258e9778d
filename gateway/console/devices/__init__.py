"""Devices: the screen, and the diagnosis of each device."""
