"""What touches the world: broker, files, databases. Waits for everything, decides nothing."""
