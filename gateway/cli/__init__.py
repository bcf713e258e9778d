"""The command `seuil`: one file per command in this folder, imported on demand.

A command and its file have the same name; the file has a function of that name, or an `app` of
several commands. All of them together take a second and 80 MB, too much for a door.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from gateway import __version__

COMMANDS: Final = (
    "demo", "run", "check", "init", "members", "devices", "request", "muster", "privacy", "why",
    "may", "what-if", "replay", "history", "report", "influx", "simulate", "console", "doctor",
    "backup", "restore", "bench", "asyncapi", "openapi", "broker-config",
)  # fmt: skip
"""The commands, in the order of `--help`."""
EXTRAS: Final = {"console": "console", "openapi": "console", "report": "report", "demo": "demo"}
"""Commands whose packages come with an extra; the gateway alone needs none of these."""
_OURS: Final = frozenset({"gateway", "sensors", "simulators", "benchmarks"})
_NO_MEMORY: Final = (
    "there is not enough memory to go on: end other programs, or raise the limit "
    "(ulimit -v, the service's MemoryMax)\n"
)


class _Commands(TyperGroup):
    """A group that imports a command when it is requested."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own context
        """Accept `--config FILE` behind the command, too."""
        return super().parse_args(ctx, _config_first(args))

    def list_commands(self, ctx: object) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
        del ctx
        if cmd_name not in COMMANDS:
            self.commands.update((name, _imported(name)) for name in COMMANDS)  # to suggest one
            return None
        return _imported(cmd_name)


app = typer.Typer(
    name="seuil",
    cls=_Commands,
    help="The access and occupancy service for shared spaces.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local variable may hold a secret
)


def _version(value: bool) -> None:  # noqa: FBT001 - typer's callback
    if value:
        typer.echo(f"seuil {__version__}")
        raise typer.Exit


@app.callback()
def _seuil(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="The installation's file; default: /etc/seuil/seuil.env, if it exists."),
    ] = None,
) -> None:
    del version
    if config is not None:
        from gateway.config.settings import use_config  # noqa: PLC0415 - takes a tenth of a second

        use_config(config)


def _config_first(words: list[str]) -> list[str]:
    for place, word in enumerate(words):
        if word == "--":
            break
        if word == "--config" or word.startswith("--config="):
            end = place + (2 if word == "--config" else 1)
            return [*words[place:end], *words[:place], *words[end:]]
    return words


def _imported(name: str) -> TyperCommand | TyperGroup:
    word = name.replace("-", "_")
    try:
        file = import_module(f"gateway.cli.{word}")
    except ModuleNotFoundError as missing:
        if name not in EXTRAS or (missing.name or "").split(".")[0] in _OURS:
            raise
        return _not_installed(name)
    if hasattr(file, "app"):
        file.app.info.name = name
        return typer.main.get_group(file.app)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(getattr(file, word))
    command = typer.main.get_command(alone)
    assert isinstance(command, TyperCommand)  # noqa: S101 - there is one function
    return command


def _not_installed(name: str) -> TyperCommand:
    """Return a command that names the extra which its package is installed with."""
    extra = EXTRAS[name]
    absent = typer.Typer(add_completion=False)

    anything = {"allow_extra_args": True, "ignore_unknown_options": True}

    @absent.command(name, help=f"Not installed: extra {extra}.", context_settings=anything)
    def _absent() -> None:
        sys.stderr.write(f"`seuil {name}` is not installed: pip install 'seuil[{extra}]'\n")
        raise typer.Exit(2)

    command = typer.main.get_command(absent)
    assert isinstance(command, TyperCommand)  # noqa: S101 - there is one function
    return command


def main() -> None:
    """Run the command that the arguments name; report a lack of memory in one line."""
    try:
        app()
    except BaseException as wrong:
        from gateway.cli.errors import CANNOT, is_out_of_memory  # noqa: PLC0415 - only now

        if not is_out_of_memory(wrong):
            raise
        sys.stderr.write(_NO_MEMORY)
        sys.exit(CANNOT)
