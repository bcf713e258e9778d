"""Health: the screen of what the doctor finds."""
