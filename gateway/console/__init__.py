"""The operators' console: pages and an API, in a process of its own.

    broker --MQTT--> follow -> picture -> view -> hub --SSE--> browsers
    journal --read--> gateway.adapters.journal.queries ------> screens -> pages, API
    members <-------> gateway.adapters.directory -> screens
    gateway <--request/response over MQTT---------- place.Console.ask

`seat` says who may what, `screens` has one module a screen, `signin` is how one gets a seat.
Nothing here can delay a door: what changes the place is asked of the gateway.
"""
