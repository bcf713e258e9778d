"""Rights lists: the data with which readers decide alone while they are cut off.

`gateway.core.access.offline_rights` works out who may enter. Here it is written down for native
readers (`pages`), compared with the lists that esp-rfid readers keep (`users`), and kept up to date
(`keep`), beside the path of the events and on an MQTT session of its own: no list ever stands
before an order to open a door.
"""
