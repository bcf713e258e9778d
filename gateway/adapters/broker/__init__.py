"""mosquitto: its configuration, and an embedded one as a child process."""
