"""What other tools get: SpaceAPI, Home Assistant, webhooks, feeds, Prometheus, AsyncAPI."""
