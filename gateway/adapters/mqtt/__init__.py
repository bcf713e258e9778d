"""MQTT 5 with paho inside asyncio: sessions with manual acknowledgement."""
