"""Live: the floor plan with each room's count."""
