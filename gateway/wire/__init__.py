"""The native wire "seuil/1": topics, and the payloads that the gateway writes.

Payloads are JSON in UTF-8, at most `outgoing.PAYLOAD_LIMIT` bytes, times in RFC 3339 UTC. What
devices write (`event`, `status`) is read by `sensors.native`; everything else is here, for the
service, the console and the simulators alike.

`topics` is the tree, `outgoing` a message for the broker, `commands` and `rights` are what devices
read, and `states` what everybody may.
"""
