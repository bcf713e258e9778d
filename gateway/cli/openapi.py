"""`seuil openapi`: the console's API, for authors of other programs."""

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer


def openapi(
    *,
    table: Annotated[
        bool, typer.Option("--table", help="Print who may what instead, as a Markdown table.")
    ] = False,
) -> None:
    """Print the OpenAPI 3.1 document of the console's API, and end."""
    from gateway.config import Settings, load_space  # noqa: PLC0415 - slow, for one command
    from gateway.console.api_docs import permissions_table  # noqa: PLC0415
    from gateway.console.app import build_app  # noqa: PLC0415
    from gateway.console.auth.authenticator import SignIn  # noqa: PLC0415

    with as_file(files("gateway.examples") / "space.toml") as file:
        sites = load_space(file)  # any site: the routes are the same
    app = build_app(sites, Settings(data_dir=Path()), seats=SignIn)
    if table:
        typer.echo(permissions_table.table(app), nl=False)
    else:
        typer.echo(json.dumps(app.openapi(), indent=2, ensure_ascii=False))
