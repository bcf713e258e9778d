"""Interfaces to other tools: SpaceAPI, Home Assistant, webhooks, feeds, Prometheus, AsyncAPI."""
