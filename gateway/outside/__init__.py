"""The doors to other tools: SpaceAPI, Home Assistant, Prometheus, webhooks, calendars, AsyncAPI.

All of it lives in the console's process and stands on the console's picture, but for the figures of
the gateway itself (`gateway.metrics`): nothing here can delay a door.
"""
