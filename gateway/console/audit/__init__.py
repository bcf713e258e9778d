"""The audit: what is recorded, its texts and its screen."""
