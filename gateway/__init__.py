"""Seuil: the access and occupancy service for shared spaces."""
