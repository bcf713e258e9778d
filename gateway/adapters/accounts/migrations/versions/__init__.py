"""The migration steps, one file per step, in the order of their numbers."""
