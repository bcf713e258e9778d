"""Health: the screen of the doctor's findings."""
