"""The access log: its screen, its API, and a decision's explanation."""
