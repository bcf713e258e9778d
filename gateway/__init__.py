"""Seuil: the access and occupancy service for shared spaces."""

from importlib.metadata import version

__version__ = version("seuil")
