"""The native wire "seuil/1": topics, and the payloads that the gateway writes.

Payloads are JSON in UTF-8, at most `message.PAYLOAD_LIMIT` bytes, times in RFC 3339 UTC. Messages
from devices (`event`, `status`) are decoded by `sensors.native`; all others are defined here, for
the service, the console and the simulators.

`topics` is the topic tree, `message` a message for the broker; devices read `commands` and
`offline_rights`, and all clients may read `states`.
"""
