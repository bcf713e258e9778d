"""Access control: the rules and what they need, doors, machines, modes, muster."""
