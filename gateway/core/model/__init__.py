"""Frozen values: sites, zones, doors, devices, plans, members, opening hours."""
