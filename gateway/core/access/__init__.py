"""Who may pass: the rules and what they need, doors, machines, modes, muster."""
