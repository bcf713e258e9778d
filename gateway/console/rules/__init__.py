"""Rules: plans as sentences, the access check, trials of changed rules."""
