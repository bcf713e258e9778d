"""The gateway process: the one path from an MQTT message to an answer."""
