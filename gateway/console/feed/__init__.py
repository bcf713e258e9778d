"""The live feed: from MQTT to the state of each site, and on to open pages."""
