"""InfluxDB: the outbox behind the journal, line protocol, HTTP."""
