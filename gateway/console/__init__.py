"""The operators' live page: its own process, one more client of the broker.

    broker --MQTT--> follow -> picture -> view -> hub --SSE--> browsers

Nothing here can delay a door: the console only listens.
"""
