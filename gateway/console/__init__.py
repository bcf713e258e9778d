"""The operators' console: pages and an API, in a process of its own.

    broker --MQTT--> feed.mqtt_follower -> site_state -> view -> hub --SSE--> browsers
    journal --read--> gateway.adapters.journal.queries ------> screens -> pages, API
    members <-------> gateway.adapters.directory -> screens
    gateway <--request/response over MQTT---------- AppContext.ask

`auth` decides what each seat may do and how it signs in; `routers` lists the screens, one module
each. Nothing here can delay a door: every change of the site is a request to the gateway.
"""
