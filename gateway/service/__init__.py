"""The gateway process: the path from an MQTT message to its answer."""
