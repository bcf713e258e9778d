"""Adapters to the broker, files and databases: they do the I/O and take no decisions."""
