"""MQTT 5 by paho inside asyncio: sessions with manual acknowledgement."""
