"""Occupancy: counts, presence, daily statistics, fusion of sensors."""
