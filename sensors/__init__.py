"""Drivers, one file per device family: (topic, payload) -> readings. No I/O, clock or logging."""
