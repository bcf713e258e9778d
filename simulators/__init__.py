"""People, devices and faults over the same wire as real ones; a seed gives the same day."""
