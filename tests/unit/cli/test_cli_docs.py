"""docs/cli.md tells every command and option of `seuil`, and none that there is not."""

import re
from collections.abc import Iterator
from typing import Final

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

import gateway.cli
from tests.paths import ROOT

PAGE: Final = ROOT / "docs/cli.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
SECTIONS: Final = dict(
    re.findall(r"^## `seuil ([a-z-]+)`\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)
)
OTHERS: Final = {"--install-completion", "--show-completion", "--version", "--help", "--config"}
"""Options of `seuil` itself."""


def _commands(
    command: TyperCommand | TyperGroup, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Yield each command that can be run, with the words that name it."""
    if isinstance(command, TyperCommand):
        yield words, command
        return
    context = command.make_context("seuil", ["-"], resilient_parsing=True)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert isinstance(found, TyperCommand | TyperGroup)
        yield from _commands(found, (*words, name))


COMMANDS: Final = dict(_commands(typer.main.get_group(gateway.cli.app)))


def _row(words: tuple[str, ...], command: TyperCommand) -> str:
    """Return a command's row in the table of all options."""
    arguments = [
        one.name.upper() if one.required else f"[{one.name.upper()}]"
        for one in command.params
        if one.param_type_name == "argument"
    ]
    options = [
        "/".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
        for one in command.params
        if isinstance(one, TyperOption) and not one.hidden
    ]
    return f"| `{' '.join([*words, *arguments])}` | {', '.join(options)} |"


def test_the_table_at_the_end_is_what_help_says() -> None:
    """Every command with its arguments and options, in the order of `--help`."""
    _, table = TEXT.split("## Every option\n")
    told = [line for line in table.splitlines() if line.startswith("| `")]
    assert told == [_row(words, command) for words, command in COMMANDS.items()]


def test_each_command_has_a_section_and_a_line_in_the_first_table() -> None:
    """A section of the first word of it, which the first table links to."""
    names = {words[0] for words in COMMANDS}
    assert set(SECTIONS) == names
    first = re.findall(r"^\| \[`([a-z-]+)`\]\(#seuil-([a-z-]+)\) \|", TEXT, flags=re.MULTILINE)
    assert {name for name, _ in first} == names
    assert all(name == link for name, link in first)


def test_a_section_names_no_option_that_there_is_not() -> None:
    """An option that was renamed is renamed here, too; of the lines of other programs, none."""
    every = OTHERS.union(
        *(
            {*one.opts, *one.secondary_opts}
            for command in COMMANDS.values()
            for one in command.params
        )
    )
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT))
    assert told - every == set()
