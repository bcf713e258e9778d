"""Keeps the rights lists with which readers decide alone while they are offline.

`gateway.core.access.offline_rights` computes who may enter. Here the lists are encoded for native
readers (`paging`), compared with those stored in esp-rfid readers (`esp_rfid`), and kept up to date
(`synchroniser`), apart from the events' path and on an MQTT session of its own, so that no list
delays an order to open a door.
"""
