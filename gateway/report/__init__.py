"""A month of a site, for a funder or a city council: HTML, PDF and CSV, without personal data."""
