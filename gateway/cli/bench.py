"""`seuil bench`: the benchmarks, which only a checkout has, not an installed package."""

import sys

import typer

try:
    from benchmarks.cli import app
except ModuleNotFoundError as missing:
    if missing.name is None or not missing.name.startswith("benchmarks"):
        raise
    app = typer.Typer()

    @app.callback(invoke_without_command=True)
    def _absent() -> None:
        """Say where the benchmarks are."""
        sys.stderr.write(
            "the benchmarks are no part of the installed package: run `seuil bench` in a checkout "
            "of the repository, after scripts/setup\n"
        )
        raise typer.Exit(2)


__all__ = ["app"]
