"""What every page shares: rendering, errors, languages, menu, security headers."""
