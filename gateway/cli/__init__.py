"""The command `seuil`: one file a command in this folder."""

from typing import Annotated

import typer

from gateway import __version__
from gateway.cli import (
    asyncapi,
    bench,
    broker_config,
    check,
    console,
    demo,
    doctor,
    history,
    init,
    may,
    members,
    muster,
    openapi,
    privacy,
    report,
    request,
    run,
    why,
)
from gateway.cli import replay as replay_command
from gateway.cli import simulate as simulate_command
from gateway.cli import what_if as what_if_command

app = typer.Typer(
    name="seuil",
    help="The access and occupancy service for shared spaces.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may be a secret
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
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("init")(init.init)
app.add_typer(members.app, name="members")
app.add_typer(request.app, name="request")
app.command("muster")(muster.muster)
app.add_typer(privacy.app, name="privacy")
app.command("why")(why.why)
app.command("may")(may.may)
app.command("what-if")(what_if_command.what_if)
app.command("replay")(replay_command.replay)
app.command("history")(history.history)
app.command("report")(report.report)
app.command("simulate")(simulate_command.simulate)
app.command("console")(console.console)
app.command("doctor")(doctor.doctor)
app.add_typer(bench.app, name="bench")
app.command("asyncapi")(asyncapi.asyncapi)
app.command("openapi")(openapi.openapi)
app.command("broker-config")(broker_config.broker_config)


def main() -> None:
    """The entry point."""
    app()
