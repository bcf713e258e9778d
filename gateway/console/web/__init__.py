"""Shared parts of all pages: rendering, errors, languages, menu, security headers."""
