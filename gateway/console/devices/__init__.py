"""Devices: the screen and what is wrong with each."""
