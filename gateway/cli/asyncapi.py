"""`seuil asyncapi`: the MQTT interface, for authors of other programs."""

import json

import typer

from gateway.console.integrations.asyncapi import asyncapi as document


def asyncapi() -> None:
    """Print the AsyncAPI 3.0 document of the MQTT topics, and end."""
    typer.echo(json.dumps(document(), indent=2, ensure_ascii=False))
