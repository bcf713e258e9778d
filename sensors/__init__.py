"""One file a device family: (topic, payload) -> readings. Pure: no I/O, no clock, no logging."""
