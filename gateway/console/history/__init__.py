"""History: aggregates, charts and the screen."""
