"""Questions about the past and about what would happen: access check, what-if, replay."""
